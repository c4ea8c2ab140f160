"""The compiled loops of matching and of counting say what their twins in numpy say, whatever the bytes."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from honeyweights.evidence.assay.coverage import Ranges, union
from honeyweights.evidence.assay.decoders.alphabets import BASE32, BASE85
from honeyweights.evidence.assay.index import Index
from honeyweights.evidence.assay.match import Match, gaps, match, resync
from honeyweights.evidence.assay.parts import LEAST_CHARACTERS
from honeyweights.evidence.assay.text import BASE64, HEX, Code
from honeyweights.evidence.assay.texture import Blocks, among, histogram, kinds, textual

CORPUS = np.random.default_rng(5).integers(0, 256, 1 << 14, np.uint8)
LOW = np.random.default_rng(6).integers(0, 3, 1 << 12, np.uint8)
PIECES = st.lists(st.tuples(st.integers(0, 4000), st.integers(0, 90), st.sampled_from(["copy", "change", "drop", "noise"])), max_size=12)


def _woven(corpus: np.ndarray, pieces: list[tuple[int, int, str]], every: int) -> tuple[np.ndarray, list[tuple[int, int]]]:
    """A window of pieces of a corpus, and true and false hits into it."""
    window, hits, at = [np.zeros(1, np.uint8)], [(0, 3)], 1
    for start, size, kind in pieces:
        piece = corpus[start : start + size].copy()
        if kind == "change":
            piece[::every] ^= 1
        piece = np.delete(piece, np.arange(0, piece.size, every)) if kind == "drop" else piece
        piece = piece[::-1] if kind == "noise" else piece
        window.append(piece)
        hits += [(at + piece.size * k // 3, start + piece.size * k // 3) for k in range(2) if piece.size]
        at += piece.size
    return np.concatenate(window), [(a, max(0, o)) for a, o in hits if a < at]


@settings(max_examples=150, deadline=None)
@given(PIECES, st.integers(2, 40), st.booleans(), st.lists(st.tuples(st.integers(0, 900), st.integers(-20, 20_000)), max_size=6))
def test_matching_has_a_twin(kernel: Any, pieces: list[Any], every: int, low: bool, false: list[tuple[int, int]]) -> None:
    """With hits that lead nowhere and out of the corpus, several at one place, and bytes that are everywhere alike."""
    corpus = LOW if low else CORPUS
    window, hits = _woven(corpus, pieces, every)
    hits = sorted(hits + [(a, o) for a, o in false if a < window.size], key=lambda hit: hit[0])
    at, of = np.array([h[0] for h in hits]), np.array([h[1] for h in hits])
    ours, twin = (match(window, corpus, at, of, which) for which in (kernel, None))
    _same(ours, twin)
    ours, twin = resync(window, corpus, ours, kernel), resync(window, corpus, twin, None)
    _same(ours, twin)
    for mine, other in zip(_runs(ours, kernel), _runs(twin, None), strict=True):
        assert mine.tolist() == other.tolist()
    assert gaps(ours.accepted, kernel).tolist() == gaps(ours.accepted, None).tolist()


def _same(ours: Match, twin: Match) -> None:
    assert ours.accepted.tolist() == twin.accepted.tolist()
    assert ours.of[ours.accepted].tolist() == twin.of[twin.accepted].tolist()


def _runs(found: Match, kernel: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    runs = found.runs(kernel)
    return runs.at, runs.of, runs.size


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 3000), st.integers(0, 4096), st.sampled_from([64, 256]), st.integers(1, 255))
def test_counting_has_a_twin(kernel: Any, start: int, size: int, block: int, most: int) -> None:
    """Blocks of text, the last and shorter one among them; and of any other alphabet."""
    data = CORPUS[start : start + size]
    text = np.where(np.arange(size) // 100 % 2 == 0, data & 63 | 32, data).astype(np.uint8)
    for body in (data, text):
        assert textual(body, block, kernel=kernel).tolist() == textual(body, block, kernel=None).tolist()
        assert kinds(body, block, most // 8, kernel).tolist() == kinds(body, block, most // 8, None).tolist()
        for table in (np.arange(256) <= most, np.random.default_rng(most).random(256) < 0.5):  # in order, and in none
            assert among(table, body, block, kernel).tolist() == pytest.approx(among(table, body, block, None).tolist(), abs=1e-12)


@pytest.mark.parametrize("size", [0, 7, 8, 40, 63, 64, 65, 4095, 4103, 4104, 4110, 9000])
@pytest.mark.parametrize("period", [34, 62])
def test_the_few_keys_of_what_is_apart_have_a_twin(kernel: Any, size: int, period: int) -> None:
    window = CORPUS[:size]
    ours, twin = (Index(CORPUS, b"secret", rate=1, kernel=which) for which in (kernel, None))
    assert ours.few(window, period).tolist() == twin.few(window, period).tolist()
    assert size < period + 200 or ours.few(window, period).size > 0


@pytest.mark.parametrize("size", [8, 23, 24, 25, 39, 40, 41, 1000])
def test_choosing_seeds_has_a_twin_at_every_size(kernel: Any, size: int) -> None:
    """Sixteen at a time, and the rest one by one."""
    ours, twin = (Index(CORPUS, b"other", rate=2, kernel=which) for which in (kernel, None))
    for data in (CORPUS[:size], np.repeat(CORPUS[:size], 2)):
        assert [a.tolist() for a in ours.sampled(data)] == [a.tolist() for a in twin.sampled(data)]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9000), st.integers(1, 1500)), max_size=8), st.sampled_from([64, 256]), st.integers(0, 255))
def test_counting_in_stretches_has_a_twin(kernel: Any, stretches: list[tuple[int, int]], size: int, most: int) -> None:
    """Each stretch by itself, its last and shorter block included; what is chosen stays within its stretch."""
    within = union([Ranges.span(start, start + many) for start, many in stretches])
    blocks, table = Blocks(CORPUS, within, size), np.arange(256) <= most
    shares = blocks.among(table, kernel)
    assert blocks.among(table, None).tolist() == pytest.approx(shares.tolist(), abs=1e-12)
    alone = [among(table, CORPUS[start:end], size) for start, end in within]
    assert [share for shares in alone for share in shares] == pytest.approx(shares.tolist(), abs=1e-12)
    every, some = (blocks.chosen(good, size) for good in (shares >= 0, shares > 0.5))
    assert (within.total, 0) == (every.total, (some - within).total)


@pytest.mark.parametrize(("rows", "width"), [(1, 1), (1, 256), (3, 1023), (4, 1024), (2, 4096)])
def test_how_often_each_byte_stands_in_a_row_has_a_twin(kernel: Any, rows: int, width: int) -> None:
    pages = np.concatenate((CORPUS, LOW))[-rows * width :].reshape(rows, width)
    assert histogram(pages, None).tolist() == histogram(pages, kernel).tolist()
    assert [width] * rows == histogram(pages, kernel).sum(axis=1).tolist()


WORDS = (
    b"abcDEF0123456789",
    b"AB" * 15,
    b"a",
    b"-",
    b"--",
    b"0x",
    b"=",
    b" ",
    b"    ",
    b">",
    b"\t",
    b"\n",
    b"\n--",
    b"\n> ",
    b"\r\n",
    b"\r",
    b"\0",
)
CUTS = st.sets(st.integers(0, 250), max_size=5)


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from([BASE64, HEX, BASE32, BASE85]), st.lists(st.sampled_from(WORDS), max_size=24), st.sets(st.integers(0, 250), max_size=5)
)
def test_rows_of_characters_have_a_twin(kernel: Any, code: Code, words: list[bytes], cuts: set[int]) -> None:
    """Wrapped in every way, with borders, quotes and padding between them, and cut where captures begin."""
    raw, at = b"".join(words), np.array(sorted(cuts), np.int64)
    ours, twin = (code.rows(raw, at, which) for which in (kernel, None))
    assert ours.tolist() == twin.tolist()
    assert all(size >= LEAST_CHARACTERS for _, _, size in ours.tolist())
    assert code.gathered(raw, ours, kernel).tobytes() == code.gathered(raw, twin, None).tobytes()
