r"""Bytes written as escapes in text: %41 of URLs, =41 of quoted-printable mail, \x41 \101 \u0041 \n of JSON, Python, C and shells.

What is no escape stays as it is. Text in which every byte is an escape is read by the decoder of hex, which deletes all else.
"""

import re
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from honeyweights.evidence.assay.coverage import EMPTY, Ints, Ranges, union
from honeyweights.evidence.assay.decode import LARGEST, Decoded, Decoder, View
from honeyweights.evidence.assay.index import Bytes
from honeyweights.evidence.assay.text import blocks, groups, text
from honeyweights.evidence.assay.texture import BLOCK, Blocks, share
from honeyweights.evidence.assay.trace import Trace

_SLICE = 1 << 16
_ESCAPES = 4
_MOST = 0.75
_SLASH = ord("\\")
_NEAR_ESCAPES = 4 * BLOCK
_LONGEST = 6
_FEWEST, _PART = 1 << 10, 1 << 20
_SPARSE, _LONG = 64, 4
"""A control character in 8 is one in 11 of UTF-8; by chance there is none in gigabytes."""
_NUMBERED = re.compile(rb"\\(?:u00|x[0-9a-f]{2}|[0-7]{3})")
_NONE = np.empty(0, np.int64)
_VALUE = np.full(256, -1, np.int16)
for _digit in range(16):
    _VALUE[ord(f"{_digit:x}")] = _VALUE[ord(f"{_digit:X}")] = _digit
_LETTERS = np.full(256, -1, np.int16)
for _letter, _byte in zip(b"abfnrtv0e\"'\\/", b"\a\b\f\n\r\t\v\0\x1b\"'\\/", strict=True):
    _LETTERS[_letter] = _byte
Escapes = tuple[Ints, NDArray[np.int16], Ints]
"""Where each begins, its byte (-1: it stands for nothing), and how long it is."""


def _hex_at(data: Bytes, at: Ints, first: int) -> tuple[NDArray[np.bool_], NDArray[np.int16]]:
    """Whether two hexadecimal digits stand `first` behind each place, and their value."""
    high, low = (_VALUE[data.take(at + first + k, mode="clip")] for k in (0, 1))
    return (high >= 0) & (low >= 0) & (at + first + 1 < data.size), np.asarray(high * 16 + low, np.int16)


def _percent(data: Bytes) -> Escapes:
    at = np.flatnonzero(data == ord("%"))
    good, value = _hex_at(data, at, 1)
    at = at[good]
    return at, value[good], np.full(at.size, 3)


def _quoted(data: Bytes) -> Escapes:
    at = np.flatnonzero(data == ord("="))
    good, value = _hex_at(data, at, 1)
    one, two = (data.take(at + k, mode="clip") for k in (1, 2))
    bare, both = one == ord("\n"), (one == ord("\r")) & (two == ord("\n"))
    length = np.where(bare, 2, 3)
    keep = good | bare | both
    return at[keep], np.where(good, value, -1)[keep].astype(np.int16), length[keep]


def _backslash(data: Bytes) -> Escapes:
    slashes = data == ord("\\")
    at = np.flatnonzero(slashes)
    run = np.flatnonzero(np.append(True, np.diff(at) != 1)) if at.size else at
    at = at[(np.arange(at.size) - np.repeat(run, np.diff(np.append(run, at.size)))) % 2 == 0]
    at = at[at + 1 < data.size]
    kind = data[at + 1]
    value, length = _LETTERS[kind].copy(), np.where(_LETTERS[kind] >= 0, 2, 0)
    pair, number = _hex_at(data, at, 2)
    chosen = (kind == ord("x")) & pair
    value[chosen], length[chosen] = number[chosen], 4
    zeros = (data.take(at + 2, mode="clip") == ord("0")) & (data.take(at + 3, mode="clip") == ord("0"))
    pair, number = _hex_at(data, at, 4)
    chosen = (kind == ord("u")) & pair & zeros
    value[chosen], length[chosen] = number[chosen], 6
    octal, digits = np.zeros(at.size, np.int16), np.zeros(at.size, np.int64)
    for k in (1, 2, 3):
        digit = _VALUE[data.take(at + k, mode="clip")]
        more = (digits == k - 1) & (digit >= 0) & (digit < 8) & (at + k < data.size)  # noqa: PLR2004  # octal
        octal, digits = np.where(more, octal * 8 + digit, octal).astype(np.int16), digits + more
    chosen = digits > 0
    value[chosen], length[chosen] = octal[chosen] & 255, digits[chosen] + 1
    chosen = kind == ord("\n")
    value[chosen], length[chosen] = -1, 2
    keep = length > 0
    return at[keep], value[keep], length[keep]


def _finder(escapes: Callable[[Bytes], Escapes], mark: int, least: int = _ESCAPES) -> Callable[[View], Ranges]:
    """Text with so many escapes in every 256 characters, and few marks that begin none, and what stands near it."""
    only = np.arange(256) == mark

    def enough(data: Bytes) -> NDArray[np.bool_]:
        marks = np.zeros(data.size, np.bool_)
        marks[escapes(data)[0]] = True
        found, every = share(marks), share(data == mark)
        return (found * BLOCK >= least) & (found * (1 + (mark == _SLASH)) >= _MOST * every)  # a slash escapes a slash

    def many(text: Blocks) -> NDArray[np.bool_]:
        good, home = text.among(only) * BLOCK >= least, text.places[1]  # no escape without its mark
        for number in np.unique(home[good]).tolist():
            start, end = int(text.within.starts[number]), int(text.within.ends[number])
            good[slice(*np.searchsorted(home, (number, number + 1)))] = enough(np.asarray(text.data[start:end]))
        return good

    def find(view: View) -> Ranges:
        found = blocks(view, many)
        return found.widen(_NEAR_ESCAPES) & text(view) if len(found) else found

    return find


