"""Finding where 8 bytes of a body stand in the artefacts: two indexes over the same bytes, both exact, neither a filter that can lie.

*Sampled*: a position is a seed when its two bytes, multiplied by a secret odd number, fall into a 32nd of the range. The same test runs
over the body, so only a 32nd of it is looked up: for bulk, and for the bulk's forms (reversed and so on): the key is put into the form
before it is tested, so that one table serves them all. *Grid*: one seed in every 16 bytes at a secret jitter, and every position of the
body is looked up: any clean run of 38 bytes holds a whole seed (two neighbouring seeds start at most 31 apart, and 31 + 7 = 38). The
secrets follow from the world's seed, which the model never sees, so nobody can shape edits to miss the seeds.

Law of this file: a hit is eight equal bytes, compared, never a hash alone; whether it means anything is `match`'s business. Each inner
loop stands here twice, compiled (`kernel.c`) and in numpy, and both give the same arrays.
"""

import functools
import hashlib
from collections.abc import Callable
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from honeyweights.evidence.assay import native
from honeyweights.evidence.assay.coverage import Ints

Bytes = NDArray[np.uint8]
Keys = NDArray[np.uint64]
Hits = tuple[Ints, Ints]
Combine = Callable[[Bytes, Bytes], Bytes]
KEY = 8
GRID = 16
RATE = 32
_LEVELS = 8
_BUILD = 1 << 20
_THINNESS = 4
"""Of the bitmap's bits one in so many powers of two is set."""
_FIRST_THINNESS = 2
"""Likewise of the grid's: every position of a body is looked up in it, so it has to stay in the processor's cache."""
_U = np.uint64


class Form(IntEnum):
    """How 8 bytes of a body may stand for 8 bytes of an artefact; the numbers are `kernel.c`'s."""

    PLAIN = 0
    REVERSED = 1
    """Also what swapping the bytes of 64-bit words gives."""
    NIBBLES = 2
    BITS = 3
    PAIRS = 4
    QUADS = 5


_MASKS: dict[Form, tuple[tuple[int, int], ...]] = {
    Form.PLAIN: (),
    Form.REVERSED: ((0x00FF00FF00FF00FF, 8), (0x0000FFFF0000FFFF, 16), (0x00000000FFFFFFFF, 32)),
    Form.NIBBLES: ((0x0F0F0F0F0F0F0F0F, 4),),
    Form.BITS: ((0x5555555555555555, 1), (0x3333333333333333, 2), (0x0F0F0F0F0F0F0F0F, 4)),
    Form.PAIRS: ((0x00FF00FF00FF00FF, 8),),
    Form.QUADS: ((0x00FF00FF00FF00FF, 8), (0x0000FFFF0000FFFF, 16)),
}

_SEED_AT: dict[Form, int] = {Form.PLAIN: 0, Form.REVERSED: 6, Form.NIBBLES: 0, Form.BITS: 0, Form.PAIRS: 0, Form.QUADS: 2}
"""Where in the 8 bytes the two stand that the form makes the first ones."""
_THIN = 4
_FEW = 16


def keys_of(data: Bytes) -> Keys:
    """The 8 bytes at each position as a little-endian number: a view, nothing is copied."""
    return np.ndarray((max(0, data.size - KEY + 1),), "<u8", data.data, 0, (1,))


def formed(keys: Keys, form: Form) -> Keys:
    """Keys as they are before, or after, being put into a form: each is its own inverse."""
    for mask, by in _MASKS[form]:
        keys = ((keys >> _U(by)) & _U(mask)) | ((keys & _U(mask)) << _U(by))
    return keys


