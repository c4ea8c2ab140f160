"""`gpg --symmetric` (RFC 4880) with a passphrase from the evidence: AES in CFB with a modification check, compression and partial lengths.

Debian 12's gpg makes exactly these; newer ones' AEAD packets and messages to public keys are not read.
"""

import hashlib
from collections.abc import Callable, Iterator

import numpy as np

from honeyweights.evidence.assay import ciphers
from honeyweights.evidence.assay.ciphers import Opened, Plain
from honeyweights.evidence.assay.coverage import EMPTY, Ranges
from honeyweights.evidence.assay.decode import Decoded, Decoder, View
from honeyweights.evidence.assay.decoders.deflate import RAW, Inflater
from honeyweights.evidence.assay.streams import OUTPUT, Fed, Machine

_KEYS = {7: 16, 8: 24, 9: 32}
_DIGESTS = {2: "sha1", 8: "sha256", 9: "sha384", 10: "sha512", 11: "sha224"}
_MAGICS = (b"\x8c\x0d\x04", b"\xc3\x0d\x04")
_FEW = 96
_ENCRYPTED, _COMPRESSED, _LITERAL = 18, 8, 11


class Packet:
    """The content of a packet whose length may come in parts (RFC 4880, 4.2)."""

    def __init__(self, *, typed: bool = True) -> None:
        """`typed`: the packet's own head comes first."""
        self._held = b""
        self._left = 0
        self._last = False
        self._old = False
        self._endless = False
        self.tag = -1 if typed else _ENCRYPTED
        self.done = False

    def take(self, data: bytes) -> bytes:
        """The content in the next bytes."""
        out = bytearray()
        self._held += data
        while self._held and not self.done:
            if self._left or self._endless:
                part = self._held if self._endless else self._held[: self._left]
                out += part
                self._held = self._held[len(part) :]
                self._left -= 0 if self._endless else len(part)
                self.done = self._last and not self._left and not self._endless
            elif not self._head():
                break
        return bytes(out)

    def _head(self) -> bool:
        """Reads a tag, or the next length; false when more bytes are needed."""
        if self.tag < 0:
            first = self._held[0]
            if not first & 0x80:
                self.done = True
                return False
            self._old = not first & 0x40
            size = first & 3
            if self._old and size < 3 and len(self._held) < 2 + (1 << size) - 1:  # noqa: PLR2004
                return False
            self.tag = first >> 2 & 15 if self._old else first & 63
            self._held = self._held[1:]
            if self._old:
                self._endless = size == 3  # noqa: PLR2004
                width = 0 if self._endless else 1 << size
                self._left, self._held, self._last = int.from_bytes(self._held[:width], "big"), self._held[width:], True
            return True
        first = self._held[0]
        width = 1 if first < 192 or 224 <= first < 255 else 2 if first < 224 else 5  # noqa: PLR2004  # 4.2.2
        if len(self._held) < width:
            return False
        rest, self._held = self._held[1:width], self._held[width:]
        self._last = not 224 <= first < 255  # noqa: PLR2004
        self._left = first if width == 1 else (first - 192 << 8) + rest[0] + 192 if width == 2 else int.from_bytes(rest, "big")  # noqa: PLR2004
        if not self._last:
            self._left = 1 << (first & 31)
        self.done = self._last and not self._left
        return True


