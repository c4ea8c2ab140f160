"""7z archives: LZMA, LZMA2, BZip2, Deflate (no PPMd); branch filters and delta; AES-256 with a password; packed headers.

An archive whose end was lost has no header: its first stream is then read as LZMA2, and as LZMA with the usual properties.
"""

import bz2
import hashlib
import lzma
import struct
import zlib
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from honeyweights.evidence.assay import ciphers
from honeyweights.evidence.assay.ciphers import Deciphered, Opened, Plain
from honeyweights.evidence.assay.coverage import EMPTY, Ranges
from honeyweights.evidence.assay.decode import Decoded, Decoder, View
from honeyweights.evidence.assay.decoders.deflate import RAW, Inflater
from honeyweights.evidence.assay.decoders.lzma_ import ERRORS
from honeyweights.evidence.assay.streams import Machine, Standard

_MAGIC = b"7z\xbc\xaf\x27\x1c"
_HEAD = 32
_LARGEST_HEADER = 16 << 20
_MOST = 1 << 20
_MOST_CYCLES = 22
_DICTIONARY = 1 << 26
_AES = b"\x06\xf1\x07\x01"
_LZMA, _LZMA2 = b"\x03\x01\x01", b"\x21"
_FILTERS = {
    b"\x03": lzma.FILTER_DELTA, b"\x04": lzma.FILTER_X86, b"\x03\x03\x01\x03": lzma.FILTER_X86, b"\x03\x03\x02\x05": lzma.FILTER_POWERPC,
    b"\x03\x03\x04\x01": lzma.FILTER_IA64, b"\x03\x03\x05\x01": lzma.FILTER_ARM, b"\x03\x03\x07\x01": lzma.FILTER_ARMTHUMB,
    b"\x03\x03\x08\x05": lzma.FILTER_SPARC,
}  # fmt: skip


class _Coder(NamedTuple):
    """One step of a folder."""

    method: bytes
    properties: bytes
    inputs: int


class _Folder(NamedTuple):
    """Coders, and where the first packed stream of a folder stands and ends."""

    coders: tuple[_Coder, ...]
    start: int
    end: int
    size: int
    """Of what comes out."""


class _Reader:
    """Numbers of a 7z header. Raises ValueError where it ends too early or asks for too much."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, size: int) -> bytes:
        """So many bytes."""
        if size < 0 or self._at + size > len(self._data):
            raise ValueError("the header ends too early")
        self._at += size
        return self._data[self._at - size : self._at]

    def byte(self) -> int:
        """One byte."""
        return self.take(1)[0]

    def number(self) -> int:
        """A number whose first byte says how many follow."""
        first, mask, value = self.byte(), 0x80, 0
        for k in range(8):
            if not first & mask:
                return value + ((first & (mask - 1)) << 8 * k)
            value |= self.byte() << 8 * k
            mask >>= 1
        return value

    def count(self) -> int:
        """A number of things, of which there cannot be too many."""
        value = self.number()
        if value > _MOST:
            raise ValueError("the header names too many things")
        return value

    def digests(self, count: int) -> None:
        """Skips checksums."""
        defined = count if self.byte() else sum(byte.bit_count() for byte in self.take(-(-count // 8)))
        self.take(4 * defined)


def _streams(reader: _Reader, base: int) -> list[_Folder]:
    """Pack info and coders' info (7zFormat.txt); `base` is where packed streams are counted from."""
    start, sizes, folders = base, list[int](), list[tuple[tuple[_Coder, ...], int]]()
    outs: list[list[int]] = []
    while (mark := reader.byte()) not in {0, 8}:
        if mark == 6:  # noqa: PLR2004  # pack info
            start += reader.number()
            count = reader.count()
            while (part := reader.byte()) != 0:
                if part == 9:  # noqa: PLR2004  # sizes
                    sizes = [reader.number() for _ in range(count)]
                else:
                    reader.digests(count)
        elif mark == 7:  # noqa: PLR2004  # coders
            folders, outs = _coders(reader)
        else:
            raise ValueError("the header holds what it cannot")
    return _placed(start, sizes, folders, outs)


