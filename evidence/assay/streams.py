"""Running compressed streams of any format: fed in growing slices, with bounded output, whole, cut short or damaged, at any offset.

A bomb costs no memory and a damaged stream still gives what stands before the damage. A stream that nothing proves claims nothing, and the
search for magics goes on behind its own: a decoy hides no real stream. Output that was put out before for the same capture is
dropped: streams that stand in each other's stored blocks would multiply without end.

Law of this file: a format is a `Format`; what a decompressor says is data, not truth; nothing is written to disk.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, Protocol

import numpy as np

from honeyweights.evidence.assay.coverage import EMPTY, Ints, Ranges
from honeyweights.evidence.assay.decode import LARGEST, SURE_OUTPUT, Decoded, Streams, View

OUTPUT = 1 << 22
"""Bytes that a machine may put out at once."""
_FIRST_SLICE = 1 << 12
_LAST_SLICE = 1 << 20
_BATCH = 1 << 23
_LEAST_OUTPUT = 64
BOMB = 1 << 26
_BACK = 1 << 17


class Fed(NamedTuple):
    """What a machine made of what it was fed."""

    out: bytes
    rest: bytes = b""
    """To be fed again."""
    broke: bool = False
    """It is no stream of this format from here on; `out` is from before the break."""
    more: bool = False
    """It has more output, with no more input."""


class Machine(Protocol):
    """A decompressor in the middle of a stream."""

    @property
    def eof(self) -> bool:
        """The stream ended as its format wants."""

    @property
    def unused(self) -> int:
        """Bytes fed that stand behind that end."""

    def feed(self, fed: bytes) -> Fed:
        """Takes a slice, puts out at most about `OUTPUT` bytes."""


@dataclass(frozen=True, kw_only=True)
class Format:
    """A format of compressed streams."""

    candidates: Callable[[View, Ranges], Ints]
    """Where one may begin, ascending."""
    open: Callable[[View, int], tuple[Machine, int] | None]
    """A machine for the stream at a position and the position of its first input; nothing when the head is that of no stream."""
    proof: Literal["blocks", "end", "nothing"] = "blocks"
    """What shows that a stream is one: that its blocks fit each other; only its end, which a checksum confirms, since any bits decode to
    something; or nothing at all."""
    slack: int = _BACK
    """How far before the break of one with such blocks the search goes on; of others it goes on where they began."""


@dataclass(kw_only=True, eq=False)
class _Batch:
    """Output of streams, small ones together, until there is enough for a piece."""

    data: bytearray = field(default_factory=bytearray)
    streams: list[tuple[int, int, int, int, int]] = field(default_factory=list)
    known: list[tuple[int, int]] = field(default_factory=list)
    """Where proven streams stand whose output was read before."""

    def take(self) -> Decoded:
        """What there is, as a piece; the batch is empty afterwards."""
        table = np.array(self.streams, np.int64).reshape(-1, 5)
        streams = Streams(inner=table[:, 0], start=table[:, 1], end=table[:, 2], sound=table[:, 3] > 0, proven=table[:, 4] > 0)
        piece = Decoded(data=np.frombuffer(self.data, np.uint8), origin=streams)
        self.data, self.streams = bytearray(), []
        return piece


def prober(kind: Format) -> Callable[[View], Ranges]:
    """The residue, if any stream may begin in it."""
    return lambda view: view.residue if kind.candidates(view, view.residue).size else EMPTY


def runner(kind: Format) -> Callable[[View, Ranges], Iterator[Decoded]]:
    """The decoder of a format: all streams that begin in the extents."""

    def decode(view: View, extents: Ranges) -> Iterator[Decoded]:
        batch, behind = _Batch(), 0
        for at in kind.candidates(view, extents).tolist():
            if at < behind:
                continue
            if view.budget.late():
                break
            behind = at
            for behind in _stream(view, kind, at, batch):  # noqa: B007  # the last one counts
                if len(batch.data) >= LARGEST:
                    yield batch.take()
            if len(batch.data) >= _BATCH:
                yield batch.take()
        view.claimed.append(Ranges.of(*np.array(batch.known, np.int64).reshape(-1, 2).T))
        if batch.data:
            yield batch.take()

    return decode


def _stream(view: View, kind: Format, start: int, batch: _Batch) -> Iterator[int]:
    """Decodes one stream into the batch. Yields, again and again, the position from which the search for magics is to go on.

    Output of streams that are no streams is dropped: fewer than 64 bytes without a proper end.
    """
    opened = kind.open(view, start)
    if opened is None:
        yield start + 1
        return
    machine, at = opened
    limit = view.wall(start)
    begun, done, before, size, fed, stopped, more, burst = len(batch.data), 0, at, _FIRST_SLICE, b"", False, False, False
    while not (machine.eof or stopped) and (fed or more or at < limit):
        if not (fed or more):
            fed = view.data[at : min(at + size, limit)].tobytes()
            before, at, size = at, at + len(fed), min(size * 2, _LAST_SLICE)
        given = len(fed)
        out, fed, broke, more = machine.feed(fed)
        broke |= 0 < given == len(fed) and not out  # no progress
        afforded = view.budget.take(len(out))
        batch.data += out if afforded else b""
        done += len(out)
        burst = bomb(view, done, at - start)
        stopped = broke or not afforded or burst or (not at % _LAST_SLICE and view.budget.late())
        if len(batch.data) >= LARGEST:
            batch.streams.append((begun, start, at, 0, 0))
            yield at
            begun = 0
    if not machine.eof and done < _LEAST_OUTPUT:
        del batch.data[begun:]
        yield start + 1
        return
    end = at - machine.unused if machine.eof or not stopped else before
    proven = machine.eof if kind.proof == "end" else kind.proof == "blocks" and (machine.eof or done >= SURE_OUTPUT)
    if view.fresh(start, hashlib.sha256(memoryview(batch.data)[begun:]).digest()):
        batch.streams.append((begun, start, end, not stopped, proven))
    else:
        del batch.data[begun:]
        batch.known += [(start, end)] if proven else []
    behind = at - len(fed) if burst else before - kind.slack if kind.proof == "blocks" else 0  # else bombs in one another multiply
    yield end if machine.eof and proven else max(start + 1, behind)


def bomb(view: View, output: int, taken: int) -> bool:
    """More than 64 MiB put out, and more than the budget's many times what was taken in: weights do not shrink so."""
    if output <= BOMB or output <= view.budget.expansion * taken:
        return False
    view.budget.give_up(f"a compressed stream grew to more than {view.budget.expansion} times its size and was left")
    return True


