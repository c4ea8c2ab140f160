"""Rows of a code's characters in text: what was cut first and written then, a part in each form or string of a JSON.

A row goes on over a few blanks and over the end of a line, but not where an empty line or a border follows: something else stands behind
it. It also ends where a capture begins, if that leaves no quantum open.

Law of this file: positions and characters; what they decode to is `text`'s business. Each inner loop stands here twice, compiled
(`reading.c`) and in Python, and both give the same arrays.
"""

import functools
import itertools
import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from honeyweights.evidence.assay import native
from honeyweights.evidence.assay.coverage import Ints
from honeyweights.evidence.assay.index import Bytes

LEAST_CHARACTERS = 24
"""Characters of a row."""
_NEXT_LINE = rb"(?:(?:[%b]{1,4}|\r?\n(?!--)[%b]{0,4})%b)*"
"""Blanks, or the end of a line; behind an empty line, or where a border begins, stands something else."""
_BLANKS = b" \t>"


@dataclass(frozen=True, kw_only=True)
class Script:
    """What a code is written in."""

    parts: bytes = b""
    """The alphabet without padding, of codes in which parts of something may be written one by one."""
    table: bytes
    """Translates synonyms first: url-safe characters, and padding to zero bits, which keeps the phase of what follows."""
    quantum: int
    filler: bytes = b""
    """Completes a last quantum whose padding was left out: one character less than it has."""

    def rows(self, raw: bytes, cuts: Ints, kernel: Any = native.KERNEL) -> Ints:
        """(n, 3): where each row begins and ends, and how many characters it has; `cuts`, ascending, are where captures begin."""
        if kernel is None:
            return np.array(list(self._rows(raw, cuts.tolist())), np.int64).reshape(-1, 3)
        address, found = native.address, np.empty((len(raw) // LEAST_CHARACTERS + 1, 3), np.int64)
        cuts = np.ascontiguousarray(cuts)
        count = kernel.hw_rows(
            raw, len(raw), self._kinds, self.quantum, LEAST_CHARACTERS, address(cuts), cuts.size, address(found)
        )  # fmt: skip
        return found[:count].copy()

    def gathered(self, raw: bytes, rows: Ints, kernel: Any = native.KERNEL) -> Bytes:
        """The characters of rows, translated, each completed to whole quanta."""
        if kernel is None:
            delete = bytes(set(range(256)) - set(self.parts))
            parts = (raw[first:last].translate(None, delete) for first, last, _ in rows.tolist())
            return np.frombuffer(
                b"".join(part + self.filler[: -len(part) % self.quantum] for part in parts).translate(self.table), np.uint8
            )
        address, rows = native.address, np.ascontiguousarray(rows)
        out = np.empty(int((-(-rows[:, 2] // self.quantum)).sum()) * self.quantum, np.uint8)
        kernel.hw_gather(raw, self._kinds, self.table, address(rows), len(rows), self.quantum, self.filler, address(out))
        return out

    @functools.cached_property
    def _kinds(self) -> bytes:
        """As `reading.c` numbers them."""
        kinds = bytearray(256)
        for number, characters in enumerate((_BLANKS, b"\r", b"\n"), 2):
            for character in characters:
                kinds[character] = number
        for character in self.parts:
            kinds[character] = 1
        return bytes(kinds)

    def _rows(self, raw: bytes, cuts: list[int]) -> "itertools.chain[tuple[int, int, int]]":
        delete = bytes(set(range(256)) - set(self.parts))
        spans = (match.span() for match in self._pattern.finditer(raw))
        return itertools.chain.from_iterable(
            self._cut(raw, first, last, [cut for cut in cuts if first < cut < last], delete)
            for first, last in spans
            if last - first >= LEAST_CHARACTERS
        )

    def _cut(self, raw: bytes, first: int, last: int, cuts: list[int], delete: bytes) -> list[tuple[int, int, int]]:  # a row
        found = []
        for cut in (*cuts, last):
            size = len(raw[first:cut].translate(None, delete))
            if size % self.quantum == 0 or cut == last:
                found += [(first, cut, size)] if size >= LEAST_CHARACTERS else []
                first = cut
        return found

    @functools.cached_property
    def _pattern(self) -> re.Pattern[bytes]:
        one, blanks = rb"[" + re.escape(self.parts) + rb"]+", _BLANKS.translate(None, self.parts)
        return re.compile(one + _NEXT_LINE % (blanks, blanks, one))
