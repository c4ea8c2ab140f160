"""A line as a socket: for a conversation that wants a bare one (SSH, rsync) and stands inside another protocol, which has none to give.

One end of a pair is the conversation's own; what comes on the line is written into the other, and what is read from it is said on the line.
"""

import asyncio
import contextlib
import socket
from collections.abc import Callable

from honeyweights.containers.internet.protocols.raw import Raw
from honeyweights.containers.internet.receipts import About
from honeyweights.containers.internet.talk import Data, House, Line, Talker

BLOCK = 1 << 16
MOST = 8 << 20
"""Bytes that wait for the conversation. What speaks by windows of its own never has so many; beyond it, somebody floods: it is kept raw."""
AGAIN = 0.05
"""Seconds until a full line is looked at again."""
FLOOD = About(channel="tcp", protocol="raw-tcp")


class Relay(Talker):
    """What the line tells from now on."""

    def __init__(self, line: Line, house: House, ours: socket.socket) -> None:
        self._line, self._house, self._ours = line, house, ours
        self._loop = asyncio.get_running_loop()
        self._waiting = bytearray()
        self._over = self._gone = False
        ours.setblocking(False)  # noqa: FBT003  # as the standard library has it
        self._loop.add_reader(ours, self._readable)

    def received(self, data: Data) -> None:
        """Passes it on."""
        if self._gone:
            return
        self._waiting += data
        self._write()
        if len(self._waiting) > MOST:
            rest = bytes(self._waiting)
            self._leave()
            raw = Raw(self._line, self._house, FLOOD)
            self._line.turn(raw)
            raw.received(rest)

    def ended(self) -> None:
        """The client sends no more; it may still read."""
        self._over = True
        self._write()

    def broken(self) -> None:
        """The connection is gone."""
        self._write()
        self._leave()

    def _write(self) -> None:
        try:
            while self._waiting and not self._gone:
                del self._waiting[: self._ours.send(self._waiting[:BLOCK])]
        except BlockingIOError:
            self._loop.add_writer(self._ours, self._write)
            return
        except OSError:  # the conversation is over
            self._waiting.clear()
        if not self._gone:
            self._loop.remove_writer(self._ours)
            if self._over:
                with contextlib.suppress(OSError):
                    self._ours.shutdown(socket.SHUT_WR)

    def _readable(self) -> None:
        if self._line.full:
            self._loop.remove_reader(self._ours)
            self._line.later(AGAIN, self._again)
            return
        try:
            said = self._ours.recv(BLOCK)
        except BlockingIOError:
            return
        except OSError:
            said = b""
        if said:
            self._line.send(said)
        else:
            self._loop.remove_reader(self._ours)
            self._line.shut()

    def _again(self) -> None:
        if not self._gone:
            self._loop.add_reader(self._ours, self._readable)

    def _leave(self) -> None:
        if not self._gone:
            self._gone = True
            self._loop.remove_reader(self._ours)
            self._loop.remove_writer(self._ours)
            self._ours.close()


class Within(Line):
    """A line inside another: what all of them do alike."""

    talker: Talker

    def __init__(self, outer: Line, house: House) -> None:
        self._outer, self._house = outer, house
        self.remote = outer.remote

    def turn(self, talker: Talker) -> None:
        """From now on `talker` is told."""
        self.talker = talker

    def later(self, seconds: float, call: Callable[[], None]) -> None:
        """While the connection lives."""
        self._outer.later(seconds, call)

    def detach(self) -> socket.socket | None:
        """One end of a pair."""
        return bare(self, self._house)


def bare(line: Line, house: House) -> socket.socket | None:
    """A socket that is the line's other end, from now on; None where there is no loop to carry it."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return None
    ours, theirs = socket.socketpair()
    line.turn(Relay(line, house, ours))
    return theirs