class _Decompressor(Protocol):
    """The interface that the standard library's bz2 and lzma share with lz4's frames."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes | None: ...
    def decompress(self, data: bytes, max_length: int = -1) -> bytes: ...


class Standard:
    """A machine of an object with `decompress(data, max_length)`, `eof`, `needs_input` and `unused_data`."""

    def __init__(self, inner: _Decompressor, errors: tuple[type[Exception], ...], *, step: int = 1 << 14) -> None:
        """`errors` are what it raises on damage; `step` bounds the input whose output such damage takes with it."""
        self._inner = inner
        self._errors = errors
        self._step = step
        self._left = 0

    @property
    def eof(self) -> bool:
        """As `Machine.eof`."""
        return self._inner.eof

    @property
    def unused(self) -> int:
        """As `Machine.unused`."""
        return len(self._inner.unused_data or b"") + self._left

    def feed(self, fed: bytes) -> Fed:
        """As `Machine.feed`."""
        out = bytearray()
        place = 0
        while len(out) < OUTPUT and not self._inner.eof:
            slice_ = b"" if not self._inner.needs_input else fed[place : place + self._step]
            if not slice_ and self._inner.needs_input:
                break
            place += len(slice_)
            try:
                out += self._inner.decompress(slice_, OUTPUT)
            except self._errors:
                return Fed(bytes(out), broke=True)
        self._left = len(fed) - place
        return Fed(bytes(out), b"" if self._inner.eof else fed[place:], more=not (self._inner.eof or self._inner.needs_input))
