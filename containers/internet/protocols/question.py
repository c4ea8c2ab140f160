"""Protocols of one question and one answer: finger (RFC 1288), whois (RFC 3912), gopher (RFC 1436), ident (RFC 1413), the time of day.

The question is the payload: there is nothing else that such a client could carry.
"""

import time
from collections.abc import Callable

from honeyweights.containers.internet.lines import LONGEST, Stream
from honeyweights.containers.internet.receipts import About
from honeyweights.containers.internet.rules import Rule, never
from honeyweights.containers.internet.talk import Data, House, Line

NAMES = {13: "daytime", 43: "whois", 70: "gopher", 79: "finger", 113: "ident"}
SPEAKS = frozenset({13})
RULES = (
    Rule("question", lambda first: True if first else None, "question:Question", ports=frozenset(NAMES), rank=90),
    Rule("daytime", never, "question:Question", ports=SPEAKS, greets=SPEAKS),
)


def _whois(asked: bytes) -> bytes:
    what = asked.split(b" ")[-1].upper()
    return b'No match for domain "%b".\r\n>>> Last update of whois database: %b <<<\r\n' % (what, _now("%Y-%m-%dT%H:%M:%SZ"))


def _now(how: str = "%d %b %Y %H:%M:%S UTC") -> bytes:
    return time.strftime(how, time.gmtime()).encode("ascii")


ANSWERS: dict[str, Callable[[bytes], bytes]] = {
    "daytime": lambda _asked: _now() + b"\r\n",
    "finger": lambda asked: b"finger: %b: no such user.\r\n" % asked if asked else b"No one logged on.\r\n",
    "gopher": lambda asked: b"3'%b' does not exist (no handler found)\t\terror.host\t1\r\n.\r\n" % asked,
    "ident": lambda asked: b"%b : ERROR : NO-USER\r\n" % asked,
    "whois": _whois,
}


class Question(Stream):
    """One question."""

    def __init__(self, line: Line, house: House) -> None:
        self._kind = NAMES[line.remote.port]
        super().__init__(line, house, About(channel="tcp", protocol=self._kind))
        self._asked = bytearray()
        if line.remote.port in SPEAKS:
            self.bye(ANSWERS[self._kind](b""))

    def heard(self, data: Data) -> None:
        """Answers at the end of the first line."""
        if len(self._asked) < LONGEST:
            self._asked += bytes(data[:LONGEST])
        line, end, _ = self._asked.partition(b"\n")
        if end:
            self.bye(ANSWERS[self._kind](bytes(line).strip()[:512]))
