"""ZIP archives by their local headers, wherever they stand: cut, with no central directory, zip64, data descriptors, passwords.

Stored members are plain bytes of the archive, and bzip2, xz and zstd members have magics of their own; here are deflate, LZMA, and what a
password from the evidence opens (traditional encryption and WinZip's AES). Names are never looked at.
"""

import functools
import hashlib
import lzma
import struct
import zlib
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from honeyweights.evidence.assay import ciphers, native
from honeyweights.evidence.assay.ciphers import SAMPLE, Deciphered, Opened, Plain
from honeyweights.evidence.assay.coverage import EMPTY, Ints, Ranges
from honeyweights.evidence.assay.decode import Decoded, Decoder, View
from honeyweights.evidence.assay.decoders.deflate import RAW, Inflater
from honeyweights.evidence.assay.decoders.lzma_ import ERRORS
from honeyweights.evidence.assay.streams import Fed, Format, Machine, Standard, prober, runner

_MAGIC = b"PK\x03\x04"
_HEAD = struct.Struct("<4sHHHHHIIIHH")
_DEFLATE, _LZMA, _AES = 8, 14, 99
_CRC_TABLE = np.array([functools.reduce(lambda c, _: c >> 1 ^ (0xEDB88320 if c & 1 else 0), range(8), i) for i in range(256)], np.uint32)


class _Member(NamedTuple):
    """What a local header says that matters."""

    at: int
    start: int
    method: int
    secret: bool
    check: int
    """The byte that the right password makes the last of the 12 in front."""
    crc: int | None
    """Of the content, unless it stands behind it."""
    packed: int
    """Bytes of content, or 0."""
    extra: bytes


def _member(view: View, at: int) -> _Member | None:
    raw = view.data[at : at + _HEAD.size].tobytes()
    if len(raw) < _HEAD.size:
        return None
    _, _, flags, method, time, _, crc, packed, size, name, more = _HEAD.unpack(raw)
    extra = view.data[at + _HEAD.size + name : at + _HEAD.size + name + more].tobytes()
    if packed == 0xFFFFFFFF and len(fields := _extra(extra, 1)) >= 8:  # noqa: PLR2004  # zip64
        packed = int.from_bytes(fields[8:16] if size == 0xFFFFFFFF and len(fields) >= 16 else fields[:8], "little")  # noqa: PLR2004
    check = time >> 8 if flags & 8 else crc >> 24
    start = at + _HEAD.size + name + more
    known = None if flags & 8 else crc
    return _Member(at, start, method, bool(flags & 1), check, known, packed, extra) if start < view.data.size else None


def _extra(extra: bytes, wanted: int) -> bytes:
    """The extra field of that number."""
    place = 0
    while place + 4 <= len(extra):
        number, size = struct.unpack_from("<HH", extra, place)
        if number == wanted:
            return extra[place + 4 : place + 4 + size]
        place += 4 + size
    return b""


def _machine(method: int, head: bytes) -> tuple[Machine, int] | None:
    """A machine for the content, and how many bytes of a head of its own to leave out."""
    if method == _DEFLATE:
        return Inflater(RAW), 0
    if method == _LZMA and len(head) >= 9 and head[4] < 225:  # noqa: PLR2004  # version, size of properties, properties
        code, size = head[4], int.from_bytes(head[5:9], "little")
        chain = [
            {"id": lzma.FILTER_LZMA1, "dict_size": min(max(size, 4096), 1 << 29), "lc": code % 9, "lp": code // 9 % 5, "pb": code // 45}
        ]
        try:
            return Standard(lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=chain), ERRORS), 9
        except ERRORS:
            return None
    return (Plain(), 0) if method == 0 else None


class _Checked:
    """A machine of a member's content that ends well only where the checksum in front of it, or behind it, says so: most bits decode."""

    def __init__(self, inner: Machine, view: View, member: _Member, start: int) -> None:
        self._inner, self._view, self._member, self._at = inner, view, member, start
        self._crc = 0
        self.eof = False

    @property
    def unused(self) -> int:
        """As `Machine.unused`."""
        return self._inner.unused

    def feed(self, fed: bytes) -> Fed:
        """As `Machine.feed`."""
        made = self._inner.feed(fed)
        self._crc = zlib.crc32(made.out, self._crc)
        self._at += len(fed) - len(made.rest)
        if not self._inner.eof:
            return made
        end = self._at - self._inner.unused
        behind = self._view.data[end : end + 8].tobytes()
        self.eof = self._crc == self._member.crc or self._crc.to_bytes(4, "little") in {behind[:4], behind[4:]}
        return made._replace(broke=made.broke or not self.eof)


def _candidates(view: View, extents: Ranges) -> Ints:
    places = view.places(_MAGIC, extents)
    places = places[places + _HEAD.size <= view.data.size]
    flags, methods, name, more = (view.data[places + at] + (view.data[places + at + 1].astype(np.int64) << 8) for at in (6, 8, 26, 28))
    good = (flags & 1 == 0) & ((methods == _DEFLATE) | (methods == _LZMA)) & (places + _HEAD.size + name + more < view.data.size)
    return np.asarray(places[good])


def _open(view: View, at: int) -> tuple[Machine, int] | None:
    member = _member(view, at)
    if member is None:
        return None
    made = _machine(member.method, view.data[member.start : member.start + 9].tobytes())
    return (_Checked(made[0], view, member, member.start + made[1]), member.start + made[1]) if made else None


