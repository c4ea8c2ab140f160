"""Decoders of bytes written as text: base64 (plain and url-safe), hex, percent escapes.

Everything outside the alphabet is deleted first, so wrapping, quotes, JSON and the edges of form fields do not matter; then the text is
read in every phase (4 of base64, 2 of hex), since a prefix or a cut in the middle of a quantum shifts it. Each phase reads only what the
former ones left unexplained, and the phases that promise most go first.

Law of this file: no alphabet is worth more than another; a new code is a new row of `Code`.
"""

import binascii
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from honeyweights.evidence.assay.coverage import Ranges, union
from honeyweights.evidence.assay.decode import LARGEST, Decoded, View
from honeyweights.evidence.assay.index import Bytes
from honeyweights.evidence.assay.texture import BLOCK, share
from honeyweights.evidence.assay.trace import Trace

_SLICE = 1 << 16
_SAMPLE = 1 << 14
_SAMPLES = 6
_HEX_SHARE = 0.9
_ESCAPES = 4
_NEAR_ESCAPES = 4 * BLOCK
_LEAST_CHARACTERS = 24
_LINE_ENDS = (b"\\n", b"\\r")  # wrapped text inside JSON: the letter would shift the phase of every line
_WORD = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


@dataclass(frozen=True, kw_only=True)
class Code:
    """A code that writes `size` bytes as `quantum` characters."""

    alphabet: bytes
    table: bytes
    """Translates synonyms first: url-safe characters, and padding to zero bits, which keeps the phase of what follows."""
    quantum: int
    size: int
    read: Callable[[bytes], bytes]
    filler: bytes = b""
    """Characters that complete a last quantum whose padding was left out."""


BASE64 = Code(
    alphabet=_WORD + b"+/-_=",
    table=bytes.maketrans(b"-_=", b"+/A"),
    filler=b"AAA",
    quantum=4,
    size=3,
    read=binascii.a2b_base64,
)
HEX = Code(alphabet=b"0123456789abcdefABCDEF", table=bytes.maketrans(b"", b""), quantum=2, size=1, read=binascii.unhexlify)


def text(view: View) -> Ranges:
    """All textual bytes of the residue."""
    return (view.text & view.residue.widen(BLOCK)).longer(_LEAST_CHARACTERS)


def hex_text(view: View) -> Ranges:
    """Text of which, white space apart, nine tenths are hexadecimal digits."""
    digits = np.zeros(256, np.bool_)
    digits[list(HEX.alphabet + b" \t\r\n")] = True
    return _blocks(view, lambda data: share(digits[data]) >= _HEX_SHARE)


def escaped_text(view: View) -> Ranges:
    """Text with a percent escape in every 64 characters."""

    def many(data: Bytes) -> NDArray[np.bool_]:
        digits = np.zeros(256, np.bool_)
        digits[list(HEX.alphabet)] = True
        marks = data == ord("%")
        marks[-2:] = False
        marks[:-2] &= digits[data[1:-1]] & digits[data[2:]]
        return share(marks) * BLOCK >= _ESCAPES

    found = _blocks(view, many)
    return found.widen(_NEAR_ESCAPES) & text(view) if len(found) else found