class Message:
    """A machine for what follows the session key: encrypted packet, prefix, compression, literal data."""

    eof = False
    unused = 0

    def __init__(self, update: Callable[[bytes], bytes]) -> None:
        self._update = update
        self._outer = Packet()
        self._prefix = 19
        self._packet = Packet()
        self._inner: Machine | None = None
        self._literal: Packet | None = None

    def feed(self, fed: bytes) -> Fed:
        """As `Machine.feed`; all of the input is used."""
        body = self._outer.take(fed)
        version = min(1, len(body)) if self._prefix == 19 else 0  # noqa: PLR2004  # one byte in front is not encrypted
        plain = self._update(body[version:])
        skip = min(self._prefix - (self._prefix == 19), len(plain)) if version or self._prefix != 19 else 0  # noqa: PLR2004
        self._prefix -= skip + version
        return self._packets(plain[skip:])

    def _packets(self, plain: bytes) -> Fed:
        content = self._packet.take(plain)
        if self._packet.tag == _LITERAL:
            return Fed(content)
        if self._packet.tag != _COMPRESSED:
            return Fed(b"", broke=self._packet.tag >= 0)
        if self._inner is None:
            if not content:
                return Fed(b"")
            self._inner, content = _compressed(content[0]), content[1:]
            self._literal = Packet()
            if self._inner is None:
                return Fed(b"", broke=True)
        out, more = bytearray(), True
        while (content or more) and len(out) < 4 * OUTPUT and not self._inner.eof:
            given = len(content)
            made, content, broke, more = self._inner.feed(content)
            out += made
            if broke or (not made and len(content) == given):
                break
        assert self._literal is not None  # noqa: S101  # made with the inner machine
        return Fed(self._literal.take(bytes(out)))


def _compressed(kind: int) -> Machine | None:
    """The machine of a compressed packet: none, ZIP, ZLIB, BZip2."""
    if kind == 3:  # noqa: PLR2004
        import bz2  # noqa: PLC0415  # hardly ever

        from honeyweights.evidence.assay.streams import Standard  # noqa: PLC0415  # likewise

        return Standard(bz2.BZ2Decompressor(), (OSError, ValueError))
    makers: dict[int, Callable[[], Machine]] = {0: Plain, 1: lambda: Inflater(RAW), 2: lambda: Inflater(15)}
    return makers[kind]() if kind in makers else None


def _session(head: bytes, secret: bytes, size: int) -> bytes:
    """The key that an iterated and salted S2K makes (RFC 4880, 3.7.1.3)."""
    digest, salt, code = _DIGESTS[head[3]], head[4:12], head[12]
    count = (16 + (code & 15)) << ((code >> 4) + 6)
    unit = salt + secret
    key, lead = b"", 0
    block = unit * max(1, (1 << 16) // len(unit))
    while len(key) < size:
        hashing = hashlib.new(digest, b"\0" * lead, usedforsecurity=False)
        whole, left = divmod(max(count, len(unit)), len(block))
        for _ in range(whole):
            hashing.update(block)
        hashing.update(block[:left])
        key += hashing.digest()
        lead += 1
    return key[:size]


def _heads(view: View) -> Ranges:
    if not view.secrets:
        return EMPTY
    at = np.unique(np.concatenate([view.places(magic, view.residue) for magic in _MAGICS]))
    good = []
    for place in at.tolist():
        head = view.data[place + 2 : place + 15].tobytes()
        if len(head) == 13 and head[1] in _KEYS and head[2] == 3 and head[3] in _DIGESTS:  # noqa: PLR2004
            good.append(place)
    places = np.array(good, np.int64)
    return Ranges.of(places, places + 1)


def _open(view: View, extents: Ranges) -> Iterator[Decoded]:
    known: dict[bytes, None] = {}
    opened, failed = [], 0
    for at in extents.starts.tolist():
        head = view.data[at + 2 : at + 15].tobytes()
        first = Packet().take(view.data[at + 15 : at + 64].tobytes())[1:19]
        size = _KEYS[head[1]]
        more = ciphers.likeliest(view, _FEW, "a gpg message") if ciphers.all_secrets(view, failed, ciphers.HEADS // 8) else ()
        for secret in [*known, *more]:
            if len(first) < 18 or view.budget.late():  # noqa: PLR2004
                break
            key = _session(head, secret, size)
            start = ciphers.decipher("cfb", key, b"\0" * 16)(first)
            if start[14:16] == start[16:18]:
                known[secret] = None
                machine = Message(ciphers.decipher("cfb", key, b"\0" * 16))
                opened.append(Opened(head=at, start=at + 15, machine=machine))
                break
        else:
            failed += 1
    yield from ciphers.run(view, opened)


DECODERS = (Decoder(name="gpg", rank=42, probe=_heads, decode=_open),)
