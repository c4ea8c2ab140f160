"""Decoder of questions to a name server: the labels in front of one registered suffix, line by line, put together in their order.

A question carries its data in its labels, beside what the sender's script needs: the suffix, a running number, a session's name. Labels
that are the same in all lines are left out, and so are short ones where others are long; a column of running numbers gives the order. A
resolver asks twice (for an address of either kind): a line that stood there before is left out.
"""

import string
from collections import Counter
from collections.abc import Iterator

import numpy as np

from honeyweights.evidence.assay.coverage import Ranges
from honeyweights.evidence.assay.decode import Decoded, Decoder, View
from honeyweights.evidence.assay.trace import Trace

_LEAST = 4
_SUFFIX = 2
_SHORT = 10
_LONG = 16
_MOST = 1 << 24
_SAMPLE = 1 << 12
_SAMPLES = 8
_OF_CODES = (string.ascii_letters + string.digits + "+/=_-").encode()
_NO_DIGITS = bytes(set(range(256)) - set(string.digits.encode()))
_DIGITS = 10
Row = tuple[int, int, list[bytes]]
"""Where the line stands in the body, and its labels without the suffix."""


def probe(view: View) -> Ranges:
    """Text whose every line is a name, and whose lines end alike. What stands behind a wall is another text, whatever its lines are."""
    beyond = view.text.clip(_MOST, view.data.size)
    if any(_carries(list(_rows(view, at, min(at + _SAMPLE, high)))) for low, high in beyond for at in _places(low, high)):
        view.budget.give_up(f"names that were asked for were read in the first {_MOST >> 20} MiB of a stream only")
    starts, ends = view.text.clip(0, min(view.data.size, _MOST)).cut(view.walls)
    stretches = zip(starts.tolist(), ends.tolist(), strict=True)
    found = [(start, end) for start, end in stretches if len(list(_rows(view, start, end))) >= _LEAST]
    table = np.array(found, np.int64).reshape(-1, 2)
    return Ranges.of(table[:, 0], table[:, 1])


def _places(low: int, high: int) -> list[int]:
    return sorted({low, *np.linspace(low, max(low, high - _SAMPLE), _SAMPLES).astype(np.int64).tolist()})


def _carries(rows: list[Row]) -> bool:
    """Whether these names may carry data: of labels in a code a tenth are digits, and no signs stand in them; lists of hosts are words."""
    kept = _columns([labels for _, _, labels in rows]) if rows else []
    labels = b"".join(labels[i] for _, _, labels in rows for i in kept if i < len(labels))
    digits, others = (len(labels.translate(None, deleted)) for deleted in (_NO_DIGITS, _OF_CODES))
    return len(rows) >= _LEAST and _DIGITS * digits >= len(labels) > 0 and not others


def decode(view: View, extents: Ranges) -> Iterator[Decoded]:
    """One text for each stretch."""
    starts, ends = extents.cut(view.walls)
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        rows = list(_rows(view, start, end))
        kept = _columns([labels for _, _, labels in rows])
        texts = [(low, high, b"".join(labels[i] for i in kept if i < len(labels)) + b"\n") for low, high, labels in _ordered(rows)]
        data = b"".join(text for _, _, text in texts)
        if view.budget.take(len(data)):
            yield Decoded(data=np.frombuffer(data, np.uint8), origin=(Trace.of([(len(text), low, high) for low, high, text in texts]),))


def _rows(view: View, start: int, end: int) -> Iterator[Row]:
    """The lines of a stretch that end in its most frequent suffix; none when those are few."""
    lines = view.data[start:end].tobytes().split(b"\n")
    named = [line for line in lines[:64] if line.count(b".") >= _SUFFIX and b" " not in line]  # a dump has dots in its gutter
    ends = [tuple(line.lower().rsplit(b".", _SUFFIX)[1:]) for line in named]
    if not ends or len(ends) * 2 < min(len(lines), 64):
        return
    suffix = b"." + b".".join(Counter(ends).most_common(1)[0][0])
    at, known = start, set[bytes]()
    for line in lines:
        if line.lower().endswith(suffix) and line not in known:
            known.add(line)
            yield at, at + len(line), line[: -len(suffix)].split(b".")
        at += len(line) + 1


def _columns(rows: list[list[bytes]]) -> list[int]:
    """Which labels, counted from the left, carry data."""
    width = max(map(len, rows))
    columns = [[row[i] for row in rows if i < len(row)] for i in range(width)]
    lengths = [float(np.median([len(label) for label in column])) for column in columns]
    varied = [i for i in range(width) if len(set(columns[i])) > 1]
    if max(lengths) < _LONG:
        return varied
    return [i for i in varied if lengths[i] > _SHORT]


def _ordered(rows: list[Row]) -> list[Row]:
    """By the first column that is a running number in base 10 or 16; as they came where there is none."""
    for column in range(max(len(labels) for _, _, labels in rows)):
        words = [labels[column] if column < len(labels) else b"" for _, _, labels in rows]
        for base in (10, 16):
            numbers = [_number(word, base) for word in words]
            known = [number for number in numbers if number is not None]
            if len(known) == len(rows) == len(set(known)) and max(known) - min(known) < 4 * len(known):
                return [row for _, row in sorted(zip(known, rows, strict=True), key=lambda pair: pair[0])]
    return rows


def _number(word: bytes, base: int) -> int | None:
    try:
        return int(word, base) if len(word) <= _SHORT and b"_" not in word else None
    except ValueError:
        return None


DECODERS = (Decoder(name="names", rank=58, probe=probe, decode=decode),)
