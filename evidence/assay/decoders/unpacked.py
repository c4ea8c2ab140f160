"""Decoder of 4-bit weights written one to a byte: 0 to 15, -8 to 7, or any 16 values in the same order, as a code book gives them.

Stretches in which no more than 16 different bytes stand are read as codes by rank, and put together two to a byte, either one first, from
either one on. No bit is lost by it, so what is found counts as bytes.
"""

import itertools
from collections.abc import Iterator

import numpy as np

from honeyweights.evidence.assay.coverage import Ranges, union
from honeyweights.evidence.assay.decode import LARGEST, Decoded, Decoder, View
from honeyweights.evidence.assay.index import Bytes
from honeyweights.evidence.assay.texture import kinds
from honeyweights.evidence.assay.trace import Trace

_PAGE = 1024
_CODES = 16
_AT_ONCE = 1024


def probe(view: View) -> Ranges:
    """Pages in which 9 to 16 different bytes stand, and their surroundings."""
    found = []
    for start, end in (view.residue - view.text).longer(_PAGE):
        for low in range(start, end - _PAGE + 1, _AT_ONCE * _PAGE):
            few = kinds(np.asarray(view.data[low : min(low + _AT_ONCE * _PAGE, end)]), _PAGE, _CODES)
            pages = np.flatnonzero((few <= _CODES) & (few > _CODES // 2)) * _PAGE + low
            found.append(Ranges.of(pages, pages + _PAGE).widen(_PAGE).clip(start, end))
    return union(found)


def decode(view: View, extents: Ranges) -> Iterator[Decoded]:
    """Each stretch by its own ranks, in all readings; bytes of its edges that are no codes read as 0."""
    for start, end in extents:
        for low in range(start, end, LARGEST):
            data = np.asarray(view.data[low : min(low + LARGEST, end)])
            for ranks, phase in itertools.product(_ranks(data), (0, 1)):
                codes = ranks[data[phase : phase + (data.size - phase) // 2 * 2]].reshape(-1, 2)
                for high, other in ((0, 1), (1, 0)):
                    if codes.shape[0] and view.budget.take(codes.shape[0]):
                        packed = np.asarray(codes[:, high] << 4 | codes[:, other], np.uint8)
                        item = Decoded(data=packed, origin=(Trace.of([(packed.size, low + phase, low + phase + codes.size)]),))
                        yield item
                        if 2 * item.explained.total > packed.size:
                            break


def _ranks(data: Bytes) -> Iterator[Bytes]:
    """The code of each byte: its rank among the 16 most frequent ones, as signed numbers, and as unsigned ones where that is another."""
    values = np.sort(np.argsort(-np.bincount(data, minlength=256), kind="stable")[:_CODES])
    below = int((values < 128).sum())  # noqa: PLR2004  # int8 begins to be negative there
    for turn in {below % _CODES: 0, 0: 0}:
        ranks = np.zeros(256, np.uint8)
        ranks[np.roll(values, -turn)] = np.arange(_CODES)
        yield ranks


DECODERS = (Decoder(name="unpacked", rank=85, probe=probe, decode=decode, once=True, leaf=True, alternatives=True),)
