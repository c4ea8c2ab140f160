"""Listens where paramiko does not: the bytes of the handshake, the messages that mean nothing, what comes after the end."""

import socket
import time
from collections.abc import Callable, Iterator
from typing import Any

from paramiko.common import (
    MSG_CHANNEL_DATA,
    MSG_CHANNEL_EXTENDED_DATA,
    MSG_CHANNEL_OPEN,
    MSG_CHANNEL_REQUEST,
    MSG_DEBUG,
    MSG_DISCONNECT,
    MSG_GLOBAL_REQUEST,
    MSG_IGNORE,
    MSG_KEXINIT,
    MSG_UNIMPLEMENTED,
    MSG_USERAUTH_REQUEST,
)
from paramiko.message import Message
from paramiko.packet import Packetizer
from paramiko.transport import Transport

from honeyweights.containers.internet.protocols.ssh.late import Late

HANDSHAKE = 1 << 16
"""Bytes before the first login beyond which nobody means SSH."""
CARRIERS = {
    MSG_IGNORE: 0,
    MSG_DEBUG: 0,
    MSG_UNIMPLEMENTED: 8,
    MSG_CHANNEL_EXTENDED_DATA: 0,
    MSG_DISCONNECT: 64,
    MSG_GLOBAL_REQUEST: 256,
    MSG_CHANNEL_OPEN: 256,
    MSG_CHANNEL_REQUEST: 400,  # a terminal's modes are 310
    MSG_USERAUTH_REQUEST: 1024,
}
"""Messages that an adversary can fill -> bytes of one that nobody wonders at. Channel data itself goes to whoever serves it."""
OURS = (vars(Transport)["_preferred_kex"][0], "ssh-ed25519")  # paramiko tells it of a connection only, which needs its reader first
"""What we would have a key exchange begin with, and our only kind of key."""
SILENCE = 1.0
"""Seconds that a client may be silent after our last word."""


class Tap:
    """A socket as paramiko wants it, beginning with bytes that were read already."""

    def __init__(self, bare: socket.socket, first: bytes, late: Late | None = None) -> None:
        """`late`: what we say goes this way, where the place is far."""
        self._bare = bare
        self._late = late
        self._first = first
        self.began = bytearray()
        """What came before the first login."""
        self.settled = False
        """A login came: keys are agreed on, what comes now comes to somebody."""
        self.heard = time.monotonic()

    def recv(self, count: int) -> bytes:
        """At most `count` bytes."""
        if not self.settled and len(self.began) > HANDSHAKE:
            raise OSError("no handshake is so long")
        if self._first:
            data, self._first = self._first[:count], self._first[count:]
        else:
            data = self._bare.recv(count)
        self.heard = time.monotonic()
        if not self.settled:
            self.began += data
        return data

    def send(self, data: bytes) -> int:
        """As a socket does."""
        return self._bare.send(data) if self._late is None else self._late.send(data)

    def settimeout(self, seconds: float | None) -> None:
        """As a socket does."""
        self._bare.settimeout(seconds)

    def close(self) -> None:
        """Says no more. The socket itself lives until the rest was heard."""
        if self._late is not None:
            self._late.close()
            return
        try:
            self._bare.shutdown(socket.SHUT_WR)
        except OSError:
            return  # the client was faster

    def rest(self) -> Iterator[bytes]:
        """What still comes after SSH is over."""
        if self._first:
            yield self._first
        self._bare.settimeout(SILENCE)
        try:
            while piece := self._bare.recv(1 << 18):
                self.heard = time.monotonic()
                yield piece
        except OSError:
            return  # silent or gone: the same to us


def listening(carried: Callable[[bytes], None], served: Callable[[int], bool]) -> type[Packetizer]:
    """Paramiko's reader of packets, telling what its own code would throw away.

    Args:
        carried: told such bytes.
        served: whether data for the channel of this number still comes to somebody.
    """

    class Listening(Packetizer):
        guessed = False

        def read_message(self) -> tuple[int, Message]:
            kind, message = super().read_message()
            if self.guessed:
                kind, message = super().read_message()
            self.guessed = kind == MSG_KEXINIT and guesses_wrong(message.asbytes())
            if kind == MSG_CHANNEL_DATA:
                if not served(int.from_bytes(message.asbytes()[:4], "big")):
                    carried(message.asbytes()[8:])
            elif kind in CARRIERS and len(payload := message.asbytes()) > CARRIERS[kind]:
                carried(payload)
            result: tuple[Any, Message] = (kind, message)
            return result

    return Listening


def guesses_wrong(offer: bytes) -> bool:
    """Whether a client's offer (RFC 4253, 7.1) has the next packet sent on a guess that is not ours: it means nothing then.

    Paramiko takes no notice of guesses. Dropbear makes them.
    """
    message = Message(offer)
    message.get_bytes(16)
    wanted = [message.get_list() for _ in range(10)]
    return message.get_boolean() and (wanted[0][0], wanted[1][0]) != OURS
