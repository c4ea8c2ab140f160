"""LZ4: frames (any block size, linked or not), and the legacy format of `lz4 -l`."""

from typing import Any

from honeyweights.evidence.assay.decode import Decoder, View
from honeyweights.evidence.assay.decoders.lzma_ import magic
from honeyweights.evidence.assay.streams import Fed, Format, Machine, Standard, prober, runner

_LEGACY_BLOCK = 8 << 20
_LEGACY_LARGEST = _LEGACY_BLOCK + (_LEGACY_BLOCK >> 7) + 64


def _frame(_view: View, start: int) -> tuple[Machine, int]:
    import lz4.frame  # noqa: PLC0415  # loaded when the first frame is seen

    inner: Any = lz4.frame.LZ4FrameDecompressor()
    return Standard(inner, (RuntimeError, MemoryError, EOFError, ValueError)), start


class _Legacy:
    """Blocks of up to 8 MiB behind their sizes; what is no size ends it, as the program has it."""

    unused = 0

    def __init__(self) -> None:
        self.eof = False
        self._held = b""

    def feed(self, fed: bytes) -> Fed:
        """As `Machine.feed`."""
        import lz4.block  # noqa: PLC0415  # loaded when the first block is seen

        self._held += fed
        size = int.from_bytes(self._held[:4], "little")
        if len(self._held) >= 4 and not 0 < size <= _LEGACY_LARGEST:  # noqa: PLR2004  # the size is 4 bytes
            self.eof, self.unused = True, len(self._held)
            return Fed(b"")
        if len(self._held) < 4 + size or not self._held:
            return Fed(b"")
        block, self._held = self._held[4 : 4 + size], self._held[4 + size :]
        try:
            out: bytes = lz4.block.decompress(block, uncompressed_size=_LEGACY_BLOCK)
        except (lz4.block.LZ4BlockError, MemoryError, ValueError):
            return Fed(b"", broke=True)
        return Fed(out, more=len(self._held) >= 4)  # noqa: PLR2004  # likewise


def _legacy(_view: View, start: int) -> tuple[Machine, int]:
    return _Legacy(), start + 4


FRAME = Format(candidates=magic(b"\x04\x22\x4d\x18"), open=_frame)
LEGACY = Format(candidates=magic(b"\x02\x21\x4c\x18"), open=_legacy)
DECODERS = (
    Decoder(name="lz4", rank=16, probe=prober(FRAME), decode=runner(FRAME)),
    Decoder(name="lz4 legacy", rank=17, probe=prober(LEGACY), decode=runner(LEGACY)),
)
