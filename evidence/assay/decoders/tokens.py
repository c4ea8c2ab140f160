r"""Bytes written one by one, each in some dress: `['0x1', '0xff']`, `0b101`, `"3f", "4"`, `<int>12</int>`, `w12`, `\065`, cells of a table.

What stands between the numbers does not matter, but is the same all along: few different characters fill such text. Which base it is a
sample shows, by weights, by the head of a file, or by looking random; ordinary tables do neither and cost no more than that sample.
"""

import re
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from honeyweights.evidence.assay.coverage import Ints, Ranges
from honeyweights.evidence.assay.decode import LARGEST, Decoded, Decoder, View
from honeyweights.evidence.assay.index import Bytes
from honeyweights.evidence.assay.text import blocks, groups
from honeyweights.evidence.assay.texture import BLOCK, MAGICS, Blocks, kinds, random_bytes
from honeyweights.evidence.assay.trace import Trace

_SLICE = 1 << 16
_SAMPLE = 1 << 15
_LONGEST = 64
_KINDS, _DIGITS = 32, 0.12
_AT_ONCE = 4096
_MASK = np.zeros(256, np.bool_)
_MASK[list(b"0123456789abcdefABCDEF")] = True
_APART = rb"(?<![0-9A-Za-z])%s(?![0-9A-Za-z])"
_HEAD = re.compile(rb"^(?:0?[xXoO]|0[bB](?=.))")
_BASES = (
    (10, re.compile(rb"(?<![0-9])[0-9]{1,3}(?![0-9])")),
    (16, re.compile(_APART % rb"(?:0?[xX])?[0-9a-fA-F]{1,2}")),
    (8, re.compile(_APART % rb"(?:0[oO]?)?[0-7]{1,3}")),
    (2, re.compile(_APART % rb"(?:0[bB])?[01]{1,8}")),
)


def _reading(base: int, pattern: re.Pattern[bytes]) -> Callable[[bytes], Bytes]:
    """All numbers of a base below 256."""
    known: dict[bytes, bytes] = {}

    def read(text: bytes) -> Bytes:
        words = pattern.findall(text)
        for word in set(words) - known.keys():
            value = int(_HEAD.sub(b"", word) if base != 10 else word, base)  # noqa: PLR2004
            known[word] = bytes([value]) if value < 256 else b""  # noqa: PLR2004  # a byte
        return np.frombuffer(b"".join(map(known.__getitem__, words)), np.uint8)

    return read


def _few(data: Bytes, at: Ints) -> NDArray[np.bool_]:
    """Which blocks hold few different characters."""
    parts = (data.take(at[low : low + _AT_ONCE, None] + np.arange(BLOCK), mode="clip") for low in range(0, at.size, _AT_ONCE))
    return np.concatenate([np.empty(0, np.bool_), *(kinds(part.reshape(-1), BLOCK, _KINDS) <= _KINDS for part in parts)])


def _probe(view: View) -> Ranges:
    def good(text: Blocks) -> NDArray[np.bool_]:
        dense = text.among(_MASK) >= _DIGITS
        dense[dense] = _few(text.data, text.places[0][dense])
        return dense

    return blocks(view, good)


def _slices(view: View, extents: Ranges) -> Iterator[tuple[int, int]]:
    """Slices that end where no number is cut."""
    for start, end in extents:
        low = start
        while low < end:
            high = min(low + _SLICE, end)
            tail = _MASK[np.asarray(view.data[max(low, high - _LONGEST) : high])]
            gaps = np.flatnonzero(~tail) if high < end else tail[:0]
            high = high - tail.size + int(gaps[-1]) + 1 if gaps.size else high
            yield low, high
            low = high


def _decode(view: View, extents: Ranges) -> Iterator[Decoded]:
    """The bases that a sample speaks for, the likeliest first."""
    for group in groups(extents, LARGEST):
        start, end = max(group, key=lambda extent: extent[1] - extent[0])
        middle = start + (end - start) // 2 if end - start > 2 * _SAMPLE else start
        samples = [view.data[at : min(at + _SAMPLE, end)].tobytes() for at in sorted({start, middle})]
        ranked = [(max(_promise(view, read(sample)) for sample in samples), read) for read in (_reading(*base) for base in _BASES)]
        for promise, read in sorted(ranked, key=lambda row: -row[0]):
            if not promise:
                break
            pieces = [(read(view.data[a:b].tobytes()), a, b) for a, b in _slices(view, group)]
            if view.budget.take(sum(made.size for made, _, _ in pieces)):
                origin = Trace.of([(made.size, a, b) for made, a, b in pieces])
                item = Decoded(data=np.concatenate([made for made, _, _ in pieces]), origin=(origin,))
                yield item
                if item.data.size < 2 * item.explained.total:
                    break


def _promise(view: View, data: Bytes) -> int:
    """Weights count most; then the head of a file, then what looks random."""
    return 4 * view.promise(data) or 2 * data[:32].tobytes().startswith(MAGICS) or int(random_bytes(data) > data.size // 2)


DECODERS = (Decoder(name="tokens", rank=70, probe=_probe, decode=_decode, alternatives=True),)
