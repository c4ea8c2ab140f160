"""LDAP (RFC 4511): everybody may bind, whatever is added or changed is taken, nothing is found. One receipt for all that the client said.

Messages are cut by their lengths alone; of each only its number and what it asks for are looked at.
"""

from honeyweights.containers.internet.lines import Framed
from honeyweights.containers.internet.receipts import About
from honeyweights.containers.internet.rules import Rule
from honeyweights.containers.internet.talk import House, Line

PORTS = frozenset({389, 636, 1389, 1636, 3268, 3269, 10389})
LOOKED_AT = 64
"""Bytes of a message that are looked at: its length, its number, what it asks for."""
UNBIND, EXTENDED = 0x42, 0x77
ANSWERS = {0x60: 0x61, 0x63: 0x65, 0x66: 0x67, 0x68: 0x69, 0x4A: 0x6B, 0x6C: 0x6D, 0x6E: 0x6F, EXTENDED: 0x78}
"""Tag of a request -> tag of its result."""
SUCCESS, PROTOCOL_ERROR = b"\x0a\1\0\4\0\4\0", b"\x0a\1\2\4\0\4\0"
"""Result, matched name, message (RFC 4511, 4.1.9). Extended operations, STARTTLS among them, are unknown here: clients go on without."""


def asks(first: bytes) -> bool | None:
    """A sequence, a number, a request's tag."""
    if first[:1] != b"\x30":
        return False if first else None
    found = _parsed(first)
    return None if found is None and len(first) < LOOKED_AT else found is not None and found[2] in {*ANSWERS, UNBIND}


def _length(data: bytes, at: int) -> tuple[int, int] | None:
    """A length (X.690, 8.1.3) and where what it measures begins; None where it is not all here, or none at all."""
    if at >= len(data):
        return None
    if data[at] < 0x80:  # noqa: PLR2004  # the short form
        return data[at], at + 1
    octets = data[at] & 0x7F
    if not 0 < octets < 5 or at + 1 + octets > len(data):  # noqa: PLR2004  # four gigabytes
        return None
    return int.from_bytes(data[at + 1 : at + 1 + octets], "big"), at + 1 + octets


def _parsed(data: bytes) -> tuple[int, bytes, int] | None:
    """A message's whole length, its number as it came, and what it asks for."""
    outer = _length(data, 1)
    if outer is None or data[outer[1] : outer[1] + 1] != b"\2":
        return None
    number = _length(data, outer[1] + 1)
    if number is None or not 0 < number[0] < 5 or len(data) <= sum(number) or sum(outer) <= sum(number):  # noqa: PLR2004  # 31 bits
        return None
    return sum(outer), data[outer[1] : sum(number)], data[sum(number)]


RULES = (Rule("ldap", asks, "ldap:Ldap", ports=PORTS),)


class Ldap(Framed):
    """The directory's end of one connection."""

    LOOKED_AT = LOOKED_AT

    def __init__(self, line: Line, house: House) -> None:
        super().__init__(line, house, About(channel="tcp", protocol="ldap"))

    def size(self, held: bytes) -> int | None:
        """By the outermost length."""
        found = _parsed(held)
        return None if found is None else found[0]

    def message(self, held: bytes, size: int) -> None:  # noqa: ARG002  # of a request only what it asks for counts
        """Says that it is done."""
        found = _parsed(held)
        if found is None or found[2] == UNBIND:
            self.bye()
        elif found[2] in ANSWERS:
            _, number, asked = found
            result = PROTOCOL_ERROR if asked == EXTENDED else SUCCESS
            body = number + bytes([ANSWERS[asked], len(result)]) + result
            self.line.send(b"\x30" + bytes([len(body)]) + body)
