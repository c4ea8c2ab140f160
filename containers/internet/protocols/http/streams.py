"""What HTTP/2 has to say: answers that wait for the client's windows, and tunnels (CONNECT), each a line of its own within the line.

An answer is made a frame at a time, when the client can take it. What waits here in memory is bounded for each connection, and told to
whoever bounds all of them (`unsaid`).
"""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from h2.connection import H2Connection
from h2.exceptions import H2Error

from honeyweights.containers.internet.protocols.http.exchange import Fields, Upgrade
from honeyweights.containers.internet.protocols.raw import confused, unheard
from honeyweights.containers.internet.relay import Within
from honeyweights.containers.internet.talk import AN_ANSWER, Data, House, Line

BLOCKS = 8
"""Blocks of answers in memory that wait for a window: a client that asks for much and reads nothing costs no more."""
MOST_UNSAID = 1 << 20
"""Bytes of answers in memory beyond which no more are made."""
ENDLESS = 1 << 62


@dataclass(kw_only=True)
class Answer:
    """A body that is not all sent yet."""

    blocks: Iterator[bytes]
    """An empty one means that nothing is to be said now."""
    left: int
    """Bytes of it: its last frame ends the stream, since a client whose window is full then may never open it again."""
    held: int = 0
    """Bytes of it that lie in memory already."""
    rest: bytes = b""
    trailers: Fields = ()


class Answers:
    """All answers under way on one connection."""

    def __init__(self, h2: H2Connection) -> None:
        self._h2 = h2
        self._under_way: deque[tuple[int, Answer]] = deque()

    @property
    def ready(self) -> bool:
        """Whether any has something to say."""
        return any(answer.rest or not isinstance(answer.blocks, Tunnel) or answer.blocks.ready for _, answer in self._under_way)

    @property
    def unsaid(self) -> int:
        """Bytes of them in memory."""
        return sum(answer.held + len(answer.rest) for _, answer in self._under_way)

    def add(self, stream: int, answer: Answer) -> None:
        """Begins one."""
        self._under_way.append((stream, answer))

    def say_some(self) -> bool:
        """A frame of the next answer that has something to say and may say it; gives whether there was any."""
        return any(self._frame() for _ in range(len(self._under_way)))

    def _frame(self) -> bool:
        """A frame of the answer whose turn it is."""
        stream, answer = self._under_way.popleft()
        try:
            window = min(self._h2.local_flow_control_window(stream), self._h2.max_outbound_frame_size)
            ready = window > 0 and (answer.rest or sum(bool(other.rest) for _, other in self._under_way) < BLOCKS)
            if ready and not answer.rest:
                block = next(answer.blocks, None)
                if block is None:
                    self._h2.end_stream(stream)
                    return True
                answer.rest = block
            if ready and answer.rest:
                piece, answer.rest = answer.rest[:window], answer.rest[window:]
                answer.left -= len(piece)
                self._h2.send_data(stream, piece, end_stream=not answer.left and not answer.trailers)
                if not answer.left:
                    if answer.trailers:
                        self._h2.send_headers(stream, answer.trailers, end_stream=True)
                    return True
                self._under_way.append((stream, answer))
                return True
        except H2Error:
            return True  # the client has closed the stream: nobody listens to it
        self._under_way.append((stream, answer))
        return False


