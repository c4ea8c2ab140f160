"""Exact search for secrets, lines of documents and stretches of checkpoints. Cheap on what is large, thorough on what is small.

Every word has at least 16 bytes, so it covers an aligned group of eight wherever it stands: only every eighth position is looked up, in a
table of all groups of all words, and what fits is compared byte by byte. Everything that the assay itself decodes is looked through too;
beside that, captures of at most `SMALL` bytes are unwrapped here by what text travels in (percent signs, quoted-printable, base64, hex,
gzip, deflate, JSON's escapes), since the assay's decoders have weights in mind and leave short stretches alone.

Law of this file: bytes in, places out; hostile input costs time within the budget and never raises. Measured: 64 MiB in 0.1 s.
"""

import binascii
import json
import os
import quopri
import re
import string
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple
from urllib.parse import unquote_to_bytes

import numpy as np

from honeyweights.evidence.assay.budget import Budget
from honeyweights.evidence.assay.index import Bytes
from honeyweights.evidence.assay.request import Capture, Mark
from honeyweights.evidence.assayed import MarkFound

SHORTEST = 16
"""Bytes of a word."""
SMALL = 1 << 22
"""Bytes of a capture that is unwrapped here."""
MOST = 4096
"""Entries of an answer."""
_GROUP = 8
_BITS = 20
_FACTOR = np.uint64(0x9E3779B97F4A7C15)
_SLICE = 1 << 23
"""Groups looked up at once."""
_FEW = 64
_TRIES = 1 << 12
"""Places at which one group is compared; a group that stands at more is a filler."""
_DEEPEST = 3
_PIECES = 256
"""Encoded stretches of one text that are undone."""
_GZIP = re.compile(rb"\x1f\x8b\x08")
_ZLIB = re.compile(rb"x[\x01\x5e\x9c\xda]")
Key = tuple[str, Literal["head", "body"], int]
"""Capture, part, number of the mark."""


class Coded(NamedTuple):
    """What a code looks like."""

    pattern: re.Pattern[bytes]
    letters: bytes
    least: int
    """Letters with which all that the pattern takes begins."""

    def stretches(self, text: bytes) -> Iterator[bytes]:
        """All matches of the pattern. A run of the letters is looked for first: in what is no text there is none, and that shows sooner."""
        marked, run = text.translate(bytes(byte in self.letters for byte in range(256))), b"\1" * self.least
        at = marked.find(run)
        while at >= 0 and (match := self.pattern.match(text, at)):
            yield match[0]
            at = marked.find(run, match.end())


BASE64 = Coded(
    re.compile(rb"[A-Za-z0-9+/_-]{16,}(?:\r?\n[A-Za-z0-9+/_-]{2,})*={0,2}"), (string.ascii_letters + string.digits + "+/_-").encode(), 16
)
HEX = Coded(re.compile(rb"(?:[0-9A-Fa-f]{2}){16,}(?:\r?\n(?:[0-9A-Fa-f]{2})+)*"), string.hexdigits.encode(), 32)


