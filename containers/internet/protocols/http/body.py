"""Request bodies, cut out of the stream as they come: `Sized` (Content-Length) and `Chunked` (RFC 9112, 7.1).

h11 reads the heads. It does not read the bodies, for two reasons: it copies each body through its own buffer (64 MiB uploads must cost
little), and it throws chunk extensions and trailers away, in which an adversary can carry anything. Here they are kept as `extras`.
"""

import re
from collections.abc import Iterator

from honeyweights.containers.internet.talk import Data

_HEX = re.compile(rb"[0-9A-Fa-f]+[ \t]*")
LONGEST_LINE = 1 << 20
"""Of a chunk's size line or a trailer line; longer is no HTTP."""


class NotChunked(ValueError):  # noqa: N818  # a past participle, as all that is found out here
    """The body breaks the rules of chunked coding."""


class Sized:
    """A body of known length."""

    def __init__(self, length: int) -> None:
        self._left = length
        self.rest: Data = b""
        """What came behind the body, once it is done."""
        self.extras = bytearray()

    @property
    def done(self) -> bool:
        """The whole body came."""
        return self._left == 0

    def feed(self, data: Data) -> Iterator[Data]:
        """The body's bytes among these; the rest is in `rest`."""
        view = memoryview(data)
        body, self.rest = view[: self._left], view[self._left :]
        self._left -= len(body)
        if body:
            yield body

    def held(self) -> bytes:
        """Nothing is."""
        return b""


class Chunked:
    """A body in chunks."""

    def __init__(self) -> None:
        self._line = bytearray()
        self._told = 0
        self._left = 0
        self._state = "size"
        self.done = False
        self.rest: Data = b""
        self.extras = bytearray()
        """Chunk extensions and trailers, as they came, a line each."""

    def feed(self, data: Data) -> Iterator[Data]:
        """The payload among these bytes.

        Raises:
            NotChunked: where the coding is broken; `rest` then holds what could not be read.
        """
        view = memoryview(data)
        while view and not self.done:
            if self._state == "data":
                piece, view = view[: self._left], view[self._left :]
                self._left -= len(piece)
                if self._left == 0:
                    self._state = "end"
                yield piece
            else:
                view = self._feed_line(view)
        self.rest = view

    def held(self) -> bytes:
        """What came of a line whose end has not come, once: the client may be dead, or go on."""
        told, self._told = self._told, len(self._line)
        return bytes(self._line[told:])

    def _feed_line(self, view: memoryview) -> memoryview:
        window = bytes(view[:4096])
        cut = window.find(b"\n")
        taken = len(window) if cut < 0 else cut + 1
        self._line += window[:taken]
        if cut >= 0:
            line = bytes(self._line)
            self._line.clear()
            self._told = 0
            try:
                self._take(line)
            except NotChunked:
                self.rest = line + bytes(view[taken:])
                raise
        elif len(self._line) > LONGEST_LINE:
            self.rest = bytes(self._line) + bytes(view[taken:])
            raise NotChunked("a line without end")
        return view[taken:]

    def _take(self, line: bytes) -> None:
        bare = line.rstrip(b"\r\n")
        if self._state == "end":
            if bare:
                raise NotChunked("a chunk longer than it said")
            self._state = "size"
        elif self._state == "size":
            self._size(bare)
        elif bare:
            self.extras += line
        else:
            self.done = True

    def _size(self, bare: bytes) -> None:
        digits, semicolon, extension = bare.partition(b";")
        try:
            self._left = int(digits, 16)
        except ValueError as error:
            raise NotChunked("a chunk without a size") from error
        if not _HEX.fullmatch(digits):  # Python takes signs, spaces and underscores as well
            raise NotChunked("a chunk without a size")
        if semicolon or len(digits) > 16 or digits[:2] == b"00":  # noqa: PLR2004  # a 64-bit size; padding can carry a message too
            self.extras += digits + b";" + extension + b"\n" if semicolon else digits + b"\n"
        self._state = "data" if self._left else "trailer"
