"""What the kernel answered by itself and only told us of: pings, refused and dropped ports, QUIC, odd protocols. Packets in, records out.

A refused datagram, a dropped one and a SYN with data have left the workstation as any other byte has: their payload is captured too.
"""

import socket
from collections import OrderedDict
from collections.abc import Hashable
from typing import NamedTuple

from honeyweights.containers.internet.flows import Flows
from honeyweights.containers.internet.names import Names
from honeyweights.containers.internet.receipts import About, Ledger
from honeyweights.containers.internet.talk import Remote

ICMP, TCP, UDP, ICMP6 = 1, 6, 17, 58
ECHO = frozenset({8, 128})
"""Types of a ping, ICMP's and ICMPv6's."""
EXTENSIONS = frozenset({0, 43, 60, 135})
"""IPv6 headers that another header follows: hop-by-hop, routing, destination options, mobility (RFC 8200, 4)."""
REMEMBERED = 1024
"""Attempts whose repetitions (a client's retransmissions) are known for what they are."""


class Packet(NamedTuple):
    """The parts of an IP packet that records speak of."""

    source: str
    address: str
    proto: int
    body: bytes
    """Behind the IP headers."""
    options: bytes
    """IPv4 options, or IPv6 extension headers."""
    missing: int
    """Bytes that the log cut off."""
    version: int
    """Of IP: 4 or 6."""


def parse(raw: bytes) -> Packet | None:
    """Takes an IPv4 or IPv6 packet apart; None for anything else."""
    if len(raw) >= 20 and raw[0] >> 4 == 4:  # noqa: PLR2004  # IPv4's shortest header, its version
        size = 4 * (raw[0] & 15)
        missing = int.from_bytes(raw[2:4], "big") - len(raw)
        return Packet(socket.inet_ntoa(raw[12:16]), socket.inet_ntoa(raw[16:20]), raw[9], raw[size:], raw[20:size], max(0, missing), 4)
    if len(raw) >= 40 and raw[0] >> 4 == 6:  # noqa: PLR2004  # IPv6's header, its version
        proto, at = raw[6], 40
        while proto in EXTENSIONS and at + 8 <= len(raw):
            proto, at = raw[at], at + 8 + 8 * raw[at + 1]
        missing = 40 + int.from_bytes(raw[4:6], "big") - len(raw)
        source, address = (socket.inet_ntop(socket.AF_INET6, raw[cut : cut + 16]) for cut in (8, 24))
        return Packet(source, address, proto, raw[at:], raw[40:at], max(0, missing), 6)
    return None


class Kernel:
    """Turns what the kernel logged into contacts and receipts."""

    def __init__(self, ledger: Ledger, names: Names, flows: Flows) -> None:
        self._ledger = ledger
        self._names = names
        self._flows = flows
        self._seen: OrderedDict[Hashable, None] = OrderedDict()

    def logged(self, why: str, raw: bytes) -> None:
        """`why` is the rule's prefix: ping, refused, dropped, quic, trace, group, hop, far, other, options."""
        packet = parse(raw)
        if packet is None or why == "far":  # what is far comes again when it has arrived
            return
        if packet.missing:
            self._ledger.lose("packet", 1, packet.missing)
        if why == "options":
            self._keep(packet, 0, _CHANNEL.get(packet.proto, "udp"), "ip-options", packet.options)
        elif packet.proto in {ICMP, ICMP6}:
            self._pinged(packet)
        elif packet.proto == TCP:
            self._syn(packet, why)
        elif packet.proto == UDP:
            self._datagram(packet, why)
        else:
            self._keep(packet, 0, "udp", f"ip-{packet.proto}", packet.body)

    def _pinged(self, packet: Packet) -> None:
        """Identifier and sequence are the client's to choose, but carry too little to be worth their noise: the data counts."""
        payload = packet.body[8:]
        where = self._where(packet, 0)
        if self._fresh(("icmp", packet.address)) or not payload:
            self._ledger.contact(where, "icmp", "icmp")
        if payload:
            kind = packet.body[0]
            self._keep(packet, 0, "icmp", "icmp-echo" if kind in ECHO else f"icmp-{kind}", payload)

    def _syn(self, packet: Packet, why: str) -> None:
        port, sequence = int.from_bytes(packet.body[2:4], "big"), packet.body[4:8]
        if not self._fresh((packet.source, packet.body[:2], packet.address, port, sequence)):
            return
        payload = packet.body[4 * (packet.body[12] >> 4) :] if len(packet.body) >= 20 else b""  # noqa: PLR2004  # TCP's shortest header
        where = self._where(packet, port)
        self._ledger.contact(where, "dropped" if why == "dropped" else "refused", "tcp", port=port)
        if payload:
            self._ledger.whole(where, About(channel="tcp", protocol="syn-data"), payload, finished=False)

    def _datagram(self, packet: Packet, why: str) -> None:
        port, payload = int.from_bytes(packet.body[2:4], "big"), packet.body[8:]
        if why != "group" and self._fresh((packet.source, packet.body[:2], packet.address, port)):
            self._ledger.contact(self._where(packet, port), "dropped" if why == "dropped" else "refused", "udp", port=port)
        if payload:
            self._keep(packet, port, "udp", {"quic": "quic", "group": "multicast"}.get(why, "raw-udp"), payload)

    def _keep(self, packet: Packet, port: int, channel: str, protocol: str, payload: bytes) -> None:
        where, about = self._where(packet, port), About(channel=channel, protocol=protocol)
        self._flows.write((protocol, packet.source, packet.address, port), payload, lambda: self._ledger.open(where, about))

    def _where(self, packet: Packet, port: int) -> Remote:
        return Remote(packet.address, port, self._names.host(packet.address), (packet.source, 0))

    def _fresh(self, key: Hashable) -> bool:
        """Whether this was not heard lately."""
        if key in self._seen:
            return False
        if len(self._seen) >= REMEMBERED:
            self._seen.popitem(last=False)
        self._seen[key] = None
        return True


_CHANNEL = {TCP: "tcp", UDP: "udp", ICMP: "icmp", ICMP6: "icmp"}