@dataclass(frozen=True, eq=False)
class Marks:
    """All words, ready to be looked for."""

    marks: tuple[Mark, ...]
    words: list[tuple[int, int, bytes]] = field(init=False)
    """(mark, place among its words, bytes)."""
    _groups: np.ndarray = field(init=False)
    _origins: list[list[tuple[int, int]]] = field(init=False)
    """For each group the words that hold it, and how far in."""
    _table: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        """Makes the table."""
        words = [
            (number, place, encoded)
            for number, mark in enumerate(self.marks)
            for place, word in enumerate(mark.words)
            if len(encoded := _encoded(mark, word)) >= SHORTEST
        ]
        origins: dict[int, list[tuple[int, int]]] = {}
        for index, (_, _, word) in enumerate(words):
            for shift in range(_GROUP):
                origins.setdefault(int.from_bytes(word[shift : shift + _GROUP], "little"), []).append((index, shift))
        groups = np.array(sorted(origins), np.uint64)
        table = np.zeros(1 << _BITS, np.bool_)
        table[_hashed(groups)] = True
        for name, value in (("words", words), ("_groups", groups), ("_origins", [origins[int(g)] for g in groups]), ("_table", table)):
            object.__setattr__(self, name, value)

    def find(self, data: Bytes) -> Iterator[tuple[int, int]]:
        """(number of the word, position) of every word in the data, the first few places of each."""
        if not self.words or data.size < SHORTEST:
            return
        known: set[int] = set()
        whole = data[: data.size // _GROUP * _GROUP].view("<u8") if data.flags.c_contiguous else None
        if whole is None:
            whole = np.ascontiguousarray(data[: data.size // _GROUP * _GROUP]).view("<u8")
        for start in range(0, whole.size, _SLICE):
            part = whole[start : start + _SLICE]
            hits = np.flatnonzero(self._table[_hashed(part)])
            for number, places in self._exact(part[hits], hits + start):
                for index, shift in self._origins[number]:
                    at = None if index in known else self._compared(data, whole, places, self.words[index][2], shift)
                    if at is not None:
                        known.add(index)
                        yield index, at

    @staticmethod
    def _compared(data: Bytes, whole: np.ndarray, places: np.ndarray, word: bytes, shift: int) -> int | None:
        """Where the word really stands, its group `shift` bytes into it at one of the places.

        Its next group, where it has one, is asked for first, so that filler which only begins like it costs no more than a pass.
        """
        after = word[shift + _GROUP : shift + 2 * _GROUP]
        if len(after) == _GROUP:
            places = places[places + 1 < whole.size]
            places = places[whole[places + 1] == int.from_bytes(after, "little")] if places.size > _FEW else places
        for place in places[:_TRIES].tolist():
            at = place * _GROUP - shift
            if at >= 0 and data[at : at + len(word)].tobytes() == word:
                return int(at)
        return None

    def _exact(self, values: np.ndarray, places: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
        """(number of the group, its places), where the group is really one of ours."""
        if not values.size:
            return
        number = np.searchsorted(self._groups, values)
        number[number == self._groups.size] = 0
        fits = self._groups[number] == values
        numbers, there = number[fits], places[fits]
        order = np.argsort(numbers, kind="stable")
        for group in np.split(order, np.flatnonzero(np.diff(numbers[order])) + 1):
            if group.size:
                yield int(numbers[group[0]]), there[group]


@dataclass(eq=False)
class Sighted:
    """What was found so far, by capture, part and mark."""

    marks: Marks
    found: dict[Key, set[int]] = field(default_factory=dict)

    def enter(self, capture: Capture, index: int) -> None:
        """Credits a word to a capture."""
        number, place, _ = self.marks.words[index]
        self.found.setdefault((capture.id, capture.part, number), set()).add(place)

    def look(self, captures: Sequence[Capture], budget: Budget) -> None:
        """Looks through each capture as it is, and through what small ones wrap."""
        for capture in captures:
            if not self.marks.words or budget.late():
                break
            try:
                data = _bytes_of(capture)
            except OSError:
                continue  # the assay's own sources say so
            if not data.size:
                continue
            for index, _ in self.marks.find(data):
                self.enter(capture, index)
            if data.size <= SMALL:
                self._unwrap(capture, data.tobytes(), 0, budget)

    def _unwrap(self, capture: Capture, text: bytes, depth: int, budget: Budget) -> None:
        for piece in _inside(text):
            if budget.late():
                return
            for index, _ in self.marks.find(np.frombuffer(piece, np.uint8)):
                self.enter(capture, index)
            if depth + 1 < _DEEPEST:
                self._unwrap(capture, piece, depth + 1, budget)

    def listed(self, budget: Budget) -> tuple[MarkFound, ...]:
        """The answer, in a fixed order."""
        rows = [
            MarkFound(mark=self.marks.marks[number].name, capture=capture, part=part, words=tuple(sorted(words)))
            for (capture, part, number), words in sorted(self.found.items())
        ]
        if len(rows) > MOST:
            budget.give_up(f"{len(rows) - MOST} captures with planted texts are not listed")
        return tuple(rows[:MOST])


def _encoded(mark: Mark, word: str) -> bytes:
    return bytes.fromhex(word) if mark.binary else word.encode("utf-8", "surrogatepass")


def _hashed(groups: np.ndarray) -> np.ndarray:
    return np.asarray((groups * _FACTOR) >> np.uint64(64 - _BITS))


def _bytes_of(capture: Capture) -> Bytes:
    """A capture's bytes, mapped if they are many: of tiny ones there may be a hundred thousand."""
    with open(capture.path, "rb", buffering=0) as file:  # noqa: PTH123  # a `Path` costs as much again as the file
        if os.fstat(file.fileno()).st_size > capture.skip + SMALL:
            return np.asarray(np.memmap(file, np.uint8, "r", capture.skip))
        return np.frombuffer(file.read(), np.uint8)[capture.skip :]


def _inside(text: bytes) -> Iterator[bytes]:
    """What a text holds in other clothes; each at most `SMALL` bytes."""
    for undo in _UNDO:
        for count, piece in enumerate(undo(text)):
            if count >= _PIECES:
                break
            if len(piece) >= SHORTEST and piece != text:
                yield piece[:SMALL]


def _percent(text: bytes) -> Iterator[bytes]:
    if b"%" in text or b"+" in text:
        yield unquote_to_bytes(text.replace(b"+", b" "))


def _quoted(text: bytes) -> Iterator[bytes]:
    if b"=\n" in text or b"=\r\n" in text or re.search(rb"=[0-9A-F]{2}", text):
        yield quopri.decodestring(text)


def _escaped(text: bytes) -> Iterator[bytes]:
    if b"\\n" in text or b"\\u" in text or b"\\/" in text or b'\\"' in text:
        yield re.sub(rb'\\(u[0-9a-fA-F]{4}|["\\/bfnrt])', lambda m: str(json.loads(b'"' + m[0] + b'"')).encode("utf-8", "replace"), text)


def _base64(text: bytes) -> Iterator[bytes]:
    for match in BASE64.stretches(text):
        bare = re.sub(rb"\s|=", b"", match).translate(bytes.maketrans(b"-_", b"+/"))
        yield binascii.a2b_base64(bare[: len(bare) // 4 * 4] if len(bare) % 4 == 1 else bare + b"=" * (-len(bare) % 4))


def _hexed(text: bytes) -> Iterator[bytes]:
    for match in HEX.stretches(text):
        digits = re.sub(rb"\s", b"", match)
        yield bytes.fromhex(digits[: len(digits) // 2 * 2].decode("ascii"))


def _packed(signs: re.Pattern[bytes], bits: int) -> Callable[[bytes], Iterator[bytes]]:
    def undo(text: bytes) -> Iterator[bytes]:
        for match in signs.finditer(text):
            try:
                yield zlib.decompressobj(bits).decompress(text[match.start() :], SMALL)
            except zlib.error:
                continue

    return undo


_UNDO: tuple[Callable[[bytes], Iterator[bytes]], ...] = (
    _percent,
    _quoted,
    _escaped,
    _base64,
    _hexed,
    _packed(_GZIP, 16 + zlib.MAX_WBITS),
    _packed(_ZLIB, zlib.MAX_WBITS),
)
