"""Bytes that nothing could read, by whose they are."""

import random
from pathlib import Path

import numpy as np
import pytest

from honeyweights.evidence.assay.coverage import Ranges
from honeyweights.evidence.assay.opaque import at_most, unread
from honeyweights.evidence.assay.texture import random_bytes
from honeyweights.evidence.assay.trace import Owners

NOISE = np.frombuffer(random.Random(3).randbytes(12_288), np.uint8)  # noqa: S311  # no secret
OWNERS = Owners(np.array([0, 8192]), np.array([4, 7]))


def test_what_looks_random_counts_for_its_owner() -> None:
    assert {4: 8192, 7: 4096} == dict(unread(NOISE, OWNERS, Ranges.span(0, NOISE.size)))
    plain = np.concatenate((np.zeros(8192, np.uint8), NOISE[:4096]))
    assert {4: 0, 7: 4096} == dict(unread(plain, OWNERS, Ranges.span(0, plain.size)))


def test_no_owner_has_more_of_it_than_is_unread() -> None:
    opaque = unread(NOISE, OWNERS, Ranges.span(0, NOISE.size))
    assert {4: 192, 7: 4096} == dict(at_most(opaque, NOISE, OWNERS, Ranges.span(0, 8000)))
    assert not at_most(unread(NOISE, OWNERS, Ranges.span(0, 0)), NOISE, OWNERS, Ranges.span(0, 10))


@pytest.mark.parametrize("size", [64, 100, 160, 255])
def test_few_random_bytes_are_opaque_and_few_others_are_not(size: int) -> None:
    program = np.frombuffer(Path("/bin/bash").read_bytes()[:400_000], np.uint8)
    windows = [program[at : at + size] for at in range(0, program.size - size, 997)]
    assert all(random_bytes(NOISE[at : at + size]) == size for at in range(0, 12_000, 61))
    assert sum(random_bytes(window) > 0 for window in windows) < 0.05 * len(windows)
    for text in (b"Dear colleagues, the summary is in report.md, as is what we said. " * 4, bytes(range(32)) * 8, b"0123456789abcdef" * 16):
        assert 0 == random_bytes(np.frombuffer(text, np.uint8)[:size])