def _placed(start: int, sizes: list[int], folders: list[tuple[tuple[_Coder, ...], int]], outs: list[list[int]]) -> list[_Folder]:
    found, stream, place = [], 0, start
    for (coders, packed), unpacked in zip(folders, outs, strict=False):
        size = sum(sizes[stream : stream + packed])
        first = sizes[stream] if stream < len(sizes) else 0
        found.append(_Folder(coders, place, place + first, max(unpacked, default=0)))
        place += size
        stream += packed
    return found


def _coders(reader: _Reader) -> tuple[list[tuple[tuple[_Coder, ...], int]], list[list[int]]]:
    folders, outs = [], list[list[int]]()
    if reader.byte() != 0x0B:  # noqa: PLR2004  # folders
        raise ValueError("the header has no folders")
    count = reader.count()
    if reader.byte():
        raise ValueError("the header is elsewhere")
    produced = []
    for _ in range(count):
        coders, inputs, outputs = [], 0, 0
        for _ in range(reader.count()):
            flags = reader.byte()
            method = reader.take(flags & 15)
            ins, out = (reader.count(), reader.count()) if flags & 16 else (1, 1)
            coders.append(_Coder(method, reader.take(reader.count()) if flags & 32 else b"", ins))
            inputs, outputs = inputs + ins, outputs + out
        for _ in range(outputs - 1):
            reader.count(), reader.count()
        packed = inputs - outputs + 1
        for _ in range(packed if packed > 1 else 0):
            reader.count()
        folders.append((tuple(coders), packed))
        produced.append(outputs)
    while (part := reader.byte()) != 0:
        if part == 0x0C:  # noqa: PLR2004  # sizes
            outs = [[reader.number() for _ in range(outputs)] for outputs in produced]
        else:
            reader.digests(count)
    return folders, outs


def _key(secret: bytes, properties: bytes) -> tuple[bytes, bytes] | None:
    """Key and first vector of 7z's AES: SHA-256 over the password in UTF-16, 2^cycles times."""
    first, second = (*properties[:2], 0, 0)[:2]
    cycles, salt_size, vector_size = first & 63, (first >> 7) + (second >> 4), (first >> 6 & 1) + (second & 15)
    salt, vector = properties[2 : 2 + salt_size], properties[2 + salt_size : 2 + salt_size + vector_size]
    if cycles > _MOST_CYCLES:
        return None
    password = secret.decode("utf-8", "replace").encode("utf-16-le")
    hashing, unit = hashlib.sha256(), salt + password
    for low in range(0, 1 << cycles, 1 << 16):
        count = min(1 << 16, (1 << cycles) - low)
        rows = np.empty((count, len(unit) + 8), np.uint8)
        rows[:, : len(unit)] = np.frombuffer(unit, np.uint8)
        rows[:, len(unit) :] = np.arange(low, low + count, dtype="<u8").view(np.uint8).reshape(-1, 8)
        hashing.update(rows.data)
    return hashing.digest(), vector.ljust(16, b"\0")


def _machine(coders: tuple[_Coder, ...]) -> Machine | None:
    """The coders behind any encryption, as liblzma's chain where it is one."""
    if not coders:
        return Plain()
    main = next((coder for coder in coders if coder.method in {_LZMA, _LZMA2}), None)
    chain: list[dict[str, Any]] = []
    for coder in coders:
        if coder.method in _FILTERS and coder.inputs == 1:
            delta = {"dist": coder.properties[0] + 1} if coder.method == b"\x03" and coder.properties else {}
            chain.append({"id": _FILTERS[coder.method], **delta})
    if main is not None:
        chain.append(_lzma(main))
        return Standard(lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=chain), ERRORS)
    makers: dict[bytes, Callable[[], Machine]] = {
        b"\0": Plain,
        b"\x04\x02\x02": lambda: Standard(bz2.BZ2Decompressor(), (OSError, ValueError)),
        b"\x04\x01\x08": lambda: Inflater(RAW),
    }
    return next((makers[coder.method]() for coder in coders if coder.method in makers), None)


