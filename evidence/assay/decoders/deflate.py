"""gzip and zlib streams, wherever their magic stands: multi-member, concatenated, git objects, PNG, HTTP bodies.

Raw deflate has no magic: it is read in zip archives (`zipped`) and where a capture begins (`headless`).
"""

import zlib

import numpy as np

from honeyweights.evidence.assay.coverage import Ints, Ranges
from honeyweights.evidence.assay.decode import Decoder, View
from honeyweights.evidence.assay.streams import BOMB, OUTPUT, Fed, Format, Machine, prober, runner

_WINDOW = 1 << 24
_FEW = 32
_MANY = 64
_COARSE = 1 << 11
_GZIP = 31
_ZLIB = 15
RAW = -15


class Inflater:
    """A zlib decompressor that gives what stands before damage to the very byte."""

    def __init__(self, bits: int) -> None:
        self._inner = zlib.decompressobj(bits)

    @property
    def eof(self) -> bool:
        """As `Machine.eof`."""
        return self._inner.eof

    @property
    def unused(self) -> int:
        """As `Machine.unused`."""
        return len(self._inner.unused_data)

    def feed(self, fed: bytes) -> Fed:
        """As `Machine.feed`."""
        spare = self._inner.copy()
        try:
            return Fed(self._inner.decompress(fed, OUTPUT), self._inner.unconsumed_tail)
        except zlib.error:
            return Fed(_salvage(spare, fed), broke=True)


def _salvage(decoder: "zlib._Decompress", fed: bytes) -> bytes:
    """What a broken slice gives up to the very byte where it breaks; nothing when that is among its first few, as in what is no stream."""
    try:
        decoder.copy().decompress(fed[:_FEW])
    except zlib.error:
        return b""
    out, step = bytearray(), max(1, len(fed) // 16)
    while fed and len(out) <= BOMB:
        spare = decoder.copy()
        try:
            out += decoder.decompress(fed[:step], OUTPUT)
            fed = decoder.unconsumed_tail + fed[step:]
        except zlib.error:
            if step == 1:
                break
            decoder, step = spare, max(1, step // 16)
    return bytes(out)


def _open(view: View, start: int) -> tuple[Machine, int]:
    return Inflater(_GZIP if view.data[start] == 0x1F else _ZLIB), start  # noqa: PLR2004  # gzip's first byte


def candidates(view: View, extents: Ranges) -> Ints:
    """Where a stream may begin: 1f 8b 08 without reserved flags (RFC 1952), or a zlib header whose check fits (RFC 1950)."""
    found = [np.empty(0, np.int64)]
    data = view.data
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


FORMAT = Format(candidates=candidates, open=_open, proof="end")
DECODERS = (Decoder(name="gzip", rank=10, probe=prober(FORMAT), decode=runner(FORMAT)),)
