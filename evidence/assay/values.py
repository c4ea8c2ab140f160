"""Weights whose bytes were changed and whose values were not: casts, quantisation, dequantised 4-bit weights, transposed matrices.

Every cast and every scale but a negative one leaves the sign of a weight where it is, in the top bit of every first, second, fourth or
eighth byte. So the signs of the artefacts, 8 to a byte, are a corpus of their own, and the same scan that compares bytes compares signs:
a run is 128 weights at least. Rounding to 0 loses a few signs; gaps of up to 128 weights on one diagonal are closed.

Law of this file: what is found here is `recoverable`, never a byte fraction. Only what is neither text nor random is looked at: weights
that were cast or quantised are neither. A copy of the signs alone, of fewer than 8 different bytes, is no weight.
"""

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from honeyweights.evidence import weights
from honeyweights.evidence.assay.budget import Budget
from honeyweights.evidence.assay.corpus import Corpus
from honeyweights.evidence.assay.coverage import EMPTY, Ranges, Runs, union
from honeyweights.evidence.assay.index import Bytes, Index
from honeyweights.evidence.assay.scan import scan
from honeyweights.evidence.assay.texture import histogram

LEAST = 1024
"""Stretches shorter than this are not looked at: too few signs."""
STRIDES = (1, 2, 4, 8)
"""Bytes of a value: int8, 16, 32 and 64 bits."""
_GAP = 16
_MANY = 1 << 24
_WINDOW = 1 << 23
_COARSEST = 8
"""Different bytes at least: what has fewer holds signs, and hardly any weight."""
_BLOCK = 34
_ROWS = 4096


