"""Archives in another form: one of whose beginnings, with every byte exclusive-or'ed or added to, turned or swapped, is a known head.

`forms` finds weights in another form by themselves; a compressed stream shows none. But its head is known, and where a capture begins it
tells the key of one byte, or the turn. All that follows is then undone, for the decoders of archives to read.
"""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from honeyweights.evidence.assay.coverage import Ints, Ranges, union
from honeyweights.evidence.assay.decode import LARGEST, Decoded, Decoder, View
from honeyweights.evidence.assay.decoders.forms import BITS, NIBBLES
from honeyweights.evidence.assay.index import Bytes
from honeyweights.evidence.assay.trace import Trace

_HEADS = (
    b"\x1f\x8b\x08\x00",
    b"\x1f\x8b\x08\x08",
    b"PK\x03\x04",
    b"BZh91AY",
    b"\xfd7zXZ\x00",
    b"(\xb5/\xfd",
    b'\x04"M\x18',
    b"7z\xbc\xaf'\x1c",
)
_LONGEST = 8
Undo = Callable[[Bytes], Bytes]


def _swapped(width: int) -> Undo:
    return lambda data: data[: data.size // width * width].reshape(-1, width)[:, ::-1].ravel()


_TURNS: tuple[Undo, ...] = (lambda data: NIBBLES[data], lambda data: BITS[data], _swapped(2), _swapped(4))


def _keyed(head: Bytes, magic: bytes) -> Iterator[Undo]:
    """With the key that makes the first byte right."""
    key, step = np.uint8(head[0] ^ magic[0]), np.uint8((int(head[0]) - magic[0]) & 255)
    yield lambda data: data ^ key
    yield lambda data: data - step


def _ways(view: View, start: int, end: int) -> Iterator[tuple[Undo, bool]]:
    """How what stands there is undone, if a known head comes of it; and whether that turns it round."""
    first, last = np.asarray(view.data[start : min(end, start + _LONGEST)]), np.asarray(view.data[max(start, end - _LONGEST) : end])
    if first.size < _LONGEST or first.tobytes().startswith(_HEADS):
        return
    for undo in (*(way for magic in _HEADS for way in _keyed(first, magic)), *_TURNS):
        if undo(first).tobytes().startswith(_HEADS):
            yield undo, False
    if last[::-1].tobytes().startswith(_HEADS):
        yield lambda data: data[::-1], True


def _stretches(view: View) -> Iterator[tuple[int, int]]:
    """From each beginning of a capture, if it is unread and may be a head, to where its stream ends."""
    home = np.searchsorted(view.residue.starts, view.starts, "right") - 1
    starts = view.starts[home >= 0]
    starts = starts[starts < view.residue.ends[home[home >= 0]]]
    ends = np.append(view.walls, view.data.size)[np.searchsorted(view.walls, starts, "right")]
    ends = np.minimum(ends, starts + LARGEST)
    long = ends - starts >= _LONGEST
    starts, ends = starts[long], ends[long]
    good = _known(view.data, starts, ends)
    return iter(list(zip(starts[good].tolist(), ends[good].tolist(), strict=True)))


def _known(data: Bytes, starts: Ints, ends: Ints) -> NDArray[np.bool_]:
    """Which of the stretches some way may undo: many at once, for each capture has a beginning."""
    first, last = data[starts[:, None] + np.arange(_LONGEST)], data[ends[:, None] - 1 - np.arange(_LONGEST)]
    turned = [last, *(turn(first.ravel()).reshape(-1, _LONGEST) for turn in _TURNS)]
    good = np.zeros(starts.size, np.bool_)
    for head in _HEADS:
        magic = np.frombuffer(head, np.uint8)
        keys, steps = first[:, :1] ^ magic[0], first[:, :1] - magic[0]
        for rows in (first ^ keys, first - steps, *turned):
            good |= (rows[:, : magic.size] == magic).all(axis=1)
    return good


def probe(view: View) -> Ranges:
    """Stretches that some way undoes."""
    return union([Ranges.span(start, end) for start, end in _stretches(view) if any(_ways(view, start, end))])


def decode(view: View, _extents: Ranges) -> Iterator[Decoded]:
    """Each stretch, undone."""
    for start, end in _stretches(view):
        for undo, turned in _ways(view, start, end):
            if view.budget.take(end - start):
                data = np.ascontiguousarray(undo(np.asarray(view.data[start:end])))
                yield Decoded(data=data, origin=(Trace.of([(data.size, start, end)], flip=turned),))


DECODERS = (Decoder(name="veiled", rank=88, once=True, probe=probe, decode=decode),)
