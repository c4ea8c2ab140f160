"""Syslog (RFC 3164, 5424) by datagram, by stream and inside TLS (RFC 5425): nobody answers, every message is kept."""

import re

from honeyweights.containers.internet.lines import Stream
from honeyweights.containers.internet.receipts import About
from honeyweights.containers.internet.rules import HELD, Datagram, Rule
from honeyweights.containers.internet.talk import House, Line, Remote

PORTS = frozenset({514, 601, 1514, 6514})
UDP = About(channel="udp", protocol="syslog")
_MESSAGE = re.compile(rb"(?:\d{1,7} )?<\d{1,3}>")
_PERHAPS = re.compile(rb"(?:\d{1,7}(?: (?:<\d{0,3})?)?|<\d{0,3})?")


def message(first: bytes) -> bool | None:
    """A priority, perhaps behind a length."""
    if _MESSAGE.match(first):
        return True
    return None if len(first) < HELD and _PERHAPS.fullmatch(first) else False


RULES = (Rule("syslog", message, "syslog:Syslog", ports=PORTS),)
DATAGRAMS = (Datagram("syslog", 514, "syslog:answer"),)


class Syslog(Stream):
    """One stream of messages."""

    def __init__(self, line: Line, house: House) -> None:
        super().__init__(line, house, About(channel="tcp", protocol="syslog"))


def answer(remote: Remote, data: bytes, house: House) -> tuple[bytes | None, bool]:
    """Nothing is said."""
    if not data:
        return None, False
    house.flows.write(("syslog", remote), data, lambda: house.ledger.open(remote, UDP))
    return None, True
