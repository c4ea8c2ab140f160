"""The formats round LZMA: xz (any filters, blocks, threads), lzma-alone, lzip; liblzma reads them all.

Memory is bounded by the dictionary that a head may ask for.
"""

import lzma
from collections.abc import Callable
from typing import Any

import numpy as np

from honeyweights.evidence.assay.coverage import Ints, Ranges
from honeyweights.evidence.assay.decode import Decoder, View
from honeyweights.evidence.assay.streams import Format, Machine, Standard, prober, runner

MEMORY = 768 << 20
"""A dictionary of 512 MiB and what goes with it; the largest preset asks for 64 MiB."""
ERRORS = (lzma.LZMAError, EOFError, MemoryError, ValueError)
_ALONE = b"\x5d\x00\x00"
_ALONE_HEAD = 13
_LZIP_HEAD = 6
_UNKNOWN = (1 << 64) - 1
_LARGEST = 1 << 40


class _Bounded:
    """A decompressor that says when a head asks for more memory than there is for it."""

    def __init__(self, view: View, kind: int) -> None:
        self._inner = lzma.LZMADecompressor(kind, memlimit=MEMORY)
        self._view = view

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        """As that of what it bounds."""
        try:
            return self._inner.decompress(data, max_length)
        except lzma.LZMAError as error:
            if "usage limit" in str(error):
                self._view.budget.give_up(f"a stream of LZMA asks for more than {MEMORY >> 20} MiB of memory, and was left")
            raise


def _xz(view: View, start: int) -> tuple[Machine, int]:
    bounded: Any = _Bounded(view, lzma.FORMAT_XZ)
    return Standard(bounded, ERRORS), start


def _alone(view: View, start: int) -> tuple[Machine, int]:
    bounded: Any = _Bounded(view, lzma.FORMAT_ALONE)
    return Standard(bounded, ERRORS), start


def _alone_places(view: View, extents: Ranges) -> Ints:
    """Heads of 13 bytes: usual properties, a dictionary of 2^n or 2^n + 2^(n-1), a size that is unknown or can be, a first byte of 0."""

    def good(head: bytes) -> bool:
        dictionary, size = int.from_bytes(head[1:5], "little"), int.from_bytes(head[5:13], "little")
        round_ = dictionary.bit_count() == 1 or (dictionary.bit_count() == 2 and dictionary & dictionary >> 1 != 0)  # noqa: PLR2004
        return len(head) > _ALONE_HEAD and round_ and (size == _UNKNOWN or 0 < size < _LARGEST) and head[13] == 0

    places = view.places(_ALONE, extents).tolist()
    return np.array([at for at in places if good(view.data[at : at + _ALONE_HEAD + 1].tobytes())], np.int64)


def _lzip(view: View, start: int) -> tuple[Machine, int] | None:
    code = int(view.data[start + 5]) if start + _LZIP_HEAD < view.data.size else 0
    size = (1 << (code & 31)) - ((1 << (code & 31)) // 16) * (code >> 5)
    if not 1 << 12 <= size <= 1 << 29:
        return None
    chain = [{"id": lzma.FILTER_LZMA1, "dict_size": size, "lc": 3, "lp": 0, "pb": 2}]
    return Standard(lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=chain), ERRORS), start + _LZIP_HEAD


def magic(pattern: bytes) -> Callable[[View, Ranges], Ints]:
    """Candidates wherever the pattern stands."""
    return lambda view, extents: view.places(pattern, extents)


XZ = Format(candidates=magic(b"\xfd7zXZ\0"), open=_xz)
ALONE = Format(candidates=_alone_places, open=_alone, proof="nothing")
LZIP = Format(candidates=magic(b"LZIP\x01"), open=_lzip, proof="end")
DECODERS = (
    Decoder(name="xz", rank=12, probe=prober(XZ), decode=runner(XZ)),
    Decoder(name="lzma", rank=13, probe=prober(ALONE), decode=runner(ALONE)),
    Decoder(name="lzip", rank=14, probe=prober(LZIP), decode=runner(LZIP)),
)
