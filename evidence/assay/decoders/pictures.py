"""PNG pictures: the stream of all their IDAT chunks, with the filters of the rows taken back (ISO/IEC 15948, 9).

A picture of one chunk and no filter is plain to the decoder of zlib too. Filters are taken back only where what they left is as rich
as it is of weights; of photographs and drawings it is poorer.
"""

import zlib
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from honeyweights.evidence.assay.coverage import Ranges
from honeyweights.evidence.assay.decode import LARGEST, Decoded, Decoder, Streams, View
from honeyweights.evidence.assay.index import Bytes
from honeyweights.evidence.assay.streams import bomb
from honeyweights.evidence.assay.texture import histogram

_MAGIC = b"\x89PNG\r\n\x1a\n"
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_SLICE = 1 << 20
_BAND = 1024
_STEPS = 1 << 18
"""Of vectors: a picture of 64 MiB and any usual shape takes a third of them."""
_PAGE, _EVERY = 4096, 8
_RICH_BITS = 5.8
_AVERAGE, _PAETH = 3, 4
Words = NDArray[np.int16]


class _Picture(NamedTuple):
    """What stands in the chunks."""

    wide: int
    """Bytes of a row, without the one that names its filter."""
    high: int
    apart: int
    """Bytes of a pixel: the distance to what is left of one."""
    chunks: tuple[tuple[int, int], ...]
    """Where the parts of the stream stand."""
    end: int


