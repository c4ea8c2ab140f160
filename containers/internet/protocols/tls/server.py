"""TLS by `ssl`'s memory buffers: no socket. What is inside is sniffed again, so HTTPS, DNS over TLS and a bare stream all come for one row.

The handshake is the client's to fill (session ids, key shares, extensions, early data): one of unusual size, and one that fails, are kept
as they came.
"""

import contextlib
import ssl
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from honeyweights.containers.internet import sniff
from honeyweights.containers.internet.protocols.raw import Raw, confused, unheard
from honeyweights.containers.internet.receipts import About
from honeyweights.containers.internet.relay import Within
from honeyweights.containers.internet.talk import Data, House, Line, Talker

if TYPE_CHECKING:  # what is heavy is imported when it is needed
    from honeyweights.containers.internet.authority import Asked
    from honeyweights.containers.internet.protocols.tls.mutual import Mutual

COPIES = 3
"""Of a handshake that is not whole yet: OpenSSL holds two."""
USUAL = 4096
"""Bytes of a client's handshake that nobody wonders at."""
RECORD = 1 << 14
"""The longest plaintext of a TLS record (RFC 8446, 5.1)."""
BLOCK = 16 * RECORD
"""Plaintext that the inner protocol is told at once."""
FED = RECORD + 256
"""Bytes that OpenSSL gets at once, a record and its trimmings: its own buffers never shrink, and there are thousands of them."""
SEALED = 4
"""Records that are sent at once."""
GOING, WAITING, CLOSED, BROKEN = range(4)
"""How far the stream was read: there may be more, not without the client, nor after its goodbye, nor after nonsense."""
_BUFFERS: list[memoryview] = []
"""For plaintext, shared by all connections: each is used up before anybody else is heard. TLS within TLS takes one more."""
HANDSHAKE = About(channel="https", protocol="tls")
REFUSED = "tls-refused"
"""Protocol of the receipt where the client had our certificate and did not want it: it trusts another authority, or has pinned a key."""
SHOWN = "tls-certificate"
"""Protocol of the receipt of a client's certificate: the whole of it; its subject is the target."""
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
        name = line.remote.host or line.remote.address
        asks = name in house.hosts and house.hosts[name].client_certificate
        self._tls: Asked | Mutual = (house.authority().mutual if asks else house.authority().serve)(self._in, self._out, name)
        self._hello, self._share = bytearray(), house.room.share()
        self._spoken = False
        """We have sent our certificate, or an alert."""
        self._inner: _Inside | None = None
        self._unread: Data = b""
        self._fed: Data = b""
        self._state = GOING

    @property
    def unsaid(self) -> int:
        """What is inside knows."""
        return 0 if self._inner is None else self._inner.talker.unsaid

    def received(self, data: Data) -> None:
        """Decrypts, and tells what is inside."""
        self._unread = bytes(self._unread) + data if len(self._unread) else memoryview(data)
        while self._inner is None:
            if not len(self._unread) or not self._shaken():
                return
        self._pump()

    def ended(self) -> None:
        """Many clients close without a word of TLS; what they said until then is whole."""
        if self._inner is None:
            self._failed()
        else:
            self._inner.talker.ended()
        self._line.shut()

    def broken(self) -> None:
        """The connection is gone, handshake or no."""
        if self._inner is not None:
            self._inner.talker.broken()
        self._failed()

    def flush(self) -> None:
        """Puts down the handshake so far, or whatever the inner protocol holds."""
        if self._inner is None:
            self._failed()
        else:
            self._inner.talker.flush()
            if self._inner.held is not None:
                unheard(self._inner, self._house, self._inner.held)
                self._inner.held = None
                self._pump()

    def _feed(self) -> None:
        self._fed, self._unread = self._unread[:FED], self._unread[FED:]
        self._in.write(self._fed)

    def _shaken(self) -> bool:
        """One step of the handshake; gives whether it did not fail."""
        self._feed()
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            self._hello += self._fed
            self._flush_out()
            if self._share.holds(COPIES * len(self._hello)):
                return True
            self._give_up()
            return False
        except ssl.SSLError as problem:
            self._hello += self._fed
            self._flush_out()
            self._spoken = "ALERT" in (problem.reason or "")  # the client's: of our own it never says so
            self._give_up()
            return False
        if len(self._hello) > USUAL or EARLY in self._hello:
            self._failed(finished=True)
        self._hello.clear()
        self._share.holds(0)
        if self._tls.shown is not None:
            self._note(*self._tls.shown)
        self._inner = _Inside(self, self._line, self._tls.asked or self._line.claimed, self._house)
        self._inner.talker = self._inside(self._inner, self._house)
        self._flush_out()
        return True

    def _note(self, subject: str, certificate: bytes) -> None:
        """Whoever shows one has filled it with what they like."""
        self._house.ledger.whole(
            self._line.remote, HANDSHAKE._replace(protocol=SHOWN, claimed=self._tls.asked, target=subject), certificate
        )

    def _give_up(self) -> None:
        self._hello += self._unread
        self._unread = b""
        self._failed()
        self._line.turn(Raw(self._line, self._house, HANDSHAKE, tail=True))
        self._line.shut()

    def _pump(self) -> None:
        """Tells what is inside, as much at once as the buffer takes, for as long as it wants to hear."""
        inner = self._inner
        assert inner is not None  # noqa: S101  # _shaken made it
        buffer = _BUFFERS.pop() if _BUFFERS else memoryview(bytearray(BLOCK))
        try:
            inner.again()
            while self._state == GOING and inner.held is None:
                count, self._state = self._decrypt(buffer)
                if count:
                    inner.told(buffer[:count])
        finally:
            _BUFFERS.append(buffer)
        if inner.held is not None:
            self._fed, self._unread = bytes(self._fed), bytes(self._unread)
            self._line.hold(b"")
        elif self._state != WAITING:
            self._close_inner(inner, broken=self._state == BROKEN)
            return
        else:
            self._state = GOING
        self._flush_out()

    def _decrypt(self, buffer: memoryview) -> tuple[int, int]:
        """What the next records hold, as many as the buffer takes, and what is to be said of the stream then."""
        held = 0
        while held <= BLOCK - RECORD:
            try:
                count = int(self._tls.read(RECORD, buffer[held:]))  # with a buffer, it gives a count
            except ssl.SSLWantReadError:
                if not len(self._unread):
                    return held, WAITING
                self._feed()
            except ssl.SSLZeroReturnError:
                return held, CLOSED
            except ssl.SSLError:
                return held, BROKEN
            else:
                held += count
                if not count:
                    return held, CLOSED
        return held, GOING

    def _close_inner(self, inner: "_Inside", *, broken: bool) -> None:
        """TLS is over; what follows is kept as it comes. After a broken record so are the bytes in which it broke."""
        left = (bytes(self._fed) if broken else self._in.read()) + self._unread
        self._unread = b""
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

    def seal(self, blocks: Iterator[bytes]) -> Iterator[bytes]:
        """Encrypts what the inner protocol says, some records at a time, and only when its turn comes: TLS numbers them."""
        for block in blocks:
            records = [block] if len(block) <= RECORD else [block[at : at + RECORD] for at in range(0, len(block), RECORD)]
            for at in range(0, len(records), SEALED):
                yield b"".join(self._sealed(record) for record in records[at : at + SEALED] if record)

    def _sealed(self, record: bytes) -> bytes:
        self._tls.write(record)
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


