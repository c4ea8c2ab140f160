"""Codes of text spelled otherwise: backwards (`rev`), with letters turned by 13 (`tr A-Za-z N-ZA-Mn-za-m`), with the other case.

What comes out is text again, for the decoders of text to read. Only text that looks like a code is respelled, and of much of it a few
samples must show weights, or the head of something that can be read, before all of it is.
"""

import binascii
from collections.abc import Callable, Iterator

import numpy as np

from honeyweights.evidence.assay.coverage import EMPTY, Ranges
from honeyweights.evidence.assay.decode import LARGEST, Decoded, Decoder, View
from honeyweights.evidence.assay.index import Bytes
from honeyweights.evidence.assay.text import BASE64, HEX, Code, blocks, groups
from honeyweights.evidence.assay.trace import Trace

_RANK = 72
_SLICE = 1 << 16
_SHARE = 0.97
_LITTLE = 1 << 18
_SAMPLES = 8
_SAMPLE = 1 << 13
_HEAD = 1 << 10
_CODE = np.zeros(256, np.bool_)
_CODE[list(BASE64.alphabet + b"\r\n")] = True
_UPPER, _LOWER = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ", b"abcdefghijklmnopqrstuvwxyz"
ROT13 = bytes.maketrans(_UPPER + _LOWER, _UPPER[13:] + _UPPER[:13] + _LOWER[13:] + _LOWER[:13])
_SWAPPED = bytes.maketrans(_UPPER + _LOWER, _LOWER + _UPPER)
_HEADS = (b"\x1f\x8b\x08", b"PK\3\4", b"BZh", b"\xfd7zXZ", b"7z\xbc\xaf", b"(\xb5/\xfd", b'\4"M\x18', b"Salted__", b"age-encryption")
Spell = Callable[[bytes], bytes]


def _line_by_line(text: bytes) -> bytes:
    """Each line backwards, as `rev` turns it: so it undoes itself."""
    return b"\n".join(line[::-1] for line in text.split(b"\n"))


def _code_text(view: View) -> Ranges:
    return blocks(view, lambda text: text.among(_CODE) >= _SHARE)


def _promises(view: View, text: bytes) -> bool:
    """Whether a sample of respelled text, read as a code, begins like a file or holds weights."""
    for code in (BASE64, HEX):
        delete = bytes(set(range(256)) - set(code.alphabet))
        clean = text.translate(code.table, delete)
        for phase in range(code.quantum):
            whole = clean[phase : phase + (len(clean) - phase) // code.quantum * code.quantum]
            raw = _read(code, whole)
            if raw.startswith(_HEADS) or view.promise(np.frombuffer(raw, np.uint8)) > 0:
                return True
    return False


def _read(code: Code, text: bytes) -> bytes:
    try:
        return code.read(text)
    except (binascii.Error, ValueError):
        return b""


def _row(name: str, spell: Spell) -> Decoder:
    def probe(view: View) -> Ranges:
        found = _code_text(view)
        return found if found.total <= _LITTLE or any(_promises(view, sample) for sample in _samples(view, found, spell)) else EMPTY

    def decode(view: View, extents: Ranges) -> Iterator[Decoded]:
        for group in groups(extents, LARGEST):
            pieces, places = list[Bytes](), list[tuple[int, int, int]]()
            for low, high in _lines(view, group):
                pieces.append(np.frombuffer(spell(view.data[low:high].tobytes()), np.uint8))
                places.append((high - low, low, high))
            if pieces and view.budget.take(sum(size for size, _, _ in places)):
                yield Decoded(data=np.concatenate(pieces), origin=(Trace.of(places),))

    return Decoder(name=name, rank=_RANK, once=True, probe=probe, decode=decode)


def _samples(view: View, found: Ranges, spell: Spell) -> Iterator[bytes]:
    """Respelled: how the first stretches begin, and some of what stands in them."""
    for start, end in list(found)[:_SAMPLES]:
        yield spell(view.data[start : min(start + _HEAD, end)].tobytes())
        yield spell(view.data[max(start, end - _HEAD) : end].tobytes())
    ends = np.cumsum(found.ends - found.starts)
    for place in np.linspace(0, int(ends[-1]) - 1, _SAMPLES).astype(np.int64).tolist():
        home = int(np.searchsorted(ends, place, "right"))
        at = int(found.ends[home] - (ends[home] - place))
        yield spell(view.data[at : min(at + _SAMPLE, int(found.ends[home]))].tobytes())


def _lines(view: View, extents: Ranges) -> Iterator[tuple[int, int]]:
    """Stretches of about 64 KiB that end with a line; one line, however long, stays whole."""
    for start, end in extents:
        breaks = np.flatnonzero(np.asarray(view.data[start:end]) == ord("\n")) + start + 1
        low = start
        while low < end:
            next_ = int(np.searchsorted(breaks, low + _SLICE))
            high = int(breaks[next_]) if next_ < breaks.size else end
            yield low, high
            low = high


DECODERS = (
    _row("backwards", _line_by_line),
    _row("rot13", lambda text: text.translate(ROT13)),
    _row("other case", lambda text: text.translate(_SWAPPED)),
)
