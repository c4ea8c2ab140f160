"""Dumps by lines of columns: xxd (all ways), hexdump (all ways), od (hex, octal), uuencode; with offsets, gutters and mail quotes.

Lines of one length have one layout, which a few of them show; the columns of all of them are then read at once. What is no line of the
layout is skipped, so junk between lines does no harm.
"""

import binascii
import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from honeyweights.evidence.assay.coverage import EMPTY, Ints, Ranges
from honeyweights.evidence.assay.decode import LARGEST, Decoded, Decoder, View
from honeyweights.evidence.assay.index import Bytes
from honeyweights.evidence.assay.text import blocks, groups, text
from honeyweights.evidence.assay.texture import BLOCK
from honeyweights.evidence.assay.trace import Trace

_SLICE = 1 << 19
_LENGTHS = 8
_ROWS = 12
_LONGEST_LINE = 1024
_LEAST = 256
_BEGINS = re.compile(rb"[> \t]*[0-9a-f]{3}")
"""All layouts' lines: most lines of most texts do not, and are told so by one look instead of one for each layout."""
_OF_DUMPS = b"0123456789abcdefABCDEF \t\n"
_OF_UU = bytes(range(32, 97)) + b"\r\n"
_TOKEN = re.compile(rb"[0-9a-fA-F]+")


class _Layout(NamedTuple):
    """How lines of a tool look: the digits stand in group 1, in tokens of one width."""

    line: re.Pattern[bytes]
    radix: int
    little: bool = False
    """A token's last byte comes first."""


def _line(pattern: bytes) -> re.Pattern[bytes]:
    return re.compile(rb"[> \t]{0,8}" + pattern + rb"[ \t\r]*", re.DOTALL)


_AT = rb"[0-9a-f]{6,16}"
_LAYOUTS = (
    _Layout(_line(_AT + rb": +((?:[01]{8} +)+) ?.{1,16}"), 2),
    _Layout(_line(_AT + rb": +((?:(?:[0-9a-fA-F]{2})+ +)+) ?.{1,64}"), 16),
    _Layout(_line(_AT + rb"((?: +[0-9a-f]{2})+) *[|>].*[|<]"), 16),
    _Layout(_line(_AT + rb"((?: +[0-7]{6})+)"), 8),
    _Layout(_line(_AT + rb"((?: +[0-7]{3})+)"), 8),
    _Layout(_line(_AT + rb"((?: +(?:[0-9a-f]{2}){1,8})+)"), 16, little=True),
    _Layout(_line(rb"((?: *\b[0-7]{6})+)"), 8),
    _Layout(_line(rb"((?: *\b[0-7]{3})+)"), 8),
    _Layout(_line(rb"((?: +(?:[0-9a-f]{2}){2,8})+)"), 16, little=True),
)
_DIGIT = np.full(256, 255, np.uint8)
for _digit in range(16):
    _DIGIT[ord(f"{_digit:x}")] = _DIGIT[ord(f"{_digit:X}")] = _digit
Columns = tuple[Ints, int, _Layout]
"""The columns of the digits, token after token; the tokens' width, and the layout."""


def _columns(lines: list[bytes]) -> Columns | None:
    """The layout that most of the lines show."""
    if 2 * sum(_BEGINS.match(line) is not None for line in lines) <= len(lines):
        return None
    for layout in _LAYOUTS:
        matches = [match for line in lines if (match := layout.line.fullmatch(line))]
        if 2 * len(matches) <= len(lines):
            continue
        start, end = matches[0].span(1)
        tokens = [token.span() for token in _TOKEN.finditer(matches[0].string, start, end)]
        width = tokens[0][1] - tokens[0][0]
        kept = [np.arange(a, b) for a, b in tokens if b - a == width]
        return np.concatenate(kept), width, layout
    return None


def _rows(data: Bytes, starts: Ints, length: int) -> Bytes:
    """The lines as a matrix: a view where they stand one behind the other."""
    if starts.size > 1 and bool((np.diff(starts) == length + 1).all()) and starts[0] + starts.size * (length + 1) <= data.size:
        return data[starts[0] : starts[0] + starts.size * (length + 1)].reshape(-1, length + 1)[:, :length]
    return np.asarray(data[starts[:, None] + np.arange(length)])


