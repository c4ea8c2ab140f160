"""From hits to runs: which bytes of a window are artefact bytes, through edits, insertions and deletions.

A hit says that position `at` of the window is position `of` of the artefacts; `of - at` is its diagonal. Every position takes the
diagonal of the last hit before it, then of the first hit behind it, and is compared with the artefact byte there. What counts:

* a run of at least `RUN` = 16 equal bytes on one diagonal (128 bits of uniform weights, about 84 of bf16);
* around it, and where two neighbouring cells of 16 hold 24 equal bytes between them, the equal bytes of cells that hold at least 12 (8 of
  16 let wrong diagonals of bf16 through by their repeated exponents);
* within `NEAR` = 128 bytes behind an accepted byte, runs of at least 8 on a diagonal at most 8 away: a tool dropped or put in some bytes;
  of at least 4 where accepted bytes enclose the gap on both sides and at most 8 bytes of difference.

Law of this file: arithmetic on one window of at most a few MiB, with no state, no budget and no Python loop over its bytes. Each loop
stands here twice, compiled (`matching.c`) and in numpy, and both give the same arrays.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from honeyweights.evidence.assay import native
from honeyweights.evidence.assay.coverage import NOWHERE, Ints, Runs
from honeyweights.evidence.assay.index import KEY, Bytes

RUN = 16
NEAR = 128
_NEAR_RUN = 8
_ENCLOSED_RUN = 4
_SHIFTS = tuple(step for size in range(1, 9) for step in (size, -size))
_CELL_GOOD = 12
_PAIR_GOOD = 24
_ONES = np.unpackbits(np.arange(65536, dtype=np.uint16).view(np.uint8).reshape(-1, 2), axis=1).sum(axis=1, dtype=np.uint8)
Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Match:
    """Which positions of a window are accepted, and where each stands in the artefacts (meaningless where not accepted)."""

    accepted: Mask
    of: Ints

    def runs(self, kernel: Any = native.KERNEL) -> Runs:
        """The accepted positions as runs."""
        ok = self.accepted
        if kernel is not None:
            address, (at, there, length) = native.address, (native.room(ok.size) for _ in range(3))
            count = kernel.hw_runs(address(ok), address(self.of), ok.size, address(at), address(there), address(length))
            return Runs(at[:count].copy(), there[:count].copy(), length[:count].copy()) if count else NOWHERE
        if not ok.any():
            return NOWHERE
        begins = ok.copy()
        begins[1:] &= ~(ok[:-1] & (self.of[1:] == self.of[:-1] + 1))
        at = np.flatnonzero(begins)
        ends = ok.copy()
        ends[:-1] &= ~ok[1:] | begins[1:]
        return Runs(at, self.of[at], np.flatnonzero(ends) + 1 - at)


def match(window: Bytes, corpus: Bytes, at: Ints, of: Ints, kernel: Any = native.KERNEL) -> Match:  # hits, and what they hit
    """Accepts what the hits support. `at` ascends; there is at least one hit."""
    if kernel is not None:
        at, of, address = np.ascontiguousarray(at), np.ascontiguousarray(of), native.address
        found = Match(np.empty(window.size, np.bool_), np.empty(window.size, np.int64))
        spare, places = np.empty(6 * window.size, np.uint8), np.empty(window.size, np.int64)
        kernel.hw_match(
            address(window), window.size, address(corpus), corpus.size, address(at), address(of), at.size,
            address(found.accepted), address(found.of), address(spare), address(places),
        )  # fmt: skip
        return found
    size, diagonals = window.size, of - at
    turns = np.flatnonzero(diagonals[1:] != diagonals[:-1]) + 1
    places = np.arange(size, dtype=np.int64)
    starts = np.concatenate(([0], at[turns], [size]))
    ahead = _along(window, corpus, places + np.repeat(diagonals[np.concatenate(([0], turns))], np.diff(starts)))
    if not turns.size or ahead.accepted.all():
        return Match(ahead.accepted, ahead.of)
    stops = np.concatenate(([0], np.minimum(at[turns - 1] + KEY, at[turns]), [size]))
    behind = _along(window, corpus, places + np.repeat(diagonals[np.concatenate((turns - 1, [at.size - 1]))], np.diff(stops)))
    return _merged(ahead, behind)


def resync(window: Bytes, corpus: Bytes, found: Match, kernel: Any = native.KERNEL) -> Match:
    """Follows short insertions and deletions behind accepted bytes, where the pieces between them were too short to be hit."""
    accepted, of = found.accepted.copy(), found.of.copy()
    if kernel is not None:
        address = native.address
        kernel.hw_resync(address(window), window.size, address(corpus), corpus.size, address(accepted), address(of))
        return Match(accepted, of)
    edges = np.flatnonzero(accepted[1:] != accepted[:-1])
    last = edges[0 if accepted[0] else 1 :: 2]  # the accepted byte before each gap, and the one behind it, if there is one
    following = np.append(edges[1 if accepted[0] else 2 :: 2] + 1, window.size)[: last.size]
    lengths = np.minimum(following - last - 1, NEAR)
    if lengths.sum() < _ENCLOSED_RUN:
        return found
    known = following < window.size
    apart = of[np.where(known, following, 0)] - following - of[last] + last
    enclosed = np.repeat(known & (np.abs(apart) <= _SHIFTS[-2]) & (following - last <= NEAR), lengths)
    firsts = np.cumsum(lengths) - lengths
    ramp = np.arange(1, int(lengths.sum()) + 1) - np.repeat(firsts, lengths)
    todo, straight = np.repeat(last, lengths) + ramp, np.repeat(of[last], lengths) + ramp
    bytes_here, linked = window[todo], todo[1:] == todo[:-1] + 1
    done = np.zeros(todo.size, np.bool_)
    for step in _SHIFTS:
        target = straight + step
        equal = (corpus.take(target, mode="clip") == bytes_here) & (target >= 0) & (target < corpus.size) & ~done
        new = _in_runs(equal, _NEAR_RUN, linked) | (_in_runs(equal, _ENCLOSED_RUN, linked) & enclosed)
        of[todo[new]] = target[new]
        done |= new
    accepted[todo[done]] = True
    return Match(accepted, of)


def gaps(accepted: Mask, kernel: Any = native.KERNEL) -> Mask:
    """Start positions of 8 bytes inside stretches of at least `RUN` positions that are not accepted."""
    if kernel is not None:
        starts = np.empty(accepted.size, np.bool_)
        kernel.hw_gaps(native.address(accepted), accepted.size, native.address(starts))
        return starts
    free = ~accepted
    inside = _in_runs(free, RUN, None)
    starts = np.zeros(free.size, np.bool_)
    if free.size >= _NEAR_RUN and inside.any():
        starts[: 1 - _NEAR_RUN] = _eroded(inside, _NEAR_RUN)
    return starts


@dataclass(frozen=True, eq=False)
class _Trial:
    """Positions compared along given diagonals."""

    equal: Mask
    sure: Mask
    """In runs of `RUN`."""
    accepted: Mask
    of: Ints


def _along(window: Bytes, corpus: Bytes, of: Ints) -> _Trial:
    equal = corpus.take(of, mode="clip") == window
    if of.min() < 0 or of.max() >= corpus.size:
        equal &= (of >= 0) & (of < corpus.size)
    straight = of[1:] == of[:-1] + 1
    sure = _in_runs(equal, RUN, straight)
    accepted = sure if np.array_equal(sure, equal) else sure | (equal & _tolerated(equal, sure))
    return _Trial(equal, sure, accepted, of)


def _merged(ahead: _Trial, behind: _Trial) -> Match:
    """Takes each position from the trial that is surer of it; a run may begin in one and end in the other: hits lie in its middle."""
    pairs = _in_runs(behind.equal, 2, None) & ~_in_runs(ahead.equal, 2, None)
    rather_behind = ~ahead.sure & (behind.sure | (~ahead.accepted & (behind.accepted | pairs)))
    of = np.where(rather_behind, behind.of, ahead.of)
    equal = np.where(rather_behind, behind.equal, ahead.equal)
    accepted = np.where(rather_behind, behind.accepted, ahead.accepted) | _in_runs(equal, RUN, of[1:] == of[:-1] + 1)
    return Match(accepted, of)


def _tolerated(equal: Mask, accepted: Mask) -> Mask:
    """Cells of 16 with at least 12 equal bytes, in a chain of such cells one of which is sure."""
    size = equal.size // RUN * RUN
    keep = np.zeros(equal.size, np.bool_)
    counts = _ONES[np.packbits(equal[:size]).view(np.uint16)]
    sure = np.packbits(accepted[:size]).view(np.uint16) != 0
    pair = counts[1:] + counts[:-1] >= _PAIR_GOOD
    sure[1:] |= pair
    sure[:-1] |= pair
    good = counts >= _CELL_GOOD
    first = good.copy()
    first[1:] &= ~good[:-1]
    chain = np.cumsum(first)
    sure_chains = np.zeros(int(chain[-1]) + 1 if chain.size else 1, np.bool_)
    sure_chains[chain[good & sure]] = True
    keep[:size] = np.repeat(good & sure_chains[chain], RUN)
    return keep


def _in_runs(mask: Mask, least: int, linked: Mask | None) -> Mask:
    """The true positions in runs of at least `least`, a power of two; `linked[i]` says that positions i and i + 1 are neighbours."""
    if mask.size < least:
        return np.zeros(mask.size, np.bool_)
    pairs = mask[1:] & mask[:-1]
    if linked is not None:
        pairs &= linked
    whole = _eroded(pairs, least - 1)
    spread = np.zeros(mask.size, np.bool_)
    spread[: whole.size] = whole
    reach = 1
    while reach < least:
        spread[reach:] |= spread[:-reach].copy()
        reach *= 2
    return spread


def _eroded(mask: Mask, least: int) -> Mask:
    """`result[i]`: positions i to i + least - 1 are all true."""
    have = 1
    while have < least:
        step = min(have, least - have)
        mask = mask[step:] & mask[:-step]
        have += step
    return mask