def traditional(password: bytes) -> Callable[[bytes], bytes]:
    """Takes a ZIP archive's traditional encryption off, slice after slice."""
    keys = np.array([0x12345678, 0x23456789, 0x34567890], np.uint32)
    _unzip(np.frombuffer(password, np.uint8).copy(), keys, stir=True)

    def update(data: bytes) -> bytes:
        plain = np.frombuffer(data, np.uint8).copy()
        if native.KERNEL is None:
            _unzip(plain, keys)
        else:
            native.KERNEL.hw_unzip(native.address(plain), plain.size, native.address(keys), native.address(_CRC_TABLE))
        return plain.tobytes()

    return update


def _unzip(
    data: "np.ndarray[tuple[int, ...], np.dtype[np.uint8]]", keys: "np.ndarray[tuple[int, ...], np.dtype[np.uint32]]", *, stir: bool = False
) -> None:
    """The slow twin of the kernel's; `stir` takes the data for the password."""
    a, b, c = (int(key) for key in keys)
    table = _CRC_TABLE.tolist()
    for place, byte in enumerate(data.tolist()):
        mask = (c | 2) & 0xFFFF
        plain = byte if stir else byte ^ (mask * (mask ^ 1) >> 8 & 255)
        data[place] = plain
        a = table[(a ^ plain) & 255] ^ a >> 8
        b = ((b + (a & 255)) * 134775813 + 1) & 0xFFFFFFFF
        c = table[(c ^ b >> 24) & 255] ^ c >> 8
    keys[:] = a, b, c


def winzip(key: bytes) -> Callable[[bytes], bytes]:
    """AES in counter mode whose counter's first byte is its lowest, from 1."""
    encrypt = ciphers.encipher(key)
    place = 0
    left = b""

    def update(data: bytes) -> bytes:
        nonlocal place, left
        count = -(-(len(data) - len(left)) // 16)
        if count > 0:
            blocks = np.zeros((count, 2), "<u8")
            blocks[:, 0] = np.arange(place + 1, place + 1 + count)
            place += count
            left += encrypt(blocks.tobytes())
        stream, left = left[: len(data)], left[len(data) :]
        return (np.frombuffer(data, np.uint8) ^ np.frombuffer(stream, np.uint8)).tobytes()

    return update


def _locked(view: View) -> Ranges:
    if not view.secrets:
        return EMPTY
    places = view.places(_MAGIC, view.residue)
    at = np.array([at for at in places.tolist() if (member := _member(view, at)) and member.secret], np.int64)
    return Ranges.of(at, at + 1)


def _unlock(view: View, member: _Member, secret: bytes) -> Opened | None:
    """The member, if the secret opens it."""
    aes = _extra(member.extra, 0x9901)
    method = int.from_bytes(aes[5:7], "little") if member.method == _AES and len(aes) >= 7 else member.method  # noqa: PLR2004
    skip = 12
    if member.method == _AES:
        strength = aes[4] if len(aes) >= 7 and aes[4] in {1, 2, 3} else 3  # noqa: PLR2004
        size, salt = 8 + 8 * strength, 4 + 4 * strength
        head = view.data[member.start : member.start + salt + 2].tobytes()
        made = hashlib.pbkdf2_hmac("sha1", secret, head[:salt], 1000, 2 * size + 2)
        if made[-2:] != head[salt:]:
            return None
        probe, update, skip = winzip(made[:size]), winzip(made[:size]), salt + 2
    else:
        probe, update = traditional(secret), traditional(secret)
        if probe(view.data[member.start : member.start + 12].tobytes())[-1:] != bytes([member.check]):
            return None
        update(view.data[member.start : member.start + 12].tobytes())
    sample = probe(view.data[member.start + skip : member.start + skip + SAMPLE].tobytes())
    inner, trial = _machine(method, sample), _machine(method, sample)
    if inner is None or trial is None:
        return None
    fed = trial[0].feed(sample[trial[1] :])
    if (fed.broke or not fed.out) if method else not (member.method == _AES or ciphers.plausible(view, sample)):
        return None
    update(view.data[member.start + skip : member.start + skip + inner[1]].tobytes())
    end = member.start + member.packed - (10 if member.method == _AES else 0) if member.packed else None
    return Opened(head=member.at, start=member.start + skip + inner[1], machine=Deciphered(update, inner[0]), end=end)


def _open_locked(view: View, extents: Ranges) -> Iterator[Decoded]:
    known: dict[bytes, None] = {}
    opened, failed = [], 0
    for at in extents.starts.tolist():
        member = _member(view, at)
        if member is None:
            continue
        for secret in [*known, *(view.secrets if ciphers.all_secrets(view, failed) else ())]:
            stream = None if view.budget.late() else _unlock(view, member, secret)
            if stream:
                known[secret] = None
                opened.append(stream)
                break
        else:
            failed += 1
    yield from ciphers.run(view, opened)


FORMAT = Format(candidates=_candidates, open=_open, proof="end")
DECODERS = (
    Decoder(name="zip", rank=20, probe=prober(FORMAT), decode=runner(FORMAT)),
    Decoder(name="zip password", rank=41, probe=_locked, decode=_open_locked),
)