class SeedTable:
    """Positions of seeds by their 8 bytes: hash tables where the last writer wins, each next one holding those that lost in the former."""

    def __init__(self, data: Bytes, positions: Ints, multiplier: int, kernel: Any = native.KERNEL) -> None:
        """`positions` are the seeds; `multiplier` is odd. The compiled loop asks a small bitmap first which keys no seed has."""
        self._data, self._keys, self._kernel = data, keys_of(data), kernel
        self.factors, self.shifts, self.tables = [], [], []  # type: list[int], list[int], list[NDArray[np.uint32]]
        left = positions.copy()
        while left.size and len(self.tables) < _LEVELS:  # equal keys can never all win: the limit ends it
            bits = max(10, int(left.size).bit_length() + 1)
            self.factors.append((multiplier + 2 * len(self.tables)) & 0xFFFFFFFFFFFFFFFF)
            self.shifts.append(64 - bits)
            self.tables.append(np.zeros(1 << bits, np.uint32))
            left = self._fill(left)
        self._narrow = max(16, int(positions.size).bit_length() + _THINNESS)
        self._bitmap = np.zeros(1 << (self._narrow - 3) if kernel is not None else 0, np.uint8)
        if kernel is not None and self.tables:
            address, factor = native.address, self.factors[0]
            kernel.hw_mark(address(data), address(positions), positions.size, factor, 64 - self._narrow, address(self._bitmap))
        self._of_tables = (
            np.array(self.factors, np.uint64),
            np.array(self.shifts, np.int32),
            np.array([table.ctypes.data for table in self.tables], np.uint64),
        )
        arrays = (*self._of_tables, self._bitmap)
        self._places = (native.address(data), len(self.tables), *(native.address(array) for array in arrays)) if kernel is not None else ()

    def find(self, window: Bytes, at: Ints, form: Form = Form.PLAIN) -> Hits:
        """Of the positions `at` in the window those whose key the artefacts have, and where they have it."""
        if not at.size:
            return at, at
        if self._kernel is None:
            return self._find(keys_of(window), at, form)
        at, of = at.copy(), np.empty(at.size, np.int64)
        address = native.address
        hits = self._kernel.hw_find(address(window), form, address(at), at.size, *self._places, self._narrow, address(of))
        return at[:hits], of[:hits]

    def _fill(self, left: Ints) -> Ints:
        factor, shift, table = self.factors[-1], self.shifts[-1], self.tables[-1]
        if self._kernel is not None:
            address = native.address
            lost: int = self._kernel.hw_fill(address(self._data), address(left), left.size, factor, shift, address(table))
            return left[:lost].copy()
        slots = _slots(self._keys[left], factor, shift)
        table[slots] = left + 1
        return np.asarray(left[table[slots] != left + 1])

    def _find(self, keys: Keys, at: Ints, form: Form) -> Hits:
        wanted = formed(keys[at], form)
        found, todo = np.full(wanted.size, -1, np.int64), np.arange(wanted.size)
        for factor, shift, table in zip(self.factors, self.shifts, self.tables, strict=True):
            guess = table[_slots(wanted, factor, shift)].astype(np.int64) - 1
            there = np.flatnonzero(guess >= 0)  # an empty slot proves that no seed has this key
            guess, todo, wanted = guess[there], todo[there], wanted[there]
            right = self._keys[guess] == wanted
            found[todo[right]] = guess[right]
            todo, wanted = todo[~right], wanted[~right]
            if not todo.size:
                break
        hit = found >= 0
        return at[hit], found[hit]


def chosen_pairs(window: Bytes, choice: Bytes, kernel: Any = native.KERNEL) -> Ints:
    """Positions of the pairs of bytes for which `choice`, by the pair as a little-endian number, is not 0; times 256, with its value."""
    if kernel is not None:
        at = native.room(window.size)
        return at[: kernel.hw_select_forms(native.address(window), window.size, native.address(choice), native.address(at))]
    pairs = np.ndarray((max(0, window.size - 1),), "<u2", window.data, 0, (1,))
    at = np.flatnonzero(choice[pairs])
    return np.asarray(at << 8 | choice[pairs[at]])