def reader(code: Code) -> Callable[[View, Ranges], Iterator[Decoded]]:
    """The decoder of a code."""

    def decode(view: View, extents: Ranges) -> Iterator[Decoded]:
        for group in _groups(extents, LARGEST // code.size * code.quantum):
            yield from _phases(view, group, code)

    return decode


def unescape(view: View, extents: Ranges) -> Iterator[Decoded]:
    """Percent escapes; what is no escape stays, but a plus, where pluses themselves were escaped, is a blank as in form data."""
    value = np.full(256, -1, np.int16)
    for digit in range(16):
        value[ord(f"{digit:x}")] = value[ord(f"{digit:X}")] = digit
    for group in _groups(extents, LARGEST):
        pieces, places = [], []
        plus = ord(" " if b"%2B" in view.data[group.starts[0] : group.starts[0] + _SLICE].tobytes().upper() else "+")
        for start, end in group:
            low = start
            while low < end:
                out, used = _unescape_slice(view.data[low : min(low + _SLICE, end)], value, plus)
                pieces.append(out)
                places.append((out.size, low, low + used))
                low += used
        if view.budget.take(sum(size for size, _, _ in places)):
            yield Decoded(data=np.concatenate(pieces), origin=(Trace.of(places),))


def _unescape_slice(data: Bytes, value: NDArray[np.int16], plus: int) -> tuple[Bytes, int]:
    """The slice unescaped, and how much of it was used: an escape that its end cuts is left for the next one."""
    at = np.flatnonzero(data == ord("%"))
    used = int(at[-1]) if at.size and 0 < data.size - at[-1] < 3 <= data.size else data.size  # noqa: PLR2004  # "%XX" is 3 long
    at = at[at + 2 < data.size]
    at = at[(value[data[at + 1]] >= 0) & (value[data[at + 2]] >= 0)]
    out, keep = np.where(data == ord("+"), np.uint8(plus), data), np.ones(data.size, np.bool_)
    out[at] = value[data[at + 1]] * 16 + value[data[at + 2]]
    keep[at + 1] = keep[at + 2] = False
    used = used or data.size
    return out[:used][keep[:used]], used


def _phases(view: View, extents: Ranges, code: Code) -> Iterator[Decoded]:
    characters, origin = _clean(view, extents, code)
    todo = Ranges.span(0, len(characters))
    for phase in sorted(range(code.quantum), key=lambda phase: -_promise(view, characters, code, phase)):
        starts = todo.starts + (phase - todo.starts) % code.quantum
        ends = todo.ends - (todo.ends - phase) % code.quantum
        pieces = Ranges.of(starts, ends).longer(_LEAST_CHARACTERS)
        if not len(pieces) or not view.budget.take(pieces.total // code.quantum * code.size):
            continue
        raw = b"".join(characters[a:b] for a, b in pieces) if len(pieces) > 1 else characters[pieces.starts[0] : pieces.ends[0]]
        trace = Trace.of([((b - a) // code.quantum * code.size, a, b) for a, b in pieces])
        item = Decoded(data=np.frombuffer(code.read(raw), np.uint8), origin=(trace, origin))
        del raw
        yield item
        todo -= trace.outward(item.explained)


def _clean(view: View, extents: Ranges, code: Code) -> tuple[bytes, Trace]:
    """The characters of the alphabet alone, and where they stood."""
    delete = bytes(set(range(256)) - set(code.alphabet))
    parts, places, high = [], [], 0
    for start, end in extents:
        for low in range(start, end, _SLICE):
            high = min(low + _SLICE, end)
            raw = view.data[low:high].tobytes()
            for escape in _LINE_ENDS:
                raw = raw.replace(escape, b"")
            parts.append(raw.translate(code.table, delete))
            places.append((len(parts[-1]), low, high))
    parts.append(code.filler)
    places.append((len(code.filler), high, high))
    return b"".join(parts), Trace.of(places)


def _promise(view: View, characters: bytes, code: Code, phase: int) -> int:
    """What a few samples read in this phase hold; 0 for short text, which is soon read in all of them."""
    if len(characters) < _SAMPLES * _SAMPLE:
        return 0
    step = len(characters) // _SAMPLES // code.quantum * code.quantum
    samples = (characters[i * step + phase : i * step + phase + _SAMPLE] for i in range(_SAMPLES))
    return sum(view.promise(np.frombuffer(code.read(s[: len(s) // code.quantum * code.quantum]), np.uint8)) for s in samples)


def _groups(extents: Ranges, most: int) -> Iterator[Ranges]:
    """The extents, cut so that no group holds more than `most` bytes."""
    while len(extents):
        ends = np.cumsum(extents.ends - extents.starts)
        over = int(np.searchsorted(ends, most, "right"))
        if over == len(extents):
            yield extents
            return
        stop = int(extents.ends[over] - (ends[over] - most))
        yield extents.clip(0, stop)
        extents = extents.clip(stop, int(extents.ends[-1]))


def _blocks(view: View, good: Callable[[Bytes], NDArray[np.bool_]]) -> Ranges:
    """The blocks of the text for which `good` holds, with a block of margin."""
    found = []
    for start, end in text(view):
        blocks = np.flatnonzero(good(np.asarray(view.data[start:end]))) * BLOCK + start
        found.append(Ranges.of(blocks, np.minimum(blocks + BLOCK, end)).widen(BLOCK).clip(start, end))
    return union(found)