def _lzma(coder: _Coder) -> dict[str, Any]:
    if coder.method == _LZMA2:
        code = coder.properties[0] if coder.properties else 24
        size = (2 | code & 1) << (code // 2 + 11)
        return {"id": lzma.FILTER_LZMA2, "dict_size": min(max(size, 4096), 1 << 29)}
    code, size = struct.unpack("<BI", coder.properties[:5])
    return {"id": lzma.FILTER_LZMA1, "dict_size": min(max(size, 4096), 1 << 29), "lc": code % 9, "lp": code // 9 % 5, "pb": code // 45}


def _opened(view: View, folder: _Folder, keys: "dict[bytes, tuple[bytes, bytes]]", *, header: bool = False) -> Opened | None:
    """A folder's stream, deciphered with the first secret that makes sense of it."""
    lock = next((coder for coder in folder.coders if coder.method == _AES), None)
    rest = tuple(coder for coder in folder.coders if coder.method != _AES)
    if not 0 <= folder.start < view.data.size:
        return None
    if lock is None:
        made = _machine(rest)
        return Opened(head=folder.start, start=folder.start, machine=made, end=folder.end) if made else None
    sample = view.data[folder.start : folder.start + min(ciphers.SAMPLE, max(16, folder.end - folder.start))].tobytes()
    for secret in view.secrets:
        if view.budget.late():
            return None
        keyed = keys.setdefault(secret + b"\0" + lock.properties, _key(secret, lock.properties) or (b"", b""))
        trial, inner = _machine(rest), _machine(rest)
        if not keyed[0]:
            view.budget.give_up(f"a 7z archive asks for more than 2^{_MOST_CYCLES} rounds of SHA-256, and was left")
        if not keyed[0] or trial is None or inner is None:
            return None
        plain = ciphers.decipher("cbc", *keyed)(sample[: len(sample) // 16 * 16])
        fed = trial.feed(plain)
        content = ciphers.plausible(view, plain) if isinstance(trial, Plain) else not fed.broke or len(fed.out) >= 1 << 10
        if fed.out[:1] in {b"\x01", b"\x17"} if header else content:
            return Opened(head=folder.start, start=folder.start, machine=Deciphered(ciphers.decipher("cbc", *keyed), inner), end=folder.end)
    return None


def _header(view: View, at: int, keys: "dict[bytes, tuple[bytes, bytes]]") -> bytes:
    """The archive's header, unpacked. Raises ValueError when there is none."""
    offset, size = struct.unpack("<QQ", view.data[at + 12 : at + 28].tobytes())
    if not 0 < size <= _LARGEST_HEADER or at + _HEAD + offset + size > view.data.size:
        raise ValueError("the header is not there")
    raw = view.data[at + _HEAD + offset : at + _HEAD + offset + size].tobytes()
    for _ in range(4):
        if raw[:1] != b"\x17":
            return raw
        (folder, *_rest) = _streams(_Reader(raw[1:]), at + _HEAD)
        opened = _opened(view, folder, keys, header=True)
        if opened is None or folder.size > _LARGEST_HEADER:
            raise ValueError("the header cannot be read")
        raw, fed = b"", view.data[folder.start : folder.end].tobytes()
        while len(raw) < folder.size:
            made = opened.machine.feed(fed)
            raw, fed = raw + made.out, made.rest
            if made.broke or not made.out:
                break
    return raw


def _folders(view: View, at: int, keys: "dict[bytes, tuple[bytes, bytes]]") -> list[_Folder]:
    """What the archive holds; of one with no header what it usually holds."""
    try:
        reader = _Reader(_header(view, at, keys))
        return _streams(reader, at + _HEAD) if reader.take(2) == b"\1\4" else []  # header, streams' info
    except (ValueError, struct.error, *ERRORS, zlib.error):
        start, end = at + _HEAD, view.data.size
        usual = (_Coder(_LZMA2, b"\x1c", 1), _Coder(_LZMA, b"\x5d" + struct.pack("<I", _DICTIONARY), 1))
        return [_Folder((coder,), start, end, 0) for coder in usual]


def _heads(view: View) -> Ranges:
    at = view.places(_MAGIC, view.residue)
    return Ranges.of(at, at + 1) if at.size else EMPTY


def _open(view: View, extents: Ranges) -> Iterator[Decoded]:
    keys: dict[bytes, tuple[bytes, bytes]] = {}
    for at in extents.starts.tolist():
        if view.budget.late():
            return
        for folder in _folders(view, at, keys):
            try:
                opened = _opened(view, folder, keys)
            except (ValueError, struct.error, *ERRORS):
                continue
            if opened:
                yield from ciphers.run(view, [opened])


DECODERS = (Decoder(name="7z", rank=21, probe=_heads, decode=_open),)
