"""Numbers written as text that stand for more than a byte, or stand in columns: 16 to 64 bits, signed or not, octal, floats; `cmp -l`, CSV.

What a line holds beside the bytes (an offset, a running number, another file's byte) is in a column of its own, so each column is read by
itself, all behind the first together, and all together. Which of these readings is right a sample shows; numbers that a program counted
show nothing, and cost no more than that sample.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from honeyweights.evidence.assay.coverage import Ints, Ranges
from honeyweights.evidence.assay.decode import LARGEST, Decoded, Decoder, View
from honeyweights.evidence.assay.index import Bytes
from honeyweights.evidence.assay.text import blocks, groups
from honeyweights.evidence.assay.texture import MAGICS
from honeyweights.evidence.assay.trace import Trace

_SLICE = 1 << 19
_SAMPLE = 1 << 14
_DIGITS, _ALL = 0.2, 0.85
_COLUMNS = 6
_MOST = 0.95
"""Explained of a reading: no other is tried then."""
_LONGEST = 20
_BREAK = np.frombuffer(b"\n", np.uint8)
_MASK = np.zeros(256, np.bool_)
_MASK[list(b"0123456789")] = True
_BESIDE = _MASK.copy()
_BESIDE[list(b" \t\r\n,;:|[](){}-+.eE\"'")] = True


class _Tokens(NamedTuple):
    """The numbers of a text in their order: which one of its line each is, and what it says."""

    column: Ints
    value: NDArray[np.uint64]
    octal: NDArray[np.uint64]
    minus: NDArray[np.bool_]


def _whole(data: Bytes) -> _Tokens:
    """Runs of up to 20 digits."""
    digit = np.concatenate(([False], _MASK[data], [False]))
    edges = np.flatnonzero(digit[1:] != digit[:-1])
    starts, lengths = edges[::2], edges[1::2] - edges[::2]
    short = lengths <= _LONGEST
    starts, lengths = starts[short], lengths[short]
    value, octal = np.zeros(starts.size, np.uint64), np.zeros(starts.size, np.uint64)
    for k in range(int(lengths.max(initial=0))):
        more = lengths > k
        here = (data[starts[more] + k] - np.uint8(48)).astype(np.uint64)
        value[more] = value[more] * np.uint64(10) + here
        octal[more] = octal[more] * np.uint64(8) + here
    minus = (data.take(starts - 1, mode="clip") == ord("-")) & (starts > 0)
    return _Tokens(_ordinals(data, starts), value, octal, minus)


def _ordinals(data: Bytes, starts: Ints) -> Ints:
    line = np.searchsorted(np.flatnonzero(data == ord("\n")), starts)
    first = np.searchsorted(line, line)
    return np.arange(starts.size) - first


def _floats(data: Bytes) -> NDArray[np.float64]:
    """All words that are numbers with a point or an exponent."""
    table = bytes(byte if chr(byte) in "0123456789.eE+-" else 32 for byte in range(256))
    words = [word for word in data.tobytes().translate(table).split() if (b"." in word or b"e" in word) and len(word) > 1]
    try:
        return np.array(words, "S32").astype(np.float64)
    except ValueError:
        return np.array([_float(word) for word in words])


def _float(word: bytes) -> float:
    try:
        return float(word)
    except ValueError:
        return 0.0


Reading = Callable[[Bytes], Bytes]


def _integers(kept: Callable[[Ints], NDArray[np.bool_]], width: int, *, octal: bool = False, big: bool = False) -> Reading:
    """The numbers of some columns as bytes of a width."""

    def read(data: Bytes) -> Bytes:
        found = _whole(data)
        number = found.octal if octal else found.value
        good = kept(found.column)
        if width < 8:  # noqa: PLR2004  # of 64 bits none is too large
            good &= number < np.uint64(1 << 8 * width)
        number = np.where(found.minus[good], np.uint64(0) - number[good], number[good])
        return np.asarray(number.astype(f"{'>' if big else '<'}u{width}")).view(np.uint8)

    return read


def _all(column: Ints) -> NDArray[np.bool_]:
    return np.ones(column.size, np.bool_)


_PLAINLY = _integers(_all, 1)
"""All numbers, a byte each: that is for the decoder of decimal lists."""


def _as(kind: str) -> Reading:
    """Floats as bytes of a kind: f4, f8, b2 for bf16, rounded, or u1 for whole ones."""

    def read(data: Bytes) -> Bytes:
        with np.errstate(over="ignore", invalid="ignore"):
            single = _floats(data).astype({"f8": "<f8", "u1": "u1"}.get(kind, "<f4"))
        if kind == "b2":
            return ((single.view("<u4").astype(np.uint64) + 0x8000 >> np.uint64(16)) & np.uint64(0xFFFF)).astype("<u2").view(np.uint8)
        return single.view(np.uint8)

    return read


def _width(largest: int) -> int:
    return next(width for width in (1, 2, 4, 8) if largest < 1 << 8 * width)


def _readings(sample: Bytes) -> Iterator[Reading]:
    """What the text may say, by what a sample of it looks like."""
    if 8 * int(np.count_nonzero(sample == ord("."))) > int(np.count_nonzero(sample == ord("\n"))) and b"." in sample.tobytes():
        yield from (_as("b2"), _as("f4"), _as("f8"), _as("u1"))
    found = _whole(sample)
    count = int(found.column.max(initial=0)) + 1
    kept: list[Callable[[Ints], NDArray[np.bool_]]] = [_all]
    if count > 1:
        kept.append(lambda column: column > 0)
    if count <= _COLUMNS:
        kept += [lambda column, mine=mine: column == mine for mine in range(count)] if count > 1 else []  # type: ignore[misc]  # bound now
    for chosen in kept:
        here = chosen(found.column)
        if not here.any():
            continue
        width, eights = _width(int(found.value[here].max())), _width(int(found.octal[here].max()))
        yield _PLAINLY if chosen is _all and width == 1 else _integers(chosen, width)
        if eights < width or width > 1:
            yield _integers(chosen, eights, octal=True)
        if width > 1:
            yield _integers(chosen, width, big=True)


def _probe(view: View) -> Ranges:
    return blocks(view, lambda text: (text.among(_MASK) >= _DIGITS) & (text.among(_BESIDE) >= _ALL))


def _lines(view: View, extents: Ranges) -> Iterator[tuple[int, int]]:
    """Slices that end with a number or a line."""
    for start, end in extents:
        low = start
        while low < end:
            high = min(low + _SLICE, end)
            tail = np.asarray(view.data[max(low, high - 512) : high])
            breaks = np.flatnonzero(tail == ord("\n")) if high < end else tail[:0]
            breaks = breaks if breaks.size or high == end else np.flatnonzero(tail == ord(" "))
            high = high - tail.size + int(breaks[-1]) + 1 if breaks.size else high
            yield low, high
            low = high


def _promise(view: View, data: Bytes) -> int:
    return int(data[:32].tobytes().startswith(MAGICS)) or view.promise(data)


def _lined_up(samples: list[Bytes]) -> Bytes:
    """Samples as one text: where one ends and another begins is no number."""
    return np.concatenate([part for sample in samples for part in (sample, _BREAK)])


def _decode(view: View, extents: Ranges) -> Iterator[Decoded]:
    """The readings that a sample speaks for, the likeliest first."""
    for group in groups(extents, LARGEST):
        start, end = max(group, key=lambda extent: extent[1] - extent[0])
        low = start + (end - start) // 2 if end - start > 2 * _SAMPLE else start
        samples = [np.asarray(view.data[at : min(at + _SAMPLE, end)]) for at in sorted({start, low})]
        ranked = [(sum(_promise(view, read(sample)) for sample in samples), read) for read in _readings(_lined_up(samples))]
        for promise, read in sorted(ranked, key=lambda row: -row[0]):
            if not promise or read is _PLAINLY:
                break
            pieces = [(read(np.asarray(view.data[a:b])), a, b) for a, b in _lines(view, group)]
            if view.budget.take(sum(made.size for made, _, _ in pieces)):
                item = Decoded(
                    data=np.concatenate([made for made, _, _ in pieces]), origin=(Trace.of([(made.size, a, b) for made, a, b in pieces]),)
                )
                yield item
                if _MOST * item.data.size < item.explained.total:
                    break


DECODERS = (Decoder(name="numbers", rank=63, probe=_probe, decode=_decode, alternatives=True),)
