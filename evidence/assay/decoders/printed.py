r"""Dumps of characters: `od -c` and `hexdump -c`, with offsets or not.

Each byte is one column of four characters: itself, an escape of C, or three octal digits. Lines of one length are read at once.
"""

import numpy as np

from honeyweights.evidence.assay.coverage import Ints
from honeyweights.evidence.assay.decode import Decoder
from honeyweights.evidence.assay.decoders.dumps import by_length, in_order, prober, reader
from honeyweights.evidence.assay.index import Bytes

_WIDTH = 4
_LEAST_LINE = 8
_BLANK, _SLASH, _ZERO = ord(" "), ord("\\"), ord("0")
_BLANKS = 0.24
"""Of such lines: a column of four begins with one, and hardly any other text has as many."""
_OFFSET = np.zeros(256, np.bool_)
_OFFSET[list(b"0123456789abcdef")] = True
_ESCAPES = np.full(256, -1, np.int16)
for _letter, _byte in zip(b"0abfnrtv\\", b"\0\a\b\f\n\r\t\v\\", strict=True):
    _ESCAPES[_letter] = _byte


def _values(rows: Bytes) -> "np.ndarray[tuple[int, ...], np.dtype[np.int16]]":
    """What columns of four stand for; -1 where they are none."""
    cells = rows.reshape(rows.shape[0], -1, _WIDTH)
    first, second, third = (cells[:, :, k] for k in (1, 2, 3))
    digits = [(cells[:, :, k] - np.uint8(_ZERO)).astype(np.int16) for k in (1, 2, 3)]
    octal = (digits[0] < 4) & (digits[1] < 8) & (digits[2] < 8)  # noqa: PLR2004  # 377 is the last
    alone = (first == _BLANK) & (second == _BLANK)
    escape = (first == _BLANK) & (second == _SLASH)
    values = np.select(
        [octal, escape, alone], [digits[0] * 64 + digits[1] * 8 + digits[2], _ESCAPES[third], third.astype(np.int16)], default=np.int16(-1)
    )
    return np.asarray(np.where(cells[:, :, 0] == _BLANK, values, -1), np.int16)


def _lines(data: Bytes) -> Bytes:
    """What the lines of a slice stand for, in their order."""
    found: list[tuple[Ints, Bytes]] = []
    for length, lines, starts in by_length(data, _LEAST_LINE):
        offset = int(np.argmin(np.append(_OFFSET[data[starts[0] : starts[0] + length]], False)))  # where they end
        if (length - offset) % _WIDTH or length == offset:
            continue
        values = _values(data[starts[:, None] + np.arange(offset, length)])
        good = (values >= 0).all(axis=1)
        if good.any():
            found.append((lines[good], values[good].astype(np.uint8)))
    return in_order(found)


DECODERS = (Decoder(name="characters", rank=61, probe=prober(_lines, b" ", _BLANKS), decode=reader(_lines)),)
