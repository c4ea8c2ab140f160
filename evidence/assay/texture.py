"""What kind of bytes a stretch holds: text or not, which alphabet, how random. Counts only; nothing is decoded here."""

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from honeyweights.evidence.assay import native
from honeyweights.evidence.assay.coverage import EMPTY, Ints, Ranges, union
from honeyweights.evidence.assay.index import Bytes

BLOCK = 256
FINE = 64
PAGE = 4096
_WINDOW = 1 << 20
_TEXT_SHARE = 0.9
_RANDOM_BITS = 7.6
_LEAST = 64
_SAMPLE = 1 << 16
_HIDING = 1024
_DENSE_BITS = 0.9
_PATTERNED_BITS = 7.7
_SHORT_SHARE = 0.87
_MAGIC = 22
_ALIKE, _PAGES = 0.12, 256
MAGICS = (
    b"\x1f\x8b\x08", b"BZh", b"\xfd7zXZ\0", b"\x28\xb5\x2f\xfd", b"\x04\x22\x4d\x18", b"PK\x03\x04", b"7z\xbc\xaf", b"Salted__",
    b"\x8c\x0d\x04", b"age-encryption.org",
)  # fmt: skip
"""What compressed and encrypted files begin with, where that is long enough to be no accident."""


def textual(data: Bytes, block: int = BLOCK, least: float = _TEXT_SHARE, kernel: Any = native.KERNEL) -> NDArray[np.bool_]:
    """For each block of 256 bytes: at least 90 % are printable ASCII or white space."""
    if kernel is not None:
        data, counts = np.ascontiguousarray(data), np.empty(-(-data.size // block), np.int32)
        kernel.hw_printable(native.address(data), data.size, block, native.address(counts))
        return _shares(counts, data.size, block) >= least
    return share(((data - np.uint8(32)) < 95) | ((data - np.uint8(9)) < 5), block) >= least  # noqa: PLR2004  # 0x20 to 0x7e; 0x09 to 0x0d


def among(table: NDArray[np.bool_], data: Bytes, block: int = BLOCK, kernel: Any = native.KERNEL) -> NDArray[np.float64]:
    """The share, in each block, of the bytes that the table of 256 marks."""
    if kernel is not None:
        data, counts = np.ascontiguousarray(data), np.empty(-(-data.size // block), np.int32)
        kernel.hw_count(native.address(data), data.size, native.address(table), block, native.address(counts))
        return _shares(counts, data.size, block)
    return share(table[data], block)


@dataclass(frozen=True, eq=False)
class Blocks:
    """Stretches of a body in blocks, each stretch's last one shorter: thousands of short ones are counted at once."""

    data: Bytes
    within: Ranges
    size: int = BLOCK

    @functools.cached_property
    def places(self) -> tuple[Ints, Ints]:
        """Where each block begins, and the number of its stretch."""
        many = -(-(self.within.ends - self.within.starts) // self.size)
        home = np.repeat(np.arange(len(self.within)), many)
        return self.within.starts[home] + (np.arange(home.size) - np.repeat(np.cumsum(many) - many, many)) * self.size, home

    def chosen(self, good: NDArray[np.bool_], margin: int) -> Ranges:
        """These blocks, with so much of their own stretch on both sides."""
        at, home = self.places[0][good], self.places[1][good]
        return Ranges.of(np.maximum(at - margin, self.within.starts[home]), np.minimum(at + self.size + margin, self.within.ends[home]))

    def among(self, table: NDArray[np.bool_], kernel: Any = native.KERNEL) -> NDArray[np.float64]:
        """As `among`, of each block."""
        if kernel is None:
            return np.concatenate([np.empty(0), *(among(table, np.asarray(self.data[a:b]), self.size, None) for a, b in self.within)])
        at, home = self.places
        data, starts, ends = (np.ascontiguousarray(array) for array in (self.data, self.within.starts, self.within.ends))
        counts, address = np.empty(at.size, np.int32), native.address
        kernel.hw_count_each(
            address(data), address(starts), address(ends), starts.size, address(table), self.size, address(counts)
        )  # fmt: skip
        return np.asarray(counts / np.minimum(self.within.ends[home] - at, self.size), np.float64)


def kinds(data: Bytes, block: int, most: int, kernel: Any = native.KERNEL) -> NDArray[np.int32]:
    """How many different bytes stand in each whole block; where there are more than `most`, one more than that."""
    whole = np.ascontiguousarray(data[: data.size // block * block])
    if kernel is not None:
        counts = np.empty(whole.size // block, np.int32)
        kernel.hw_kinds(native.address(whole), whole.size, block, most, native.address(counts))
        return counts
    ordered = np.sort(whole.reshape(-1, block), axis=1)
    return np.asarray(np.minimum((ordered[:, 1:] != ordered[:, :-1]).sum(axis=1) + 1, most + 1), np.int32)


def _shares(counts: NDArray[np.int32], size: int, block: int) -> NDArray[np.float64]:
    shares = counts / block
    if size % block:
        shares[-1] = counts[-1] / (size % block)
    return np.asarray(shares, np.float64)


def share(mask: NDArray[np.bool_], block: int = BLOCK) -> NDArray[np.float64]:
    """The share of true positions in each block, the last and shorter one included."""
    whole = mask.size // block * block
    counts = mask[:whole].view(np.uint8).reshape(-1, block).sum(axis=1, dtype=np.uint16) / block
    if whole == mask.size:
        return np.asarray(counts, np.float64)
    return np.append(counts, mask[whole:].mean())


def text_ranges(data: Bytes, within: Ranges, block: int = BLOCK) -> Ranges:
    """The textual parts of `data` that touch `within`, a block of margin on both sides, cut to `within` with as much margin.

    With blocks of `FINE` bytes, 128 characters between other bytes are seen wherever they stand; but so are numbers that look like some.
    """
    starts: list[Ints] = []
    windows = {window for a, b in within for window in range(a // _WINDOW, (b - 1) // _WINDOW + 1)}
    for window in sorted(windows):
        base = window * _WINDOW
        starts.append(np.flatnonzero(textual(np.asarray(data[base : base + _WINDOW]), block)) * block + base)
    if not starts:
        return EMPTY
    blocks = np.concatenate(starts)
    return (Ranges.of(blocks, blocks + block).widen(BLOCK) & within.widen(BLOCK)).clip(0, data.size)


def random_bytes(data: Bytes, like: NDArray[np.float64] | None = None) -> int:
    """How many bytes stand in pages of 4 KiB whose byte entropy is that of random, encrypted or packed content, or that are `like` some.

    A page counts from 7.6 bits a byte (random 4 KiB have 7.95, base64 has 6, machine code about 6.5); the last one joins the page before
    when it is short. Fewer than 64 bytes are never called random.
    """
    if data.size < _LEAST:
        return 0
    pages = data.size // PAGE
    if not pages:
        return data.size if float(_entropy(data.reshape(1, -1))[0]) >= _short_limit(data.size) else 0
    total = 0
    for first in range(0, pages, 256):
        block = np.array(data[first * PAGE : min(first + 256, pages) * PAGE]).reshape(-1, PAGE)
        random = _entropy(block) >= _RANDOM_BITS
        if like is not None and not random.all():
            random |= np.abs(np.sort(histogram(block), axis=1) - like).sum(axis=1) < _ALIKE * PAGE
        total += int(random.sum()) * PAGE
    return total + (data.size - pages * PAGE if random[-1] else 0)


def usual(data: Bytes) -> NDArray[np.float64] | None:
    """How often the bytes of a page stand in it, the rarest first, where these are not random: no table of bytes and no order changes that.

    Pages of bf16 weights are within 0.08 of it, as a share; of 120 MB of programs, libraries and documentation none was within 0.17.
    """
    pages = data[: data.size // PAGE * PAGE].reshape(-1, PAGE)
    pages = np.ascontiguousarray(pages[:: max(1, pages.shape[0] // _PAGES)])
    pages = pages[_entropy(pages) < _RANDOM_BITS] if pages.size else pages
    return np.asarray(np.median(np.sort(histogram(pages), axis=1), axis=0)) if pages.shape[0] >= _PAGES // 16 else None


def patterned(data: Bytes, within: Ranges) -> Ranges:
    """The KiB, counted from the start of each stretch, that are neither random nor nearly constant: 1 to 7.7 bits a byte (random: 7.8)."""
    found = []
    for start, end in within.longer(_HIDING):
        for low in range(start, end - _HIDING + 1, 1024 * _HIDING):
            block = np.array(data[low : min(low + 1024 * _HIDING, end)])
            bits = _entropy(block[: block.size // _HIDING * _HIDING].reshape(-1, _HIDING))
            pages = np.flatnonzero((bits < _PATTERNED_BITS) & (bits > 1)) * _HIDING + low
            found.append(Ranges.of(pages, pages + _HIDING).widen(_HIDING).clip(start, end))
    return union(found)


def dense(data: Bytes, within: Ranges, least: int = _HIDING) -> bool:
    """Whether enough stands there to hide a finding: so many bytes with at least 0.9 bits each (bits as 0 and 1 have 1)."""
    parts = [np.asarray(data[a : min(b, a + _SAMPLE)]) for a, b in within]
    sample = np.concatenate(parts)[:_SAMPLE] if parts else data[:0]
    return within.total >= least and float(_entropy(sample.reshape(1, -1))[0]) >= _DENSE_BITS


def orderly(data: Bytes) -> bool:
    """Whether nearly all of it is text, or it begins as files do: what noise that was read as some code hardly ever is."""
    return data.size > 0 and (data[:_MAGIC].tobytes().startswith(MAGICS) or bool(textual(data, data.size)[0]))


def _short_limit(size: int) -> float:
    """Few bytes cannot show 8 bits of entropy: 256 random ones show 7.2, of 8; 64 show 5.8, of 6."""
    bits = float(np.log2(size))
    return min(_RANDOM_BITS, (_SHORT_SHARE + 0.015 * max(0.0, 8 - bits)) * bits)


def histogram(pages: Bytes, kernel: Any = native.KERNEL) -> NDArray[np.int32]:
    """How often each of the 256 bytes stands in each row."""
    rows, width = pages.shape
    if kernel is not None:
        pages, counts = np.ascontiguousarray(pages), np.empty((rows, 256), np.int32)
        kernel.hw_histogram(native.address(pages), rows, width, native.address(counts))
        return counts
    apart = pages + np.arange(rows)[:, None] * 256
    return np.asarray(np.bincount(apart.ravel(), minlength=rows * 256).reshape(-1, 256), np.int32)


def _entropy(pages: Bytes) -> NDArray[np.float64]:
    """Bits a byte of each row."""
    width = pages.shape[1]
    many = np.arange(1, width + 1, dtype=np.float64)
    terms = np.concatenate(([0.0], many * np.log2(many)))  # of a count, for all of them at once
    return np.asarray(np.log2(width) - terms[histogram(pages)].sum(axis=1) / width, np.float64)
