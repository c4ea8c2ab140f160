"""Where a body holds artefact bytes in another form, byte for byte: reversed, swapped, exclusive-or with a short key, lanes.

Nothing is tried key by key. A form of 8 bytes at a time is undone on the key that is looked up, in the one table (`index.Form`). An
exclusive-or with a repeating key vanishes when bytes `PERIOD` apart are combined, and a sum with one when they are subtracted: these
differences of the artefacts have an index of their own, and a hit tells the key. A lane is looked up as if it stood alone.

Law of this file: it says where to look and how to undo it; what that is worth is for the scan to say. One pass over what is unexplained for
each form, whatever the number of keys.
"""

from collections import Counter, defaultdict
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
_NONE = np.empty(0, np.int64)
_MIX = np.uint64(0x9E3779B97F4A7C15)
PERIODS = (60, 56, 64, 36, 44, 52, 42, 50, 54, 34, 38, 46, 58, 62)
"""With `PERIOD`, every key of up to 32 bytes repeats in one of them; they are looked for in a few windows first."""
_LONGEST = 64
LEAST_KEYED = 1 << 13
_GLIMPSES = 16
_GLIMPSE = 1 << 16
_LEAST_GLIMPSES = 3
_SHARE = 8
"""One part in so many of a body is glanced at, unless that is less than the least."""
_SURE = 8
Places = tuple[Ints, Ints]
"""Of a window: where each of its parts begins in it, and how far that is from where it stands in the body."""


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


def survey(corpus: Corpus, data: Bytes, residue: Ranges, text: Ranges) -> dict[str, list[Sight]]:
    """Where the residue of a body holds artefact bytes, by the form's name; text is no place to look, but may stand beside them."""
    where = (residue - text).longer(LEAST)
    hits = _Hits()
    for window, at in _packed(data, where):
        for form, here in corpus.index.forms(window).items():
            hits.keyed[form].append(_places(at, here))
        for width in LANES:
            for lane in range(min(width, window.size)):
                here = corpus.index.thin(window[lane::width].copy())
                hits.lanes[width, int(_places(at, np.array([lane]))[0]) % width].append(_places(at, here * width + lane))
        for name, undo in KEYED.items():
            hits.repeating[name, PERIOD].append(_with_keys(corpus, name, undo, window, at))
    for period in _other_periods(corpus, data, where):
        for window, at in _packed(data, where):
            hits.repeating["xor", period].append(_with_keys(corpus, "xor", np.bitwise_xor, window, at, period))
    return hits.sights(residue)


def _other_periods(corpus: Corpus, data: Bytes, where: Ranges) -> list[int]:
    """Those of the other periods that some windows show, the two best: a whole pass for each would be too much."""
    if where.total < LEAST_KEYED:
        return []
    windows = [window for window, _ in _glimpses(data, where)]
    counts: dict[int, int] = {}
    for period in PERIODS:
        wanted = np.unique(np.concatenate([corpus.index.few(window, period) for window in windows]))
        known = corpus.glimpse(period)
        counts[period] = int((known.take(np.searchsorted(known, wanted), mode="clip") == wanted).sum()) if known.size else 0
    return sorted((period for period in PERIODS if counts[period] > 1), key=lambda period: -counts[period])[:2]


def _glimpses(data: Bytes, where: Ranges, many: int = _GLIMPSES) -> list[tuple[Bytes, int]]:
    """So many windows of what is to be looked at, evenly apart, and where they begin."""
    ends = np.cumsum(where.ends - where.starts)
    windows = []
    for place in np.unique(np.linspace(0, max(0, int(ends[-1]) - _GLIMPSE), many).astype(np.int64)).tolist():
        home = int(np.searchsorted(ends, place, "right"))
        at = int(where.ends[home] - (ends[home] - place))
        windows.append((np.array(data[at : min(at + _GLIMPSE, int(where.ends[home]))]), at))
    return windows


