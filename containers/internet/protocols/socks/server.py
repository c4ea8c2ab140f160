"""SOCKS 4, 4a and 5 (RFC 1928, 1929), as a proxy that lets everybody through. What goes through is named by what is inside.

The words before are kept under the receipt's `head`; a name and a password are its payload too, since a client may fill them with anything.
"""

import socket
from collections.abc import Callable

from honeyweights.containers.internet import sniff
from honeyweights.containers.internet.protocols.raw import Raw
from honeyweights.containers.internet.protocols.socks.udp import Associate
from honeyweights.containers.internet.receipts import About
from honeyweights.containers.internet.talk import Data, House, Line, Talker

ABOUT = About(channel="tcp", protocol="socks")
CONNECT, ASSOCIATE = 1, 3
RESOLVE = 0xF0
"""What proxies of the onion network know besides: the address of a name."""
COMMANDS = {1: "connect", 2: "bind", 3: "associate", RESOLVE: "resolve"}
LONGEST = 4096
"""Bytes of a user's name and a host's in SOCKS 4, which have no length of their own."""
LONG_NAME = 64
"""Characters of a host's name that nobody wonders at; a longer one is payload."""
NONE, PASSWORD, NOTHING = 0, 2, 0xFF
NOT_SPOKEN = 7
UNREACHABLE = {"refused": 5, "dropped": 4}
"""How a place is closed -> what SOCKS 5 calls it (RFC 1928, 6)."""
NOT_THERE = bytes(6)
"""Address and port of our end, which no client looks at."""


