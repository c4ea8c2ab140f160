"""A connection that is forwarded through a remote host (`-L`, `-D`, `-W`, `-J`): answered as by the internet itself.

The channel becomes a line, and it is listened to as on any connection from the wire: the receipt is named by what is inside. Talkers
live in the server's loop, the channel in threads of its own: one reads, one writes. Neither runs ahead of the client.
"""

import asyncio
import contextlib
import queue
import socket
import threading
from collections.abc import Callable, Iterator
from itertools import islice
from math import inf

from paramiko import Channel, SSHException

from honeyweights.containers.internet.protocols.raw import confused
from honeyweights.containers.internet.sniff import first
from honeyweights.containers.internet.talk import AN_ANSWER, Data, House, Remote, Talker

BLOCK = 1 << 16
PATIENCE = 60.0
"""Seconds for which a thread waits for a busy loop."""
MOST_WAITING = 1 << 20
"""Bytes of answers that wait for the client; what else comes is left with SSH, whose window closes."""


class Tunnel:
    """One forwarded connection; the other side of `talk.Line`."""

    secure = False
    claimed: str | None = None

    def __init__(self, channel: Channel, remote: Remote, house: House, loop: asyncio.AbstractEventLoop) -> None:
        self.remote = remote
        self._channel = channel
        self._house = house
        self._loop = loop
        self._talker: Talker | None = None
        self._bare: socket.socket | None = None
        self._answers: queue.Queue[tuple[Iterator[bytes], int] | None] = queue.Queue()
        self._waiting = 0
        self._lock = threading.Lock()
        self._room = threading.Event()
        self._room.set()
        self._held: bytes | None = None
        self._until = inf
        self._deaf = False
        """The client hears no more answers."""
        self._timers: list[asyncio.TimerHandle] = []

    def run(self) -> None:
        """To its end, in the calling thread and one more."""
        writer = threading.Thread(target=self._write, daemon=True, name="ssh-tunnel")
        writer.start()
        try:
            self._wait(self._begin)
            self._read()
        finally:
            self._answers.put(None)
            writer.join(PATIENCE)
            self._channel.close()

    def send(self, data: bytes) -> None:
        """Sends behind all that was sent before."""
        if data:
            self.stream(iter((data,)), len(data))

    def stream(self, blocks: Iterator[bytes], held: int = 0) -> None:
        """Sends blocks as fast as the other side reads them."""
        if not self._deaf:
            self._weigh(held + AN_ANSWER)
            self._answers.put((blocks, held + AN_ANSWER))

    def prompt(self, blocks: Iterator[bytes]) -> None:
        """SSH is as late as it is (`tap`)."""
        self.stream(blocks)

    @property
    def full(self) -> bool:
        """The client does not read, or this turn is over."""
        return not self._room.is_set() or self._loop.time() > self._until

    def hold(self, rest: Data) -> None:
        """Tells the rest when there is room; until then nothing is read."""
        self._held = bytes(rest)

    def shut(self) -> None:
        """Sends no more."""
        self._answers.put(None)

    def turn(self, talker: Talker) -> None:
        """From now on `talker` is told."""
        self._talker = talker

    def later(self, seconds: float, call: Callable[[], None]) -> None:
        """Calls when the connection still lives then."""
        self._timers.append(self._loop.call_later(seconds, call))

    def detach(self) -> socket.socket | None:
        """One end of a pair: the other is read into the channel."""
        ours, theirs = socket.socketpair()
        self._bare = ours
        threading.Thread(target=self._relay, args=(ours,), daemon=True, name="ssh-relay").start()
        return theirs

    def _begin(self) -> None:
        self._talker = first(self, self._house)

    def _read(self) -> None:
        with contextlib.suppress(OSError):
            while piece := self._channel.recv(BLOCK):
                self._tell(piece)
        if self._bare is not None:
            with contextlib.suppress(OSError):
                self._bare.shutdown(socket.SHUT_WR)
        elif self._talker is not None:
            self._wait(self._talker.ended if self._channel.eof_received else self._talker.broken)
        self._wait(self._stop)

    def _tell(self, piece: bytes) -> None:
        """To whoever listens; returns when all of it was heard and what is to be said to it has room."""
        if self._bare is not None:
            self._bare.sendall(piece)
            return
        self._wait(lambda: self._told(piece))
        while self._bare is None:
            while not self._room.wait(PATIENCE) and self._channel.active:
                pass
            held, self._held = self._held, None
            if held is None:
                return
            self._wait(lambda held=held: self._told(held))  # type: ignore[misc]

    def _told(self, piece: bytes) -> None:
        self._until = self._loop.time() + self._house.turns.first()
        if self._talker is not None and self._bare is None:
            try:
                self._talker.received(piece)
            except Exception as fault:  # noqa: BLE001  # see confused
                confused(self, self._house, fault, piece)
        elif self._bare is not None:
            self._bare.sendall(piece)
        self._until = inf

    def _weigh(self, count: int) -> None:
        """More waits, or less. The loop and the writer both say so."""
        with self._lock:
            self._waiting += count
            if self._waiting > MOST_WAITING:
                self._room.clear()
            else:
                self._room.set()

    def _stop(self) -> None:
        for timer in self._timers:
            timer.cancel()

    def _wait(self, call: Callable[[], object]) -> None:
        """Has the loop do it; returns when it is done."""
        done = threading.Event()

        def obey() -> None:
            try:
                call()
            finally:
                done.set()

        with contextlib.suppress(RuntimeError):  # the loop is closed: the world ends
            self._loop.call_soon_threadsafe(obey)
            done.wait(PATIENCE)

    def _write(self) -> None:
        """Each block is made in the loop, where its talker lives, and sent from here."""
        try:
            while (answer := self._answers.get()) is not None:
                blocks, held = answer
                while (block := self._next(blocks)) is not None:
                    self._channel.sendall(block)
                self._weigh(-held)
            self._channel.shutdown_write()
        except (OSError, SSHException, EOFError):
            pass  # the client is gone; what it still says is heard all the same
        finally:
            self._deaf = True
            self._weigh(-self._waiting)

    def _next(self, blocks: Iterator[bytes]) -> bytes | None:
        made: list[bytes] = []
        self._wait(lambda: made.extend(islice(blocks, 1)))
        return made[0] if made else None

    def _relay(self, bare: socket.socket) -> None:
        with contextlib.suppress(OSError, SSHException, EOFError):
            while piece := bare.recv(BLOCK):
                self._channel.sendall(piece)
        with contextlib.suppress(OSError, SSHException, EOFError):
            self._channel.close()
