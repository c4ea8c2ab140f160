"""Finding where 8 bytes of a body stand in the artefacts: two indexes over the same bytes, both exact, neither a filter that can lie.

*Sampled*: a position is a seed when its two bytes, multiplied by a secret odd number, fall into a 32nd of the range. The same test runs
over the body, so only a 32nd of it is looked up: for bulk. *Grid*: one seed in every 16 bytes at a secret jitter, and every position of
the body is looked up: any clean run of 38 bytes holds a whole seed (two neighbouring seeds start at most 31 apart, and 31 + 7 = 38). The
secrets follow from the world's seed, which the model never sees, so nobody can shape edits to miss the seeds.

Law of this file: a hit is eight equal bytes, compared, never a hash alone; whether it means anything is `match`'s business.
"""

import functools
import hashlib

import numpy as np
from numpy.typing import NDArray

from honeyweights.evidence.assay.coverage import Ints

Bytes = NDArray[np.uint8]
Keys = NDArray[np.uint64]
KEY = 8
GRID = 16
_SAMPLED = np.uint16(65536 // 32)
_LEVELS = 8
_BLOCK = 1 << 18  # grid look-ups at once: intermediate arrays of 256 KiB stay in the second-level cache
_BUILD = 1 << 20
_FEW = 8
_REVERSES = 32
_REVERSE_SIZE = (1 << 16) + (1 << 10)
_REVERSE_BITS = 20


def keys_of(data: Bytes) -> Keys:
    """The 8 bytes at each position as a little-endian number: a view, nothing is copied."""
    return np.ndarray((max(0, data.size - KEY + 1),), "<u8", data.data, 0, (1,))


class SeedTable:
    """Positions of seeds by their 8 bytes: hash tables where the last writer wins, each next one holding those that lost in the former."""

    def __init__(self, keys: Keys, positions: Ints, multiplier: np.uint64) -> None:
        """`keys` is the view over the artefacts; `positions` are the seeds."""
        self._keys = keys
        self._levels: list[tuple[np.uint64, np.uint64, NDArray[np.uint32]]] = []
        left = positions
        while left.size and len(self._levels) < _LEVELS:  # equal keys can never all win: the limit ends it
            bits = max(10, int(left.size).bit_length() + 2)
            factor, shift = multiplier + np.uint64(2 * len(self._levels)), np.uint64(64 - bits)
            slots = _slots(keys[left], factor, shift)
            table = np.zeros(1 << bits, np.uint32)
            table[slots] = left + 1
            self._levels.append((factor, shift, table))
            left = left[table[slots] != left + 1]

    def find(self, wanted: Keys) -> Ints:
        """For each key a position where the artefacts have it, or -1."""
        found = np.full(wanted.size, -1, np.int64)
        todo, keys = np.arange(wanted.size), wanted
        for factor, shift, table in self._levels:
            guess = table[_slots(keys, factor, shift)].astype(np.int64) - 1
            there = np.flatnonzero(guess >= 0)  # an empty slot proves that no seed has this key
            guess, todo, keys = guess[there], todo[there], keys[there]
            right = self._keys[guess] == keys
            found[todo[right]] = guess[right]
            todo, keys = todo[~right], keys[~right]
            if not todo.size:
                break
        return found


class Index:
    """Both indexes over the artefacts' bytes; each is built when it is first needed, for most samples send little and need none."""

    def __init__(self, data: Bytes, secret: bytes) -> None:
        stream = hashlib.shake_128(b"assay index" + secret)
        self._data, self._keys, self._secret = data, keys_of(data), secret
        numbers = np.frombuffer(stream.digest(32), "<u8")
        self._reverse_left = _REVERSES
        self._pair = np.uint16(int(numbers[0]) & 0xFFFF | 1)
        self._multiplier, self._spread = numbers[1] | np.uint64(1), numbers[2] | np.uint64(1)

    def takes(self, size: int) -> bool:
        """Whether `reverse` is to be used for a window: a few small ones are looked up sooner than any table is built."""
        return size <= _REVERSE_SIZE and self._reverse_left > 0 and "_sampled_table" not in self.__dict__

    def reverse(self, window: Bytes) -> tuple[Ints, Ints]:
        """All hits of the grid's seeds, found the other way round: the window's keys are the table, and all seeds are looked up in it."""
        self._reverse_left -= 1
        seeds, slots = self._grid_slots
        keys = keys_of(window)
        marks = np.zeros(1 << _REVERSE_BITS, np.bool_)
        marks[_slots(keys, self._spread, np.uint64(64 - _REVERSE_BITS))] = True
        seeds = seeds[np.flatnonzero(marks[slots])]
        known = self._keys[seeds]
        order = np.argsort(known)
        known, seeds = known[order], seeds[order]
        if not seeds.size:
            return np.empty(0, np.int64), seeds
        guess = np.minimum(np.searchsorted(known, keys), seeds.size - 1)
        at = np.flatnonzero(known[guess] == keys)
        return at, seeds[guess[at]]

    def sampled(self, window: Bytes) -> tuple[Ints, Ints]:
        """Hits of the sampled index: positions in the window, ascending, and in the artefacts."""
        at = self._select(window)
        return _hits(self._sampled_table, keys_of(window), at)

    def grid(self, window: Bytes, wanted: NDArray[np.bool_]) -> tuple[Ints, Ints]:
        """Hits of the grid index at the positions where `wanted` is true."""
        table, bitmap, shift = self._grid_table
        keys = keys_of(window)
        few = np.flatnonzero(wanted[: keys.size]) if np.count_nonzero(wanted) * _FEW < window.size else None
        if few is not None:
            return _hits(table, keys, few[_marked(bitmap, (keys[few] * self._spread) >> shift)])
        parts = []
        for start in range(0, window.size - KEY + 1, _BLOCK):
            block = window[start : start + _BLOCK + KEY - 1]
            for phase in range(min(KEY, block.size - KEY + 1)):
                size = (block.size - phase) // KEY * KEY
                slots = block[phase : phase + size].copy().view("<u8") * self._spread
                slots >>= shift
                parts.append(np.flatnonzero(_marked(bitmap, slots)) * KEY + (phase + start))
        at = np.concatenate(parts) if parts else np.empty(0, np.int64)
        at = np.sort(at[wanted[at]])
        return _hits(table, keys, at)

    @functools.cached_property
    def _sampled_table(self) -> SeedTable:
        parts = []
        for start in range(0, self._keys.size, _BUILD):
            window = np.array(self._data[start : start + _BUILD + KEY - 1])
            parts.append(self._select(window) + start)
        return SeedTable(self._keys, np.concatenate(parts) if parts else np.empty(0, np.int64), self._multiplier)

    @functools.cached_property
    def _grid_table(self) -> tuple[SeedTable, Bytes, np.uint64]:
        count = self._keys.size // GRID
        seeds = self._grid_seeds
        shift = np.uint64(64 - max(16, int(count).bit_length() + 3))
        taken = np.zeros(1 << (64 - int(shift)), np.bool_)
        taken[_slots(self._keys[seeds], self._spread, shift)] = True
        return SeedTable(self._keys, seeds, self._multiplier), np.packbits(taken, bitorder="little"), shift

    @functools.cached_property
    def _grid_seeds(self) -> Ints:
        count = self._keys.size // GRID
        jitter = np.frombuffer(hashlib.shake_128(b"assay grid" + self._secret).digest(count), np.uint8) % GRID
        return np.arange(count, dtype=np.int64) * GRID + jitter

    @functools.cached_property
    def _grid_slots(self) -> tuple[Ints, Ints]:
        seeds = self._grid_seeds
        return seeds, _slots(self._keys[seeds], self._spread, np.uint64(64 - _REVERSE_BITS))

    def _select(self, window: Bytes) -> Ints:
        """Positions of seeds by the sampled index's test; never where a byte is followed by itself, so that padding is no load."""
        usable = window.size - KEY + 1
        if usable <= 0:
            return np.empty(0, np.int64)
        chosen = np.zeros(window.size, np.bool_)
        for phase in (0, 1):
            size = (window.size - phase) // 2 * 2
            pairs = (window if phase == 0 else window[1:].copy())[:size].view("<u2")
            chosen[phase : phase + size : 2] = (pairs * self._pair) < _SAMPLED
        chosen[:-1] &= window[1:] != window[:-1]
        return np.flatnonzero(chosen[:usable])


def _slots(keys: Keys, factor: np.uint64, shift: np.uint64) -> Ints:
    return ((keys * factor) >> shift).view(np.int64)


def _marked(bitmap: Bytes, slots: Keys) -> NDArray[np.bool_]:
    return (bitmap[(slots >> np.uint64(3)).view(np.int64)] >> (slots & np.uint64(7)).astype(np.uint8) & np.uint8(1)).view(np.bool_)


def _hits(table: SeedTable, keys: Keys, at: Ints) -> tuple[Ints, Ints]:
    of = table.find(keys[at])
    hit = of >= 0
    return at[hit], of[hit]
