"""What the decoders of text share: codes of a fixed quantum, read in every phase.

Everything outside the alphabet is deleted first, so wrapping, quotes, JSON and the edges of form fields do not matter; then the text is
read in every phase (4 of base64, 2 of hex), since a prefix or a cut in the middle of a quantum shifts it. Each phase reads only what the
former ones left unexplained, and the phases that promise most go first. What was cut first and written then, a part in each form or string
of a JSON, is read part by part before that: padding and names between the parts would stand in what they were cut from.

Law of this file: no alphabet is worth more than another; a new code is a new row of `Code`.
"""

import binascii
import bisect
import functools
import itertools
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from honeyweights.evidence.assay.coverage import Ints, Ranges, union
from honeyweights.evidence.assay.decode import LARGEST, Decoded, View
from honeyweights.evidence.assay.index import Bytes
from honeyweights.evidence.assay.texture import BLOCK, FINE, text_ranges, textual
from honeyweights.evidence.assay.trace import Trace

_SLICE = 1 << 16
_SAMPLE = 1 << 14
_SAMPLES = 6
_MUCH = 1 << 20
_EVERY = 8
_LEAST_CHARACTERS = 24
_NOTE = 256
_LEGIBLE = 0.75
_NEXT_LINE = rb"(?:(?:[%b]{1,4}|\r?\n(?!--)[%b]{0,4})%b)*"
"""Blanks, or the end of a line; behind an empty line, or where a border begins, stands something else."""
_LINE_ENDS = (b"\\n", b"\\r")
"""Of wrapped text inside JSON: the letter would shift the phase of every line."""
_WORD = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


@dataclass(frozen=True, kw_only=True)
class Code:
    """A code that writes `size` bytes as `quantum` characters."""

    alphabet: bytes
    table: bytes
    """Translates synonyms first: url-safe characters, and padding to zero bits, which keeps the phase of what follows."""
    quantum: int
    size: int
    read: Callable[[bytes], bytes]
    drop: tuple[bytes, ...] = _LINE_ENDS
    """What goes before all else that is not of the alphabet."""
    filler: bytes = b""
    """Characters that complete a last quantum whose padding was left out."""
    parts: bytes = b""
    """The alphabet without padding, of codes in which parts of something may be written one by one."""


BASE64 = Code(
    alphabet=_WORD + b"+/-_=",
    table=bytes.maketrans(b"-_=", b"+/A"),
    filler=b"AAA",
    parts=_WORD + b"+/-_",
    quantum=4,
    size=3,
    read=binascii.a2b_base64,
)
_DIGITS = b"0123456789abcdefABCDEF"
HEX = Code(
    alphabet=_DIGITS,
    drop=(b"0x", b"0X"),
    table=bytes.maketrans(b"", b""),
    quantum=2,
    size=1,
    read=binascii.unhexlify,
    filler=b"0",
    parts=_DIGITS,
)


def text(view: View) -> Ranges:
    """All textual bytes of the residue, but what was read as a code of other text already."""
    return (view.characters & (view.residue - union(view.legible)).widen(BLOCK)).longer(_LEAST_CHARACTERS)