class Socks(Talker):
    """The server's end of one connection, until the tunnel stands."""

    def __init__(self, line: Line, house: House) -> None:
        self._line = line
        self._house = house
        self._held = bytearray()
        self._said = bytearray()
        self._secret = b""
        self._step: Callable[[], int] = self._greeted
        """Gives how many bytes of those held it understood: 0 for not enough, less for none that it ever will."""
        self._heir: Talker | None = None

    def received(self, data: Data) -> None:
        """Answers what is whole."""
        self._held += data
        while self._heir is None and self._held:
            count = self._step()
            if count == 0:
                return
            if count < 0:
                self._raw()
                return
            self._said += self._held[:count]
            del self._held[:count]
            if self._heir is not None:
                self._through(self._heir)

    def flush(self) -> None:
        """Puts down what is here of a beginning."""
        if self._said or self._held:
            self._house.ledger.whole(self._line.remote, ABOUT, self._said + self._held, finished=False)
            self._said.clear()
            self._held.clear()

    def ended(self) -> None:
        """A beginning and no more."""
        self.flush()
        self._line.shut()

    def _greeted(self) -> int:
        if self._held[0] == 4:  # noqa: PLR2004  # the version
            return self._asked4()
        if self._held[0] != 5:  # noqa: PLR2004  # likewise
            return -1
        if len(self._held) < 2 or len(self._held) < 2 + self._held[1]:  # noqa: PLR2004  # version and number
            return 0
        count = 2 + self._held[1]
        offered = self._held[2:count]
        method = next((method for method in (PASSWORD, NONE) if method in offered), NOTHING)
        self._line.send(bytes((5, method)))
        self._step = {PASSWORD: self._proved, NONE: self._asked5, NOTHING: self._lost}[method]
        return count

    def _lost(self) -> int:
        return -1

    def _proved(self) -> int:
        held = self._held
        if held[0] != 1:
            return -1
        at = 2 + held[1] if len(held) > 1 else 0
        if not at or len(held) <= at or len(held) < at + 1 + held[at]:
            return 0
        self._secret = bytes(held[2:at]) + b":" + bytes(held[at + 1 : at + 1 + held[at]])
        self._line.send(b"\1\0")
        self._step = self._asked5
        return at + 1 + int(held[at])

    def _asked5(self) -> int:
        held = self._held
        if held[0] != 5 or (len(held) > 3 and held[3] not in {1, 3, 4}):  # noqa: PLR2004  # version, kinds of address
            return -1
        if len(held) < 5:  # noqa: PLR2004  # up to the length of a name
            return 0
        size = {1: 4, 3: 1 + held[4], 4: 16}[held[3]]
        if len(held) < 6 + size:
            return 0
        where = bytes(held[4 : 4 + size])
        host = {1: _v4, 3: _name, 4: _v6}[held[3]](where)
        port = int.from_bytes(held[4 + size : 6 + size], "big")
        if held[1] == ASSOCIATE:
            self._note(ASSOCIATE, host, port, held[: 6 + size])
            self._heir = associate = Associate(self._line, self._house)
            self._line.send(b"\5\0\0" + _end(self._line.remote.address, associate.port))
            return 6 + size
        why = self._answered(held[1], host, port, held[: 6 + size])
        found = self._house.names.address(host, 4) if held[1] == RESOLVE else None
        self._line.send(bytes((5, why, 0, 1)) + NOT_THERE if found is None else b"\5\0\0" + _end(found, 0))
        self._heir = Raw(self._line, self._house, tail=True) if why else self._tunnel(host, port)
        return 6 + size

    def _asked4(self) -> int:
        held = self._held
        user, end, rest = bytes(held[8:]).partition(b"\0")
        far = held[4:7] == b"\0\0\0" and held[7:8] != b"\0"
        name, ended, _ = rest.partition(b"\0")
        if not end or (far and not ended):
            return -1 if len(held) > LONGEST else 0
        count = 8 + len(user) + 1 + (len(name) + 1 if far else 0)
        host, port = _name(b"?" + name) if far else _v4(bytes(held[4:8])), int.from_bytes(held[2:4], "big")
        self._secret = user
        why = self._answered(held[1], host, port, held[:count])
        self._line.send(bytes((0, 0x5B if why else 0x5A)) + NOT_THERE)
        self._heir = Raw(self._line, self._house, tail=True) if why else self._tunnel(host, port)
        return count

    def _answered(self, command: int, host: str, port: int, request: bytes | bytearray) -> int:
        """Notes what is asked for; gives the answer of SOCKS 5: 0 for yes."""
        self._note(command, host, port, request)
        if command != CONNECT:
            return NOT_SPOKEN
        how = self._house.closes(self._line.remote.onwards(self._house.names, host, port))
        return UNREACHABLE[how] if how else 0

    def _note(self, command: int, host: str, port: int, request: bytes | bytearray) -> None:
        head = self._house.ledger.keep(self._said + request)
        method = COMMANDS.get(command, "odd")
        about = ABOUT._replace(method=method, target=f"{host}:{port}", claimed=host, head=head)
        payload = self._secret + (host.encode("latin-1") if len(host) > LONG_NAME else b"")
        self._house.ledger.whole(self._line.remote, about, payload)

    def _tunnel(self, host: str, port: int) -> Talker:
        self._line.claimed = host
        self._line.remote = self._line.remote.onwards(self._house.names, host, port)
        return sniff.first(self._line, self._house)

    def _through(self, heir: Talker) -> None:
        rest = bytes(self._held)
        self._held.clear()
        self._said.clear()
        self._line.turn(heir)
        if isinstance(heir, Raw):
            self._line.shut()
        if rest:
            heir.received(rest)

    def _raw(self) -> None:
        """Some other protocol: all of it is kept."""
        raw = Raw(self._line, self._house, ABOUT)
        self._line.turn(raw)
        raw.received(bytes(self._said + self._held))


def _end(address: str, port: int) -> bytes:
    """Kind, address and port."""
    family, kind = (socket.AF_INET6, 4) if ":" in address else (socket.AF_INET, 1)
    return bytes([kind]) + socket.inet_pton(family, address) + port.to_bytes(2, "big")


def _v4(raw: bytes) -> str:
    return socket.inet_ntop(socket.AF_INET, raw)


def _v6(raw: bytes) -> str:
    return socket.inet_ntop(socket.AF_INET6, raw)


def _name(raw: bytes) -> str:
    """Behind its length."""
    return raw[1:].decode("latin-1").lower().rstrip(".")
