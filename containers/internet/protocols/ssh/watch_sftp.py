"""SFTP (draft-ietf-secsh-filexfer-02, as OpenSSH speaks it) watched from outside: one receipt for each file that is written.

A receipt has the bytes in the order in which they came. The server is the real `sftp-server`, in its jail. Paths and attributes are the
client's to fill as well: unusually many bytes of them are a payload of their own, and what is no SFTP at all is kept as it came.
"""

from collections.abc import Iterator

from honeyweights.containers.internet.protocols.ssh.watch import Watch
from honeyweights.containers.internet.receipts import About, Ledger, Transfer, Where

OPEN, CLOSE, READ, WRITE, FSTAT = 3, 4, 5, 6, 8
STATUS, HANDLE = 101, 102
PLAIN = frozenset({CLOSE, READ, FSTAT})
"""Requests with nothing in them that a client could fill, beyond a handle and numbers."""
WRITING, EXCLUSIVE = 0x02, 0x20
LONGEST = 1 << 20
USUAL = 2048
"""Bytes of paths in one session that nobody wonders at."""
MOST_ASKED = 1024


class Packets:
    """Cuts a stream into packets; None once it is none."""

    def __init__(self) -> None:
        self._held = bytearray()
        self.broken = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The packets that are complete."""
        self._held += data
        at = 0
        while len(self._held) - at >= 4 and not self.broken:  # noqa: PLR2004  # a length
            length = int.from_bytes(self._held[at : at + 4], "big")
            self.broken = not 0 < length <= LONGEST
            if self.broken or len(self._held) - at < 4 + length:
                break
            yield bytes(self._held[at + 4 : at + 4 + length])
            at += 4 + length
        del self._held[:at]

    def rest(self) -> bytes:
        """What was fed and came to no packet."""
        rest = bytes(self._held)
        self._held.clear()
        return rest


class Sftp(Watch):
    """One session."""

    def __init__(self, ledger: Ledger, where: Where, about: About, home: str = "/") -> None:
        super().__init__(ledger, where, about, home)
        self._asks, self._answers = Packets(), Packets()
        self._asked: dict[bytes, bytes] = {}
        """Request of an open that is not answered -> path."""
        self._files: dict[bytes, Transfer] = {}
        """Handle -> what is written to it."""
        self._strings = bytearray()

    def client(self, data: bytes) -> None:
        """Requests."""
        for packet in self._asks.feed(data):
            self._request(packet)
        if self._asks.broken:
            self.aside(self._asks.rest())

    def server(self, data: bytes) -> None:
        """Answers: they say which handle is which file."""
        for packet in self._answers.feed(data):
            request = packet[1:5]
            if packet[0] == HANDLE and request in self._asked:
                about = self.about._replace(method="put", target=self.path(self._asked.pop(request).decode("utf-8", "surrogateescape")))
                self._close(packet[5:], finished=False)
                self._files[packet[5:]] = self.ledger.open(self.where, about)
            elif packet[0] == STATUS:
                self._asked.pop(request, None)
        if self._answers.broken:
            self._answers.rest()

    def end(self, *, finished: bool) -> None:
        """Files that were left open are not finished."""
        for handle in list(self._files):
            self._close(handle, finished=False)
        if len(self._strings) > USUAL:
            self.ledger.whole(self.where, self.about._replace(protocol="sftp-paths", target=None), self._strings)
        if rest := self._asks.rest():
            self.aside(rest)
        super().end(finished=finished and not self._asks.broken)

    def _request(self, packet: bytes) -> None:
        kind, request, body = packet[0], packet[1:5], packet[5:]
        if kind == WRITE:
            self._write(body)
            return
        if kind == CLOSE:
            self._close(body, finished=True)
        elif kind == OPEN:
            size = int.from_bytes(body[:4], "big")
            flags = int.from_bytes(body[4 + size : 8 + size], "big")
            if flags & WRITING and len(self._asked) < MOST_ASKED:
                self._asked[request] = body[4 : 4 + size]
        if kind not in PLAIN or len(body) > 64:  # noqa: PLR2004  # a handle of sftp-server's and two numbers are 20
            self._strings += body + b"\n"
            if len(self._strings) > LONGEST:
                self.aside(bytes(self._strings))
                self._strings.clear()

    def _write(self, body: bytes) -> None:
        size = 4 + int.from_bytes(body[:4], "big")
        handle, start = body[:size], size + 12
        end = start + int.from_bytes(body[start - 4 : start], "big")
        file = self._files.get(handle)
        if file is None:
            self.aside(body)
            return
        file.write(memoryview(body)[start:end])
        if len(body) > end:  # some clients send their whole buffer, of which the server writes what the length says
            self.aside(body[end:])

    def _close(self, handle: bytes, *, finished: bool) -> None:
        file = self._files.pop(handle, None)
        if file is not None:
            file.close(finished=finished)
