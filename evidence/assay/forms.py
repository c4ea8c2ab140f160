"""Where a body holds artefact bytes in another form, byte for byte: reversed, swapped, exclusive-or with a short key, lanes.

Nothing is tried key by key. A form of 8 bytes at a time is undone on the key that is looked up, in the one table (`index.Form`). An
exclusive-or with a repeating key vanishes when bytes `PERIOD` apart are combined, and a sum with one when they are subtracted: these
differences of the artefacts have an index of their own, and a hit tells the key. A lane is looked up as if it stood alone.

Law of this file: it says where to look and how to undo it; what that is worth is for the scan to say. One pass over what is unexplained for
each form, whatever the number of keys.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from honeyweights.evidence.assay.corpus import PERIOD, Corpus
from honeyweights.evidence.assay.coverage import Ints, Ranges
from honeyweights.evidence.assay.index import KEY, Bytes, Form, Hits

LEAST = 256
"""Unexplained stretches shorter than this are not looked at in other forms."""
_MARGIN = 4096
_WINDOW = 1 << 20
_KEYS = 64
_APART = 512


@dataclass(frozen=True, eq=False)
class Sight:
    """Stretches of a body that one way of undoing makes plain."""

    extents: Ranges
    width: int = 1
    """Bytes of a word, or lanes."""
    phase: int = 0
    """Where a word begins, or which lane, in body positions modulo `width`."""
    key: bytes = b""
    """The repeating key, as it stands at body positions modulo its size."""


Seeker = Callable[[Corpus, Bytes, Ranges, Ranges], list[Sight]]
"""(artefacts, body, where to look, where what is found may reach to)."""


def seek(corpus: Corpus, name: str, data: Bytes, residue: Ranges, text: Ranges) -> list[Sight]:
    """Where the residue of a body holds artefact bytes in the form of that name; its text is no place to look, but may stand beside them."""
    where = (residue - text).longer(LEAST)
    return SEEKERS[name](corpus, data, where, residue) if len(where) else []


def _keyed(form: Form, width: int = 1) -> Seeker:
    """Forms of 8 bytes at a time; of words, each hit tells where they begin."""

    def find(corpus: Corpus, data: Bytes, where: Ranges, residue: Ranges) -> list[Sight]:
        places = [at[corpus.index.sampled(window, form)[0]] for window, at in _packed(data, where)]
        at = np.concatenate(places)
        phases = at % width
        return [Sight(_around(at[phases == phase], residue), width=width, phase=int(phase)) for phase in np.unique(phases)]

    return find


def _lanes(width: int) -> Seeker:
    """Every `width`-th byte, from each of the first ones on."""

    def find(corpus: Corpus, data: Bytes, where: Ranges, residue: Ranges) -> list[Sight]:
        hits: list[list[Ints]] = [[np.empty(0, np.int64)] for _ in range(width)]
        for window, at in _packed(data, where):
            for lane in range(min(width, window.size)):
                hits[int(at[lane]) % width].append(at[lane::width][corpus.index.sampled(window[lane::width].copy())[0]])
        return [
            Sight(_around(places, residue), width=width, phase=lane)
            for lane, found in enumerate(hits)
            if (places := np.concatenate(found)).size
        ]

    return find


def _repeating(name: str, undo: Callable[[Bytes, Bytes], Bytes]) -> Seeker:
    """A key that repeats: `undo(body, artefact)` gives it."""

    def find(corpus: Corpus, data: Bytes, where: Ranges, residue: Ranges) -> list[Sight]:
        rows, places = [np.empty((0, PERIOD), np.uint8)], [np.empty(0, np.int64)]
        for window, at in _packed(data, where):
            here, of = _thinned(corpus.differences(name).sampled(undo(window[PERIOD:], window[: max(0, window.size - PERIOD)])))
            span = np.arange(PERIOD)
            keys = undo(window[here[:, None] + span], corpus.data[of[:, None] + span])
            turned = (span - at[here][:, None]) % PERIOD
            rows.append(np.take_along_axis(keys, turned, axis=1))
            places.append(at[here])
        return _by_key(np.concatenate(rows), np.concatenate(places), residue)

    return find


def _thinned(hits: Hits) -> Hits:
    """One hit in each 512 bytes: a key is the same around it."""
    at, of = hits
    first = np.ones(at.size, np.bool_)
    first[1:] = at[1:] // _APART != at[:-1] // _APART
    return at[first], of[first]


def _by_key(keys: NDArray[np.uint8], places: Ints, residue: Ranges) -> list[Sight]:
    """The stretches of each key that is one, the most frequent first."""
    distinct, which, counts = np.unique(keys, axis=0, return_inverse=True, return_counts=True)
    order = np.argsort(-counts, kind="stable")[:_KEYS]
    return [
        Sight(_around(places[which.ravel() == number], residue), key=distinct[number].tobytes())
        for number in order.tolist()
        if distinct[number].any()
    ]


def _around(at: Ints, residue: Ranges) -> Ranges:
    return Ranges.of(np.maximum(at - _MARGIN, 0), at + KEY + _MARGIN) & residue


def _packed(data: Bytes, residue: Ranges) -> Iterator[tuple[Bytes, Ints]]:
    """The residue in windows of about 1 MiB, put together of stretches where those are short; and where each byte stands in the body."""
    parts: list[tuple[int, int]] = []
    held = 0
    for start, end in residue:
        for low in range(start, end, _WINDOW):
            high = min(low + _WINDOW + (2 * PERIOD if low + _WINDOW < end else 0), end)
            parts.append((low, high))
            held += high - low
            if held >= _WINDOW:
                yield _window(data, parts)
                parts, held = [], 0
    if parts:
        yield _window(data, parts)


def _window(data: Bytes, parts: list[tuple[int, int]]) -> tuple[Bytes, Ints]:
    pieces = [np.array(data[low:high]) for low, high in parts]
    places = [np.arange(low, high, dtype=np.int64) for low, high in parts]
    return (pieces[0], places[0]) if len(parts) == 1 else (np.concatenate(pieces), np.concatenate(places))


SEEKERS: dict[str, Seeker] = {
    "reversed": _keyed(Form.REVERSED),
    "nibbles": _keyed(Form.NIBBLES),
    "bits": _keyed(Form.BITS),
    "swapped16": _keyed(Form.PAIRS, 2),
    "swapped32": _keyed(Form.QUADS, 4),
    "swapped64": _keyed(Form.REVERSED, 8),
    "xor": _repeating("xor", np.bitwise_xor),
    "added": _repeating("added", np.subtract),
    "lanes2": _lanes(2),
    "lanes4": _lanes(4),
}
"""By the name under which findings list the form."""
