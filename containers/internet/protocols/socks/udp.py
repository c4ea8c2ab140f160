"""SOCKS 5's UDP ASSOCIATE (RFC 1928, 7): datagrams through the proxy, each with its destination in front, each answered from there.

A datagram's destination is bound as a tunnel's is (`Remote.onwards`), so it is a receipt of the place that was asked for, with the proxy
in `via`. The association ends with the connection that asked for it. Fragments, which no client makes, and what has no destination are
kept whole, as `socks-udp`.
"""

import socket
from typing import NamedTuple

from honeyweights.containers.internet import sniff
from honeyweights.containers.internet.protocols.raw import Raw
from honeyweights.containers.internet.receipts import About
from honeyweights.containers.internet.talk import Data, House, Line, Remote, Talker

ODD = About(channel="udp", protocol="socks-udp")
V4, NAME, V6 = 1, 3, 4
SIZES = {V4: 4, V6: 16}


class Wrapped(NamedTuple):
    """A datagram and its destination."""

    host: str
    port: int
    head: bytes
    """As it came, up to the port: an answer begins with the same."""
    payload: bytes


def parse(data: bytes) -> Wrapped | None:
    """None where there is no destination, or no whole datagram."""
    if len(data) < 5 or data[:3] != b"\0\0\0" or data[3] not in {V4, NAME, V6}:  # noqa: PLR2004  # up to the length of a name
        return None
    at = 4 if data[3] != NAME else 5
    end = at + SIZES.get(data[3], data[4])
    where, port = data[at:end], data[end : end + 2]
    if len(port) < 2 or not where:  # noqa: PLR2004  # a port
        return None
    if data[3] == NAME:
        host = where.decode("latin-1").lower().rstrip(".")
    else:
        host = socket.inet_ntop(socket.AF_INET if data[3] == V4 else socket.AF_INET6, where)
    return Wrapped(host, int.from_bytes(port, "big"), data[:end], data[end + 2 :])


class Associate(Talker):
    """The connection that an association lives with. What comes on it is kept."""

    def __init__(self, line: Line, house: House) -> None:
        self._line, self._house = line, house
        self._proxy = line.remote
        self._rest = Raw(line, house, tail=True)
        self.port = house.doors.datagrams(self._proxy.address, self._took)
        """Where datagrams are awaited, at the proxy's address."""

    def received(self, data: Data) -> None:
        """Nothing should."""
        self._rest.received(data)

    def ended(self) -> None:
        """The association is over."""
        self._house.doors.shut(self._proxy.address, self.port)
        self._rest.ended()

    def broken(self) -> None:
        """As for `ended`."""
        self._house.doors.shut(self._proxy.address, self.port)
        self._rest.broken()

    def flush(self) -> None:
        """Of datagrams nothing is held."""
        self._rest.flush()

    def _took(self, remote: Remote, data: bytes) -> None:
        found = parse(data)
        where = self._proxy._replace(source=remote.source)
        target = where if found is None else where.onwards(self._house.names, found.host, found.port)
        if found is None or (target.address, target.port) == (self._proxy.address, self.port):
            self._house.flows.write(("socks-udp", remote), data, lambda: self._house.ledger.open(remote, ODD))
            return
        target = target._replace(back=(remote, found.head))
        reply = sniff.arrived(target, found.payload, self._house)
        if reply is not None:
            self._house.answer(target, reply, target)
