"""Bytes that nothing could read, by whose they are."""

import random

import numpy as np

from honeyweights.evidence.assay.coverage import Ranges
from honeyweights.evidence.assay.opaque import at_most, unread
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
