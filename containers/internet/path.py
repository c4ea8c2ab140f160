"""The way to a far place: what the kernel would answer at once is answered here as late as the place is far, and by the routers on the way.

The kernel's rules take three kinds of packets out of the stack and hand us a copy: pings to far places ("ping"), the first packet of a
connection to one ("far"), and whatever has too few hops left to be an ordinary packet ("hop": traceroute). Pings and expired packets we
answer by raw sockets. A connection's first packet we put back, later, where TPROXY takes it: all that follows is the kernel's own, at full
speed. Nothing that we send can leave: the namespace has one wire, and its other end is the workstation.
"""

import asyncio
import errno
import socket
import struct
from functools import partial

from honeyweights.containers.internet.distance import Distance
from honeyweights.containers.internet.kernel import ICMP, ICMP6, TCP, UDP, Packet, parse

IPV6_HDRINCL, IP_FREEBIND, IPV6_FREEBIND, SO_MARK = 36, 15, 78, 36
MARK = 7
"""Of packets that we put back."""
MOST_WAITING = 8192
"""Answers under way. Beyond it packets are lost, as in any network; clients send them again."""
ECHO_REQUEST, ECHO_REPLY = {4: 8, 6: 128}, {4: 0, 6: 129}
TIME_EXCEEDED, UNREACHABLE = {4: (11, 0), 6: (3, 0)}, {4: (3, 3), 6: (1, 4)}
"""Type and code (RFC 792, RFC 4443): out of hops; nobody at that port."""
QUOTED = 128
"""Bytes of a packet that an error quotes, behind its IP header."""
ORDINARY_HOPS = 64
_OPTIONS = {
    4: (socket.IPPROTO_IP, IP_FREEBIND, socket.IP_TTL),
    6: (socket.IPPROTO_IPV6, IPV6_FREEBIND, socket.IPV6_UNICAST_HOPS),
}
"""IP version -> level, and the options for an address that is not ours and for the hops that are left."""
_SAY_NOTHING = (errno.ENOBUFS, errno.EAGAIN, errno.EMSGSIZE, errno.EPERM, errno.EINVAL, errno.ENETUNREACH, errno.EADDRNOTAVAIL)


class Path:
    """Answers for routers and far hosts. Needs NET_RAW."""

    def __init__(self, distance: Distance) -> None:
        self._distance = distance
        self._waiting = 0
        self._back = {4: _raw(socket.AF_INET, socket.IPPROTO_RAW), 6: _raw(socket.AF_INET6, socket.IPPROTO_RAW)}
        self._back[6].setsockopt(socket.IPPROTO_IPV6, IPV6_HDRINCL, 1)
        for line in self._back.values():
            line.setsockopt(socket.SOL_SOCKET, SO_MARK, MARK)

    def logged(self, why: str, raw: bytes) -> None:
        """A packet that the rules took out of the stack, or only told of."""
        packet = parse(raw)
        if packet is None or why not in {"ping", "far", "hop"}:
            return
        away = self._distance.late(packet.address)
        if why == "hop":
            self._expiring(packet, raw, away)
        elif why == "far" or (away and _echo(packet)):
            self._later(packet.address, away, partial(self._arrived, packet, raw))

    def _later(self, address: str, seconds: float, call: "partial[None]") -> None:
        """Not before what is on its way from there already."""
        if self._waiting < MOST_WAITING:
            self._waiting += 1
            loop = asyncio.get_running_loop()
            loop.call_later(self._distance.behind(address, loop.time(), seconds), self._now, call)

    def _now(self, call: "partial[None]") -> None:
        self._waiting -= 1
        call()

    def _expiring(self, packet: Packet, raw: bytes, away: float) -> None:
        hops = self._distance.hops(packet.address)
        left = raw[7] if packet.version == 6 else raw[8]  # noqa: PLR2004  # an address family
        if left > len(hops):
            self._later(packet.address, away, partial(self._arrived, packet, raw))
        elif left > 0:
            share = (left - 1) / (len(hops) + 1)
            answer = partial(_error, TIME_EXCEEDED, hops[left - 1], packet, raw, ORDINARY_HOPS + 1 - left)
            self._later(hops[left - 1], away * share + 0.0003 * left, answer)

    def _arrived(self, packet: Packet, raw: bytes) -> None:
        """A packet is where it was meant to go."""
        if packet.proto == TCP:
            self._put_back(packet, raw)
        elif _echo(packet):
            body = bytes([ECHO_REPLY[packet.version], 0, 0, 0]) + packet.body[4:]
            _send(packet.version, packet.address, packet.source, body, self._left(packet.address))
        elif packet.proto == UDP:
            _error(UNREACHABLE, packet.address, packet, raw, self._left(packet.address))

    def _left(self, address: str) -> int:
        """Hops that an answer has left when it is here."""
        return ORDINARY_HOPS - len(self._distance.hops(address))

    def _put_back(self, packet: Packet, raw: bytes) -> None:
        whole = bytearray(raw)
        at = len(raw) - len(packet.body)
        if packet.version == 4:  # noqa: PLR2004  # an address family
            whole[8] = ORDINARY_HOPS
        else:
            whole[7] = ORDINARY_HOPS
        whole[at + 16 : at + 18] = bytes(2)
        family = socket.AF_INET if packet.version == 4 else socket.AF_INET6  # noqa: PLR2004
        ends = socket.inet_pton(family, packet.source) + socket.inet_pton(family, packet.address)
        tail = struct.pack("!BBH", 0, TCP, len(packet.body)) if packet.version == 4 else struct.pack("!II", len(packet.body), TCP)  # noqa: PLR2004
        whole[at + 16 : at + 18] = checksum(ends + tail + bytes(whole[at:])).to_bytes(2, "big")
        try:
            self._back[packet.version].sendto(whole, (packet.address, 0))
        except OSError as error:
            if error.errno not in _SAY_NOTHING:
                raise


def checksum(data: bytes) -> int:
    """The internet's checksum (RFC 1071)."""
    if len(data) % 2:
        data += b"\0"
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def _echo(packet: Packet) -> bool:
    return packet.proto in {ICMP, ICMP6} and packet.body[:1] == bytes([ECHO_REQUEST[packet.version]])


def _raw(family: socket.AddressFamily, proto: int) -> socket.socket:
    made = socket.socket(family, socket.SOCK_RAW | socket.SOCK_NONBLOCK, proto)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 0)  # it only speaks
    return made


def _error(kinds: dict[int, tuple[int, int]], by: str, packet: Packet, raw: bytes, left: int) -> None:
    kind, code = kinds[packet.version]
    _send(packet.version, by, packet.source, bytes([kind, code]) + bytes(6) + raw[: len(raw) - len(packet.body) + QUOTED], left)


def _send(version: int, source: str, to: str, body: bytes, left: int) -> None:
    """One ICMP message from any address. The kernel cuts large ones into fragments, as the far host's would."""
    family, proto = (socket.AF_INET, ICMP) if version == 4 else (socket.AF_INET6, ICMP6)  # noqa: PLR2004  # an address family
    if version == 4:  # noqa: PLR2004  # IPv6's needs the addresses and is the kernel's to fill
        body = body[:2] + checksum(body[:2] + bytes(2) + body[4:]).to_bytes(2, "big") + body[4:]
    try:
        with _raw(family, proto) as line:
            level, free, hops = _OPTIONS[version]
            line.setsockopt(level, free, 1)
            line.setsockopt(level, hops, left)
            line.bind((source, 0))
            line.sendto(body, (to, 0))
    except OSError as error:
        if error.errno not in _SAY_NOTHING:
            raise