def _bytes_of(rows: Bytes, columns: Columns, *, swapped: bool) -> tuple[Bytes, int] | None:
    """What the rows stand for, and how many bytes each; nothing when they are no such rows."""
    at, width, layout = columns
    if layout.radix == 16:  # noqa: PLR2004
        pairs = at.reshape(-1, width // 2, 2)
        order = (pairs[:, ::-1] if swapped or layout.little else pairs).reshape(-1)
        try:
            return np.frombuffer(binascii.unhexlify(rows[:, order].tobytes()), np.uint8), order.size // 2
        except binascii.Error:
            return None
    digits = _DIGIT[rows[:, at]].reshape(rows.shape[0], -1, width)
    value = np.zeros(digits.shape[:2], np.uint16)
    for k in range(width):
        value = value * np.uint16(layout.radix) + digits[:, :, k]
    size = 2 if width == 6 else 1  # noqa: PLR2004  # six octal digits
    out = value.astype("<u2").view(np.uint8).reshape(rows.shape[0], -1, 2)[:, :, :size]
    return out.reshape(-1), out.shape[1] * size


def _good(rows: Bytes, columns: Columns) -> np.ndarray:
    """Which rows have digits in all columns."""
    return np.asarray((_DIGIT[rows[:, columns[0]]] < columns[2].radix).all(axis=1))


def _slice(data: Bytes, *, swapped: bool) -> Bytes:
    """What the lines of a slice stand for, in their order."""
    found: list[tuple[Ints, Bytes]] = []
    for length, alike, starts in by_length(data, 3):
        some = [data[at : at + length].tobytes() for at in starts[:: max(1, alike.size // _ROWS)].tolist()]
        columns = _columns(some)
        if columns is None or (swapped and (columns[1] != 8 or columns[2].little)):  # noqa: PLR2004  # xxd -e and xxd -g4 look alike
            continue
        rows, lines = _rows(data, starts, length), alike
        made = _bytes_of(rows, columns, swapped=swapped) if columns[2].radix == 16 else None  # noqa: PLR2004
        if made is None:
            good = _good(rows, columns)
            lines = alike[good]
            made = _bytes_of(rows[good], columns, swapped=swapped) if lines.size else None
        if made is not None:
            found.append((lines, made[0].reshape(lines.size, -1)))
    return in_order(found)


def by_length(data: Bytes, least: int) -> Iterator[tuple[int, Ints, Ints]]:
    """Lines of equal length, those first that hold the most: their length, their numbers, and where they start."""
    ends = np.append(np.flatnonzero(data == ord("\n")), data.size)
    starts = np.append(0, ends[:-1] + 1)
    lengths = ends - starts
    counts = np.bincount(np.minimum(lengths, _LONGEST_LINE))
    for length in np.argsort(-(counts * np.arange(counts.size)), kind="stable")[:_LENGTHS].tolist():
        if counts[length] and least <= length < _LONGEST_LINE:
            lines = np.flatnonzero(lengths == length)
            yield length, lines, starts[lines]


def in_order(found: list[tuple[Ints, Bytes]]) -> Bytes:
    """Rows of several lengths, put together as their lines stood."""
    if len(found) < 2:  # noqa: PLR2004
        return found[0][1].reshape(-1) if found else np.empty(0, np.uint8)
    order = np.concatenate([lines for lines, _ in found])
    sizes = np.concatenate([np.full(lines.size, rows.shape[1]) for lines, rows in found])
    rank = np.argsort(order, kind="stable")
    places = np.empty(order.size, np.int64)
    places[rank] = np.cumsum(sizes[rank]) - sizes[rank]
    out, done = np.empty(int(sizes.sum()), np.uint8), 0
    for lines, rows in found:
        out[places[done : done + lines.size, None] + np.arange(rows.shape[1])] = rows
        done += lines.size
    return out


def _uu(data: Bytes) -> Bytes:
    """Lines of uuencode: a character for the number of bytes, then 4 for every 3 bytes."""
    ends = np.append(np.flatnonzero(data == ord("\n")), data.size)
    starts = np.append(0, ends[:-1] + 1)
    lengths = ends - starts - (data.take(ends - 1, mode="clip") == ord("\r"))
    sizes = data.take(starts, mode="clip").astype(np.int64) - 32
    good = (sizes > 0) & (sizes <= 45) & (lengths >= 1 + -(-sizes // 3) * 4) & (lengths <= 2 + -(-sizes // 3) * 4)  # noqa: PLR2004
    found: list[tuple[Ints, Bytes]] = []
    for size in np.unique(sizes[good]).tolist():
        lines = np.flatnonzero(good & (sizes == size))
        wide = -(-size // 3) * 4
        rows = (data[starts[lines][:, None] + np.arange(1, wide + 1)] - np.uint8(32)) & np.uint8(63)
        found.append((lines, triples(rows.reshape(-1)).reshape(lines.size, -1)[:, :size]))
    return in_order(found)


def triples(sextets: Bytes) -> Bytes:
    """Four numbers of 6 bits as three bytes."""
    a, b, c, d = sextets.reshape(-1, 4).T
    return np.stack((a << np.uint8(2) | b >> np.uint8(4), b << np.uint8(4) | c >> np.uint8(2), c << np.uint8(6) | d), axis=1).reshape(-1)


def reader(*ways: Callable[[Bytes], Bytes]) -> Callable[[View, Ranges], Iterator[Decoded]]:
    """The decoder of lines that are read in these ways, each if the former ones explained little."""

    def decode(view: View, extents: Ranges) -> Iterator[Decoded]:
        for group in groups(extents, LARGEST):
            for way in ways:
                pieces, places = [], []
                for start, end in group:
                    low = start
                    while low < end:
                        high = _line_end(view.data, min(low + _SLICE, end), end)
                        pieces.append(way(np.asarray(view.data[low:high])))
                        places.append((pieces[-1].size, low, high))
                        low = high
                total = sum(size for size, _, _ in places)
                if total and view.budget.take(total):
                    piece = Decoded(data=np.concatenate(pieces), origin=(Trace.of(places),))
                    yield piece
                    if 2 * piece.explained.total > total:
                        break

    return decode


def _line_end(data: Bytes, at: int, end: int) -> int:
    """Behind the line in whose middle `at` stands."""
    more = np.flatnonzero(data[at : min(at + _LONGEST_LINE, end)] == ord("\n"))
    return at + int(more[0]) + 1 if more.size else min(at + _LONGEST_LINE, end)


def prober(way: Callable[[Bytes], Bytes], characters: bytes, least: float) -> Callable[[View], Ranges]:
    """The stretches of text that these characters fill so far, where any of a few samples of each has such lines; with what is near."""
    mask = np.zeros(256, np.bool_)
    mask[list(characters)] = True

    def shows(view: View, start: int, end: int) -> bool:
        places = sorted({start, (start + end) // 2, max(start, end - 4 * _SLICE // 64)})
        samples = (np.asarray(view.data[low : min(low + _SLICE // 16, end)]) for low in places)
        return any(16 * way(sample).size > sample.size for sample in samples)

    def probe(view: View) -> Ranges:
        found = blocks(view, lambda text: text.among(mask) >= least)
        shown = np.array([shows(view, start, end) for start, end in found], np.bool_)
        return Ranges(found.starts[shown], found.ends[shown]).widen(BLOCK) & text(view) if shown.any() else EMPTY

    return probe


def _plain(data: Bytes) -> Bytes:
    return _slice(data, swapped=False)


def _swapped(data: Bytes) -> Bytes:
    return _slice(data, swapped=True)


DECODERS = (
    Decoder(name="dump", rank=60, probe=prober(_plain, _OF_DUMPS, 0.55), decode=reader(_plain, _swapped), alternatives=True),
    Decoder(name="uuencode", rank=61, probe=prober(_uu, _OF_UU, 0.97), decode=reader(_uu)),
)