def _picture(view: View, at: int) -> _Picture | None:
    head = view.data[at + 8 : at + 29].tobytes()
    if head[4:8] != b"IHDR" or len(head) < 21 or head[17] not in _CHANNELS or head[20]:  # noqa: PLR2004  # whole; interlaced ones are not read
        return None
    bits = _CHANNELS[head[17]] * head[16]
    width, high = int.from_bytes(head[8:12], "big"), int.from_bytes(head[12:16], "big")
    chunks, place, limit = [], at + 33, view.wall(at)
    while place + 8 <= limit:
        size, kind = int.from_bytes(view.data[place : place + 4].tobytes(), "big"), view.data[place + 4 : place + 8].tobytes()
        if not kind.isalpha() or kind == b"IEND":
            break
        if kind == b"IDAT":
            chunks.append((place + 8, min(place + 8 + size, limit)))
        place = min(place + 12 + size, limit)
    wide = -(-width * bits // 8)
    return _Picture(wide, high, max(1, bits // 8), tuple(chunks), min(place + 12, limit)) if chunks and wide and high else None


def _inflated(view: View, picture: _Picture, at: int) -> tuple[Bytes, bool]:
    """The rows as they were filtered, and whether the stream ended as it should."""
    machine, out, most = zlib.decompressobj(), bytearray(), min(LARGEST, picture.high * (picture.wide + 1))
    for start, end in picture.chunks:
        for low in range(start, end, _SLICE):
            try:
                out += machine.decompress(view.data[low : min(low + _SLICE, end)].tobytes(), max(1, most - len(out)))
            except zlib.error:
                return np.frombuffer(out, np.uint8), False
            if len(out) >= most or machine.eof or bomb(view, len(out), low + _SLICE - at):
                return np.frombuffer(out, np.uint8), machine.eof or len(out) >= picture.high * (picture.wide + 1)
    return np.frombuffer(out, np.uint8), machine.eof


def _rich(data: Bytes) -> bool:
    """Whether any of the pages that are looked at holds so many bits a byte."""
    pages = data[: data.size // _PAGE * _PAGE].reshape(-1, _PAGE)[::_EVERY]
    pages = pages if len(pages) else data.reshape(1, -1)
    shares = histogram(np.ascontiguousarray(pages)) / pages.shape[1]
    bits = -(shares * np.log2(shares, where=shares > 0, out=np.zeros_like(shares))).sum(axis=1)
    return float(bits.max()) >= _RICH_BITS


def unfiltered(rows: Bytes, apart: int) -> Bytes:
    """Rows that begin with the number of their filter, without it."""
    wide = -(-(rows.shape[1] - 1) // apart) * apart
    out = np.zeros((rows.shape[0], wide), np.uint8)
    out[:, : rows.shape[1] - 1] = rows[:, 1:]
    before = np.zeros(wide, np.uint8)
    for low in range(0, rows.shape[0], _BAND):
        kinds, band = rows[low : low + _BAND, 0], out[low : low + _BAND]
        if (kinds >= _AVERAGE).any():
            band[:] = _slanted(band, kinds, before, apart)
        else:
            for row, kind in zip(band, kinds.tolist(), strict=True):
                row[:] = row.reshape(-1, apart).cumsum(0, np.uint8).reshape(-1) if kind == 1 else row + before * np.uint8(kind == 2)  # noqa: PLR2004
                before = row
        before = band[-1]
    return np.ascontiguousarray(out[:, : rows.shape[1] - 1])


def _slanted(band: Bytes, kinds: Bytes, before: Bytes, apart: int) -> Bytes:
    """A band of rows, a diagonal of pixels at once: what is left of one, above it, and beside that stands in the two diagonals before."""
    high, pixels = band.shape[0], band.shape[1] // apart
    turned = np.zeros((high + pixels + 2, high + 1, apart), np.int16)
    for row, line in enumerate((before, *band)):
        turned[row + 1 : row + 1 + pixels, row] = line.reshape(-1, apart)
    rules = [(kinds == kind).astype(np.int16)[:, None] for kind in (1, 2, _AVERAGE, _PAETH)]
    for step in range(2, high + pixels + 1):  # a row's pixel x stands in the diagonal row + 1 + x
        low, top = max(1, step - pixels), min(high, step - 1)
        left, above, beside = turned[step - 1, low : top + 1], turned[step - 1, low - 1 : top], turned[step - 2, low - 1 : top]
        mine = [rule[low - 1 : top] for rule in rules]
        guess = mine[0] * left + mine[1] * above + mine[2] * (left + above >> 1) + mine[3] * _paeth(left, above, beside)
        turned[step, low : top + 1] = turned[step, low : top + 1] + guess & 255
    return np.stack([turned[row + 1 : row + 1 + pixels, row].reshape(-1) for row in range(1, high + 1)]).astype(np.uint8)


def _paeth(left: Words, above: Words, beside: Words) -> Words:
    far, near, both = np.abs(above - beside), np.abs(left - beside), np.abs(left + above - 2 * beside)
    return np.where((far <= near) & (far <= both), left, np.where(near <= both, above, beside))


def _probe(view: View) -> Ranges:
    places = view.places(_MAGIC, view.residue)
    return Ranges.of(places, places + len(_MAGIC))


def _decode(view: View, extents: Ranges) -> Iterator[Decoded]:
    """Each picture that is worth it."""
    for at in extents.starts.tolist():
        picture = None if view.budget.late() else _picture(view, at)
        if picture is None:
            continue
        data, sound = _inflated(view, picture, at)
        rows = data[: data.size // (picture.wide + 1) * (picture.wide + 1)].reshape(-1, picture.wide + 1)
        if not rows.size or not _rich(rows.reshape(-1)) or not view.budget.take(rows.size):
            continue
        bands = -(-rows.shape[0] // _BAND)
        if (rows[:, 0] >= _AVERAGE).any() and bands * (_BAND + picture.wide // picture.apart) > _STEPS:
            view.budget.give_up("a picture of an unusual shape was left with its filters on")
            continue
        made = unfiltered(rows, picture.apart).reshape(-1)
        one = np.array([sound])
        yield Decoded(
            data=made, origin=Streams(inner=np.zeros(1, np.int64), start=np.array([at]), end=np.array([picture.end]), sound=one, proven=one)
        )


DECODERS = (Decoder(name="png", rank=9, probe=_probe, decode=_decode),)