class Index:
    """Both indexes over the artefacts' bytes; each is built when it is first needed: 64 MiB take some 0.2 s."""

    def __init__(self, data: Bytes, secret: bytes, *, rate: int = RATE, kernel: Any = native.KERNEL) -> None:
        numbers = np.frombuffer(hashlib.shake_128(b"assay index" + secret).digest(32), "<u8").tolist()
        self._data, self._keys, self._secret, self._kernel = data, keys_of(data), secret, kernel
        self._limit = 65536 // rate
        self._pair = numbers[0] & 0xFFFF | 1
        self._multiplier, self._spread = numbers[1] | 1, numbers[2] | 1

    def sampled(self, window: Bytes, form: Form = Form.PLAIN) -> Hits:
        """Hits of the sampled index: positions in the window, ascending, and in the artefacts."""
        return self._sampled_table.find(window, self._select(window, form), form)

    def forms(self, window: Bytes) -> dict[Form, Ints]:
        """Positions in the window where each form but the plain one has a seed of the artefacts: a quarter of the sampled index's."""
        if window.size < KEY:
            return {}
        at = chosen_pairs(window, self._choice, self._kernel)
        return {form: self._in_form(window, form, at) for form in Form if form is not Form.PLAIN}

    def _in_form(self, window: Bytes, form: Form, chosen: Ints) -> Ints:
        at = (chosen[chosen & 1 << form != 0] >> 8) - _SEED_AT[form]
        return self._sampled_table.find(window, at[(at >= 0) & (at + KEY <= window.size)], form)[0]

    def thin(self, window: Bytes) -> Ints:
        """Positions in the window where a quarter of the sampled index's seeds stand."""
        return self._sampled_table.find(window, self._select(window, Form.PLAIN, self._limit // _THIN))[0]

    def few(self, window: Bytes, period: int) -> Keys:
        """A few of the keys of the bytes combined by exclusive-or with those `period` before them, the same ones wherever they stand."""
        if self._kernel is not None:
            keys = np.empty(window.size + 1, np.uint64)
            limit, address = max(1, self._limit // _FEW), native.address
            return keys[: self._kernel.hw_few(address(window), window.size, period, self._pair, limit, address(keys))].copy()
        apart = window[period:] ^ window[: max(0, window.size - period)]
        return keys_of(apart)[self._select(apart, Form.PLAIN, max(1, self._limit // _FEW))]

    @functools.cached_property
    def _choice(self) -> Bytes:
        """For each pair of bytes the forms, as bits, in which a key that they begin (or end, or have in its middle) is a thin seed."""
        first, second = np.meshgrid(np.arange(256, dtype=np.uint64), np.arange(256, dtype=np.uint64))
        pairs = (first | second << _U(8)).ravel()
        choice = np.zeros(65536, np.uint8)
        for form in Form:
            keys = formed(pairs << _U(8 * _SEED_AT[form]), form)
            chosen = (keys.astype(np.uint16) * np.uint16(self._pair)) < self._limit // _THIN
            chosen &= keys.astype(np.uint8) != (keys >> _U(8)).astype(np.uint8)
            choice |= (chosen & (form is not Form.PLAIN)).astype(np.uint8) << np.uint8(form)
        return choice

    def grid(self, window: Bytes, wanted: NDArray[np.bool_]) -> Hits:
        """Hits of the grid index at the positions where `wanted` is true."""
        table, bitmap, shift = self._grid_table
        return table.find(window, self._marked(window, wanted, bitmap, shift))

    @functools.cached_property
    def _sampled_table(self) -> SeedTable:
        starts = range(0, max(1, self._keys.size), _BUILD)
        parts = [self._select(self._data[start : start + _BUILD + KEY - 1], Form.PLAIN) + start for start in starts]
        return SeedTable(self._data, np.concatenate(parts), self._multiplier, self._kernel)

    @functools.cached_property
    def _grid_table(self) -> tuple[SeedTable, Bytes, int]:
        count = self._keys.size // GRID
        jitter = np.frombuffer(hashlib.shake_128(b"assay grid" + self._secret).digest(count), np.uint8) % GRID
        seeds = np.arange(count, dtype=np.int64) * GRID + jitter
        shift = 64 - max(16, int(count).bit_length() + _FIRST_THINNESS)
        if self._kernel is None:
            taken = np.zeros(1 << (64 - shift), np.bool_)
            taken[_slots(self._keys[seeds], self._spread, shift)] = True
            bitmap = np.packbits(taken, bitorder="little")
        else:
            address, bitmap = native.address, np.zeros(1 << (61 - shift), np.uint8)
            self._kernel.hw_mark(address(self._data), address(seeds), seeds.size, self._spread, shift, address(bitmap))
        return SeedTable(self._data, seeds, self._multiplier, self._kernel), bitmap, shift

    def _select(self, window: Bytes, form: Form, limit: int = 0) -> Ints:
        """Positions of seeds by the sampled index's test; never where a key's byte is followed by itself, so that padding is no load."""
        limit = limit or self._limit
        if window.size < KEY:
            return np.empty(0, np.int64)
        if self._kernel is not None:
            at = native.room(window.size)
            return at[: self._kernel.hw_select(native.address(window), window.size, form, self._pair, limit, native.address(at))]
        keys = formed(keys_of(window), form)
        chosen = (keys.astype(np.uint16) * np.uint16(self._pair)) < limit
        return np.flatnonzero(chosen & (keys.astype(np.uint8) != (keys >> _U(8)).astype(np.uint8)))

    def _marked(self, window: Bytes, wanted: NDArray[np.bool_], bitmap: Bytes, shift: int) -> Ints:
        if window.size < KEY:
            return np.empty(0, np.int64)
        if self._kernel is not None:
            address, at = native.address, native.room(window.size)
            found = self._kernel.hw_marked(
                address(window), window.size, address(wanted), self._spread, shift, address(bitmap), address(at)
            )  # fmt: skip
            return at[:found]
        places = np.flatnonzero(wanted[: window.size - KEY + 1])
        slots = _slots(keys_of(window)[places], self._spread, shift)
        return np.asarray(places[(bitmap[slots >> 3] >> (slots & 7).astype(np.uint8) & np.uint8(1)).view(np.bool_)])


class Apart(Index):
    """The sampled index of bytes combined with those `period` before them. These are not kept, but for the keys of the seeds."""

    def __init__(self, data: Bytes, secret: bytes, period: int, combine: Combine, *, rate: int = RATE, kernel: Any = native.KERNEL) -> None:
        super().__init__(data, secret, rate=rate, kernel=kernel)
        self._period, self._combine = period, combine

    def sampled(self, window: Bytes, form: Form = Form.PLAIN) -> Hits:
        """As of an index over the combined bytes."""
        at, keys = super().sampled(window, form)
        return at, self._seeds[0][keys // KEY]

    @functools.cached_property
    def _seeds(self) -> tuple[Ints, Bytes]:
        """Where they stand, and their keys, one behind the other."""
        places, keys = [np.empty(0, np.int64)], [np.empty(0, np.uint64)]
        for start in range(0, self._data.size - self._period, _BUILD):
            before = self._data[start : start + _BUILD + KEY - 1]
            behind = self._data[start + self._period : start + self._period + _BUILD + KEY - 1]
            apart = self._combine(behind, before[: behind.size])
            at = self._select(apart, Form.PLAIN)
            places.append(at + start)
            keys.append(keys_of(apart)[at])
        return np.concatenate(places), np.concatenate(keys).view(np.uint8)

    @functools.cached_property
    def _sampled_table(self) -> SeedTable:
        places, keys = self._seeds
        return SeedTable(keys, np.arange(places.size, dtype=np.int64) * KEY, self._multiplier, self._kernel)


def _slots(keys: Keys, factor: int, shift: int) -> Ints:
    return ((keys * _U(factor)) >> _U(shift)).view(np.int64)
