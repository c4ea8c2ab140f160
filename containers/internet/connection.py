"""One TCP connection: asyncio's transport on one side, a talker on the other. It is the outermost `talk.Line`.

Bounded: all connections read into one shared buffer, which the talker has used up on return; while the client is slow to read our answers
we do not read its questions. After our last word we listen on, because an adversary may send on.

What we say is as late as the place is far (`distance`); what we hear is heard at once.
"""

import asyncio
import contextlib
import socket
from collections import deque
from collections.abc import Callable, Iterator

from honeyweights.containers.internet.protocols.raw import confused
from honeyweights.containers.internet.talk import House, Remote, Talker

BLOCK = 1 << 18
LINGER = 5.0
"""Seconds of silence after our last word until the connection is cut."""


class Connection(asyncio.BufferedProtocol):
    """The wire's end of one connection."""

    secure = False
    remote: Remote
    _transport: asyncio.Transport
    _talker: Talker

    def __init__(self, house: House, buffer: memoryview, start: Callable[["Connection", House], Talker], live: set["Connection"]) -> None:
        self._house = house
        self._buffer = buffer
        self._start = start
        self._live = live
        self.claimed: str | None = None
        self._queue: deque[Iterator[bytes]] = deque()
        self._choked = self._shut = self._over = self._detached = False
        self._heard = self._due = self._away = 0.0
        self._timers: list[asyncio.TimerHandle] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Binds the remote's identity: TPROXY leaves the address that the client meant as the socket's own."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101  # a TCP server's
        self._transport = transport
        address, port = transport.get_extra_info("sockname")[:2]
        source = transport.get_extra_info("peername") or ("", 0)
        self.remote = Remote(address, port, self._house.names.host(address), (source[0], source[1]))
        self._away = self._house.distance.rtt(address)
        self._live.add(self)
        self._talker = self._start(self, self._house)

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002  # asyncio's signature
        """The shared buffer: used up before anybody reads again."""
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Tells the talker."""
        self._heard = asyncio.get_running_loop().time()
        data = self._buffer[:nbytes]
        try:
            self._talker.received(data)
        except Exception as fault:  # noqa: BLE001  # see confused
            confused(self, self._house, fault, data)

    def eof_received(self) -> bool:
        """The client sends no more; it may still read."""
        self._over = True
        self._told(self._talker.ended)
        self._pump()
        return not self._transport.is_closing()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # asyncio's signature
        """The connection is gone, cleanly or not."""
        self._live.discard(self)
        for timer in self._timers:
            timer.cancel()
        self._queue.clear()
        if not self._over and not self._detached:
            self._told(self._talker.broken)

    def pause_writing(self) -> None:
        """The client does not read: neither do we."""
        self._choked = True
        if not self._transport.is_closing():
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        """It reads again."""
        self._choked = False
        self._pump()
        if not self._choked and not self._transport.is_closing():
            self._transport.resume_reading()

    def flush(self) -> None:
        """Has the talker put down what it holds."""
        self._told(self._talker.flush)

    def send(self, data: bytes) -> None:
        """Sends behind all that was sent before."""
        if data:
            self.stream(iter((data,)))

    def stream(self, blocks: Iterator[bytes]) -> None:
        """Sends blocks as fast as the client reads them."""
        if not self._shut:
            if self._away and not self._queue:
                self._due = asyncio.get_running_loop().time() + self._away
                self.later(self._away, self._pump)
            self._queue.append(blocks)
            self._pump()

    def prompt(self, blocks: Iterator[bytes]) -> None:
        """Sends at once where nothing waits to be sent."""
        if self._queue or self._choked or self._shut or self._transport.is_closing():
            self.stream(blocks)
            return
        for block in blocks:
            self._transport.write(block)

    def shut(self) -> None:
        """Sends no more, listens on until the client is silent."""
        if self._shut:
            return
        self._shut = True
        self._pump()
        if not self._over:
            self.later(LINGER, self._linger)

    def turn(self, talker: Talker) -> None:
        """From now on `talker` is told."""
        self._talker = talker

    def later(self, seconds: float, call: Callable[[], None]) -> None:
        """Calls when the connection still lives then."""
        self._timers = [timer for timer in self._timers if timer.when() > asyncio.get_running_loop().time()]
        self._timers.append(asyncio.get_running_loop().call_later(seconds, call))

    def detach(self) -> socket.socket | None:
        """The bare socket; this object dies without a word."""
        bare: socket.socket = self._transport.get_extra_info("socket")
        own = socket.fromfd(bare.fileno(), bare.family, bare.type)
        self._detached = True
        self._transport.abort()
        return own

    def _told(self, tell: Callable[[], None]) -> None:
        try:
            tell()
        except Exception as fault:  # noqa: BLE001  # see confused
            confused(self, self._house, fault, b"")

    def _pump(self) -> None:
        if self._queue and self._away and asyncio.get_running_loop().time() < self._due:
            return
        while self._queue and not self._choked and not self._transport.is_closing():
            blocks = self._queue[0]
            block = next(blocks, None)
            if block is not None:
                self._transport.write(block)
            elif self._queue and self._queue[0] is blocks:
                self._queue.popleft()
        if self._queue or not self._shut or self._transport.is_closing():
            return
        if self._over:
            self._transport.close()
        elif self._transport.can_write_eof():
            with contextlib.suppress(OSError):  # the client has gone already: the loop will say so in its turn
                self._transport.write_eof()

    def _linger(self) -> None:
        silent = asyncio.get_running_loop().time() - self._heard
        if silent >= LINGER:
            self._transport.abort()
        else:
            self.later(LINGER - silent + 0.1, self._linger)
