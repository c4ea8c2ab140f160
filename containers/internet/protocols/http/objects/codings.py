"""Bodies on their way in: their MD5 is taken as they pass, and chunks that a client signs are taken apart."""

import hashlib
import re

from honeyweights.containers.internet.protocols.http.body import Chunked, NotChunked

_SIGNED = re.compile(rb"[0-9A-Fa-f]{1,16};chunk-signature=[0-9a-f]{64}")
_TRAILER = re.compile(rb"(x-amz-checksum-[a-z0-9]{3,12}|x-amz-trailer-signature):([A-Za-z0-9+/=]{1,128})")
SMALLEST = 8192
"""Bytes of a chunk that a real client sends, but for the last ("Signature Calculations: Transferring Payload in Multiple Chunks"). In
smaller ones the signatures would be a way out."""
MOST_EXTRAS = 1 << 20


class Summed:
    """Lets a body pass, and knows its MD5."""

    extras = b""

    def __init__(self) -> None:
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._crc = 0

    @property
    def md5(self) -> "hashlib._Hash":
        """Of the payload so far."""
        return self._md5

    def feed(self, data: bytes) -> bytes:
        """The same bytes."""
        self._md5.update(data)
        return data

    def end(self) -> bytes:
        """Nothing is held."""
        return b""


class Signed(Summed):
    """`aws-chunked`: chunks with signatures, perhaps trailers with checksums. The payload is the object."""

    def __init__(self) -> None:
        super().__init__()
        self._chunked = Chunked()
        self._broken = False
        self._chunks = self._bytes = 0
        self._signatures = bytearray()
        self.trailers: dict[str, str] = {}

    def feed(self, data: bytes) -> bytes:
        """The object's bytes among these. What breaks the coding, and what comes behind it, is payload as it came."""
        if self._broken or self._chunked.done:
            return super().feed(data)
        out = bytearray()
        try:
            for piece in self._chunked.feed(data):
                out += piece
        except NotChunked:
            self._broken = True
        if self._broken or self._chunked.done:
            out += self._chunked.rest
        self._bytes += len(out)
        self._sort()
        return super().feed(bytes(out) + self._overflow())

    def end(self) -> bytes:
        """The part of a line that came. What may come behind it is payload."""
        self._broken = self._broken or not self._chunked.done
        return b"" if self._chunked.done else self._chunked.held()

    def _sort(self) -> None:
        """Looks through what the coding said beside the payload: usual, or to be kept."""
        lines = bytes(self._chunked.extras).splitlines(keepends=True)
        self._chunked.extras = bytearray()
        for line in lines:
            bare = line.rstrip(b"\r\n")
            trailer = _TRAILER.fullmatch(bare)
            if trailer is not None and len(self.trailers) < 4:  # noqa: PLR2004  # a checksum and a signature
                self.trailers[trailer[1].decode("ascii")] = trailer[2].decode("ascii")
            elif _SIGNED.fullmatch(bare):
                self._chunks += 1
                if self._chunks > self._bytes // SMALLEST + 3:
                    self._signatures += line
            else:
                self._signatures += line

    def _overflow(self) -> bytes:
        """What is too much to be held becomes payload."""
        if len(self._signatures) < MOST_EXTRAS:
            return b""
        over = bytes(self._signatures)
        self._signatures.clear()
        return over

    @property
    def extras(self) -> bytes:  # type: ignore[override]  # read-only here
        """What was taken out and is unusual."""
        return bytes(self._signatures)