def glance(corpus: Corpus, data: Bytes, residue: Ranges, text: Ranges) -> dict[str, list[Sight]]:
    """The one form in which most windows of much residue stand: undone first, it leaves little in which to look for all of them."""
    where = (residue - text).longer(LEAST)
    if where.total < _WINDOW:
        return {}
    windows = _glimpses(data, where, int(np.clip(where.total // (_SHARE * _GLIMPSE), _LEAST_GLIMPSES, _GLIMPSES)))
    for look in (_words, _keys):
        seen = Counter(sight for window, at in windows for sight in look(corpus, window, at))
        for (name, phase, key), count in seen.most_common(1):
            if 2 * count > len(windows):
                return {name: [Sight(where.widen(_MARGIN) & residue, width=WORDS[name][1] if name in WORDS else 1, phase=phase, key=key)]}
    return {}


Glimpsed = tuple[str, int, bytes]
"""A form, the phase of its words and its key, as in `Sight`."""


def _words(corpus: Corpus, window: Bytes, at: int) -> Iterator[Glimpsed]:
    """Forms of words with enough hits in a window, each in its most frequent phase; `reversed` where eight bytes are no word."""
    hits = corpus.index.forms(window)
    for name, (form, width) in WORDS.items():
        here = hits.get(form, _NONE) + at
        phases = np.bincount(here % width, minlength=width)
        spread = 4 * int(np.bincount(here % KEY, minlength=KEY).max()) < 3 * here.size
        if phases.max() >= _SURE and spread == (width < KEY):
            yield name, int(phases.argmax()), b""


def _keys(corpus: Corpus, window: Bytes, at: int) -> Iterator[Glimpsed]:
    """The key of a window, of each operation."""
    for name, undo in KEYED.items():
        places = np.zeros(1, np.int64), np.array([at])
        keys, here = _with_keys(corpus, name, undo, window, places)
        yield from ((name, 0, sight.key) for sight in _by_key(keys, here, Ranges.span(at, at + window.size))[:1])


class _Hits:
    """Positions in the body where the artefacts' bytes stand in a form."""

    def __init__(self) -> None:
        self.keyed: dict[Form, list[Ints]] = defaultdict(list)
        self.lanes: dict[tuple[int, int], list[Ints]] = defaultdict(list)
        self.repeating: dict[tuple[str, int], list[tuple[NDArray[np.uint8], Ints]]] = defaultdict(list)

    def sights(self, residue: Ranges) -> dict[str, list[Sight]]:
        """The stretches around them."""
        found: dict[str, list[Sight]] = {}
        for name, (form, width) in WORDS.items():
            at = np.concatenate((_NONE, *self.keyed[form]))
            phases = at % width
            found[name] = [Sight(_around(at[phases == phase], residue), width=width, phase=phase) for phase in np.unique(phases).tolist()]
        for (width, lane), parts in self.lanes.items():
            at = np.concatenate(parts)
            found.setdefault(f"lanes{width}", []).extend([Sight(_around(at, residue), width=width, phase=lane)] if at.size else [])
        for (name, _), rows in self.repeating.items():
            found.setdefault(name, []).extend(
                _by_key(np.concatenate([keys for keys, _ in rows]), np.concatenate([at for _, at in rows]), residue)
            )
        return found


def _with_keys(  # noqa: PLR0917  # what a window is
    corpus: Corpus, name: str, undo: Callable[[Bytes, Bytes], Bytes], window: Bytes, at: Places, period: int = PERIOD
) -> tuple[NDArray[np.uint8], Ints]:
    """Hits of the differences, each with its key as it stands at body positions modulo `period`."""
    here, of = _thinned(corpus.differences(name, period).sampled(undo(window[period:], window[: max(0, window.size - period)])))
    span = np.arange(period)
    keys = undo(window[here[:, None] + span], corpus.data[of[:, None] + span])
    places = _places(at, here)
    return np.take_along_axis(keys, (span - places[:, None]) % period, axis=1), places


def _thinned(hits: Hits) -> Hits:
    """One hit in each 512 bytes: a key is the same around it."""
    at, of = hits
    first = np.ones(at.size, np.bool_)
    first[1:] = at[1:] // _APART != at[:-1] // _APART
    return at[first], of[first]


def _by_key(keys: NDArray[np.uint8], places: Ints, residue: Ranges) -> list[Sight]:
    """The stretches of each key that is one, the most frequent first.

    One hit makes its own key, and with it as many bytes equal as the key has: a key counts that stands there twice, or repeats in itself.
    """
    _, first, which, counts = np.unique(_digests(keys), return_index=True, return_inverse=True, return_counts=True)
    distinct = keys[first]
    sure = distinct.any(axis=1) & ((counts > 1) | _repeats(distinct))
    order = sorted(np.flatnonzero(sure).tolist(), key=lambda number: (-counts[number], distinct[number].tobytes()))[:_KEYS]
    return [Sight(_around(places[which.ravel() == number], residue), key=distinct[number].tobytes()) for number in order]


def _repeats(keys: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Which keys are a shorter one, at least twice."""
    size = keys.shape[1]
    found = np.zeros(keys.shape[0], np.bool_)
    for period in (period for period in range(1, size // 2 + 1) if size % period == 0):
        found |= (keys[:, period:] == keys[:, :-period]).all(axis=1)
    return found


def _digests(keys: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """A number for each key. Where two had one number, one of them would be tried for both, and find nothing: a guess, like all of this."""
    words = np.zeros((keys.shape[0], -(-keys.shape[1] // KEY) * KEY), np.uint8)
    words[:, : keys.shape[1]] = keys
    numbers = np.zeros(keys.shape[0], np.uint64)
    for column in words.view("<u8").T:
        numbers = (numbers ^ column) * _MIX
        numbers ^= numbers >> np.uint64(29)
    return numbers


def _around(at: Ints, residue: Ranges) -> Ranges:
    return Ranges.of(np.maximum(at - _MARGIN, 0), at + KEY + _MARGIN) & residue


def _packed(data: Bytes, where: Ranges) -> Iterator[tuple[Bytes, Places]]:
    """What is to be looked at in windows of about 1 MiB, put together of stretches where those are short; and where their bytes stand."""
    parts: list[tuple[int, int]] = []
    held = 0
    for start, end in where:
        for low in range(start, end, _WINDOW):
            high = min(low + _WINDOW + (2 * _LONGEST if low + _WINDOW < end else 0), end)
            parts.append((low, high))
            held += high - low
            if held >= _WINDOW:
                yield _window(data, parts)
                parts, held = [], 0
    if parts:
        yield _window(data, parts)


def _window(data: Bytes, parts: list[tuple[int, int]]) -> tuple[Bytes, Places]:
    table = np.array(parts, np.int64)
    inner = np.concatenate(([0], np.cumsum(table[:, 1] - table[:, 0])[:-1]))
    return np.concatenate([data[low:high] for low, high in parts]), (inner, table[:, 0] - inner)


def _places(at: Places, here: Ints) -> Ints:
    """Positions in the body of positions in a window."""
    inner, shift = at
    return np.asarray(here + shift[np.searchsorted(inner, here, "right") - 1])


WORDS: dict[str, tuple[Form, int]] = {
    "reversed": (Form.REVERSED, 1),
    "nibbles": (Form.NIBBLES, 1),
    "bits": (Form.BITS, 1),
    "swapped16": (Form.PAIRS, 2),
    "swapped32": (Form.QUADS, 4),
    "swapped64": (Form.REVERSED, 8),
}
"""Forms of 8 bytes at a time, by the name under which findings list them, and the bytes of a word: a hit tells where words begin."""
KEYED: dict[str, Callable[[Bytes, Bytes], Bytes]] = {"xor": np.bitwise_xor, "added": np.subtract}
"""Forms with a key that repeats: the operation on body and artefact gives it, and on bytes `PERIOD` apart makes it vanish."""
LANES = (2, 4)
"""Every so many bytes one is looked at, from each of the first ones on: `lanes2`, `lanes4`."""
