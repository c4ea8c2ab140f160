"""Sets of byte positions as sorted, disjoint, half-open ranges: what was found is a set, so sending a byte twice counts it once.

Law of this file: arithmetic on positions; nothing here knows whose bytes they are. A set of n ranges takes 16 n bytes, whatever it
covers.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
_END = np.iinfo(np.int64).max


@dataclass(frozen=True, eq=False)
class Ranges:
    """Immutable set of positions; make it with `of`, which sorts and merges."""

    starts: Ints
    ends: Ints

    @staticmethod
    def of(starts: Ints, ends: Ints) -> "Ranges":
        """The union of `[starts[i], ends[i])`; empty ones vanish, those that touch become one."""
        full = ends > starts
        if not full.all():
            starts, ends = starts[full], ends[full]
        if not starts.size:
            return EMPTY
        if (starts[1:] < starts[:-1]).any():
            order = np.argsort(starts, kind="stable")
            starts, ends = starts[order], ends[order]
        reach = np.maximum.accumulate(ends)
        first = np.concatenate(([True], starts[1:] > reach[:-1]))
        last = np.concatenate((first[1:], [True]))
        return Ranges(starts[first], reach[last])

    @staticmethod
    def span(start: int, end: int) -> "Ranges":
        """One range."""
        return Ranges(np.array([start], np.int64), np.array([end], np.int64)) if end > start else EMPTY

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return zip(self.starts.tolist(), self.ends.tolist(), strict=True)

    def __len__(self) -> int:
        return int(self.starts.size)

    def __or__(self, other: "Ranges") -> "Ranges":
        return union((self, other))

    def __sub__(self, other: "Ranges") -> "Ranges":
        return ~(~self | other) if len(self) and len(other) else self

    def __and__(self, other: "Ranges") -> "Ranges":
        return ~(~self | ~other) if len(self) and len(other) else EMPTY

    def __invert__(self) -> "Ranges":
        """All positions from 0 that are not in the set."""
        starts = np.concatenate(([0], self.ends)).astype(np.int64)
        return Ranges.of(starts, np.concatenate((self.starts, [_END])).astype(np.int64))

    @property
    def total(self) -> int:
        """Positions in the set."""
        return int((self.ends - self.starts).sum())

    def clip(self, start: int, end: int) -> "Ranges":
        """The part inside `[start, end)`; its cost grows with that part only."""
        first, last = int(np.searchsorted(self.ends, start, "right")), int(np.searchsorted(self.starts, end, "left"))
        return Ranges.of(np.maximum(self.starts[first:last], start), np.minimum(self.ends[first:last], end))

    def longer(self, least: int) -> "Ranges":
        """Only the ranges of at least `least` positions."""
        keep = self.ends - self.starts >= least
        return Ranges(self.starts[keep], self.ends[keep])

    def widen(self, by: int) -> "Ranges":
        """Each range grown by `by` on both sides, not below 0."""
        return Ranges.of(np.maximum(self.starts - by, 0), self.ends + by)

    def shift(self, by: int) -> "Ranges":
        """All positions moved."""
        return Ranges(self.starts + by, self.ends + by)

    def cut(self, points: Ints) -> tuple[Ints, Ints]:
        """Starts and ends after cutting at `points`, so that no piece reaches over any of them."""
        if not self.starts.size:
            return self.starts, self.ends
        home = np.searchsorted(self.starts, points, "right") - 1
        inside = points[(home >= 0) & (points > self.starts[home]) & (points < self.ends[home])]
        return np.sort(np.concatenate((self.starts, inside))), np.sort(np.concatenate((self.ends, inside)))


EMPTY = Ranges(np.empty(0, np.int64), np.empty(0, np.int64))


def union(sets: "tuple[Ranges, ...] | list[Ranges]") -> Ranges:
    """All positions that are in any of the sets."""
    sets = [s for s in sets if len(s)]
    if len(sets) < 2:  # noqa: PLR2004  # of one there is nothing to put together
        return sets[0] if sets else EMPTY
    return Ranges.of(np.concatenate([s.starts for s in sets]), np.concatenate([s.ends for s in sets]))


@dataclass(frozen=True, eq=False)
class Runs:
    """Where bytes of a body equal bytes of the artefacts: `body[at + k] == corpus[of + k]` for k < size. Sorted by `at`.

    Disjoint but where one piece follows another: a byte there that continues both belongs to both.
    """

    at: Ints
    of: Ints
    size: Ints

    @property
    def here(self) -> Ranges:
        """What of the body is explained."""
        return Ranges.of(self.at, self.at + self.size)

    @property
    def there(self) -> Ranges:
        """What of the artefacts is found."""
        return Ranges.of(self.of, self.of + self.size)

    def cut(self, points: Ints) -> "Runs":
        """The same runs, none of which reaches over any of `points`, which ascend, in the body."""
        first = np.searchsorted(points, self.at, "right")
        pieces = np.searchsorted(points, self.at + self.size, "left") - first + 1
        if (pieces == 1).all():
            return self
        home = np.repeat(np.arange(self.at.size), pieces)
        number = np.arange(home.size) - np.repeat(np.cumsum(pieces) - pieces, pieces)
        padded = np.append(points, _END)
        at = np.where(number == 0, self.at[home], padded[first[home] + number - 1])
        end = np.where(number == pieces[home] - 1, (self.at + self.size)[home], padded[np.minimum(first[home] + number, points.size)])
        return Runs(at, self.of[home] + at - self.at[home], end - at)

    def behind(self, by: int) -> "Runs":
        """The same runs in a body in which so many bytes more stand before them."""
        return Runs(self.at + by, self.of, self.size) if by else self

    def where(self, mask: NDArray[np.bool_] | Ints) -> "Runs":
        """Only the chosen runs."""
        return Runs(self.at[mask], self.of[mask], self.size[mask])


NOWHERE = Runs(EMPTY.starts, EMPTY.starts, EMPTY.starts)


def join(parts: list[Runs]) -> Runs:
    """Runs of successive parts of one body as one."""
    if not parts:
        return NOWHERE
    return Runs(np.concatenate([r.at for r in parts]), np.concatenate([r.of for r in parts]), np.concatenate([r.size for r in parts]))
