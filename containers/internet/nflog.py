"""Hears from nftables' `log` statements by netlink (NFLOG), whole packets, at once. Linux: `linux/netfilter/nfnetlink_log.h`."""

import asyncio
import errno
import socket
import struct
from collections.abc import Callable, Iterator
from typing import NamedTuple

GROUP = 5
NETLINK_NETFILTER = 12
SO_RCVBUFFORCE = 33
AT_ONCE = 64
"""Reads before other sockets get their turn: who floods can send faster than anybody reads."""
_HEADER = struct.Struct("=IHHII")
_PACKET, _CONFIG = 0x400, 0x401
_PAYLOAD, _PREFIX, _SEQUENCE = 9, 10, 12
_CMD, _MODE, _THRESHOLD, _FLAGS = 1, 2, 5, 6
_BIND, _COPY_PACKET, _NUMBERED = 1, 2, 1
_WHOLE = 0xFFFF


class Logged(NamedTuple):
    """One logged packet."""

    prefix: str
    packet: bytes
    sequence: int | None


def messages(data: bytes) -> Iterator[Logged]:
    """The packets in one netlink datagram."""
    at = 0
    while at + 16 <= len(data):
        length, kind = struct.unpack_from("=IH", data, at)
        if length < 16:  # noqa: PLR2004  # a netlink header
            return
        if kind == _PACKET:
            found = dict(_attributes(data[at + 20 : at + length]))
            number = found.get(_SEQUENCE)
            prefix = found.get(_PREFIX, b"").rstrip(b"\0").decode("ascii", "replace")
            yield Logged(prefix, found.get(_PAYLOAD, b""), None if number is None else int.from_bytes(number, "big"))
        at += (length + 3) & ~3


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + 4 <= len(data):
        length, kind = struct.unpack_from("=HH", data, at)
        if length < 4:  # noqa: PLR2004  # an attribute's header
            return
        yield kind & 0x3FFF, data[at + 4 : at + length]
        at += (length + 3) & ~3


def _attribute(kind: int, data: bytes) -> bytes:
    length = 4 + len(data)
    return struct.pack("=HH", length, kind) + data + b"\0" * (-length % 4)


class Listener:
    """The netlink socket of one group."""

    def __init__(self, heard: Callable[[str, bytes], None], lost: Callable[[int], None]) -> None:
        self._heard = heard
        self._lost = lost
        self._next: int | None = None
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK, NETLINK_NETFILTER)
        self._socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 16 << 20)
        self._socket.bind((0, 0))
        self._ask(_attribute(_CMD, bytes([_BIND])))
        self._ask(_attribute(_MODE, struct.pack("!IBB", _WHOLE, _COPY_PACKET, 0)))
        self._ask(_attribute(_THRESHOLD, struct.pack("!I", 1)))  # else records come up to a second late
        self._ask(_attribute(_FLAGS, struct.pack("!H", _NUMBERED)))
        asyncio.get_running_loop().add_reader(self._socket.fileno(), self._ready)

    def close(self) -> None:
        """Hears no more."""
        asyncio.get_running_loop().remove_reader(self._socket.fileno())
        self._socket.close()

    def _ask(self, attributes: bytes) -> None:
        body = struct.pack("!BBH", 0, 0, GROUP) + attributes
        self._socket.send(_HEADER.pack(16 + len(body), _CONFIG, 5, 1, 0) + body)
        kind, code = struct.unpack_from("=4xH10xi", self._socket.recv(4096))
        if kind != 2 or code != 0:  # noqa: PLR2004  # NLMSG_ERROR, which also says that all is well
            raise OSError(-code, "the kernel does not log packets for us")

    def _ready(self) -> None:
        for _ in range(AT_ONCE):
            try:
                data = self._socket.recv(1 << 18)
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno != errno.ENOBUFS:
                    raise
                continue  # packets were dropped: the numbers will tell how many
            for logged in messages(data):
                self._count(logged.sequence)
                self._heard(logged.prefix, logged.packet)

    def _count(self, sequence: int | None) -> None:
        if sequence is None:
            return
        if self._next is not None and sequence != self._next:
            self._lost((sequence - self._next) & 0xFFFFFFFF)
        self._next = (sequence + 1) & 0xFFFFFFFF
