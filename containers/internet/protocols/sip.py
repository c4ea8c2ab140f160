"""SIP (RFC 3261, 3428), by UDP and TCP: who registers is registered, messages are taken, whoever is called does not answer.

One receipt for all that a client said to a place.
"""

import re
from typing import ClassVar

from honeyweights.containers.internet.lines import Stream
from honeyweights.containers.internet.receipts import About
from honeyweights.containers.internet.rules import Datagram, Rule, begins
from honeyweights.containers.internet.talk import House, Line, Remote

PORTS = frozenset({5060, 5061})
LONGEST = 1 << 14
"""Bytes of a head."""
METHODS = (
    b"OPTIONS",
    b"REGISTER",
    b"MESSAGE",
    b"INVITE",
    b"ACK",
    b"BYE",
    b"CANCEL",
    b"SUBSCRIBE",
    b"NOTIFY",
    b"PUBLISH",
    b"INFO",
    b"REFER",
    b"UPDATE",
)
ANSWERS = {
    b"ACK": b"", b"INVITE": b"480 Temporarily Unavailable", b"BYE": b"481 Call/Transaction Does Not Exist",
    b"CANCEL": b"481 Call/Transaction Does Not Exist", b"INFO": b"481 Call/Transaction Does Not Exist",
    b"UPDATE": b"481 Call/Transaction Does Not Exist", b"REFER": b"202 Accepted",
}  # fmt: skip
"""Method -> status; others are 200."""
ALLOWED = b"INVITE, ACK, BYE, CANCEL, OPTIONS, MESSAGE, SUBSCRIBE, NOTIFY, PUBLISH, REGISTER, INFO, REFER, UPDATE"
ECHOED = {b"via": b"Via", b"v": b"Via", b"from": b"From", b"f": b"From", b"call-id": b"Call-ID", b"i": b"Call-ID", b"cseq": b"CSeq"}
"""Fields that an answer repeats, by their long and short names."""
UDP = About(channel="udp", protocol="sip")
_LENGTH = re.compile(rb"^(?:content-length|l)[ \t]*:[ \t]*(\d{1,9})", re.IGNORECASE | re.MULTILINE)
RULES = (Rule("sip", begins(*(method + b" sip" for method in METHODS)), "sip:Sip", ports=PORTS),)
DATAGRAMS = (Datagram("sip", 5060, "sip:answer"),)


class Sip(Stream):
    """One connection: heads, and bodies whose length they tell."""

    KEEPALIVE: ClassVar[bytes] = b"\r\n"

    def __init__(self, line: Line, house: House) -> None:
        super().__init__(line, house, About(channel="tcp", protocol="sip"))
        self._head = bytearray()
        self._left = 0

    def piece(self, view: memoryview) -> memoryview:
        """A body, or as much of a head as is here. What is no head at all is listened to in silence."""
        if self._left:
            piece = min(self._left, len(view))
            self._left -= piece
            return view[piece:]
        before = len(self._head)
        self._head += view[:LONGEST]
        cut = self._head.find(b"\r\n\r\n", max(0, before - 3))
        if cut < 0:
            if len(self._head) > LONGEST:
                self.over = True
            return view[len(self._head) - before :]
        head = bytes(self._head[:cut])
        self._head.clear()
        length = _LENGTH.search(head)
        self._left = int(length[1]) if length else 0
        self.line.send(reply(head.lstrip(self.KEEPALIVE)))
        return view[cut + 4 - before :]


def answer(remote: Remote, data: bytes, house: House) -> tuple[bytes | None, bool]:
    """One datagram."""
    if not data.startswith(METHODS):
        return None, False
    house.flows.write(("sip", remote), data, lambda: house.ledger.open(remote, UDP))
    return reply(data.partition(b"\r\n\r\n")[0][:LONGEST]) or None, True


def reply(head: bytes) -> bytes:
    """The answer to a request; none to what is no request, or wants none."""
    first, *lines = head.split(b"\r\n")
    method, _, rest = first.partition(b" ")
    status = ANSWERS.get(method, b"200 OK")
    if not status or method not in METHODS or not rest.endswith(b"SIP/2.0"):
        return b""
    said = [b"SIP/2.0 " + status]
    for name, _, value in (line.partition(b":") for line in lines):
        key = name.strip().lower()
        if key in ECHOED:
            said.append(ECHOED[key] + b": " + value.strip())
        elif key in {b"to", b"t"}:
            said.append(b"To: " + value.strip() + (b"" if b";tag=" in value else b";tag=as58f4201b"))
        elif key in {b"contact", b"m"} and method == b"REGISTER":
            said.append(b"Contact: " + value.strip() + (b"" if b"expires=" in value else b";expires=3600"))
    said += [b"Server: Asterisk PBX 18.10.0", b"Allow: " + ALLOWED, b"Content-Length: 0", b"", b""]
    return b"\r\n".join(said)
