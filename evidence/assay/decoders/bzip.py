"""bzip2 streams; and their blocks alone, where a stream's head is missing or its middle was lost: each block decodes by itself.

A block begins at any bit with the first digits of pi; it is shifted to a byte's edge and put into a stream of its own.
"""

import bz2
from collections.abc import Iterator

import numpy as np

from honeyweights.evidence.assay.coverage import EMPTY, Ints, Ranges
from honeyweights.evidence.assay.decode import Decoded, Decoder, Streams, View
from honeyweights.evidence.assay.streams import Format, Machine, Standard, prober, runner

_BLOCK = 0x314159265359
_END = 0x177245385090
_LARGEST = 1 << 20
_HEAD = b"BZh9"
_WINDOW = 1 << 22
_BATCH = 1 << 23


def _candidates(view: View, extents: Ranges) -> Ints:
    """A head whose first block, or end, follows."""
    found = view.places(b"BZh", extents)
    if not found.size:
        return found
    heads = ((int(at), view.data[at + 3 : at + 10].tobytes()) for at in found)
    known = (_BLOCK.to_bytes(6, "big"), _END.to_bytes(6, "big"))
    return np.array([at for at, head in heads if head[:1].isdigit() and head[1:] in known], np.int64)


def _open(_view: View, start: int) -> tuple[Machine, int]:
    return Standard(bz2.BZ2Decompressor(), (OSError, ValueError)), start


def _blocks(view: View, extents: Ranges) -> list[int]:
    """Bit positions of block heads and stream ends."""
    found: list[int] = []
    for shift in range(8):
        middle = [((magic << (8 - shift)) >> 8 & ((1 << 40) - 1)).to_bytes(5, "big") for magic in (_BLOCK, _END)]
        for magic, inner in zip((_BLOCK, _END), middle, strict=True):
            found += (bit for at in view.places(inner, extents).tolist() if _bits(view, bit := at * 8 - 8 + shift, 48) == magic)
    return sorted(set(found))


def _bits(view: View, bit: int, count: int) -> int:
    """A number of so many bits; bits outside the body are 0."""
    first, last = max(bit, 0) // 8, (bit + count + 7) // 8
    raw = view.data[first:last].tobytes().ljust(last - first, b"\0")
    return int.from_bytes(raw, "big") >> (last * 8 - bit - count) & ((1 << count) - 1)


def _lone(view: View) -> Ranges:
    """All of the residue, if a block begins in a megabyte of its beginning, middle or end: no block is longer."""
    dense = _dense(view)
    if not len(dense):
        return EMPTY
    first, last = int(dense.starts[0]), int(dense.ends[-1])
    for low in sorted({first, max(first, (first + last - _LARGEST) // 2), max(first, last - _LARGEST)}):
        if _blocks(view, dense.clip(low, low + _LARGEST)):
            return view.residue
    return EMPTY


def _dense(view: View) -> Ranges:
    return (view.residue - view.text).longer(64)


def _restart(view: View, _extents: Ranges) -> Iterator[Decoded]:
    marks = _blocks(view, _dense(view))
    data, streams = bytearray(), []
    for start, end in zip(marks, [*marks[1:], view.data.size * 8], strict=True):
        if view.budget.late() or end - start > _LARGEST * 8 or _bits(view, start, 48) == _END:
            continue
        check = _bits(view, start + 48, 32)
        tail = (_END << 32 | check).to_bytes(10, "big")
        stream = _HEAD + _shifted(view, start, end, tail)
        try:
            out = bz2.BZ2Decompressor().decompress(stream, _LARGEST)
        except (OSError, ValueError):
            continue
        if out and view.budget.take(len(out)) and view.fresh(start // 8, out[:64] + len(out).to_bytes(8, "big")):
            streams.append((len(data), start // 8, -(-end // 8), 1))
            data += out
        if len(data) >= _BATCH:
            yield _piece(data, streams)
            data, streams = bytearray(), []
    if data:
        yield _piece(data, streams)


def _shifted(view: View, start: int, end: int, tail: bytes) -> bytes:
    """Bits from `start` to `end`, then the tail, from a byte's edge on."""
    count = end - start
    body = _bits(view, start, count) << len(tail) * 8 | int.from_bytes(tail, "big")
    total = count + len(tail) * 8
    return (body << -total % 8).to_bytes(-(-total // 8), "big")


def _piece(data: bytearray, streams: list[tuple[int, int, int, int]]) -> Decoded:
    table = np.array(streams, np.int64)
    origin = Streams(inner=table[:, 0], start=table[:, 1], end=table[:, 2], sound=table[:, 3] > 0, proven=table[:, 3] > 0)
    return Decoded(data=np.frombuffer(data, np.uint8), origin=origin)


FORMAT = Format(candidates=_candidates, open=_open)
DECODERS = (
    Decoder(name="bzip2", rank=11, probe=prober(FORMAT), decode=runner(FORMAT)),
    Decoder(name="bzip2 blocks", rank=35, probe=_lone, decode=_restart),
)