class _Inside(Within):
    """The line that the inner protocol sees."""

    secure = True

    def __init__(self, tls: Tls, outer: Line, claimed: str | None, house: House) -> None:
        super().__init__(outer, house)
        self._tls = tls
        self.claimed = claimed
        self.held: bytes | None = None
        self._shut = False

    def told(self, data: Data) -> None:
        """Out here the bytes are sealed: if the talker is confused, they are kept as they are inside."""
        try:
            self.talker.received(data)
        except Exception as fault:  # noqa: BLE001  # see confused
            confused(self, self._house, fault, data)

    def again(self) -> None:
        """Tells what was put off."""
        held, self.held = self.held, None
        if held is not None:
            self.told(memoryview(held))

    @property
    def full(self) -> bool:
        return self._outer.full

    def hold(self, rest: Data) -> None:
        """Nothing more is decrypted until this was told."""
        self.held = bytes(rest)

    def send(self, data: bytes) -> None:
        self.stream(iter((data,)), len(data))

    def stream(self, blocks: Iterator[bytes], held: int = 0) -> None:
        if not self._shut:
            self._outer.stream(self._tls.seal(blocks), held)

    def prompt(self, blocks: Iterator[bytes]) -> None:
        if not self._shut:
            self._outer.prompt(self._tls.seal(blocks))

    def shut(self) -> None:
        """The goodbye goes behind what is still being streamed."""
        if not self._shut:
            self._shut = True
            self._outer.stream(self._tls.goodbye() for _ in range(1))
            self._outer.shut()