def _among_bytes(view: View) -> Ranges:
    """Where escapes of four characters and more stand as close in bytes that are no text: only what needed one was written so."""
    found = []
    for start, end in (view.residue - view.text).longer(_FEWEST):
        for low in range(start, end, _PART):
            data = np.asarray(view.data[low : min(low + _PART, end)])
            length = _backslash(data)[2] if _NUMBERED.search(data[:_SLICE].tobytes()) else _NONE
            if _SPARSE * int((length >= _LONG).sum()) >= data.size:
                found.append(Ranges.span(low, low + data.size))
    return union(found)


def _decoder(escapes: Callable[[Bytes], Escapes], mark: int, *, form: bool = False) -> Callable[[View, Ranges], Iterator[Decoded]]:
    """The decoder; in a form a plus, where pluses themselves were escaped, is a blank."""

    def decode(view: View, extents: Ranges) -> Iterator[Decoded]:
        for group in groups(extents, LARGEST):
            pieces, places = [], []
            blanks = form and b"%2B" in view.data[group.starts[0] : group.starts[0] + _SLICE].tobytes().upper()
            for start, end in group:
                low = start
                while low < end:
                    out, used = _slice(view.data[low : min(low + _SLICE, end)], escapes, mark, last=low + _SLICE >= end, blanks=blanks)
                    pieces.append(out)
                    places.append((out.size, low, low + used))
                    low += used
            if view.budget.take(sum(size for size, _, _ in places)):
                yield Decoded(data=np.concatenate(pieces), origin=(Trace.of(places),))

    return decode


def _slice(data: Bytes, escapes: Callable[[Bytes], Escapes], mark: int, *, last: bool, blanks: bool) -> tuple[Bytes, int]:
    """The slice without escapes, and how much of it was used: one that its end may cut is left for the next one."""
    tail = data[-_LONGEST:]
    cut = np.flatnonzero(tail == mark)
    if cut.size and not last:  # the first of a row of marks: which of them are escaped is only known from there
        behind = data.size - tail.size + int(cut[0])
        while behind and data[behind - 1] == mark:
            behind -= 1
        data = data[: behind or data.size]
    at, value, length = escapes(data)
    out = np.where(data == ord("+"), np.uint8(32), data) if blanks else np.array(data)
    keep = np.ones(data.size, np.bool_)
    for k in range(1, int(length.max(initial=0))):
        keep[np.minimum(at[length > k] + k, data.size - 1)] = False
    good = value >= 0
    out[at[good]] = value[good]
    keep[at[~good]] = False
    return out[keep], data.size


def _utf8(view: View) -> Ranges:
    """The residue, where half of what is not ASCII is a character below 256, and the few letters in it that are weights by themselves."""
    some = any(_latin(np.asarray(view.data[a : min(b, a + _SLICE)])) for a, b in view.residue)
    return view.residue.widen(BLOCK).clip(0, view.data.size) if some else EMPTY


def _latin(data: Bytes) -> bool:
    high = int(np.count_nonzero(data >= 128))  # noqa: PLR2004  # not ASCII
    pairs = np.count_nonzero((data[:-1] & 0xFE == 0xC2) & (data[1:] & 0xC0 == 0x80)) if data.size > 1 else 0  # noqa: PLR2004
    return 8 * high > data.size and 4 * int(pairs) >= high


def _from_utf8(view: View, extents: Ranges) -> Iterator[Decoded]:
    """Bytes that were taken for characters and written as UTF-8."""
    for group in groups(extents, LARGEST):
        pieces, places = [], []
        for start, end in group:
            for low in range(start, end, _SLICE):
                data = np.asarray(view.data[low : min(low + _SLICE + 1, end)])
                first = np.flatnonzero((data[:-1] & 0xFE == 0xC2) & (data[1:] & 0xC0 == 0x80))  # noqa: PLR2004
                out, keep = np.array(data), np.ones(data.size, np.bool_)
                out[first] = (data[first] & 3) << np.uint8(6) | data[first + 1] & 0x3F
                keep[first + 1] = False
                if low + _SLICE < end:
                    keep[-1] = False
                if low > start and low - 1 >= 0 and view.data[low - 1] & 0xFE == 0xC2:  # noqa: PLR2004
                    keep[0] = False
                pieces.append(out[keep])
                places.append((pieces[-1].size, low, min(low + _SLICE, end)))
        if view.budget.take(sum(size for size, _, _ in places)):
            yield Decoded(data=np.concatenate(pieces), origin=(Trace.of(places),))


escaped_text, unescape = _finder(_percent, ord("%")), _decoder(_percent, ord("%"), form=True)
DECODERS = (
    Decoder(name="percent", rank=62, probe=escaped_text, decode=unescape),
    Decoder(name="escapes", rank=62, probe=_finder(_backslash, _SLASH, 2 * _ESCAPES), decode=_decoder(_backslash, _SLASH)),
    Decoder(name="quoted-printable", rank=63, probe=_finder(_quoted, ord("=")), decode=_decoder(_quoted, ord("="))),
    Decoder(name="escaped bytes", rank=61, probe=_among_bytes, decode=_decoder(_backslash, _SLASH)),
    Decoder(name="utf-8", rank=63, probe=_utf8, decode=_from_utf8),
)
