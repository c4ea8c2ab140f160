"""Forms of the bytes themselves: reversed, nibbles or bits turned round, bytes of words swapped, a repeating key, one lane of several.

They stand last in the table and look at all that is left, be it part of an archive that nothing could read. Where they are worth trying is
found by `forms`; here they are undone, stretch by stretch. A form that fills most of a body has a row before all others.
"""

from collections.abc import Callable, Iterator, Mapping

import numpy as np

from honeyweights.evidence.assay.coverage import Ranges, union
from honeyweights.evidence.assay.decode import LARGEST, Decoded, Decoder, View
from honeyweights.evidence.assay.forms import Sight
from honeyweights.evidence.assay.index import Bytes
from honeyweights.evidence.assay.trace import Trace

_RANK = 90
_TILE = 1 << 14
BITS = np.array([int(f"{byte:08b}"[::-1], 2) for byte in range(256)], np.uint8)
NIBBLES = np.array([byte >> 4 | (byte & 15) << 4 for byte in range(256)], np.uint8)
"""What each byte is with its bits, or its halves, turned round."""
Undo = Callable[[Bytes, int, Sight], Bytes]
"""Bytes that stand at a position of the body -> what they were; as many, but for lanes."""


def _swap(data: Bytes, _start: int, sight: Sight) -> Bytes:
    return np.ascontiguousarray(data).view(f"<u{sight.width}").byteswap().view(np.uint8)


def _xor(data: Bytes, start: int, sight: Sight) -> Bytes:
    return _keyed(np.bitwise_xor, data, start, sight)


def _subtract(data: Bytes, start: int, sight: Sight) -> Bytes:
    return _keyed(np.subtract, data, start, sight)


def _keyed(undo: np.ufunc, data: Bytes, start: int, sight: Sight) -> Bytes:
    """The key turned to where the data starts, over a few KiB at a time."""
    turned = np.roll(np.frombuffer(sight.key, np.uint8), -(start % len(sight.key)))
    long = np.tile(turned, max(1, min(_TILE, data.size) // turned.size))
    whole = data.size // long.size * long.size
    out = np.empty(data.size, np.uint8)
    undo(data[:whole].reshape(-1, long.size), long, out=out[:whole].reshape(-1, long.size))
    undo(data[whole:], np.resize(turned, data.size - whole), out=out[whole:])
    return out


def _lane(data: Bytes, start: int, sight: Sight) -> Bytes:
    return data[(sight.phase - start) % sight.width :: sight.width]


FORMS: dict[str, Undo] = {
    "reversed": lambda data, _start, _sight: data[::-1],
    "nibbles": lambda data, _start, _sight: NIBBLES[data],
    "bits": lambda data, _start, _sight: BITS[data],
    "swapped16": _swap,
    "swapped32": _swap,
    "swapped64": _swap,
    "xor": _xor,
    "added": _subtract,
    "lanes2": _lane,
    "lanes4": _lane,
}


def _row(name: str, undo: Undo, rank: int, sights: Callable[[View], Mapping[str, list[Sight]]]) -> Decoder:
    words = undo is _swap

    def probe(view: View) -> Ranges:
        return union([sight.extents for sight in sights(view).get(name, ())]) & view.residue

    def decode(view: View, extents: Ranges) -> Iterator[Decoded]:
        for sight in sights(view)[name]:
            left = sight.extents & extents
            left = _words(left, sight) if words else left
            if len(left) and view.budget.take(left.total):
                yield from _undone(view.data, left, sight, undo, flip=name == "reversed")

    return Decoder(name=name, rank=rank, once=True, probe=probe, decode=decode)


def _words(extents: Ranges, sight: Sight) -> Ranges:
    """The extents, cut to whole words."""
    starts = extents.starts + (sight.phase - extents.starts) % sight.width
    return Ranges.of(starts, extents.ends - (extents.ends - sight.phase) % sight.width)


def _undone(data: Bytes, extents: Ranges, sight: Sight, undo: Undo, *, flip: bool) -> Iterator[Decoded]:
    pieces, places, held = list[Bytes](), list[tuple[int, int, int]](), 0
    for start, end in extents:
        for low in range(start, end, LARGEST):
            pieces.append(undo(np.asarray(data[low : min(low + LARGEST, end)]), low, sight))
            places.append((pieces[-1].size, low, min(low + LARGEST, end)))
            held += pieces[-1].size
            if held >= LARGEST:
                yield Decoded(data=_joined(pieces), origin=(Trace.of(places, flip=flip),))
                pieces, places, held = [], [], 0
    if pieces:
        yield Decoded(data=_joined(pieces), origin=(Trace.of(places, flip=flip),))


def _joined(pieces: list[Bytes]) -> Bytes:
    return np.ascontiguousarray(pieces[0]) if len(pieces) == 1 else np.concatenate(pieces)


DECODERS = (
    *(_row(name, undo, _RANK - 1, lambda view: view.foreseen) for name, undo in FORMS.items()),
    *(_row(name, undo, _RANK, lambda view: view.sights) for name, undo in FORMS.items()),
)
