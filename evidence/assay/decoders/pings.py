"""Decoder of pings whose data is a pattern: `ping -p` takes up to 16 bytes and repeats them behind a time stamp until the packet is full.

Packets of one size stand one behind the other in a capture. In each the pattern stands at the same place, and at least twice; it is taken
out once a packet, without what is the same in all of them or counts them.
"""

from collections.abc import Iterator

import numpy as np

from honeyweights.evidence.assay.coverage import Ranges, union
from honeyweights.evidence.assay.decode import Decoded, Decoder, View
from honeyweights.evidence.assay.index import Bytes
from honeyweights.evidence.assay.trace import Trace

_UNIT = 16
_LEAST = 4
_LARGEST_PACKET = 1 << 16
_MOST = 1 << 24
_AROUND = 256
_REGULAR = 0.9


def probe(view: View) -> Ranges:
    """Stretches of packets of one size."""
    return union([Ranges.span(first, first + size * count) for first, size, count in _packets(view)])


def decode(view: View, _extents: Ranges) -> Iterator[Decoded]:
    """The pattern of each packet."""
    for first, size, count in _packets(view):
        if view.budget.take(count * _UNIT):
            starts = first + np.arange(count) * size
            columns = _telling(view.data[starts[:, None] + np.arange(_UNIT)])
            width = columns.shape[1]
            yield Decoded(data=columns.ravel(), origin=(Trace.of([(width, at, at + _UNIT) for at in starts.tolist()]),))


def _telling(patterns: Bytes) -> Bytes:
    """The columns whose bytes do not differ from packet to packet by the same number."""
    steps = np.diff(patterns, axis=0)
    regular = (steps == steps[:1]).mean(axis=0) > _REGULAR
    return np.ascontiguousarray(patterns if regular.all() else patterns[:, ~regular])


def _packets(view: View) -> list[tuple[int, int, int]]:
    """(where the first pattern stands, size of a packet, how many) of each stretch that has them, patterns found by themselves included."""
    where = (view.residue.widen(_AROUND).clip(0, view.data.size) - view.text).longer(_LEAST * 2 * _UNIT)
    windows = ((low, min(end, low + _MOST)) for start, end in where for low in range(start, end, _MOST))
    return [(low + first, size, count) for low, high in windows for first, size, count in _regular(np.asarray(view.data[low:high]))]


def _regular(data: Bytes) -> Iterator[tuple[int, int, int]]:
    """Of packets of one size that fill a window, once, if they do."""
    again = np.concatenate(([False], data[_UNIT:] == data[:-_UNIT], [False]))
    edges = np.flatnonzero(again[1:] != again[:-1])
    firsts, lengths = edges[::2], edges[1::2] - edges[::2]
    firsts = firsts[(lengths >= _UNIT) & (lengths < _LARGEST_PACKET)]
    if firsts.size < _LEAST:
        return
    apart = np.minimum(np.diff(firsts), _LARGEST_PACKET)
    size = int(np.bincount(apart).argmax())
    if 2 * _UNIT <= size < _LARGEST_PACKET and 2 * np.count_nonzero(apart == size) >= apart.size:  # tables of programs repeat too
        first = int(np.bincount(firsts % size).argmax())
        yield first, size, (data.size - first - _UNIT) // size + 1


DECODERS = (Decoder(name="pings", rank=5, probe=probe, decode=decode),)
