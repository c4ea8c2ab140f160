"""Zstandard frames (RFC 8878): any level, threads, long windows, no content size, one behind the other.

A frame is fed block by block, of which each puts out at most 128 KiB: a bomb is seen early, and a frame that was cut or damaged gives all
blocks before that. A frame with an unknown dictionary gives nothing.
"""

from honeyweights.evidence.assay.decode import Decoder, View
from honeyweights.evidence.assay.decoders.lzma_ import magic
from honeyweights.evidence.assay.streams import Fed, Format, Machine, prober, runner

_WINDOW = 31
"""Windows of 2 GiB, as `--long=31` of a pipe asks for: memory is only taken for what is put out."""
_OUTPUT = 1 << 22
_RLE, _RESERVED = 1, 3
_BLOCK = 1 << 17
_HEAD_SIZES = (0, 1, 2, 4)


class _Frame:
    """A frame being fed."""

    def __init__(self) -> None:
        import zstandard  # noqa: PLC0415  # loaded when the first frame is seen

        self._errors = (zstandard.ZstdError, MemoryError)
        self._inner = zstandard.ZstdDecompressor(max_window_size=1 << _WINDOW).decompressobj()
        self._begun = False
        self._last = False
        self._check = 0
        self._done = False
        self._held = b""

    @property
    def eof(self) -> bool:
        """As `Machine.eof`."""
        return self._done

    @property
    def unused(self) -> int:
        """As `Machine.unused`."""
        return len(self._held)

    def feed(self, fed: bytes) -> Fed:
        """As `Machine.feed`."""
        self._held += fed
        out, place = bytearray(), 0
        while len(out) < _OUTPUT and not self._done:
            size = self._next(place)
            if size < 0:
                return Fed(bytes(out), broke=True)
            if not size or place + size > len(self._held):
                break
            try:
                out += self._inner.decompress(self._held[place : place + size])
            except self._errors:
                return Fed(bytes(out), broke=True)
            self._begun = True
            place += size
            self._done = self._last
        self._held = self._held[place:]
        return Fed(bytes(out), more=len(out) >= _OUTPUT and not self._done)

    def _next(self, place: int) -> int:
        """The size of the head, or of the next block with what belongs to it; 0 when that cannot be seen yet, -1 when it is no frame."""
        fed = self._held
        if not self._begun:
            return self._head(fed)
        if place + 3 > len(fed):
            return 0
        block = int.from_bytes(fed[place : place + 3], "little")
        kind, size = block >> 1 & 3, block >> 3
        if kind == _RESERVED or size > _BLOCK:
            return -1
        self._last = bool(block & 1)
        return 3 + (1 if kind == _RLE else size) + self._check * self._last

    def _head(self, fed: bytes) -> int:
        if len(fed) < 6:  # noqa: PLR2004  # magic, descriptor and a byte
            return 0
        descriptor = fed[4]
        single, self._check = descriptor >> 5 & 1, 4 * (descriptor >> 2 & 1)
        content = (single, 2, 4, 8)[descriptor >> 6]
        return -1 if descriptor & 8 else 5 + (1 - single) + _HEAD_SIZES[descriptor & 3] + content


def _open(_view: View, start: int) -> tuple[Machine, int]:
    return _Frame(), start


FORMAT = Format(candidates=magic(b"\x28\xb5\x2f\xfd"), open=_open)
DECODERS = (Decoder(name="zstd", rank=15, probe=prober(FORMAT), decode=runner(FORMAT)),)
