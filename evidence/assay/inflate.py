"""Decoder of gzip and zlib streams, wherever their magic stands, whole, cut short, one behind the other or put in the middle of anything.

Fed in growing slices with bounded output, so that a bomb costs no memory and a damaged stream still gives what stands before the damage.
A stream that broke claims nothing, and the search for magics goes on behind the point where it broke: a decoy hides no real stream.

Output that was put out before for the same capture is dropped: streams that stand in each other's stored blocks would multiply without end.

Law of this file: zlib's answer is data, not truth; nothing is written to disk and no name in a header is looked at.
"""

import hashlib
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from honeyweights.evidence.assay.coverage import EMPTY, Ints, Ranges
from honeyweights.evidence.assay.decode import LARGEST, Decoded, Streams, View
from honeyweights.evidence.assay.index import Bytes

_WINDOW = 1 << 24
_FIRST_SLICE = 1 << 12
_LAST_SLICE = 1 << 20
_OUTPUT = 1 << 22
_FEW = 32
_BATCH = 1 << 23
_LEAST_OUTPUT = 64
_SURE_OUTPUT = 1 << 12
_BOMB = 1 << 26
_BACK = 1 << 17
_MANY = 64
_COARSE = 1 << 11
_GZIP = 31
_ZLIB = 15


@dataclass(kw_only=True, eq=False)
class _Batch:
    """Output of streams, small ones together, until there is enough for a piece."""

    data: bytearray = field(default_factory=bytearray)
    streams: list[tuple[int, int, int, int]] = field(default_factory=list)

    def take(self) -> Decoded:
        """What there is, as a piece; the batch is empty afterwards."""
        table = np.array(self.streams, np.int64).reshape(-1, 4)
        streams = Streams(inner=table[:, 0], start=table[:, 1], end=table[:, 2], sound=table[:, 3] > 0)
        piece = Decoded(data=np.frombuffer(self.data, np.uint8), origin=streams)
        self.data, self.streams = bytearray(), []
        return piece


def magics(view: View) -> Ranges:
    """The residue, if any magic of gzip or zlib stands in it."""
    return view.residue if _candidates(view.data, view.residue).size else EMPTY


def inflate(view: View, extents: Ranges) -> Iterator[Decoded]:
    """All streams that begin in `extents`."""
    batch, behind = _Batch(), 0
    for at in _candidates(view.data, extents).tolist():
        if at < behind:
            continue
        if view.budget.late():
            break
        behind = at
        for behind in _stream(view, at, batch):  # noqa: B007  # the last one counts
            if len(batch.data) >= LARGEST:
                yield batch.take()
        if len(batch.data) >= _BATCH:
            yield batch.take()
    if batch.data:
        yield batch.take()


def _candidates(data: Bytes, extents: Ranges) -> Ints:
    """Where a stream may begin: 1f 8b 08 without reserved flags (RFC 1952), or a zlib header whose check fits (RFC 1950)."""
    found = [np.empty(0, np.int64)]
    for start, end in extents.widen(_COARSE).clip(0, data.size) if len(extents) > _MANY else extents:
        for low in range(start, end, _WINDOW):
            window = np.asarray(data[low : min(low + _WINDOW, end) + 3])
            if window.size < 4:  # noqa: PLR2004  # shorter than a header
                continue
            first, second, third, fourth = window[:-3], window[1:-2], window[2:-1], window[3:]
            gzip = np.flatnonzero(first == 0x1F)  # noqa: PLR2004
            gzip = gzip[(second[gzip] == 0x8B) & (third[gzip] == 8) & (fourth[gzip] & 0xE0 == 0)]  # noqa: PLR2004
            deflate = np.flatnonzero(first == 0x78)  # noqa: PLR2004
            flags = second[deflate]
            deflate = deflate[((0x7800 + flags.astype(np.int64)) % 31 == 0) & (flags & 0x20 == 0)]
            found.append(np.sort(np.concatenate((gzip, deflate))) + low)
    places = np.unique(np.concatenate(found))
    home = np.searchsorted(extents.starts, places, "right") - 1
    return places[(home >= 0) & (places < extents.ends[home])] if len(extents) else places[:0]


def _stream(view: View, start: int, batch: _Batch) -> Iterator[int]:
    """Decodes one stream into the batch. Yields, again and again, the position from which the search for magics is to go on.

    Output of streams that are no streams is dropped: fewer than 64 bytes without a proper end.
    """
    decoder = zlib.decompressobj(_GZIP if view.data[start] == 0x1F else _ZLIB)  # noqa: PLR2004  # gzip's first byte
    wall = int(np.searchsorted(view.walls, start, "right"))
    limit = int(view.walls[wall]) if wall < view.walls.size else view.data.size
    begun, done, at, before, size, fed, stopped = len(batch.data), 0, start, start, _FIRST_SLICE, b"", False
    while not (decoder.eof or stopped) and (fed or at < limit):
        if not fed:
            fed = view.data[at : min(at + size, limit)].tobytes()
            before, at, size = at, at + len(fed), min(size * 2, _LAST_SLICE)
        out, fed, broke = _feed(decoder, fed)
        afforded = view.budget.take(len(out))
        batch.data += out if afforded else b""
        done += len(out)
        stopped = broke or not afforded or _bomb(view, done, at - start)
        if len(batch.data) >= LARGEST:
            batch.streams.append((begun, start, at, 0))
            yield at
            begun = 0
    if not decoder.eof and done < _LEAST_OUTPUT:
        del batch.data[begun:]
        yield start + 1
        return
    end = at - len(decoder.unused_data) if decoder.eof or not stopped else before
    if view.fresh(start, hashlib.sha256(memoryview(batch.data)[begun:]).digest()):
        batch.streams.append((begun, start, end, not stopped))
    else:
        del batch.data[begun:]
    if decoder.eof or done >= _SURE_OUTPUT:
        view.claimed.append(Ranges.span(start, end))
    yield end if decoder.eof else max(start + 1, before - _BACK)


def _feed(decoder: "zlib._Decompress", fed: bytes) -> tuple[bytes, bytes, bool]:
    """Output of at most 4 MiB, input not yet used, and whether the stream broke; then the output from before the break is there."""
    spare = decoder.copy()
    try:
        return decoder.decompress(fed, _OUTPUT), decoder.unconsumed_tail, False
    except zlib.error:
        return _salvage(spare, fed), b"", True


def _salvage(decoder: "zlib._Decompress", fed: bytes) -> bytes:
    """What a broken slice gives up to the very byte where it breaks; nothing when that is among its first few, as in what is no stream."""
    try:
        decoder.copy().decompress(fed[:_FEW])
    except zlib.error:
        return b""
    out, step = bytearray(), max(1, len(fed) // 16)
    while fed and len(out) <= _BOMB:
        spare = decoder.copy()
        try:
            out += decoder.decompress(fed[:step], _OUTPUT)
            fed = decoder.unconsumed_tail + fed[step:]
        except zlib.error:
            if step == 1:
                break
            decoder, step = spare, max(1, step // 16)
    return bytes(out)


def _bomb(view: View, output: int, taken: int) -> bool:
    if output <= _BOMB or output <= view.budget.expansion * taken:
        return False
    view.budget.give_up(f"a compressed stream grew to more than {view.budget.expansion} times its size and was left")
    return True
