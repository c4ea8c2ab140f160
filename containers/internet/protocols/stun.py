"""STUN (RFC 8489, 3489), by UDP and TCP: who asks learns the lab's own outside. TURN (RFC 8656) knows nobody: 401 with a challenge.

What a message carries is kept whole, answered or not.
"""

import socket
import struct

from honeyweights.containers.internet.lines import Framed
from honeyweights.containers.internet.receipts import About
from honeyweights.containers.internet.rules import Datagram, Rule
from honeyweights.containers.internet.talk import House, Line, Remote

COOKIE = b"\x21\x12\xa4\x42"
HEAD = 20
BINDING, SUCCESS, ERROR, INDICATION = 0x0001, 0x0100, 0x0110, 0x0010
MAPPED, XOR_MAPPED, ERROR_CODE, REALM, NONCE, SOFTWARE = 0x0001, 0x0020, 0x0009, 0x0014, 0x0015, 0x8022
PORTS = frozenset({3478, 3479, 5349, 5350, 19302, 19305})
UDP = About(channel="udp", protocol="stun")


def begins(first: bytes) -> bool | None:
    """Two bits of nothing, a type, a length of whole words, the cookie."""
    if first and first[0] & 0xC0:
        return False
    return first[4:8] == COOKIE if len(first) >= 8 else None  # noqa: PLR2004  # where the cookie ends


RULES = (Rule("stun", begins, "stun:Stun", ports=PORTS),)
DATAGRAMS = tuple(Datagram("stun", port, "stun:answer") for port in sorted(PORTS))


class Stun(Framed):
    """One connection. A message longer than what is looked at is answered all the same: only its head counts."""

    def __init__(self, line: Line, house: House) -> None:
        super().__init__(line, house, About(channel="tcp", protocol="stun"))

    def size(self, held: bytes) -> int | None:
        """By the length in the head; channel data of TURN has none of its own here, and is nonsense."""
        if len(held) < HEAD:
            return None
        return HEAD + int(struct.unpack_from("!H", held, 2)[0]) if begins(held) else len(held) + (1 << 30)

    def message(self, held: bytes, size: int) -> None:  # noqa: ARG002  # only the head counts
        """Answers one."""
        said = reply(held, self.line.remote, self.house)
        if said is not None:
            self.line.send(said)


def answer(remote: Remote, data: bytes, house: House) -> tuple[bytes | None, bool]:
    """One datagram. What is none of STUN's stays raw."""
    if len(data) < HEAD or not (begins(data) or _old(data)):
        return None, False
    house.flows.write(("stun", remote), data, lambda: house.ledger.open(remote, UDP))
    return reply(data, remote, house), True


def reply(message: bytes, remote: Remote, house: House) -> bytes | None:
    """The answer to a request; indications and answers have none."""
    kind = struct.unpack_from("!H", message)[0]
    if kind & (SUCCESS | INDICATION):
        return None
    if kind == BINDING:
        mask = COOKIE if message[4:8] == COOKIE else bytes(4)
        kind, attributes = kind | SUCCESS, _attribute(XOR_MAPPED if any(mask) else MAPPED, _mapped(remote, house, mask))
    else:
        realm = (remote.host or remote.address).encode("ascii", "replace")
        attributes = (
            _attribute(ERROR_CODE, b"\0\0\4\1Unauthorized") + _attribute(REALM, realm) + _attribute(NONCE, message[8:HEAD].hex().encode())
        )
        kind |= ERROR
    attributes += _attribute(SOFTWARE, b"Coturn-4.6.1 'Gorst'")
    return struct.pack("!HH", kind, len(attributes)) + message[4:HEAD] + attributes


def _attribute(kind: int, value: bytes) -> bytes:
    return struct.pack("!HH", kind, len(value)) + value + b"\0" * (-len(value) % 4)


def _old(data: bytes) -> bool:
    """A binding request of before there was a cookie."""
    kind, size = struct.unpack_from("!HH", data)
    return bool(kind == BINDING and size == len(data) - HEAD)


def _mapped(remote: Remote, house: House, mask: bytes) -> bytes:
    """Where the client is seen from: the lab's own outside, its port as it was."""
    plain = struct.pack("!H", remote.source[1]) + socket.inet_aton(house.names.egress)
    return b"\0\1" + bytes(a ^ b for a, b in zip(plain, mask[:2] + mask, strict=True))
