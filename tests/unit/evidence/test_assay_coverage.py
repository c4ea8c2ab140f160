"""Sets of positions: arithmetic that agrees with Python's own sets."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from honeyweights.evidence.assay.coverage import EMPTY, NOWHERE, Ranges, Runs, join, union

PAIRS = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 12)), max_size=8)


def _ranges(pairs: list[tuple[int, int]]) -> Ranges:
    table = np.array(pairs, np.int64).reshape(-1, 2)
    return Ranges.of(table[:, 0], table[:, 0] + table[:, 1])


def _set(pairs: list[tuple[int, int]]) -> set[int]:
    return {position for start, size in pairs for position in range(start, start + size)}


def _members(ranges: Ranges, most: int = 100) -> set[int]:
    return {position for start, end in ranges for position in range(start, min(end, most))}


@given(PAIRS, PAIRS)
def test_it_is_set_arithmetic(left: list[tuple[int, int]], right: list[tuple[int, int]]) -> None:
    a, b = _ranges(left), _ranges(right)
    assert len(_set(left)) == a.total
    assert _set(left) | _set(right) == _members(a | b)
    assert _set(left) & _set(right) == _members(a & b)
    assert _set(left) - _set(right) == _members(a - b)
    assert set(range(100)) - _set(left) == _members(~a)
    assert _members(a | b) == _members(union([a, b]))


@given(PAIRS, st.integers(0, 70), st.integers(0, 70))
def test_clipping_and_shifting(pairs: list[tuple[int, int]], start: int, end: int) -> None:
    a = _ranges(pairs)
    assert _set(pairs) & set(range(start, end)) == _members(a.clip(start, end))
    assert {position + 3 for position in _set(pairs)} == _members(a.shift(3))
    assert all(e - s >= 5 for s, e in a.longer(5))


@given(PAIRS, st.lists(st.integers(0, 80), max_size=6))
def test_cutting_loses_nothing_and_crosses_nothing(pairs: list[tuple[int, int]], points: list[int]) -> None:
    cuts = np.unique(np.array(points, np.int64))
    starts, ends = _ranges(pairs).cut(cuts)
    assert _set(pairs) == {p for s, e in zip(starts, ends, strict=True) for p in range(s, e)}
    assert not any(s < cut < e for s, e in zip(starts, ends, strict=True) for cut in points)


def test_ranges_that_touch_become_one_and_empty_ones_none() -> None:
    assert [(0, 4)] == list(_ranges([(2, 2), (0, 2), (9, 0)]))
    assert 0 == EMPTY.total == union([]).total
    assert [(0, 7)] == list(_ranges([(2, 3)]).widen(2))


def test_runs_cut_keeps_the_diagonal() -> None:
    runs = Runs(np.array([10, 40]), np.array([1000, 500]), np.array([20, 5]))
    cut = runs.cut(np.array([0, 15, 30, 42, 99]))
    assert [(10, 1000, 5), (15, 1005, 15), (40, 500, 2), (42, 502, 3)] == list(zip(cut.at, cut.of, cut.size, strict=True))
    assert [(10, 30), (40, 45)] == list(runs.here)
    assert [(500, 505), (1000, 1020)] == list(runs.there)
    assert 0 == join([]).at.size == NOWHERE.cut(np.array([3])).at.size


@given(PAIRS, st.lists(st.integers(0, 80), max_size=6))
def test_runs_that_share_bytes_are_cut_each_by_itself(pairs: list[tuple[int, int]], points: list[int]) -> None:
    kept = sorted((start, size) for start, size in pairs if size)
    at, size = np.array(kept, np.int64).reshape(-1, 2).T
    runs, cuts = Runs(at, at * 7, size), np.unique(np.array(points, np.int64))
    cut = runs.cut(cuts)
    assert sum(size for _, size in kept) == cut.size.sum()
    assert runs.there.total == cut.there.total
    assert [list(runs.here)] == [list(cut.here)]
    assert not any(a < point < a + n for a, n in zip(cut.at, cut.size, strict=True) for point in points)
