"""From hits to runs: what is accepted is equal, enough of it is accepted, and little evidence is none."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from honeyweights.evidence.assay.match import Match, gaps, match, resync

CORPUS = np.random.default_rng(5).integers(0, 256, 1 << 14, np.uint8)


def _hits(window: np.ndarray, *pairs: tuple[int, int]) -> Match:
    at, of = np.array([p[0] for p in pairs]), np.array([p[1] for p in pairs])
    return match(window, CORPUS, at, of)


@pytest.mark.parametrize(("size", "accepted"), [(15, 0), (16, 16), (17, 17)])
def test_a_lone_run_needs_16_bytes(size: int, accepted: int) -> None:
    window = np.concatenate((CORPUS[100 : 100 + size] ^ 0, CORPUS[5000:5064]))
    window[size] = CORPUS[100 + size] ^ 1
    assert accepted == int(_hits(window, (0, 100)).accepted.sum())


def test_accepted_bytes_are_equal_bytes() -> None:
    """Through edits, an insertion and a deletion; and nearly all of what is equal is accepted."""
    window = CORPUS[1000:3000].copy()
    window[::50] ^= 1
    window = np.concatenate((window[:700], np.arange(5, dtype=np.uint8), window[700:1200], window[1203:]))
    found = _hits(window, (10, 1010), (720, 1715), (1300, 2298))
    here = np.flatnonzero(found.accepted)
    assert (CORPUS[found.of[here]] == window[here]).all()
    assert here.size >= 0.97 * (window.size - 5)


@pytest.mark.parametrize(("every", "accepted"), [(16, 960), (8, 896), (4, 768), (3, 0), (2, 0)])
def test_edits_are_tolerated_up_to_one_byte_in_four(every: int, accepted: int) -> None:
    window = CORPUS[:1024].copy()
    window[::every] ^= 1
    assert accepted == int(_hits(window, (1, 1)).accepted.sum())


def test_a_run_that_two_hits_share_is_one_run() -> None:
    """The hit lies in the middle of a piece of 26 bytes, between pieces from elsewhere."""
    window = np.concatenate((CORPUS[100:140], CORPUS[900:926], CORPUS[4000:4040]))
    found = _hits(window, (0, 100), (40 + 14, 914), (66, 4000))
    assert found.accepted.all()
    assert [(0, 40), (40, 66), (66, 106)] == [(int(a), int(a + n)) for a, n in zip(found.runs().at, found.runs().size, strict=True)]


def test_bytes_dropped_between_hits_are_followed() -> None:
    """As `curl -d` drops CR, LF and NUL: the pieces between are too short for a run of their own."""
    window = np.concatenate((CORPUS[100:150], CORPUS[151:160], CORPUS[161:166], CORPUS[167:220]))
    found = _hits(window, (0, 100), (70, 173))
    assert 14 == int((~found.accepted).sum())
    assert resync(window, CORPUS, found).accepted.all()


@settings(max_examples=60, deadline=None)
@given(
    st.binary(min_size=20, max_size=400), st.lists(st.tuples(st.integers(0, 300), st.integers(0, (1 << 14) - 8)), min_size=1, max_size=5)
)
def test_false_hits_explain_nothing(junk: bytes, pairs: list[tuple[int, int]]) -> None:
    window = np.frombuffer(junk, np.uint8)
    pairs = sorted((at % (window.size - 8), of) for at, of in pairs)
    found = resync(window, CORPUS, _hits(window, *pairs))
    assert 0 == int(found.accepted.sum())


def test_hits_at_the_artefacts_edges_do_not_reach_over_them() -> None:
    window = np.zeros(200, np.uint8)
    window[:50] = CORPUS[-50:]
    window[150:] = CORPUS[:50]
    found = _hits(window, (0, CORPUS.size - 50), (150, 0))
    assert list(range(50)) + list(range(150, 200)) == np.flatnonzero(found.accepted).tolist()


def test_gaps_are_starts_of_whole_seeds_in_long_gaps() -> None:
    accepted = np.ones(100, np.bool_)
    accepted[10:25] = False
    accepted[40:56] = False
    assert list(range(40, 49)) == np.flatnonzero(gaps(accepted)).tolist()
