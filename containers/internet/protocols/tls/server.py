"""TLS by `ssl`'s memory buffers: no socket. What is inside is sniffed again, so HTTPS, DNS over TLS and a bare stream all come for one row.

The handshake is the client's to fill (session ids, key shares, extensions, early data): one of unusual size, and one that fails, are kept
as they came.
"""

import contextlib
import ssl
from collections.abc import Callable, Iterator
from socket import socket

from honeyweights.containers.internet import sniff
from honeyweights.containers.internet.protocols.raw import Raw, confused
from honeyweights.containers.internet.receipts import About
from honeyweights.containers.internet.talk import Data, House, Line, Talker

USUAL = 4096
"""Bytes of a client's handshake that nobody wonders at."""
RECORD = 1 << 14
"""The longest plaintext of a TLS record (RFC 8446, 5.1)."""
BLOCK = 16 * RECORD
"""Plaintext that the inner protocol is told at once."""
_BUFFERS: list[memoryview] = []
"""For plaintext, shared by all connections: each is used up before anybody else is heard. TLS within TLS takes one more."""
HANDSHAKE = About(channel="https", protocol="tls")
REFUSED = "tls-refused"
"""Protocol of the receipt where the client had our certificate and did not want it: it trusts another authority, or has pinned a key."""
EARLY = b"\x00\x2a\x00\x00"
"""The extension by which a client announces data before the handshake is over (RFC 8446, 4.2.10). We never take any: it is skipped."""


class Tls(Talker):
    """The server's end of one TLS connection."""

    def __init__(self, line: Line, house: House, inside: Callable[[Line, House], Talker] | None = None) -> None:
        """`inside`: who is told what is inside; another protocol that has upgraded its line says itself."""
        self._line = line
        self._house = house
        self._inside = inside or sniff.Sniffer
        self._in = ssl.MemoryBIO()
        self._out = ssl.MemoryBIO()
        self._tls = house.authority().serve(self._in, self._out, line.remote.host or line.remote.address)
        self._hello = bytearray()
        self._spoken = False
        """We have sent our certificate, or an alert."""
        self._inner: _Inside | None = None

    def received(self, data: Data) -> None:
        """Decrypts, and tells what is inside."""
        self._in.write(data)
        if self._inner is None and not self._shaken(data):
            return
        self._pump(data)

    def ended(self) -> None:
        """Many clients close without a word of TLS; what they said until then is whole."""
        if self._inner is None:
            self._failed()
        else:
            self._inner.talker.ended()
        self._line.shut()

    def broken(self) -> None:
        """The connection is gone, handshake or no."""
        if self._inner is None:
            self._failed()
        else:
            self._inner.talker.broken()

    def flush(self) -> None:
        """Puts down the handshake so far, or whatever the inner protocol holds."""
        if self._inner is None:
            self._failed()
        else:
            self._inner.talker.flush()

    def _shaken(self, data: Data) -> bool:
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            self._hello += data
            self._flush_out()
            return False
        except ssl.SSLError as problem:
            self._hello += data
            self._flush_out()
            self._spoken = "ALERT" in (problem.reason or "")  # the client's: of our own it never says so
            self._failed()
            self._line.turn(Raw(self._line, self._house, HANDSHAKE, tail=True))
            self._line.shut()
            return False
        if len(self._hello) > USUAL or EARLY in self._hello:
            self._failed(finished=True)
        self._hello.clear()
        self._inner = _Inside(self, self._line, self._tls.asked or self._line.claimed)
        self._inner.talker = self._inside(self._inner, self._house)
        self._flush_out()
        return True

    def _pump(self, data: Data) -> None:
        assert self._inner is not None  # noqa: S101  # _shaken made it
        buffer = _BUFFERS.pop() if _BUFFERS else memoryview(bytearray(BLOCK))
        try:
            while self._fill(buffer, self._inner):
                pass
            self._close_inner(data, broken=False)
        except ssl.SSLWantReadError:
            self._flush_out()
        except ssl.SSLZeroReturnError:
            self._close_inner(b"", broken=False)
        except ssl.SSLError:
            self._close_inner(data, broken=True)
        finally:
            _BUFFERS.append(buffer)

    def _fill(self, buffer: memoryview, inner: "_Inside") -> bool:
        """Tells what the next records hold, as many as the buffer takes; whether there may be more."""
        held, more = 0, True
        try:
            while more and held <= BLOCK - RECORD:
                count = int(self._tls.read(RECORD, buffer[held:]))  # with a buffer, it gives a count
                held, more = held + count, count > 0
        finally:
            if held:
                inner.told(buffer[:held], self._house)
        return more

    def _close_inner(self, rest: Data, *, broken: bool) -> None:
        """TLS is over; what follows is kept as it comes. After a broken record so is the block in which it broke."""
        inner = self._inner
        assert inner is not None  # noqa: S101  # there was one to close
        left = bytes(rest) if broken else self._in.read()
        raw = Raw(self._line, self._house, HANDSHAKE, tail=True)
        self._line.turn(raw)
        if broken:
            inner.talker.broken()
        else:
            inner.talker.ended()
        self._flush_out()
        if left:
            raw.received(left)

    def _failed(self, *, finished: bool = False) -> None:
        if self._hello:
            about = HANDSHAKE._replace(claimed=self._tls.asked or self._line.claimed)
            if self._spoken and not finished:
                about = about._replace(protocol=REFUSED)
            self._house.ledger.whole(self._line.remote, about, self._hello, finished=finished)
            self._hello.clear()

    def seal(self, data: bytes) -> bytes:
        """Encrypts what the inner protocol says."""
        self._tls.write(data)
        return self._out.read()

    def goodbye(self) -> bytes:
        """The alert that closes our side."""
        with contextlib.suppress(ssl.SSLError):  # the client's own goodbye is not here yet, or never will be
            self._tls.unwrap()
        return self._out.read()

    def _flush_out(self) -> None:
        if self._out.pending:
            self._spoken = True
            self._line.stream(self._out.read() for _ in range(1))


class _Inside:
    """The line that the inner protocol sees."""

    secure = True
    talker: Talker

    def __init__(self, tls: Tls, outer: Line, claimed: str | None) -> None:
        self._tls = tls
        self._outer = outer
        self.remote = outer.remote
        self.claimed = claimed
        self._shut = False

    def told(self, data: memoryview, house: House) -> None:
        """Out here the bytes are sealed: if the talker is confused, they are kept as they are inside."""
        try:
            self.talker.received(data)
        except Exception as fault:  # noqa: BLE001  # see confused
            confused(self, house, fault, data)

    def send(self, data: bytes) -> None:
        if data:
            self.stream(iter((data,)))

    def stream(self, blocks: Iterator[bytes]) -> None:
        """Sealed only when its turn comes: TLS numbers its records."""
        if not self._shut:
            self._outer.stream(self._tls.seal(block) for block in blocks if block)

    def prompt(self, blocks: Iterator[bytes]) -> None:
        if not self._shut:
            self._outer.prompt(self._tls.seal(block) for block in blocks if block)

    def shut(self) -> None:
        """The goodbye goes behind what is still being streamed."""
        if not self._shut:
            self._shut = True
            self._outer.stream(self._tls.goodbye() for _ in range(1))
            self._outer.shut()

    def turn(self, talker: Talker) -> None:
        self.talker = talker

    def later(self, seconds: float, call: Callable[[], None]) -> None:
        self._outer.later(seconds, call)

    def detach(self) -> socket | None:
        return None
