"""One TCP connection: asyncio's transport on one side, a talker on the other. It is the outermost `talk.Line`.

Bounded: all connections read into one shared buffer, which the talker has used up on return; while the client is slow to read our answers
we do not read its questions, and a talker that is told many at once leaves those for later that nobody reads the answers of. What waits
for slow readers in all connections together is bounded too: beyond it the slowest is hung up on. Fair: neither questions nor answers of
one connection take longer than a turn while others wait. After our last word we listen on, because an adversary may send on.

What we say is as late as the place is far (`distance`); what we hear is heard at once.
"""

import asyncio
import contextlib
import socket
from collections import deque
from collections.abc import Callable, Iterator
from math import inf

from honeyweights.containers.internet.protocols.raw import confused, unheard
from honeyweights.containers.internet.rounds import ALWAYS, NEW
from honeyweights.containers.internet.talk import AN_ANSWER, Data, House, Remote, Talker
from honeyweights.containers.internet.turns import TURN

BLOCK = 1 << 18
PIECE, CHOKED = 1 << 16, 1 << 14
"""Bytes that are given to the transport at once, and left in it beyond which it is full."""
LINGER = 5.0
"""Seconds of silence after our last word until the connection is cut."""
LAST_TURNS = 5
"""Turns in which what a client that is gone had asked is still made sense of; then it is kept as it came. Nobody hears the answers."""
MOST_WAITING = 1 << 20
"""Bytes of answers waiting in one connection beyond which no more questions are answered."""
MOST_UNREAD = 96 << 20
"""Bytes of answers that wait in all connections together."""


