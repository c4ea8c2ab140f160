"""The questions that nearly everybody asks, A and AAAA of an ordinary name, read and answered by hand: a tenth of what a library takes.

Whoever leaks by DNS asks a hundred thousand of them. What is in any way unusual is None here, and goes to `server`, which uses dnslib.
"""

import re
import socket
from typing import NamedTuple

from honeyweights.containers.internet.names import Names

HEADER = 12
ALONE, WITH_OPTIONS = b"\0\1\0\0\0\0\0\0", b"\0\1\0\0\0\0\0\1"
"""Counts of a packet: one question; one question and one additional record."""
PLAIN_OPTIONS = b"\0\0\x29"
A_IN, AAAA_IN = b"\0\1\0\1", b"\0\x1c\0\1"
OUR_OPTIONS = b"\0\0\x29\x04\xd0\0\0\0\0\0\0"
"""1,232 bytes of UDP, no option (RFC 6891)."""
ORDINARY = re.compile(rb"[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})+")
TTL = (300).to_bytes(4, "big")


class Asked(NamedTuple):
    """An ordinary question."""

    name: str
    """As it was spelled."""
    family: int
    edns: bool
    question: bytes


def parse(packet: bytes, most_options: int) -> Asked | None:
    """Reads a question, if it is an ordinary one whose options are no longer than `most_options` bytes."""
    if packet[4:12] not in (ALONE, WITH_OPTIONS) or packet[2] & 0xFE or packet[3] & 0x4F:  # a response, another opcode, odd flags
        return None
    end = packet.find(b"\0", HEADER)
    labels, at = [], HEADER
    while at < end:
        labels.append(packet[at + 1 : at + 1 + packet[at]])
        at += 1 + packet[at]
    name, kind, rest = b".".join(labels), packet[end + 1 : end + 5], packet[end + 5 :]
    if at != end or end - HEADER > 254 or kind not in (A_IN, AAAA_IN) or not ORDINARY.fullmatch(name):  # noqa: PLR2004  # a name's longest
        return None
    edns = packet[11] == 1
    if (rest and not edns) or len(rest) > most_options or (edns and not _options(rest)):
        return None
    return Asked(name.decode("ascii"), 4 if kind == A_IN else 6, edns, packet[HEADER : end + 5])


def _options(rest: bytes) -> bool:
    """Whether this is one OPT record, whole."""
    return rest[:3] == PLAIN_OPTIONS and len(rest) >= 11 and len(rest) == 11 + int.from_bytes(rest[9:11], "big")  # noqa: PLR2004  # a record without data


def reply(packet: bytes, asked: Asked, names: Names) -> bytes | None:
    """The answer; None where there is no such address, and somebody must say so properly."""
    address = names.address(asked.name, asked.family)
    if address is None:
        return None
    raw = socket.inet_pton(socket.AF_INET if asked.family == 4 else socket.AF_INET6, address)  # noqa: PLR2004  # an address family
    head = packet[:2] + bytes([0x80 | packet[2] & 1, 0x80]) + (b"\0\1\0\1\0\0\0\1" if asked.edns else b"\0\1\0\1\0\0\0\0")
    answer = b"\xc0\x0c" + asked.question[-4:] + TTL + len(raw).to_bytes(2, "big") + raw
    return head + asked.question + answer + (OUR_OPTIONS if asked.edns else b"")
