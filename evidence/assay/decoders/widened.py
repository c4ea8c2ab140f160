"""Decoder of bytes that stand alone in wider numbers: integers of 16, 32 and 64 bits, floats of whole values, text in UTF-16 and UTF-32.

An array of bytes that was cast holds nothing but numbers from -128 to 255. What comes out is decoded on: it may be text, or 4-bit codes.
"""

import itertools
from collections.abc import Iterator

import numpy as np

from honeyweights.evidence.assay.coverage import Ranges, union
from honeyweights.evidence.assay.decode import LARGEST, Decoded, Decoder, View
from honeyweights.evidence.assay.index import Bytes
from honeyweights.evidence.assay.texture import kinds, random_bytes, textual
from honeyweights.evidence.assay.trace import Trace

_PAGE = 1 << 12
_LEAST = 1 << 12
_KINDS = 80
_ZEROS = 0.4
_VARIED, _CODES = 9, 16
_TYPES = tuple(np.dtype(order + kind) for kind, order in itertools.product(("i2", "i4", "i8", "f2", "f4", "f8"), "<>"))


def _probe(view: View) -> Ranges:
    """Pages that are half zeros, or hold few different bytes, one behind the other; nearly all others are told by one look."""
    found = []
    for start, end in (view.residue - view.text).longer(_LEAST):
        for low in range(start, end - _PAGE + 1, LARGEST):
            data = np.asarray(view.data[low : min(low + LARGEST, end)])
            pages = data[: data.size // _PAGE * _PAGE].reshape(-1, _PAGE)
            few = kinds(pages.reshape(-1), _PAGE, _KINDS) <= _KINDS
            few |= np.count_nonzero(pages == 0, axis=1) >= _ZEROS * _PAGE
            at = np.flatnonzero(few) * _PAGE + low
            found.append(Ranges.of(at, at + _PAGE))
    return union(found).longer(_LEAST)


def _numbers(data: Bytes, kind: np.dtype[np.generic]) -> Bytes | None:
    """The numbers as bytes, if all of them are."""
    words = data[: data.size // kind.itemsize * kind.itemsize].view(kind)
    with np.errstate(invalid="ignore"):
        good = (words >= -128) & (words <= 255)  # noqa: PLR2004
        whole = np.where(good, words, 0).astype(np.int16)
        return whole.astype(np.uint8) if bool((good & (whole == words)).all()) else None


def _says(view: View, made: Bytes) -> bool:
    """Whether these bytes may be anything: more than a few of them, and weights, codes of 4 bits, text, or noise."""
    varied = np.unique(made).size
    known = varied <= _CODES or bool(textual(made, made.size)[0]) or random_bytes(made) > 0
    return varied >= _VARIED and (known or view.promise(made) > 0)


def _layout(view: View, data: Bytes) -> tuple[np.dtype[np.generic], int] | None:
    """Of what numbers a page is made, and where the first one begins."""
    for kind in _TYPES:
        for phase in range(kind.itemsize):
            made = _numbers(data[phase : data.size // 2 + phase], kind)
            if made is not None and _says(view, made):
                return kind, phase
    return None


def _decode(view: View, extents: Ranges) -> Iterator[Decoded]:
    """Each stretch as the page in its middle shows, with what stands near its ends and fills no page."""
    starts, ends = extents.cut(view.starts)
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        middle = start + (end - start) // 2 // _PAGE * _PAGE
        shown = _layout(view, np.asarray(view.data[middle : min(middle + _PAGE, end)]))
        if shown is None:
            continue
        kind, phase = shown
        low, high = max(0, start - _PAGE + 1), min(end + _PAGE - 1, view.data.size)
        low += (middle + phase - low) % kind.itemsize
        for first in range(low, high - kind.itemsize + 1, LARGEST):
            words = np.asarray(view.data[first : min(first + LARGEST, high)])
            words = words[: words.size // kind.itemsize * kind.itemsize].view(kind)
            with np.errstate(invalid="ignore"):
                data = np.where((words >= -128) & (words <= 255), words, 0).astype(np.int16).astype(np.uint8)  # noqa: PLR2004
            if view.budget.take(data.size):
                yield Decoded(data=data, origin=(Trace.of([(data.size, first, first + data.size * kind.itemsize)]),))


DECODERS = (Decoder(name="widened", rank=83, probe=_probe, decode=_decode),)