class Connection(asyncio.BufferedProtocol):
    """The wire's end of one connection."""

    secure = False
    remote: Remote
    _dialled: str
    _transport: asyncio.Transport
    _talker: Talker

    def __init__(self, house: House, buffer: memoryview, start: Callable[["Connection", House], Talker], live: set["Connection"]) -> None:
        self._house = house
        self._buffer = buffer
        self._start = start
        self._live = live
        self.claimed: str | None = None
        self.weight = 0
        """Bytes of answers that wait here, in whatever form."""
        self._queue: deque[tuple[Iterator[bytes], int]] = deque()
        self._waiting, self._last_turns, self._number = 0, LAST_TURNS, -1
        self._block: bytes | memoryview = b""
        self._held: bytes | None = None
        """What the talker has put off. Nothing is read meanwhile, the end of the stream included."""
        self._choked = self._shut = self._over = self._lost = self._detached = self._pumping = self._recalled = False
        self._heard, self._due, self._away, self._until = 0.0, 0.0, 0.0, inf
        self._timers: list[asyncio.TimerHandle] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Binds the remote's identity: TPROXY leaves the address that the client meant as the socket's own."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101  # a TCP server's
        self._transport = transport
        transport.set_write_buffer_limits(high=CHOKED)
        address, port = transport.get_extra_info("sockname")[:2]
        source = transport.get_extra_info("peername") or ("", 0)
        self.remote = Remote(address, port, self._house.names.host(address), (source[0], source[1]))
        self._dialled, self._away, self._number = address, self._house.distance.rtt(address), transport.get_extra_info("socket").fileno()
        self._house.rounds.rank(self._number, NEW)
        self._live.add(self)
        self._talker = self._start(self, self._house)

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002  # asyncio's signature
        """The shared buffer: used up before anybody reads again."""
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Tells the talker."""
        self._heard = asyncio.get_running_loop().time()
        self._house.rounds.heard(self._number, nbytes)
        self._tell(self._buffer[:nbytes], self._house.turns.first())

    def eof_received(self) -> bool:
        """The client sends no more; it may still read."""
        self._over = True
        self._told(self._talker.ended)
        self._pump()
        return not self._transport.is_closing()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # asyncio's signature
        """The connection is gone, cleanly or not. What the talker has put off is still told, a turn at a time."""
        self._lost, self._choked = True, False
        self._house.rounds.rank(self._number, ALWAYS)
        for timer in self._timers:
            timer.cancel()
        self._queue.clear()
        self._block, self._waiting = b"", 0
        self._weigh()
        if self._held is None:
            self._gone()
        else:
            self._recall()

    def pause_writing(self) -> None:
        """The client does not read: neither do we."""
        self._choked = True
        if not self._transport.is_closing():
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        """It reads again."""
        self._choked = False
        self._pump()
        self._listen()

    def flush(self) -> None:
        """Has the talker put down what it holds. What it has put off is kept as it came: nobody will hear the answers."""
        self._told(self._talker.flush)
        if self._held:
            unheard(self, self._house, self._held)
            self._held = b""

    def send(self, data: bytes) -> None:
        """Sends behind all that was sent before."""
        if data:
            self.stream(iter((data,)), len(data))

    def stream(self, blocks: Iterator[bytes], held: int = 0) -> None:
        """Sends blocks as fast as the client reads them."""
        if self._shut or self._lost or self._transport.is_closing():
            return
        if self._away and not self._queue:
            late = self._house.distance.late(self._dialled)
            self._due = asyncio.get_running_loop().time() + late
            self.later(late, self._pump)
        self._queue.append((blocks, held + AN_ANSWER))
        self._waiting += held + AN_ANSWER
        self._pump()

    @property
    def full(self) -> bool:
        """The client does not read, too much waits for it, or this turn is over."""
        return self._choked or self._waiting > MOST_WAITING or asyncio.get_running_loop().time() > self._until

    def hold(self, rest: Data) -> None:
        """Tells the rest when there is room; until then nothing is read."""
        whole = isinstance(rest, bytes) or (isinstance(rest, memoryview) and isinstance(rest.obj, bytes))
        self._held = rest if whole else bytes(rest)  # type: ignore[assignment]  # a view of bytes that nobody else has is as good
        if not self._lost:
            self._transport.pause_reading()
        self._recall()

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
        if not self._over and not self._lost:
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

    def hang_up(self) -> None:
        """Drops all that waits to be read here."""
        self._transport.abort()

    def _tell(self, data: Data, seconds: float) -> None:
        self._until = asyncio.get_running_loop().time() + seconds
        try:
            self._talker.received(data)
        except Exception as fault:  # noqa: BLE001  # see confused
            confused(self, self._house, fault, data)
        self._until = inf

    def _told(self, tell: Callable[[], None]) -> None:
        try:
            tell()
        except Exception as fault:  # noqa: BLE001  # see confused
            confused(self, self._house, fault, b"")

    def _recall(self) -> None:
        """Tells what was put off, once there is room, when all others have had their turn."""
        if self._held is not None and not self._recalled and not self._choked and self._waiting <= MOST_WAITING:
            self._recalled = True
            self._house.turns.ask(self._again)

    def _again(self) -> None:
        self._recalled = False
        self._last_turns -= self._lost
        if self._held is not None and self._last_turns >= 0:
            held, self._held = self._held, None
            self._tell(held, TURN)
        elif self._held is not None:
            self.flush()
            self._held = None
        if self._lost and self._held is None:
            self._gone()
        else:
            self._listen()

    def _listen(self) -> None:
        if self._held is None and not self._choked and not self._transport.is_closing():
            self._transport.resume_reading()

    def _gone(self) -> None:
        self._live.discard(self)
        if not self._over and not self._detached:
            self._told(self._talker.broken)

    def _pump(self) -> None:
        now = asyncio.get_running_loop().time
        if self._pumping or (self._queue and self._away and now() < self._due):
            return
        self._pumping, until = True, now() + TURN
        while self._say_some():
            if now() > until:
                self._house.turns.ask(self._go_on)
                self._weigh()
                return
        self._pumping = False
        self._weigh()
        self._recall()
        if self._shut and not self._queue and not self._transport.is_closing():
            self._finish()

    def _go_on(self) -> None:
        self._pumping = False
        self._pump()

    def _say_some(self) -> bool:
        """Gives whether there may be more to send at once."""
        if not self._queue or self._choked or self._transport.is_closing():
            return False
        if self._block:
            piece, self._block = self._block[:PIECE], self._block[PIECE:]
            self._transport.write(piece)
            return True
        try:
            block = next(self._queue[0][0], None)
        except Exception as fault:  # noqa: BLE001  # see confused
            self._shut, self._waiting = True, 0
            self._queue.clear()
            confused(self, self._house, fault, b"")
            return False
        if block is not None:
            self._block = block if len(block) <= PIECE else memoryview(block)
        elif self._queue:
            self._waiting -= self._queue.popleft()[1]
        return True

    def _weigh(self) -> None:
        here = 0 if self._lost else self._transport.get_write_buffer_size() + self._waiting + len(self._block) + self._talker.unsaid
        self._house.unread += here - self.weight
        self.weight = here
        while self._house.unread > MOST_UNREAD and here:
            slowest = max(self._live, key=lambda live: live.weight)
            here, slowest.weight = slowest.weight, 0
            self._house.unread -= here
            slowest.hang_up()

    def _finish(self) -> None:
        if self._over:
            self._transport.close()
        elif self._transport.can_write_eof():
            with contextlib.suppress(OSError):  # the client has gone already: the loop will say so in its turn
                self._transport.write_eof()

    def _linger(self) -> None:
        silent = asyncio.get_running_loop().time() - self._heard
        busy = self._queue or self._held is not None or self._transport.get_write_buffer_size()
        if silent >= LINGER and not busy:
            self._transport.abort()
        else:
            self.later(max(0.0, LINGER - silent) + 0.1, self._linger)
