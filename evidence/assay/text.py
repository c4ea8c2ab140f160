"""What the decoders of text share: codes of a fixed quantum, read in every phase.

Everything outside the alphabet is deleted first, so wrapping, quotes, JSON and the edges of form fields do not matter; then the text is
read in every phase (4 of base64, 2 of hex), since a prefix or a cut in the middle of a quantum shifts it. Each phase reads only what the
former ones left unexplained, and the phases that promise most go first. What was cut first and written then, a part in each form or string
of a JSON, is read part by part before that: padding and names between the parts would stand in what they were cut from.

Law of this file: no alphabet is worth more than another; a new code is a new row of `Code`.
"""

import binascii
import itertools
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from honeyweights.evidence.assay.coverage import Ints, Ranges, union
from honeyweights.evidence.assay.decode import LARGEST, Decoded, View
from honeyweights.evidence.assay.index import Bytes
from honeyweights.evidence.assay.parts import LEAST_CHARACTERS, Script
from honeyweights.evidence.assay.texture import BLOCK, FINE, Blocks, text_ranges, textual
from honeyweights.evidence.assay.trace import Trace

_SLICE = 1 << 16
_SAMPLE = 1 << 14
_SAMPLES = 6
_MUCH = 1 << 20
_EVERY = 8
_NOTE = 256
_LEGIBLE = 0.75
_LINE_ENDS = (b"\\n", b"\\r")
"""Of wrapped text inside JSON: the letter would shift the phase of every line."""
_WORD = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


@dataclass(frozen=True, kw_only=True)
class Code(Script):
    """A code that writes `size` bytes as `quantum` characters."""

    alphabet: bytes
    size: int
    read: Callable[[bytes], bytes]
    drop: tuple[bytes, ...] = _LINE_ENDS
    """What goes before all else that is not of the alphabet."""


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
    return (view.characters & (view.residue - union(view.legible)).widen(BLOCK)).longer(LEAST_CHARACTERS)


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


def _rows(view: View, extents: Ranges, code: Code) -> tuple[bytes, Ints, Ints]:
    """The extents' text, a wall between them; rows of the code's characters in it; and how far each is from its place in the body."""
    raw = b"\0".join(view.data[start:end].tobytes() for start, end in extents)
    for escape in code.drop:
        raw = raw.replace(escape, b" " * len(escape))
    sizes = extents.ends - extents.starts + 1
    inner = np.cumsum(sizes) - sizes
    home = np.searchsorted(extents.starts, view.starts, "right") - 1
    cuts = (view.starts - extents.starts[home] + inner[home])[(home >= 0) & (view.starts < extents.ends[home])]
    rows = code.rows(raw, cuts)
    return raw, rows, (extents.starts - inner)[np.searchsorted(inner, rows[:, 0], "right") - 1]


def _in_parts(view: View, extents: Ranges, code: Code) -> bool:
    """Whether samples show parts with padding or words between them, and are parts for the most: prose is words alone."""
    words, long = re.compile(rb"[=" + re.escape(code.parts) + rb"]"), re.compile(rb"[%b]{%d,}" % (re.escape(code.parts), LEAST_CHARACTERS))
    for start, end in sorted(extents.longer(2 * _NOTE), key=lambda extent: extent[0] - extent[1])[:_SAMPLES]:
        for low in range(start, end, max(_SLICE, (end - start) // _SAMPLES + 1)):
            raw = view.data[low : min(low + _SLICE, end)].tobytes()
            if code.quantum > len(b"ff") and 2 * sum(map(len, long.findall(raw))) < len(raw):
                continue  # of hex there is nothing here but what looks like it
            spans = (_rows(view, Ranges.span(low, min(low + _SLICE, end)), code)[1][:, :2] + low).tolist()
            if any(words.search(view.data[one[1] : next_[0]].tobytes()) for one, next_ in itertools.pairwise(spans)):
                return True
    return False


def _parts(view: View, extents: Ranges, code: Code) -> tuple[Bytes, Trace]:
    """All parts, each read by itself, and where they stood; but for short ones, which are digests, borders and notes, or the last one."""
    raw, rows, shift = _rows(view, extents, code)
    lengths = np.sort(rows[:, 2])
    usual = int(lengths[int(np.searchsorted(np.cumsum(lengths) * 2, lengths.sum()))]) if lengths.size else 0
    keep = rows[:, 2] >= min(_NOTE, usual // 4)
    keep[-1:] = True
    rows, shift = rows[keep], shift[keep]
    data, sizes = _each(code, code.gathered(raw, rows), rows[:, 2])
    return data, Trace.of(np.column_stack((sizes, rows[:, :2] + shift[:, None])))


def _each(code: Code, characters: Bytes, lengths: Ints) -> tuple[Bytes, Ints]:
    """What parts of these lengths, each completed to whole quanta, stand for, and how many bytes each."""
    sizes, made = lengths * code.size // code.quantum, -(-lengths // code.quantum) * code.size
    data = _read(code, characters.tobytes())
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
        pieces = Ranges.of(starts, ends).longer(LEAST_CHARACTERS)
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
    kept = np.zeros(256, np.int64)
    kept[list(code.alphabet)] = 1
    parts: list[bytes] = []
    places: list[tuple[int, int, int]] = []
    high = 0
    for start, end in extents:
        for low in range(start, end, _SLICE):
            high = min(low + _SLICE, end)
            raw = view.data[low:high].tobytes()
            for escape in code.drop:
                if escape[:1] in raw and escape[1:] in raw:  # a single byte is looked for many times as fast as two
                    raw = raw.replace(escape, b"")
            parts.append(raw.translate(code.table, delete))
            places += _of_each(view, low, high, kept, len(parts[-1]))
    parts.append(code.filler)
    places.append((len(code.filler), high, high))
    return b"".join(parts), Trace.of(places)


def _of_each(view: View, low: int, high: int, kept: Ints, size: int) -> list[tuple[int, int, int]]:
    """A slice's place, or one for each capture in it: they may hold very different shares of the characters."""
    first, last = np.searchsorted(view.starts, (low + 1, high)).tolist()
    bounds = np.concatenate(([low], view.starts[first:last], [high]))
    sizes = np.add.reduceat(kept[view.data[low:high]], bounds[:-1] - low) if last > first else np.array([size])
    if int(sizes.sum()) != size:  # where escapes were dropped the whole has to do
        return [(size, low, high)]
    held = sizes > 0
    return list(zip(sizes[held].tolist(), bounds[:-1][held].tolist(), bounds[1:][held].tolist(), strict=True))


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


def blocks(view: View, good: Callable[[Blocks], NDArray[np.bool_]]) -> Ranges:
    """The blocks of the text for which `good` holds, with a block of margin.

    In more than a mebibyte every eighth block is looked at first, and where none of these is good, none is: what hides so is under 4 KiB.
    """
    every = text(view)
    whole = (every.ends - every.starts) // BLOCK
    keep = np.ones(whole.size, np.bool_)
    for number in np.flatnonzero(whole * BLOCK > _MUCH).tolist():
        start, many = int(every.starts[number]), int(whole[number])
        few = np.ascontiguousarray(view.data[start : start + many * BLOCK].reshape(many, BLOCK)[::_EVERY]).reshape(-1)
        keep[number] = good(Blocks(few, Ranges.span(0, few.size))).any()
    among = Blocks(view.data, Ranges(every.starts[keep], every.ends[keep]))
    return among.chosen(good(among), BLOCK)