def reader(code: Code) -> Callable[[View, Ranges], Iterator[Decoded]]:
    """The decoder of a code."""

    def decode(view: View, extents: Ranges) -> Iterator[Decoded]:
        for group in groups(extents, LARGEST // code.size * code.quantum):
            if code.parts and _in_parts(view, group, code):
                data, origin = _parts(view, group, code)
                item = Decoded(data=data, origin=(origin,))
                if view.budget.take(data.size):
                    yield item
                yield from _phases(view, group - origin.outward(item.explained), code)
            else:
                yield from _phases(view, group, code)

    return decode


Part = tuple[int, int, bytes]
"""Where it stands, and its characters."""


def _strings(view: View, start: int, end: int, code: Code) -> Iterator[Part]:
    """Characters of the code in a row, over the ends of lines; a row also ends with a capture, if that leaves no quantum open."""
    raw = view.data[start:end].tobytes()
    for escape in code.drop:
        raw = raw.replace(escape, b" " * len(escape))
    cuts = (view.starts[slice(*np.searchsorted(view.starts, (start + 1, end)))] - start).tolist()
    rows, blanks = _rows(code.parts)
    for match in rows.finditer(raw):
        first, last = match.span()
        if last - first < _LEAST_CHARACTERS:
            continue
        for cut in (*cuts[bisect.bisect_right(cuts, first) : bisect.bisect_left(cuts, last)], last):
            part = raw[first:cut].translate(None, b"\r\n" + blanks)
            if len(part) % code.quantum == 0 or cut == last:
                if len(part) >= _LEAST_CHARACTERS:
                    yield start + first, start + cut, part
                first = cut


@functools.cache
def _rows(characters: bytes) -> tuple[re.Pattern[bytes], bytes]:
    """Characters in a row, and what may stand in it beside them."""
    one, blanks = rb"[" + re.escape(characters) + rb"]+", b" \t>".translate(None, characters)
    return re.compile(one + _NEXT_LINE % (blanks, blanks, one)), blanks


def _in_parts(view: View, extents: Ranges, code: Code) -> bool:
    """Whether samples show parts with padding or words between them, and are parts for the most: prose is words alone."""
    words, long = re.compile(rb"[=" + re.escape(code.parts) + rb"]"), re.compile(rb"[%b]{%d,}" % (re.escape(code.parts), _LEAST_CHARACTERS))
    for start, end in sorted(extents.longer(2 * _NOTE), key=lambda extent: extent[0] - extent[1])[:_SAMPLES]:
        for low in range(start, end, max(_SLICE, (end - start) // _SAMPLES + 1)):
            raw = view.data[low : min(low + _SLICE, end)].tobytes()
            if code.quantum > len(b"ff") and 2 * sum(map(len, long.findall(raw))) < len(raw):
                continue  # of hex there is nothing here but what looks like it
            rows = list(_strings(view, low, min(low + _SLICE, end), code))
            if any(words.search(view.data[one[1] : next_[0]].tobytes()) for one, next_ in itertools.pairwise(rows)):
                return True
    return False


def _parts(view: View, extents: Ranges, code: Code) -> tuple[Bytes, Trace]:
    """All parts, each read by itself, and where they stood; but for short ones, which are digests, borders and notes, or the last one."""
    found = [row for start, end in extents for row in _strings(view, start, end, code)]
    lengths = np.array([len(part) for _, _, part in found], np.int64)
    usual = np.sort(lengths)[int(np.searchsorted(np.cumsum(np.sort(lengths)) * 2, lengths.sum()))] if found else 0
    keep = lengths >= min(_NOTE, usual // 4)
    keep[-1:] = True
    found, lengths = [row for row, kept in zip(found, keep.tolist(), strict=True) if kept], lengths[keep]
    data, sizes = _each(code, [part for _, _, part in found], lengths)
    return data, Trace.of([(size, low, high) for size, (low, high, _) in zip(sizes.tolist(), found, strict=True)])


def _each(code: Code, parts: list[bytes], lengths: Ints) -> tuple[Bytes, Ints]:
    """What parts of these lengths stand for, and how many bytes each."""
    sizes, made = lengths * code.size // code.quantum, -(-lengths // code.quantum) * code.size
    data = _read(code, b"".join(part + code.filler[: -len(part) % code.quantum] for part in parts).translate(code.table))
    if (made == sizes).all():
        return data, sizes
    keep, ends = np.ones(data.size, np.bool_), np.cumsum(made)
    for short in range(1, code.size + 1):
        keep[ends[made - sizes >= short] - short] = False
    return data[keep], sizes


def _phases(view: View, extents: Ranges, code: Code) -> Iterator[Decoded]:
    characters, origin = _clean(view, extents, code)
    todo, settled = Ranges.span(0, len(characters)), _settled(characters, origin.inner, code)
    for phase in sorted(range(code.quantum), key=lambda phase: -_promise(view, characters, code, phase)):
        mine = todo - union([found for other, found in settled.items() if other != phase])
        starts = mine.starts + (phase - mine.starts) % code.quantum
        ends = mine.ends - (mine.ends - phase) % code.quantum
        pieces = Ranges.of(starts, ends).longer(_LEAST_CHARACTERS)
        if not len(pieces) or not view.budget.take(pieces.total // code.quantum * code.size):
            continue
        raw = b"".join(characters[a:b] for a, b in pieces) if len(pieces) > 1 else characters[pieces.starts[0] : pieces.ends[0]]
        trace = Trace.of([((b - a) // code.quantum * code.size, a, b) for a, b in pieces])
        item = Decoded(data=_read(code, raw), origin=(trace, origin))
        del raw
        yield item
        todo -= trace.outward(item.explained | _written(item))
    view.legible.append(origin.outward(union(list(settled.values()))))


def _settled(characters: bytes, places: Ints, code: Code) -> dict[int, Ranges]:
    """Stretches of little text that read as other text in one phase alone, by it: they hold nothing in another, nor as another code."""
    found: dict[int, list[tuple[int, int]]] = {}
    for start, end in itertools.pairwise(places.tolist() if len(characters) <= _MUCH else []):
        if end - start >= 2 * _NOTE:
            good = [phase for phase in range(code.quantum) if _reads_as_text(characters[start:end], (phase - start) % code.quantum, code)]
            if len(good) == 1:
                found.setdefault(good[0], []).append((start, end))
    return {phase: Ranges.of(*np.array(stretches, np.int64).T) for phase, stretches in found.items()}


def _reads_as_text(characters: bytes, phase: int, code: Code) -> bool:
    whole = characters[phase : phase + (len(characters) - phase) // code.quantum * code.quantum]
    return bool(textual(_read(code, whole), FINE, _LEGIBLE).all())


def _written(item: Decoded) -> Ranges:
    """Of what nothing explains that which reads as text: it was read in its right phase, and holds nothing in another, but at its edges."""
    open_ = (Ranges.span(0, item.data.size) - item.explained).longer(BLOCK)
    found = text_ranges(item.data, open_) & open_
    return Ranges.of(found.starts + 2 * BLOCK, found.ends - 2 * BLOCK)


def _read(code: Code, raw: bytes) -> Bytes:
    """All of the characters read, a few at a time: tables of numbers are many times as large as text."""
    out, place, step = np.empty(len(raw) // code.quantum * code.size, np.uint8), 0, code.quantum << 18
    for low in range(0, len(raw), step):
        part = code.read(raw[low : low + step])
        out[place : place + len(part)] = np.frombuffer(part, np.uint8)
        place += len(part)
    return out[:place]


def _clean(view: View, extents: Ranges, code: Code) -> tuple[bytes, Trace]:
    """The characters of the alphabet alone, and where they stood."""
    delete = bytes(set(range(256)) - set(code.alphabet))
    parts, places, high = [], [], 0
    for start, end in extents:
        for low in range(start, end, _SLICE):
            high = min(low + _SLICE, end)
            raw = view.data[low:high].tobytes()
            for escape in code.drop:
                if escape[:1] in raw and escape[1:] in raw:  # a single byte is looked for many times as fast as two
                    raw = raw.replace(escape, b"")
            parts.append(raw.translate(code.table, delete))
            places.append((len(parts[-1]), low, high))
    parts.append(code.filler)
    places.append((len(code.filler), high, high))
    return b"".join(parts), Trace.of(places)


def _promise(view: View, characters: bytes, code: Code, phase: int) -> int:
    """What a few samples read in this phase hold; 0 for short text, which is soon read in all of them."""
    if len(characters) < _SAMPLES * _SAMPLE:
        return 0
    step = len(characters) // _SAMPLES // code.quantum * code.quantum
    samples = (characters[i * step + phase : i * step + phase + _SAMPLE] for i in range(_SAMPLES))
    return sum(view.promise(np.frombuffer(code.read(s[: len(s) // code.quantum * code.quantum]), np.uint8)) for s in samples)


def groups(extents: Ranges, most: int) -> Iterator[Ranges]:
    """The extents, cut so that no group holds more than `most` bytes."""
    while len(extents):
        ends = np.cumsum(extents.ends - extents.starts)
        over = int(np.searchsorted(ends, most, "right"))
        if over == len(extents):
            yield extents
            return
        stop = int(extents.ends[over] - (ends[over] - most))
        yield extents.clip(0, stop)
        extents = extents.clip(stop, int(extents.ends[-1]))


def blocks(view: View, good: Callable[[Bytes], NDArray[np.bool_]]) -> Ranges:
    """The blocks of the text for which `good` holds, with a block of margin.

    In more than a mebibyte every eighth block is looked at first, and where none of these is good, none is: what hides so is under 4 KiB.
    """
    found = []
    for start, end in text(view):
        whole = (end - start) // BLOCK
        if whole * BLOCK > _MUCH:
            few = view.data[start : start + whole * BLOCK].reshape(whole, BLOCK)[::_EVERY]
            if not good(np.ascontiguousarray(few).reshape(-1)).any():
                continue
        at = np.flatnonzero(good(np.asarray(view.data[start:end]))) * BLOCK + start
        found.append(Ranges.of(at, np.minimum(at + BLOCK, end)).widen(BLOCK).clip(start, end))
    return union(found)
