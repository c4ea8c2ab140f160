"""The bounded search: scan a body, decode what is left unexplained, scan that, and so on inwards.

Plain bytes are always looked for before anything is decoded, and each decoder works on what is unexplained when its turn comes, wherever
that stands: no archive, however it ends, ends the search for the rest. What stays unexplained and looks random is opaque.

Law of this file: the table is run, not known. Findings go to the ledger as sets of artefact positions by owner and by chain of decodings.
"""

import functools
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from mmap import mmap

import numpy as np

from honeyweights.evidence.assay import forms
from honeyweights.evidence.assay.budget import Budget
from honeyweights.evidence.assay.corpus import Corpus
from honeyweights.evidence.assay.coverage import EMPTY, Ints, Ranges, Runs, join, union
from honeyweights.evidence.assay.decode import LEAST, Decoded, Decoder, Streams, View, crowded
from honeyweights.evidence.assay.decoders import DECODERS
from honeyweights.evidence.assay.index import Bytes
from honeyweights.evidence.assay.marks import Marks
from honeyweights.evidence.assay.match import RUN
from honeyweights.evidence.assay.opaque import Opaque, at_most, unread
from honeyweights.evidence.assay.scan import sample, scan
from honeyweights.evidence.assay.texture import dense, orderly, patterned, random_bytes, textual
from honeyweights.evidence.assay.trace import Owners, Trace
from honeyweights.evidence.assay.values import Signs, look