class Tunnel(Within):
    """The line of what goes through a CONNECT: a stream within the line. What it has enough of is not acknowledged: its window closes."""

    def __init__(self, outer: Line, house: House, pump: Callable[[], None]) -> None:
        super().__init__(outer, house)
        self._pump = pump
        self.claimed = outer.claimed
        self.secure = outer.secure
        self.held: bytes | None = None
        self.unread = 0
        """Bytes that came and are not acknowledged yet."""
        self.over = False
        """The client sends no more."""
        self._queue: deque[tuple[Iterator[bytes], int]] = deque()
        self._waiting = 0
        self._shut = False

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        """What is to be said next; nothing while nothing is."""
        while self._queue:
            blocks, held = self._queue[0]
            for block in blocks:
                if block:
                    return block
            self._queue.popleft()
            self._waiting -= held
        if self._shut:
            raise StopIteration
        return b""

    @property
    def ready(self) -> bool:
        """Whether there is something to say, if only goodbye."""
        return bool(self._queue) or self._shut

    @property
    def waiting(self) -> int:
        """Bytes in memory that are still to be said, here and by what is inside."""
        return self._waiting + self.talker.unsaid

    def told(self, data: Data) -> None:
        """The client's bytes, behind those that were put off."""
        whole, self.held = (self.held or b"") + bytes(data), None
        try:
            self.talker.received(whole)
        except Exception as fault:  # noqa: BLE001  # see confused
            confused(self, self._house, fault, whole)

    def put_down(self) -> None:
        """What is held, here and by what is inside."""
        self.talker.flush()
        if self.held:
            unheard(self, self._house, self.held)
            self.held = b""

    @property
    def full(self) -> bool:
        """As everywhere, or because this stream alone has too much to say."""
        return self._waiting > MOST_UNSAID or self._outer.full

    def hold(self, rest: Data) -> None:
        """Nothing more of this stream is told until this was."""
        self.held = bytes(rest)

    def send(self, data: bytes) -> None:
        """As for any line."""
        if data:
            self.stream(iter((data,)), len(data))

    def stream(self, blocks: Iterator[bytes], held: int = 0) -> None:
        """As for any line; the windows say how fast."""
        if not self._shut:
            self._queue.append((blocks, held + AN_ANSWER))
            self._waiting += held + AN_ANSWER
            self._pump()

    def prompt(self, blocks: Iterator[bytes]) -> None:
        """Behind what waits, as everything."""
        self.stream(blocks)

    def shut(self) -> None:
        """Ends our half of the stream, behind what waits."""
        self._shut = True
        self._pump()


class Tunnels:
    """All tunnels of one connection, by their streams."""

    def __init__(self, line: Line, house: House, h2: H2Connection, answers: Answers, pump: Callable[[], None]) -> None:
        self._line, self._house, self._h2, self._answers, self._pump = line, house, h2, answers, pump
        self._open: dict[int, Tunnel] = {}

    def __contains__(self, stream: int) -> bool:
        return stream in self._open

    def __len__(self) -> int:
        return len(self._open)

    @property
    def unsaid(self) -> int:
        """Bytes in memory that are still to be said."""
        return sum(tunnel.waiting for tunnel in self._open.values())

    @property
    def stuck(self) -> bool:
        """Whether one has put something off that it could hear now, if it had another turn."""
        return any(tunnel.held is not None and tunnel.waiting <= MOST_UNSAID for tunnel in self._open.values())

    def open(self, stream: int, answer: Upgrade) -> None:
        """A tunnel that was granted."""
        try:
            self._h2.send_headers(stream, [(":status", str(answer.status))])
        except H2Error:
            return  # the client has closed the stream meanwhile
        tunnel = self._open[stream] = Tunnel(self._line, self._house, self._pump)
        tunnel.talker = answer.talker(tunnel)
        self._answers.add(stream, Answer(blocks=tunnel, left=ENDLESS))

    def again(self) -> None:
        """Tells what was put off."""
        for stream in [stream for stream, tunnel in self._open.items() if tunnel.held is not None]:
            self.came(stream, b"", 0)

    def came(self, stream: int, data: Data, count: int) -> None:
        """Bytes of one of them, `count` in its window. What it puts off is not acknowledged."""
        tunnel = self._open[stream]
        tunnel.unread += count
        tunnel.told(data)
        if tunnel.held is not None:
            return
        count, tunnel.unread = tunnel.unread, 0
        if tunnel.over:
            del self._open[stream]
            tunnel.talker.ended()
            tunnel.shut()
        elif count:
            self._h2.acknowledge_received_data(count, stream)

    def ended(self, stream: int) -> None:
        """The client sends no more on it."""
        self._open[stream].over = True
        self.came(stream, b"", 0)

    def broken(self, stream: int) -> None:
        """It is gone."""
        tunnel = self._open.pop(stream)
        if tunnel.held:
            unheard(tunnel, self._house, tunnel.held)
        tunnel.talker.broken()

    def stop(self) -> None:
        """All of them are gone."""
        for stream in list(self._open):
            self.broken(stream)

    def put_down(self) -> None:
        """What is held."""
        for tunnel in self._open.values():
            tunnel.put_down()
