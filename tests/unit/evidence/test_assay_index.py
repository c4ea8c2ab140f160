"""The indexes: hits are equal bytes, the grid misses no clean run of 38 bytes, and the compiled loops say what their twins in numpy say."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from honeyweights.evidence.assay import native
from honeyweights.evidence.assay.budget import Budget
from honeyweights.evidence.assay.corpus import Corpus
from honeyweights.evidence.assay.index import RATE, Apart, Form, Index, SeedTable, formed, keys_of
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
    for at, of in (corpus.index.sampled(window), _every(corpus.index, window)):
        assert at.size > 100 or at.size > 8700 / 64
        assert (keys_of(window)[at] == keys_of(DATA)[of]).all()
        assert (np.diff(at) > 0).all()


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, DATA.size), st.integers(0, 900), st.booleans()), max_size=8),
    st.sampled_from(Form),
    st.integers(0, 2**32),
)
def test_the_compiled_loops_and_their_twins_agree(kernel: Any, parts: list[tuple[int, int, bool]], form: Form, seed: int) -> None:
    """The same tables, the same candidates, the same hits, in every form, repeated content included."""
    data = np.concatenate((DATA[:40_000], DATA[5000:9000], np.zeros(5000, np.uint8), np.tile(DATA[:7], 300)))
    pieces = [(data if own else NOISE)[start % 50_000 :][:size] for start, size, own in parts]
    window = np.concatenate([*pieces, data[39_990:40_100]])
    if form is Form.PLAIN:
        wanted = np.random.default_rng(seed).random(window.size) < 0.8
        window[::301] ^= 1
    else:
        window = formed(np.resize(window, window.size // 8 * 8).view("<u8"), form).view(np.uint8)
        wanted = np.ones(window.size, np.bool_)
    fast, plain = (Index(data, bytes(32), kernel=which) for which in (kernel, None))
    for left, right in ((fast.sampled(window, form), plain.sampled(window, form)), (fast.grid(window, wanted), plain.grid(window, wanted))):
        assert (left[0].tolist(), left[1].tolist()) == (right[0].tolist(), right[1].tolist())


def test_a_library_that_was_not_built_is_none(tmp_path: Path) -> None:
    assert native.load(tmp_path / "kernel.so") is None


@pytest.mark.parametrize("form", Form)
def test_each_form_undoes_itself(form: Form) -> None:
    keys = DATA[:800].view("<u8")
    assert (keys == formed(formed(keys, form), form)).all()
    assert (form is Form.PLAIN) == bool((keys == formed(keys, form)).all())


@settings(max_examples=100, deadline=None)
@given(st.integers(0, DATA.size - 64), st.integers(0, 3000))
def test_every_clean_run_of_38_bytes_is_found(start: int, place: int) -> None:
    """A lone fragment between unrelated bytes, wherever it is from."""
    corpus = Artefacts()
    window = np.concatenate((NOISE[:place], DATA[start : start + 38], NOISE[place : place + 500]))
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
        assert 0 == corpus.index.sampled(window[:7])[0].size


def test_equal_keys_end_the_table() -> None:
    """Seeds that all have one key cannot all be kept, and one of them is found."""
    data = np.zeros(1000, np.uint8)
    table = SeedTable(data, np.arange(900), 11400714819323198485)
    assert [0, 1, 2] == table.find(data, np.arange(3))[0].tolist()
    assert 0 == table.find(np.arange(8, dtype=np.uint8), np.arange(1))[0].size


def test_long_bodies_are_followed_through_what_is_put_in() -> None:
    """A few bytes in each 32 KiB, as the blocks of a stored deflate stream have them."""
    corpus = Artefacts()
    body = np.concatenate([part for i in range(0, DATA.size, 32768) for part in (np.arange(5, dtype=np.uint8), DATA[i : i + 32768])])
    assert DATA.size == scan(body, corpus, Budget(Budgets())).there.total


@pytest.mark.parametrize("size", [0, 47, 48, 55, 56, 4000, (1 << 20) + 48, (1 << 20) + 60])
@pytest.mark.parametrize("combine", [np.bitwise_xor, np.subtract])
def test_differences_are_found_without_being_kept(kernel: Any, size: int, combine: Any) -> None:
    """As an index over all of them finds them."""
    data = np.resize(DATA, size) + np.arange(size, dtype=np.uint8) // 7
    apart = combine(data[48:], data[: max(0, size - 48)])
    window = np.concatenate((apart[:2000], NOISE[:500], apart[-900:]))
    kept, ours = Index(apart, b"secret", rate=RATE, kernel=kernel), Apart(data, b"secret", 48, combine, rate=RATE, kernel=kernel)
    twin = Apart(data, b"secret", 48, combine, rate=RATE, kernel=None)
    wanted = [found.tolist() for found in kept.sampled(window)]
    assert size < 4000 or wanted[0]
    assert wanted == [found.tolist() for found in ours.sampled(window)] == [found.tolist() for found in twin.sampled(window)]