_EDIT = 64  # unexplained bytes between explained ones that are edits, not content of their own
_SMALL = 1 << 16
_LONG = 1 << 20
_RUN = 1 << 11
_NUMBERS = 1 << 11  # fewer bytes of other numbers are not found (values)
_PURE, _NO_MAGIC = 0.95, 40
_SMALL_DEPTHS = ((1 << 9, 3), (1 << 12, 5), (1 << 14, 7))
"""What is smaller than so many bytes is decoded so deep."""
_CODE = np.zeros(256, np.bool_)
_CODE[list(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=-_\n\r")] = True
Chain = tuple[str, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class Body:
    """Bytes to look through: a source as it was captured, or what a decoder made of a part of it."""

    data: Bytes
    owners: Owners
    chain: Chain = ()
    walls: Ints = field(default_factory=lambda: EMPTY.starts)
    """As `View.walls`."""
    form: bool = False
    """It is what a row made that is tried `once`, or of words that are no code: neither is looked at in other forms or as other numbers."""


@dataclass(eq=False)
class Ledger:
    """What was found of the artefacts, by the capture that held it and the decodings that showed it."""

    found: dict[tuple[int, Chain], list[Ranges]] = field(default_factory=dict)
    values: dict[tuple[int, Chain], list[Ranges]] = field(default_factory=dict)
    """What was found of the artefacts' weights where their bytes were changed."""
    marked: set[tuple[int, int]] = field(default_factory=set)
    """Owner and number of the planted words that decoders showed."""
    read: set[tuple[int, bytes]] = field(default_factory=set)
    """Owner and digest of the streams that were decoded."""

    def fresh(self, body: Body, start: int, digest: bytes) -> bool:
        """Notes a stream of the body; false when its owner had one with the same output."""
        key = (body.owners.of_one(start), digest)
        known = key in self.read
        self.read.add(key)
        return not known

    def enter(self, body: Body, runs: Runs) -> None:
        """Credits each run to its owner, cut where the owner changes."""
        pieces = runs.cut(body.owners.cuts)
        owners = body.owners.at(pieces.at)
        order = np.argsort(owners, kind="stable")
        for group in np.split(order, np.flatnonzero(np.diff(owners[order])) + 1):
            if group.size:
                key = (int(owners[group[0]]), body.chain)
                self.found.setdefault(key, []).append(pieces.where(group).there)


@dataclass(frozen=True, eq=False)
class Search:
    """One run's artefacts, budget and table of decoders."""

    corpus: Corpus
    budget: Budget
    table: tuple[Decoder, ...] = DECODERS
    secrets: tuple[bytes, ...] = ()
    note: mmap | None = None
    """Where the name of the decoder at work stands while it is."""
    marks: Marks | None = None
    """Planted words, looked for in what decoders put out."""

    def _noted(self, name: str) -> None:
        if self.note is not None:
            self.note.seek(0)
            self.note.write(name.encode().ljust(64, b"\0"))

    @functools.cached_property
    def signs(self) -> Signs:
        """The artefacts' signs, made when something looks as if it might be weights in other numbers."""
        return Signs(self.corpus)

    def scan(self, body: Body, ledger: Ledger, within: Ranges | None = None, *, light: bool = False) -> Ranges:
        """Plain artefact bytes of the body, or of some stretches of it; returns what of the body they explain."""
        stretches = [(0, body.data.size)] if within is None else within
        runs = join([scan(body.data[start:end], self.corpus, self.budget, light=light).behind(start) for start, end in stretches])
        ledger.enter(body, runs)
        return runs.here

    def _mark(self, body: Body, ledger: Ledger) -> None:
        """Planted words in what a decoder put out; what was captured is looked through before."""
        if self.marks is not None and self.marks.words:
            for word, at in self.marks.find(body.data):
                ledger.marked.add((body.owners.of_one(at), word))

    def decode(self, body: Body, explained: Ranges, ledger: Ledger, *, heads: bool = False) -> tuple[Ranges, Opaque]:
        """All that decoders (`heads`: those of a magic) reveal in the rest; returns what is explained then, and opaque bytes by owner."""
        rest = Ranges.span(0, body.data.size) - explained
        view = View(
            data=body.data,
            residue=rest.longer(min(LEAST, body.data.size)),
            budget=self.budget,
            promise=lambda data: sample(data, self.corpus),
            walls=body.walls,
            fresh=lambda start, digest: ledger.fresh(body, start, digest),
            secrets=self.secrets,
            starts=np.unique(np.concatenate((body.owners.cuts, body.walls, [0]))),
            depth=len(body.chain),
            survey=lambda view: forms.survey(self.corpus, view.data, view.residue, view.text),
            glance=lambda view: forms.glance(self.corpus, view.data, view.residue, view.text),
        )
        opaque: Opaque = Counter()
        shown = [explained]
        table = [row for row in self.table if not (row.once and body.form) and not (heads and row.rank >= _NO_MAGIC)]
        deep = deepest(body, self.budget.depth)
        if len(body.chain) < deep:
            for decoder in table:
                outer, within = self._run(decoder, body, view, ledger)
                opaque += within
                shown.append(outer)
        elif self._hides(body, view, table):
            self.budget.give_up(f"encodings more than {deep} deep were not decoded")
        everything = union(shown)
        still = view.residue - everything - union(view.claimed) - view.text
        if not (body.form or heads):
            self._values(body, still.longer(_EDIT), ledger)
        still = (still - union(view.credible)).longer(_EDIT)
        return everything, at_most(opaque + unread(body.data, body.owners, still, self.corpus.usual), body.data, body.owners, everything)

    def _hides(self, body: Body, view: View, table: list[Decoder]) -> bool:
        """Whether weights may be there: in any that is plainly a code, or in much that is no noise, magics apart: two bytes are easy."""
        code = orderly(view.data)
        rows = table if code or len(body.chain) >= self.budget.depth else [row for row in table if row.rank >= _NO_MAGIC]
        found = union([self._probe(row, view) for row in rows])
        return dense(view.data, found, RUN) if code else dense(view.data, found) and not random_bytes(view.data)

    def _values(self, body: Body, still: Ranges, ledger: Ledger) -> None:
        """Weights in other numbers, where enough of what is left is neither text nor random."""
        starts, ends = patterned(body.data, still).cut(body.walls)
        if (ends - starts).sum() < _NUMBERS:
            return
        owners = body.owners.over(starts, ends)
        for owner in np.unique(owners).tolist():
            found = look(self.signs, body.data, Ranges(starts[owners == owner], ends[owners == owner]), self.budget)
            if len(found):
                ledger.values.setdefault((owner, body.chain), []).append(found)

    def _run(self, decoder: Decoder, body: Body, view: View, ledger: Ledger) -> tuple[Ranges, Opaque]:
        """One row of the table on one body: what of it that explained, and the opaque bytes inside."""
        extents = self._probe(decoder, view)
        shown = EMPTY
        if decoder.alternatives:
            shown = self._plainly(decoder, body, view, ledger, extents)
            extents = extents & view.residue if len(shown) else extents
        opaque: Opaque = Counter()
        found: list[Ranges] = []
        for piece in self._pieces(decoder, view, extents):
            if piece.data.size < RUN or self.budget.late():
                continue
            inner = _inner(decoder, body, view, piece)
            plain = self.scan(inner, ledger)
            self._mark(inner, ledger)
            piece.explained, within = (plain, Counter[int]()) if decoder.leaf else self.decode(inner, plain, ledger)
            if not decoder.once:  # what a form leaves unread is still there, unread, in the body
                opaque = opaque | within if decoder.alternatives else opaque + within
            found.append(_outward(piece))
            view.claim(piece)
        view.explain(union(found), extents)
        return union([shown, *found]), opaque

    def _plainly(self, decoder: Decoder, body: Body, view: View, ledger: Ledger, extents: Ranges) -> Ranges:
        """What long runs in any reading explain: text that was cut and shuffled has a part in each. Nothing if the first one has none."""
        found: list[Ranges] = []
        for piece in self._pieces(decoder, view, extents):
            if piece.data.size < _LONG or self.budget.late():
                break
            inner = _inner(decoder, body, view, piece)
            piece.explained = self.scan(inner, ledger, light=True).longer(_RUN)  # fragments are read with what stands around them
            self._mark(inner, ledger)
            if not len(piece.explained):
                break
            piece.explained |= self._packed(inner, piece.explained, ledger)
            found.append(_outward(piece))
        view.explain(union(found), extents)
        return union(found)

    def _packed(self, inner: Body, plain: Ranges, ledger: Ledger) -> Ranges:
        """What streams show that hold most of their content as it was: taken apart where that is taken away, they could not be read."""
        rest = Ranges.span(0, inner.data.size) - crowded(plain, inner.data.size)
        return self.decode(inner, plain | rest, ledger, heads=True)[0] - rest if rest.total < inner.data.size else EMPTY

    def _pieces(self, decoder: Decoder, view: View, extents: Ranges) -> Iterator[Decoded]:
        """The decoder's pieces up to its end or its crash."""
        if not len(extents) or self.budget.late():
            return
        pieces = decoder.decode(view, extents)
        while True:
            self._noted(decoder.name)
            try:
                piece = next(pieces, None)
            except Exception as error:  # noqa: BLE001  # hostile input must never end the assay; the result says that it is a lower bound
                self._crashed(decoder, error)
                return
            finally:
                self._noted("")
            if piece is None:
                return
            yield piece

    def _probe(self, decoder: Decoder, view: View) -> Ranges:
        self._noted(decoder.name)
        try:
            return decoder.probe(view)
        except Exception as error:  # noqa: BLE001  # as above
            self._crashed(decoder, error)
            return EMPTY
        finally:
            self._noted("")

    def _crashed(self, decoder: Decoder, error: Exception) -> None:
        self.budget.give_up(f"the {decoder.name} decoder failed on some bytes ({type(error).__name__}), which stay unread")


def deepest(body: Body, limit: int) -> int:
    """How deep its decodings go: noise reads as some code again and again, each time as a few bytes in many readings."""
    small = next((deep for size, deep in _SMALL_DEPTHS if body.data.size < size), limit)
    return limit if small >= limit or orderly(body.data) else small


def _inner(decoder: Decoder, body: Body, view: View, piece: Decoded) -> Body:
    """A piece as a body of its own."""
    walls = piece.origin.walls if isinstance(piece.origin, Streams) else _walls(body, piece.origin)
    chain = (*body.chain, decoder.name)
    return Body(data=piece.data, owners=_owners(body, piece), chain=chain, walls=walls, form=decoder.once or _prose(view, piece))


def _owners(body: Body, piece: Decoded) -> Owners:
    if isinstance(piece.origin, Streams):
        return body.owners.of_streams(piece.origin.inner, piece.origin.start, piece.origin.end)
    owners = body.owners
    for trace in reversed(piece.origin):
        owners = owners.through(trace)
    return owners


def _prose(view: View, piece: Decoded) -> bool:
    """Whether a small piece was read out of what looks like writing (JSON, prose, a program): too little code for its length."""
    if isinstance(piece.origin, Streams) or piece.data.size >= _SMALL:
        return False
    read = Ranges.span(0, piece.data.size)
    for trace in piece.origin:
        read = trace.outward(read)
    text = np.concatenate([np.zeros(0, np.uint8), *(view.data[a:b] for a, b in read)])[:_SMALL]
    return bool(text.size and textual(text).mean() > 0.5 and _CODE[text].mean() < _PURE)  # noqa: PLR2004  # its edges may be none


def _walls(body: Body, traces: tuple[Trace, ...]) -> Ints:
    """Where the body's walls stand in what was decoded a few bytes at a time."""
    walls = body.walls
    for trace in reversed(traces):
        walls = EMPTY.starts if trace.flip else trace.inward(walls)
    return np.unique(walls)


def _outward(piece: Decoded) -> Ranges:
    if isinstance(piece.origin, Streams):
        return piece.origin.outward(piece.explained, piece.data.size)
    found = piece.explained
    for trace in piece.origin:
        found = trace.outward(found)
    return found
