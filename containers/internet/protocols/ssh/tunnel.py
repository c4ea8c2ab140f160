"""A connection that is forwarded through a remote host (`-L`, `-D`, `-W`, `-J`): answered as by the internet itself.

The channel becomes a line, and it is listened to as on any connection from the wire: the receipt is named by what is inside. Talkers
live in the server's loop, the channel in threads of its own: one reads, one writes.
"""

import asyncio
import contextlib
import queue
import socket
import threading
from collections.abc import Callable, Iterator

from paramiko import Channel, SSHException

from honeyweights.containers.internet.protocols.raw import confused
from honeyweights.containers.internet.sniff import first
from honeyweights.containers.internet.talk import House, Remote, Talker

BLOCK = 1 << 16
PATIENCE = 60.0
"""Seconds for which a reader waits for a busy loop."""


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
        self._answers: queue.Queue[Iterator[bytes] | None] = queue.Queue()
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
            self.stream(iter((data,)))

    def stream(self, blocks: Iterator[bytes]) -> None:
        """Sends blocks as fast as the other side reads them."""
        self._answers.put(blocks)

    def prompt(self, blocks: Iterator[bytes]) -> None:
        """SSH is never late."""
        self.stream(blocks)

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
                if self._bare is not None:
                    self._bare.sendall(piece)
                else:
                    self._wait(lambda piece=piece: self._told(piece))  # type: ignore[misc]
        if self._bare is not None:
            with contextlib.suppress(OSError):
                self._bare.shutdown(socket.SHUT_WR)
        elif self._talker is not None:
            self._wait(self._talker.ended if self._channel.eof_received else self._talker.broken)
        self._wait(self._stop)

    def _told(self, piece: bytes) -> None:
        if self._talker is not None and self._bare is None:
            try:
                self._talker.received(piece)
            except Exception as fault:  # noqa: BLE001  # see confused
                confused(self, self._house, fault, piece)
        elif self._bare is not None:
            self._bare.sendall(piece)

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
        with contextlib.suppress(OSError, SSHException, EOFError):
            while (blocks := self._answers.get()) is not None:
                for block in blocks:
                    self._channel.sendall(block)
            self._channel.shutdown_write()

    def _relay(self, bare: socket.socket) -> None:
        with contextlib.suppress(OSError, SSHException, EOFError):
            while piece := bare.recv(BLOCK):
                self._channel.sendall(piece)
        with contextlib.suppress(OSError, SSHException, EOFError):
            self._channel.close()
