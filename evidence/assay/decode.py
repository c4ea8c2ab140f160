"""The contract between the search and its decoders; the table of them stands in `decoders`.

A decoder looks at the bytes of a body that nothing has explained yet (`probe`) and puts out what they decode to, a piece at a time
(`decode`). It may put out nonsense, the same bytes twice or too little: what it says is only ever compared with the artefacts. It must
stay within the budget, and it may crash: the search then calls its bytes opaque and goes on.

Law of this file: no decoder is named here, and a decoder knows neither captures nor artefacts.
"""

import functools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from honeyweights.evidence.assay.budget import Budget
from honeyweights.evidence.assay.coverage import EMPTY, Ints, Ranges
from honeyweights.evidence.assay.forms import Sight
from honeyweights.evidence.assay.index import Bytes, chosen_pairs
from honeyweights.evidence.assay.texture import FINE, text_ranges, textual
from honeyweights.evidence.assay.trace import Trace

LEAST = 10
"""Unexplained stretches shorter than this are not decoded: between stored blocks no stream begins in fewer bytes."""
LARGEST = 1 << 27
"""Bytes that a decoder puts out in one piece, so that memory stays bounded."""
SURE_OUTPUT = 1 << 12
"""Bytes that a stream which has not ended must have put out to say anything about what it took in."""


_STARTS = frozenset(
    {b"BZ", b"\xfd7", b"]\0", b"LZ", b"(\xb5", b'\4"', b"\2!", b"PK", b"7z", b"Sa", b"ag", b"gA", b"\x8c\x0d", b"\xc3\x0d"}
    | {b"AY", b"rE", b"\xa0\xac", b"\xb9\x22", b"PV", b"\xdc\x91", b"(+", b"\xeeH", b"\x14\x15", b"w$", b"\x8a\n", b"\xbb\x92"}
    | {b"\xc5\5", b"]\xc9", b"b\x82", b".\xe4"}
)
"""What usual magics begin with (the second and third row: bzip2's blocks, at any bit). Others take a pass each."""
_WINDOW = 1 << 24
_MANY = 64
_COARSE = 1 << 11
_CROWD = 1 << 18
_LEGIBLE = 0.9


@dataclass(frozen=True, kw_only=True, eq=False)
class Streams:
    """Compressed streams in a piece: each means something only as a whole, so no part of its input stands for a part of its output."""

    inner: Ints
    """Where the output of each begins in the piece."""
    start: Ints
    end: Ints
    """Where its input stands in the body."""
    sound: NDArray[np.bool_]
    """It ended as its format wants, or with the body; a stream that broke may have swallowed what belongs to something else."""
    proven: NDArray[np.bool_]
    """It is one: a checksum held, or blocks that only fit by being blocks. Of all else the output may be noise that any bits decode to."""

    @property
    def walls(self) -> Ints:
        """Where the piece changes from one stream's output to that of another which is not its continuation."""
        return np.asarray(self.inner[1:][~self.sound[:-1] | (self.end[:-1] != self.start[1:])])

    def outward(self, found: Ranges, size: int) -> Ranges:
        """The input of sound streams at least half of whose output is among `found`, of a piece of `size` bytes."""
        starts, ends = found.cut(self.inner)
        home = np.searchsorted(self.inner, starts, "right") - 1
        share = np.bincount(home, ends - starts, self.inner.size) * 2 >= np.diff(np.append(self.inner, size))
        good = share & self.sound
        return Ranges.of(self.start[good], self.end[good])

    def credible(self, data: Bytes, found: Ranges) -> Ranges:
        """The input of unproven streams whose output, the piece, is for the most what was `found`, or text."""
        good, ends = np.zeros(self.inner.size, np.bool_), np.append(self.inner[1:], data.size)
        for number in np.flatnonzero(~self.proven & (ends - self.inner >= SURE_OUTPUT)).tolist():
            low, high = int(self.inner[number]), int(ends[number])
            good[number] = 2 * found.clip(low, high).total >= high - low or float(textual(data[low:high]).mean()) > _LEGIBLE
        return Ranges.of(self.start[good], self.end[good])


@dataclass(kw_only=True, eq=False)
class Decoded:
    """A piece that a decoder put out."""

    data: Bytes
    origin: tuple[Trace, ...] | Streams
    """Where it came from: streams; or, where a few bytes of one stand for a few of the other, traces from the piece's positions to those of
    the body, one after the other."""
    explained: Ranges = EMPTY
    """What of it the search explained: filled in before the decoder is asked for the next piece."""


