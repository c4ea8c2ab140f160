"""Finding artefact bytes in a body, at any offset, in any order, in windows.

Where a body follows the artefacts, whole blocks are compared at memory speed; where it leaves them, a window is looked up and matched,
small at first and larger the longer nothing is found. What the sampled index leaves unexplained is looked up position by position in the
grid, text apart: a printable stretch of 256 bytes cannot hold a run of 16 bytes of weights.

Law of this file: the body is only read, in windows of at most 1 MiB, so a memory-mapped capture of any size will do; what comes back is
exact.
"""

from typing import Protocol

import numpy as np

from honeyweights.evidence.assay.budget import Budget
from honeyweights.evidence.assay.coverage import NOWHERE, Ints, Runs, join
from honeyweights.evidence.assay.index import KEY, Bytes, Index
from honeyweights.evidence.assay.match import NEAR, RUN, Match, gaps, match, resync
from honeyweights.evidence.assay.texture import BLOCK, textual


class Known(Protocol):
    """What a body is compared with: the artefacts' bytes, or their signs."""

    @property
    def data(self) -> Bytes:
        """All of it in one array."""

    @property
    def index(self) -> Index:
        """Over the same array."""


_SMALL = 1 << 16
_LARGE = 1 << 18
_STRIDE = 1 << 22
_STEADY = 1 << 12  # a body that followed for so long is worth a closer look where it leaves
_HOP = 256
_SAME = 32
_NONE = np.empty(0, np.int64)


def scan(body: Bytes, corpus: Known, budget: Budget, *, light: bool = False) -> Runs:
    """All runs of artefact bytes in `body`; what lies behind the point where the seconds ran out is not looked at.

    A light scan leaves the grid out: long runs are found, fragments are not.
    """
    found: list[Runs] = []
    place, size, diagonal = 0, _SMALL, None
    while place < body.size and body.size >= RUN and not budget.late():
        while diagonal is not None:
            length = _follow(body, corpus.data, place, place + diagonal)
            if length:
                found.append(Runs(np.array([place]), np.array([place + diagonal]), np.array([length])))
            place += length
            size = _SMALL if length >= _SMALL else size
            hop = _hop(body, corpus.data, place, place + diagonal) if length >= _STEADY else None
            if hop is None:
                break
            place, diagonal = hop[0], hop[1] - hop[0]
        stop = min(body.size, place + size)
        if place < stop:
            runs = _window(body, corpus, place, stop, diagonal, light=light)
            found.append(runs)
            diagonal = int(runs.of[-1] - runs.at[-1]) if runs.at.size and runs.at[-1] + runs.size[-1] == stop else None
            place, size = stop, min(size * 2, _LARGE)
    return _over_seams(body, corpus.data, join(found))


def _over_seams(body: Bytes, corpus: Bytes, runs: Runs) -> Runs:
    """Runs that follow one another from elsewhere, each grown over the seam as far as it goes: what continues both counts for both."""
    at, ends, diagonals = runs.at, runs.at + runs.size, runs.of - runs.at
    seams = np.flatnonzero((at[1:] == ends[:-1]) & (diagonals[1:] != diagonals[:-1]))
    before, behind = np.zeros(at.size, np.int64), np.zeros(at.size, np.int64)
    behind[seams] = _reach(body, corpus, ends[seams], diagonals[seams], runs.size[seams + 1], 1)
    before[seams + 1] = _reach(body, corpus, at[seams + 1] - 1, diagonals[seams + 1], runs.size[seams], -1)
    return Runs(at - before, runs.of - before, runs.size + before + behind)


def _reach(body: Bytes, corpus: Bytes, at: Ints, diagonals: Ints, most: Ints, step: int) -> Ints:  # noqa: PLR0917  # places, and which way
    """How many bytes from each place on are equal on its diagonal."""
    grown, todo = np.zeros(at.size, np.int64), np.arange(at.size)
    while todo.size:
        todo = todo[grown[todo] < most[todo]]
        here = at[todo] + step * grown[todo]
        there = here + diagonals[todo]
        inside = (there >= 0) & (there < corpus.size)
        todo, here, there = todo[inside], here[inside], there[inside]
        todo = todo[body[here] == corpus[there]]
        grown[todo] += 1
    return grown


def sample(body: Bytes, corpus: Known) -> int:
    """Bytes of a short body that the sampled index alone explains: cheap, and enough to tell the right decoding from a wrong one."""
    window = np.array(body)
    at, of = corpus.index.sampled(window)
    return int(match(body, corpus.data, at, of).accepted.sum()) if at.size else 0


def _follow(body: Bytes, corpus: Bytes, at: int, of: int) -> int:
    """Equal bytes from here on, compared in strides of growing length."""
    most = min(body.size - at, corpus.size - of)
    done, stride = 0, _SMALL
    while done < most:
        step = min(stride, most - done)
        left, right = body[at + done : at + done + step], corpus[of + done : of + done + step]
        if not np.array_equal(left, right):
            return done + int(np.argmin(left == right))
        done += step
        stride = min(stride * 2, _STRIDE)
    return done


def _hop(body: Bytes, corpus: Bytes, at: int, of: int) -> tuple[int, int] | None:
    """Where the body follows the artefacts again after a few bytes put in (a block's header in a stored stream), left out or changed."""
    here, there = body[at : at + _HOP].tobytes(), corpus[of : of + _HOP].tobytes()
    if min(len(here), len(there)) < 2 * _SAME:
        return None
    added, dropped = here.find(there[:_SAME]), there.find(here[:_SAME])
    if added >= 0:
        return at + added, of
    if dropped >= 0:
        return at, of + dropped
    changed = next((k for k in range(1, RUN + 1) if here[k : k + _SAME] == there[k : k + _SAME]), None)
    return (at + changed, of + changed) if changed else None


def _window(body: Bytes, corpus: Known, start: int, stop: int, diagonal: int | None, *, light: bool) -> Runs:  # a place
    """Runs of `[start, stop)`, seen with `NEAR` bytes of their surroundings."""
    low, high = max(0, start - NEAR), min(body.size, stop + NEAR)
    window = np.array(body[low:high])
    if window.size < KEY or not (window != window[0]).any():
        return NOWHERE
    if diagonal is None and textual(window).all():
        return NOWHERE
    at, of = corpus.index.sampled(window)
    if diagonal is not None and 0 <= low + diagonal < corpus.data.size:
        at, of = np.concatenate((np.zeros(1, np.int64), at)), np.concatenate((np.array([low + diagonal]), of))
    found = _explain(window, corpus, at, of, light=light)
    runs = found.runs() if found else NOWHERE
    inside = runs.cut(np.array([start - low, stop - low]))
    inside = inside.where((inside.at >= start - low) & (inside.at < stop - low))
    return Runs(inside.at + low, inside.of, inside.size)


def _explain(window: Bytes, corpus: Known, at: Ints, of: Ints, *, light: bool) -> Match | None:
    """What these hits explain, and where they leave something open those of the grid."""
    found = resync(window, corpus.data, match(window, corpus.data, at, of)) if at.size else None
    if light:
        return found
    open_places = gaps(found.accepted if found else np.zeros(window.size, np.bool_))
    if open_places.any():
        open_places &= ~np.repeat(textual(window), BLOCK)[: window.size]
    if open_places.any():
        more_at, more_of = corpus.index.grid(window, open_places)
        if more_at.size:
            at, of = np.concatenate((at, more_at)), np.concatenate((of, more_of))
            order = np.argsort(at, kind="stable")
            found = resync(window, corpus.data, match(window, corpus.data, at[order], of[order]))
    return found
