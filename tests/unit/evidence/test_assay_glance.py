"""The form that fills most of a body is undone first; what it leaves is looked through for all of them, and nothing is lost by it."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from honeyweights.evidence.assay import forms
from honeyweights.evidence.assay.corpus import Corpus
from honeyweights.evidence.assay.coverage import EMPTY, Ranges
from honeyweights.evidence.assayed import AssayResult

Planted = Any  # conftest's classes cannot be imported
Assay = Callable[..., AssayResult]
KEY = bytes(range(7, 23))
LONG = 1 << 21


def _xored(body: np.ndarray) -> np.ndarray:
    return body ^ np.resize(np.frombuffer(KEY, np.uint8), body.size)


def _swapped(width: int, body: np.ndarray) -> np.ndarray:
    return body[: body.size // width * width].reshape(-1, width)[:, ::-1].ravel()


MAKES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "reversed": lambda body: body[::-1],
    "xor": _xored,
    "added": lambda body: body + np.uint8(13),
    "swapped32": lambda body: _swapped(4, body),
    "swapped64": lambda body: _swapped(8, body),
    "bits": lambda body: np.packbits(np.unpackbits(body).reshape(-1, 8)[:, ::-1]),
}


@pytest.fixture(scope="module", name="corpus")
def _corpus(packed: Planted) -> Corpus:
    return Corpus((packed.spec,), bytes(range(32)))


def _weights(corpus: Corpus) -> np.ndarray:
    return corpus.data[: LONG // 4 * 3]


def _noise(size: int) -> np.ndarray:
    return np.random.default_rng(5).integers(0, 256, size, np.uint8)


def _glanced(corpus: Corpus, body: np.ndarray) -> dict[str, list[forms.Sight]]:
    body = np.ascontiguousarray(body)
    return forms.glance(corpus, body, Ranges.span(0, body.size), EMPTY)


@pytest.mark.parametrize("name", MAKES)
def test_it_is_seen_by_its_name_phase_and_key(corpus: Corpus, name: str) -> None:
    body = np.concatenate((_noise(301), MAKES[name](_weights(corpus)), _noise(1000)))
    [(found, [sight])] = _glanced(corpus, body).items()
    assert found == name
    assert sight.extents.total == body.size
    assert sight.phase == 301 % sight.width
    assert (name in forms.KEYED) == bool(sight.key)


def test_neither_noise_nor_plain_bytes_nor_two_halves_are_one_form(corpus: Corpus) -> None:
    body = _weights(corpus)
    assert {} == _glanced(corpus, _noise(LONG))
    assert {} == _glanced(corpus, body)
    assert {} == _glanced(corpus, np.concatenate((body[::-1], body ^ np.uint8(0x5A))))
    assert {} == _glanced(corpus, body[::-1][: 1 << 19])


def test_what_it_leaves_is_found_in_its_own_form(assay: Assay, packed: Planted) -> None:
    """Most of it reversed; in between, and sprinkled with crumbs of what is reversed, a part under a key."""
    body = np.frombuffer(b"".join(packed.tensors), np.uint8)
    hidden = _xored(body[:200_000].copy())
    for place in range(2000, hidden.size - 100, 4000):
        hidden[place : place + 48] = body[-place - 48 : -place][::-1]
    turned = body[200_000:][::-1]
    result = assay(packed, np.concatenate((turned[:900_000], hidden, turned[900_000:])).tobytes())
    found = sum(file.found for file in result.left)
    assert found >= packed.total - 50 * 64
    assert {("reversed",), ("xor",)} <= {finding.chain for finding in result.findings}