@dataclass(frozen=True, kw_only=True, eq=False)
class Reading:
    """Artefact bytes read as weights in one way: where their signs stand among all signs, and which weight each belongs to."""

    first: int
    """Position of its first sign; a multiple of 8."""
    count: int
    start: int
    """Where in the corpus its bytes begin."""
    bits: int
    """Of the corpus for each weight: 16, or 4."""
    columns: int = 0
    """Of the matrix, where it is read column by column."""

    def bytes_of(self, signs: Ranges) -> Ranges:
        """The corpus bytes of the weights whose signs are among these."""
        mine = signs.clip(self.first, self.first + self.count).shift(-self.first)
        if self.columns and len(mine):
            mask = np.zeros(self.count + 1, np.int8)
            mask[mine.starts] += 1
            mask[mine.ends] -= 1
            rows = np.cumsum(mask[:-1], dtype=np.int8).astype(np.bool_).reshape(self.columns, -1).T.ravel()
            edges = np.flatnonzero(np.diff(np.concatenate(([False], rows, [False])).view(np.int8)))
            mine = Ranges.of(edges[::2], edges[1::2])
        return Ranges.of(mine.starts * self.bits // 8, -(-mine.ends * self.bits // 8)).shift(self.start)


@dataclass(frozen=True, eq=False)
class Signs:
    """The signs of all artefacts in all readings; for the scan it is a corpus like any other."""

    corpus: Corpus

    @functools.cached_property
    def index(self) -> Index:
        """Over the signs, 8 to a byte."""
        return Index(self.data, self.corpus.seed + b"signs", rate=32 if self.data.size > _MANY else 8)

    @property
    def data(self) -> Bytes:
        """The signs, 8 to a byte, the first one highest."""
        return self._made[0]

    @property
    def readings(self) -> tuple[Reading, ...]:
        """In the order in which their signs stand."""
        return self._made[1]

    @functools.cached_property
    def _made(self) -> tuple[Bytes, tuple[Reading, ...]]:
        parts: list[Bytes] = []
        readings: list[Reading] = []
        at, first = 0, 0
        for spec in self.corpus.models:
            for shard in weights.layout(spec):
                for start, size, columns, read, bits in _tables(shard, at, spec.flavour):
                    signs = read(self.corpus.data[start : start + size])
                    count = min(size * 8 // bits, signs.size * 8)
                    readings.append(Reading(first=first, count=count, start=start, bits=bits, columns=columns))
                    parts.append(signs)
                    first += signs.size * 8
                at += shard.tensor_bytes
        return (np.concatenate(parts) if parts else np.empty(0, np.uint8)), tuple(readings)

    def bytes_of(self, runs: Runs) -> Ranges:
        """The corpus bytes of the weights that runs of sign bytes tell of, the small gaps between them closed."""
        order = np.argsort(runs.of, kind="stable")
        starts, ends, diagonals = runs.of[order], (runs.of + runs.size)[order], (runs.of - runs.at)[order]
        near = (starts[1:] - ends[:-1] <= _GAP) & (diagonals[1:] == diagonals[:-1]) & (starts[1:] >= ends[:-1])
        ends[:-1][near] = starts[1:][near]
        signs = Ranges.of(starts * 8, ends * 8)
        return union([reading.bytes_of(signs) for reading in self.readings])


def _tables(shard: weights.Shard, at: int, flavour: str) -> list[tuple[int, int, int, Callable[[Bytes], Bytes], int]]:
    """(where, bytes, columns, how, bits a weight) of each reading of a shard; norms, all positive, are none: anything would match them."""
    if flavour == "u8":
        packed = at + sum(tensor.size for tensor in shard.tensors if tensor.dtype == "BF16")
        size = at + shard.tensor_bytes - packed
        return [
            (packed, size, 0, functools.partial(_nibbles, high_first=order, zero=zero), 4) for order in (True, False) for zero in (8, 7)
        ]
    rows: list[tuple[int, int, int, Callable[[Bytes], Bytes], int]] = []
    for tensor in shard.tensors:
        if tensor.kind == "gaussian":
            rows.append((at, tensor.size, 0, _bf16, 16))
            rows.append((at, tensor.size, tensor.shape[1], functools.partial(_turned, columns=tensor.shape[1]), 16))
        at += tensor.size
    return rows


def _bf16(data: Bytes) -> Bytes:
    return np.packbits(data[1::2] >= 128)  # noqa: PLR2004  # the top bit


def _turned(data: Bytes, columns: int) -> Bytes:
    return np.packbits((data[1::2] >= 128).reshape(-1, columns).T.ravel())  # noqa: PLR2004  # as above


def _nibbles(data: Bytes, *, high_first: bool, zero: int) -> Bytes:
    """Negative are the codes below that of 0: 8 in an even scale, 7 in that of normal floats. Up to 3 bytes of the end are left out."""
    codes = np.arange(256, dtype=np.uint8)
    high, low = (codes >> 4) < zero, (codes & 15) < zero
    two = (high << 1 | low) if high_first else (low << 1 | high)
    four = (two[None, :] << 2 | two[:, None]).astype(np.uint8).ravel()  # by two bytes as a little-endian number
    halves = four[data[: data.size // 4 * 4].view("<u2")].reshape(-1, 2)
    return np.asarray(halves[:, 0] << 4 | halves[:, 1])


def look(signs: Signs, data: Bytes, where: Ranges, budget: Budget) -> Ranges:
    """What of the artefacts' weights stands in these stretches of a body."""
    found: list[Ranges] = []
    for window in _windows(data, where.longer(LEAST)):
        if budget.late():
            break
        here = _window(signs, window, budget)
        found.append(here if here.total >= LEAST else EMPTY)
    return union(found)


def _windows(data: Bytes, where: Ranges) -> Iterator[Bytes]:
    """The stretches, short ones one behind the other: what ends one costs a few signs, and each look has its price."""
    parts: list[Bytes] = []
    held = 0
    for start, end in where:
        for low in range(start, end, _WINDOW):
            parts.append(data[low : min(low + _WINDOW, end)])
            held += parts[-1].size
            if held >= _WINDOW:
                yield np.concatenate(parts)
                parts, held = [], 0
    if parts:
        yield np.concatenate(parts)


def _window(signs: Signs, window: Bytes, budget: Budget) -> Ranges:
    if np.count_nonzero(histogram(window.reshape(1, -1))) < _COARSEST:
        return EMPTY
    found = [_lane(signs, window[lane::stride], budget) for stride in STRIDES for lane in range(stride)]
    return union([*found, *(_lane(signs, values, budget) for values in _unblocked(window))])


def _lane(signs: Signs, values: Bytes, budget: Budget) -> Ranges:
    """Signs in the top bits, or their opposites: numbers from 0 on have them so, and so have those that were negated."""
    packed = np.packbits(values >= 128)  # noqa: PLR2004  # the top bit
    straight = (_shifted(packed, shift) for shift in range(8))
    streams = (stream for one in straight for stream in (one, ~one))
    found = [signs.bytes_of(scan(stream, signs, budget)) for stream in streams if signs.index.sampled(stream)[0].size > 1]
    return union(found)


def _unblocked(window: Bytes) -> Iterator[Bytes]:
    """The values of blocks of 32 that begin with a scale of 16 bits (GGUF's Q8_0), which shows by its second byte: it hardly changes."""
    rows = window[: window.size // _BLOCK * _BLOCK].reshape(-1, _BLOCK)
    if rows.shape[0] < _BLOCK:
        return
    kinds = np.array([np.count_nonzero(np.bincount(column, minlength=256)) for column in rows[:_ROWS].T])
    steady = int(np.argmin(kinds))
    if kinds[steady] * 2 < np.median(kinds):
        whole = window[(steady - 1) % _BLOCK :]
        yield np.ascontiguousarray(whole[: whole.size // _BLOCK * _BLOCK].reshape(-1, _BLOCK)[:, 2:]).reshape(-1)


def _shifted(packed: Bytes, by: int) -> Bytes:
    """The same bits, beginning with another one."""
    return packed if by == 0 else (packed[:-1] << np.uint8(by)) | (packed[1:] >> np.uint8(8 - by))
