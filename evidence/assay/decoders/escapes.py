"""Bytes written as escapes in text: percent escapes."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from honeyweights.evidence.assay.coverage import Ranges
from honeyweights.evidence.assay.decode import LARGEST, Decoded, Decoder, View
from honeyweights.evidence.assay.index import Bytes
from honeyweights.evidence.assay.text import HEX, blocks, groups, text
from honeyweights.evidence.assay.texture import BLOCK, share
from honeyweights.evidence.assay.trace import Trace

_SLICE = 1 << 16
_ESCAPES = 4
_NEAR_ESCAPES = 4 * BLOCK


def escaped_text(view: View) -> Ranges:
    """Text with a percent escape in every 64 characters."""

    def many(data: Bytes) -> NDArray[np.bool_]:
        digits = np.zeros(256, np.bool_)
        digits[list(HEX.alphabet)] = True
        marks = data == ord("%")
        marks[-2:] = False
        marks[:-2] &= digits[data[1:-1]] & digits[data[2:]]
        return share(marks) * BLOCK >= _ESCAPES

    found = blocks(view, many)
    return found.widen(_NEAR_ESCAPES) & text(view) if len(found) else found


def unescape(view: View, extents: Ranges) -> Iterator[Decoded]:
    """Percent escapes; what is no escape stays, but a plus, where pluses themselves were escaped, is a blank as in form data."""
    value = np.full(256, -1, np.int16)
    for digit in range(16):
        value[ord(f"{digit:x}")] = value[ord(f"{digit:X}")] = digit
    for group in groups(extents, LARGEST):
        pieces, places = [], []
        plus = ord(" " if b"%2B" in view.data[group.starts[0] : group.starts[0] + _SLICE].tobytes().upper() else "+")
        for start, end in group:
            low = start
            while low < end:
                out, used = _unescape_slice(view.data[low : min(low + _SLICE, end)], value, plus)
                pieces.append(out)
                places.append((out.size, low, low + used))
                low += used
        if view.budget.take(sum(size for size, _, _ in places)):
            yield Decoded(data=np.concatenate(pieces), origin=(Trace.of(places),))


def _unescape_slice(data: Bytes, value: NDArray[np.int16], plus: int) -> tuple[Bytes, int]:
    """The slice unescaped, and how much of it was used: an escape that its end cuts is left for the next one."""
    at = np.flatnonzero(data == ord("%"))
    used = int(at[-1]) if at.size and 0 < data.size - at[-1] < 3 <= data.size else data.size  # noqa: PLR2004  # "%XX" is 3 long
    at = at[at + 2 < data.size]
    at = at[(value[data[at + 1]] >= 0) & (value[data[at + 2]] >= 0)]
    out, keep = np.where(data == ord("+"), np.uint8(plus), data), np.ones(data.size, np.bool_)
    out[at] = value[data[at + 1]] * 16 + value[data[at + 2]]
    keep[at + 1] = keep[at + 2] = False
    used = used or data.size
    return out[:used][keep[:used]], used


DECODERS = (Decoder(name="percent", rank=62, probe=escaped_text, decode=unescape),)
