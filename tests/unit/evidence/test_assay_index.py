"""The indexes: hits are equal bytes, the grid misses no clean run of 38 bytes, and both ways of using it agree."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from honeyweights.evidence.assay.budget import Budget
from honeyweights.evidence.assay.corpus import Corpus
from honeyweights.evidence.assay.index import Index, SeedTable, keys_of
from honeyweights.evidence.assay.request import Budgets
from honeyweights.evidence.assay.scan import sample, scan

DATA = np.random.default_rng(3).integers(0, 256, 300_000, np.uint8)
NOISE = np.random.default_rng(4).integers(0, 256, 70_000, np.uint8)


class Artefacts(Corpus):
    """A corpus of given bytes."""

    data = DATA

    def __init__(self) -> None:
        super().__init__((), bytes(32))


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    return Artefacts()


def _every(index: Index, window: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return index.grid(window, np.ones(window.size, np.bool_))


def test_hits_are_equal_bytes(corpus: Corpus) -> None:
    window = np.concatenate((NOISE[:5000], DATA[1000:9000], NOISE[5000:6000], DATA[200:900]))
    for at, of in (corpus.index.sampled(window), _every(corpus.index, window), corpus.index.reverse(window)):
        assert at.size > 100 or at.size > 8700 / 64
        assert (keys_of(window)[at] == keys_of(DATA)[of]).all()
        assert (np.diff(at) > 0).all()


def test_the_grid_read_both_ways_is_the_same(corpus: Corpus) -> None:
    window = np.concatenate((NOISE[:5000], DATA[1000:9000], DATA[1000:2000]))
    forward, backward = _every(corpus.index, window), corpus.index.reverse(window)
    assert (forward[0] == backward[0]).all()
    assert (forward[1] == backward[1]).all()


@settings(max_examples=100, deadline=None)
@given(st.integers(0, DATA.size - 64), st.integers(0, 3000), st.booleans())
def test_every_clean_run_of_38_bytes_is_found(start: int, place: int, few: bool) -> None:
    """A lone fragment between unrelated bytes, wherever it is from."""
    corpus = Artefacts()
    window = np.concatenate((NOISE[:place], DATA[start : start + 38], NOISE[place : place + 500]))
    if few:
        corpus.index._reverse_left = 0
    runs = scan(window, corpus, Budget(Budgets()))
    assert 38 <= runs.there.total <= 40


def test_random_bytes_and_padding_hit_nothing(corpus: Corpus) -> None:
    for window in (NOISE, np.zeros(70_000, np.uint8), np.full(70_000, 65, np.uint8)):
        assert 0 == scan(window, corpus, Budget(Budgets())).at.size


def test_windows_shorter_than_a_key_are_no_trouble(corpus: Corpus) -> None:
    for size in range(20):
        window = DATA[:size].copy()
        assert (size if size >= 16 else 0) == scan(window, corpus, Budget(Budgets())).there.total
        assert sample(window, corpus) in {0, size}
        assert 0 == corpus.index.sampled(window[:7])[0].size == corpus.index.reverse(window[:7])[0].size


def test_equal_keys_end_the_table() -> None:
    """Seeds that all have one key cannot all be kept, and one of them is found."""
    data = np.zeros(1000, np.uint8)
    table = SeedTable(keys_of(data), np.arange(900), np.uint64(11400714819323198485))
    assert table.find(keys_of(data)[:3])[0] >= 0
    assert -1 == table.find(np.array([5], np.uint64))[0]


def test_long_bodies_are_followed_through_what_is_put_in() -> None:
    """A few bytes in each 32 KiB, as the blocks of a stored deflate stream have them."""
    corpus = Artefacts()
    body = np.concatenate([part for i in range(0, DATA.size, 32768) for part in (np.arange(5, dtype=np.uint8), DATA[i : i + 32768])])
    assert DATA.size == scan(body, corpus, Budget(Budgets())).there.total