def crowded(found: Ranges, size: int) -> Ranges:
    """The 256 KiB windows of so large a piece at least half of which was found, and their neighbours: what fills them stands together."""
    starts, ends = found.cut(np.arange(0, size, _CROWD))
    share = np.bincount(starts // _CROWD, ends - starts) if starts.size else np.zeros(0)
    at = np.flatnonzero(share * 2 >= _CROWD) * _CROWD
    return Ranges.of(at, at + _CROWD).widen(_CROWD).clip(0, size)


@dataclass(kw_only=True, eq=False)
class View:
    """A body as its decoders see it; the search keeps `residue` up to date."""

    data: Bytes
    residue: Ranges
    """What decoders still look at: what nothing has explained, in stretches of at least `LEAST` bytes."""
    budget: Budget
    promise: Callable[[Bytes], int]
    """How many bytes of a short sample the artefacts explain at once."""
    walls: Ints = field(default_factory=lambda: EMPTY.starts)
    """Positions that no compressed stream reaches over: what stands behind has nothing to do with what stands before."""
    fresh: Callable[[int, bytes], bool] = lambda _start, _digest: True
    """Whether a stream that begins there, with output of that digest, was not read before for the same capture."""
    survey: Callable[["View"], Mapping[str, list[Sight]]] = lambda _view: {}
    """Where the residue holds artefacts' bytes in another form, by its name (`forms`)."""
    glance: Callable[["View"], Mapping[str, list[Sight]]] = lambda _view: {}
    """The form that fills most of much residue, if one does."""
    secrets: tuple[bytes, ...] = ()
    """Passphrases and keys to try, the likeliest first."""
    starts: Ints = field(default_factory=lambda: np.zeros(1, np.int64))
    """Where captures begin, and members of archives, for formats with no magic."""
    depth: int = 0
    """Decodings that showed it; a capture itself has none."""
    claimed: list[Ranges] = field(default_factory=list)
    """What streams took in that are proven to be some, and so is neither opaque nor numbers at this level."""
    credible: list[Ranges] = field(default_factory=list)
    """What streams took in that may be none, but put out what can be read: not opaque, and no more than that."""
    legible: list[Ranges] = field(default_factory=list)
    """Text that reads as other text, in one phase of one code alone: no other code is tried on it."""

    def wall(self, at: int) -> int:
        """The first position behind `at` that no stream from there reaches over."""
        next_ = int(self.walls.searchsorted(at, "right")) if self.walls.size else 0
        return int(self.walls[next_]) if next_ < self.walls.size else self.data.size

    def places(self, magic: bytes, extents: Ranges) -> Ints:
        """Where these bytes stand in the extents, ascending."""
        at = self._starts.get(magic[:2])
        if at is None:
            return self._inside(np.array(list(self._sought(magic, extents)), np.int64), extents)
        for place, byte in enumerate(magic[2:], 2):
            at = at[at + place < self.data.size]
            at = at[self.data[at + place] == byte]
        return self._inside(at, extents)

    @functools.cached_property
    def _starts(self) -> Mapping[bytes, Ints]:
        """Where the first two bytes of the usual magics stand in what was unread when this was first asked: one pass for all of them."""
        choice, names = np.zeros(65536, np.uint8), sorted(_STARTS)
        for number, name in enumerate(names, 1):
            choice[int.from_bytes(name, "little")] = number
        where = self.residue.widen(_COARSE).clip(0, self.data.size)
        windows = ((low, min(low + _WINDOW, end) + 1) for start, end in where for low in range(start, end, _WINDOW))
        parts = [chosen_pairs(self.data[low:high], choice) + (low << 8) for low, high in windows]
        found = np.concatenate([np.empty(0, np.int64), *parts])
        return {name: np.unique(found[found & 255 == number] >> 8) for number, name in enumerate(names, 1)}

    def _sought(self, magic: bytes, extents: Ranges) -> Iterator[int]:
        for start, end in extents.widen(_COARSE).clip(0, self.data.size) if len(extents) > _MANY else extents:
            for low in range(start, end, _WINDOW):
                window = self.data[low : min(low + _WINDOW, end) + len(magic) - 1].tobytes()
                at = window.find(magic)
                while at >= 0:
                    yield low + at
                    at = window.find(magic, at + 1)

    @staticmethod
    def _inside(found: Ints, extents: Ranges) -> Ints:
        places = np.unique(found)
        if not places.size or not len(extents):
            return places[:0]
        home = np.searchsorted(extents.starts, places, "right") - 1
        return np.asarray(places[(home >= 0) & (places < extents.ends[home])])

    @functools.cached_property
    def text(self) -> Ranges:
        """Where the residue was text when this was first asked."""
        return text_ranges(self.data, self.residue)

    @functools.cached_property
    def characters(self) -> Ranges:
        """All that may be text, short pieces among them: for what reads text; `text` is what is no place for anything else."""
        return text_ranges(self.data, self.residue, FINE)

    @functools.cached_property
    def sights(self) -> Mapping[str, list[Sight]]:
        """What `survey` said when this was first asked: one pass for all forms."""
        return self.survey(self)

    @functools.cached_property
    def foreseen(self) -> Mapping[str, list[Sight]]:
        """What `glance` said when this was first asked."""
        return self.glance(self)

    def claim(self, piece: Decoded) -> None:
        """Notes what the streams of a piece, searched by now, took in."""
        if isinstance(piece.origin, Streams):
            self.claimed.append(Ranges.of(piece.origin.start[piece.origin.proven], piece.origin.end[piece.origin.proven]))
            self.credible.append(piece.origin.credible(piece.data, piece.explained))

    def explain(self, found: Ranges, tried: Ranges) -> None:
        """Takes away from the residue what a decoder explained, unless that is little of what it tried.

        Little may be the head of something that the next decoder needs whole.
        """
        if 2 * found.total >= tried.total:
            self.residue = (self.residue - found).longer(LEAST)


@dataclass(frozen=True, kw_only=True)
class Decoder:
    """A row of the table."""

    name: str
    """As findings name it."""
    rank: int = 50
    """Rows run from low to high; see `decoders`."""
    probe: Callable[[View], Ranges]
    """Where it is worth trying; empty means not at all."""
    decode: Callable[[View, Ranges], Iterator[Decoded]]
    once: bool = False
    """Two rows of this kind do not follow each other: forms of forms are forms, and would have no end."""
    leaf: bool = False
    """What it puts out is weights or nothing: it is compared, and not decoded further."""
    alternatives: bool = False
    """Its pieces are readings of the same bytes (phases), each of what the former ones left: of their opaque bytes the most counts."""
