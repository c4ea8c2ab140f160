"""Where the bytes that a decoder put out came from, piece by piece.

Law of this file: positions only. Inside a piece they are taken to be spread evenly: exact for base64 and hex within one line, a few bytes
off where white space was dropped, and good to a slice of input for compressed streams. Only the attribution to captures rests on it,
never a count.
"""

from dataclasses import dataclass

import numpy as np

from honeyweights.evidence.assay.coverage import EMPTY, Ints, Ranges


@dataclass(frozen=True, eq=False)
class Trace:
    """Piece k: inner positions from `inner[k]` to `inner[k + 1]` came from outer ones from `start[k]` to `end[k]`. All of them ascend."""

    inner: Ints
    """One more than there are pieces; begins with 0."""
    start: Ints
    end: Ints
    flip: bool = False
    """Inside each piece the first inner position came from the last outer one, and so on."""

    @staticmethod
    def of(pieces: list[tuple[int, int, int]] | Ints, *, flip: bool = False) -> "Trace":
        """From (inner size, outer start, outer end) of each piece."""
        table = np.asarray(pieces, np.int64).reshape(-1, 3)
        return Trace(np.concatenate(([0], np.cumsum(table[:, 0]))), table[:, 1], table[:, 2], flip)

    def outward(self, found: Ranges) -> Ranges:
        """The outer positions of inner ones."""
        if not len(found) or not self.start.size:
            return EMPTY
        starts, ends = found.cut(self.inner)
        piece = np.clip(np.searchsorted(self.inner, starts, "right") - 1, 0, self.start.size - 1)
        size = self.inner[piece + 1] - self.inner[piece]
        rate = (self.end[piece] - self.start[piece]) / np.maximum(size, 1)
        if self.flip:
            starts, ends = (self.inner[piece] + self.inner[piece + 1] - side for side in (ends, starts))
        first = self.start[piece] + np.floor((starts - self.inner[piece]) * rate).astype(np.int64)
        last = self.start[piece] + np.ceil((ends - self.inner[piece]) * rate).astype(np.int64)
        return Ranges.of(first, np.minimum(last, self.end[piece]))

    def turned(self, owners: "Owners") -> "Owners":
        """Whose the inner bytes of flipped pieces are."""
        points = np.unique(np.concatenate((self.start, owners.cuts)))
        home = np.searchsorted(self.start, points, "right") - 1
        inside = (home >= 0) & (points < self.end[home])
        points, home = points[inside], home[inside]
        stops = np.minimum(np.append(points[1:], np.iinfo(np.int64).max), self.end[home])
        inner = self.inner[home] + self.end[home] - stops
        order = np.argsort(inner, kind="stable")
        return Owners(inner[order], owners.at(points)[order])

    def inward(self, points: Ints) -> Ints:
        """For each outer position the first inner one that came from there or behind it."""
        if not self.start.size:
            return np.zeros(points.size, np.int64)
        piece = np.clip(np.searchsorted(self.start, points, "right") - 1, 0, self.start.size - 1)
        size, width = self.inner[piece + 1] - self.inner[piece], np.maximum(self.end[piece] - self.start[piece], 1)
        into = np.clip(points - self.start[piece], 0, width)
        return np.asarray(self.inner[piece] + np.ceil(into * size / width).astype(np.int64))


@dataclass(frozen=True, eq=False)
class Owners:
    """Whose bytes a body is made of: from `cuts[k]` to `cuts[k + 1]` of `names[k]`; below 0, of several put together (`parts_of`)."""

    cuts: Ints
    names: Ints

    def at(self, points: Ints) -> Ints:
        """The owner of each position."""
        return np.asarray(self.names[np.maximum(self.cuts.searchsorted(points, "right") - 1, 0)])

    def of_one(self, point: int) -> int:
        """The owner of one position: of a million, each by itself, an array would cost ten times as much."""
        return int(self.names[max(int(self.cuts.searchsorted(point, "right")) - 1, 0)]) if self.names.size > 1 else int(self.names[0])

    def through(self, trace: Trace) -> "Owners":
        """Of what a decoder put out that works a few bytes at a time, so that each capture's bytes decode by themselves."""
        if trace.flip:
            return trace.turned(self)
        cuts = trace.inward(self.cuts)
        cuts[:1] = 0
        last = np.concatenate((cuts[1:] != cuts[:-1], [True]))  # of several at one place the last one begins there
        return Owners(cuts[last], self.names[last])

    def of_streams(self, inner: Ints, start: Ints, end: Ints) -> "Owners":
        """Of streams that put out from `inner[k]` on what they took from `start[k]` to `end[k]`: its capture's, if one holds it."""
        return Owners(inner, self.over(start, end))

    def over(self, start: Ints, end: Ints) -> Ints:
        """The owner of each stretch: the one whose it is, or all from that of its first byte to that of its last one, put together."""
        first, last = self.at(start), self.at(np.maximum(end - 1, start))
        low = np.where(first < 0, (-1 - first) >> _PART_BITS, first)
        high = np.where(last < 0, (-1 - last) & _PARTS, last)
        return np.asarray(np.where(low == high, low, -1 - (low << _PART_BITS | high)))


def parts_of(owner: int) -> tuple[int, int]:
    """The first and the last part that an owner stands for."""
    return (owner, owner) if owner >= 0 else ((-1 - owner) >> _PART_BITS, (-1 - owner) & _PARTS)


_PART_BITS = 31
_PARTS = (1 << _PART_BITS) - 1
