"""AMQP 0-9-1: any login is taken, every queue exists, whatever is published is taken. One receipt for all that the client said.

Frames are cut by their lengths alone; of each the first bytes are looked at. `ANSWERS` is the table of methods that want an answer
(AMQP 0-9-1, "Class and Method Reference").
"""

import struct

from honeyweights.containers.internet.lines import Framed
from honeyweights.containers.internet.receipts import About
from honeyweights.containers.internet.rules import Rule, begins
from honeyweights.containers.internet.talk import House, Line

PORTS = frozenset({5672, 5671})
HELLO = b"AMQP\0\0\x09\1"
HEAD = 7
"""Bytes of a frame before what it carries; one more ends it."""
METHOD, HEARTBEAT = 1, 8
MOST_CHANNELS = 64
"""Channels of a connection that are told what was taken. A client has one or two."""
PUBLISH_HEAD = 2
"""The type of the frame that begins what is published: it says how long that is."""


def _short(text: bytes) -> bytes:
    return bytes([len(text)]) + text


def _table(text: bytes) -> bytes:
    return struct.pack("!I", len(text)) + text


def _text(name: bytes, value: bytes) -> bytes:
    return _short(name) + b"S" + struct.pack("!I", len(value)) + value


_SKILLS = _table(b"".join(_short(name) + b"t\1" for name in (b"publisher_confirms", b"basic.nack", b"consumer_cancel_notify")))
_ABOUT = _text(b"product", b"RabbitMQ") + _text(b"version", b"3.10.8") + _text(b"platform", b"Erlang/OTP 25.2.3")
START = b"\0\x0a\0\x0a\0\x09" + _table(_short(b"capabilities") + b"F" + _SKILLS + _ABOUT) + _table(b"PLAIN AMQPLAIN") + _table(b"en_US")
TUNE = b"\0\x0a\0\x1e" + struct.pack("!HIH", 2047, 131072, 60)
NAMED = {(50, 10): b"\0\x32\0\x0b%b" + b"\0" * 8}
"""Answers that say the name which was asked for: a queue, with nothing in it and nobody who reads it."""
ANSWERS: dict[tuple[int, int], bytes] = {
    (10, 11): TUNE,
    (10, 40): b"\0\x0a\0\x29\0",
    (10, 50): b"\0\x0a\0\x33",
    (20, 10): b"\0\x14\0\x0b\0\0\0\0",
    (20, 20): b"\0\x14\0\x15\1",
    (20, 40): b"\0\x14\0\x29",
    (40, 10): b"\0\x28\0\x0b",
    (40, 20): b"\0\x28\0\x15",
    (50, 20): b"\0\x32\0\x15",
    (50, 30): b"\0\x32\0\x1f\0\0\0\0",
    (50, 40): b"\0\x32\0\x29\0\0\0\0",
    (60, 10): b"\0\x3c\0\x0b",
    (60, 20): b"\0\x3c\0\x15\x05ctag1",
    (60, 70): b"\0\x3c\0\x48\0",
    (85, 10): b"\0\x55\0\x0b",
    (90, 10): b"\0\x5a\0\x0b",
    (90, 20): b"\0\x5a\0\x15",
}
"""(class, method) -> the answer."""
CLOSE, CONFIRM = (10, 50), (85, 10)
RULES = (Rule("amqp", begins(b"AMQP"), "amqp:Amqp", ports=PORTS),)


class Amqp(Framed):
    """The broker's end of one connection."""

    def __init__(self, line: Line, house: House) -> None:
        super().__init__(line, house, About(channel="tcp", protocol="amqp"))
        self._greeted = False
        self._owed: dict[int, int] = {}
        """Channel -> how many messages it was told are taken; of those that asked to be told."""
        self._coming: dict[int, int] = {}
        """Channel -> bytes of a message that are still to come."""

    def size(self, held: bytes) -> int | None:
        """The greeting's, or a frame's."""
        if not self._greeted:
            return len(HELLO)
        return HEAD + int(struct.unpack_from("!I", held, 3)[0]) + 1 if len(held) >= HEAD else None

    def message(self, held: bytes, size: int) -> None:
        """The greeting, or a frame."""
        if self._greeted:
            kind, channel = struct.unpack_from("!BH", held)
            self._answer(kind, channel, held[HEAD : size - 1], size - HEAD - 1)
        elif held == HELLO:
            self._greeted = True
            self._say(0, START)
        else:
            self.bye(HELLO)

    def _answer(self, kind: int, channel: int, body: bytes, size: int) -> None:
        if kind == METHOD and len(body) >= 4:  # noqa: PLR2004  # class and method
            self._called(channel, struct.unpack_from("!HH", body), body)
        elif kind == PUBLISH_HEAD and channel in self._owed and len(body) >= 12:  # noqa: PLR2004  # class, weight, length
            self._coming[channel] = struct.unpack_from("!Q", body, 4)[0]
            self._taken(channel, 0)
        elif kind == HEARTBEAT:
            self.line.send(b"\x08\0\0\0\0\0\0\xce")
        elif channel in self._coming:
            self._taken(channel, size)

    def _called(self, channel: int, method: tuple[int, ...], body: bytes) -> None:
        if method == CONFIRM and len(self._owed) < MOST_CHANNELS:
            self._owed.setdefault(channel, 0)
        if method in NAMED:
            name = body[7 : 7 + body[6]] if len(body) > 6 else b""  # noqa: PLR2004  # behind a reserved number
            self._say(channel, NAMED[method] % _short(name or b"amq.gen-JzTY20BRgKO0HjmUJj0wLg"))
        elif method in ANSWERS:
            self._say(channel, ANSWERS[method])
        if method == CLOSE:
            self.bye()

    def _taken(self, channel: int, size: int) -> None:
        """So much more of a message; a channel that wants to know is told when it is whole."""
        self._coming[channel] -= size
        if self._coming[channel] <= 0:
            del self._coming[channel]
            self._owed[channel] += 1
            self._say(channel, b"\0\x3c\0\x50" + struct.pack("!QB", self._owed[channel], 0))

    def _say(self, channel: int, body: bytes) -> None:
        self.line.send(struct.pack("!BHI", METHOD, channel, len(body)) + body + b"\xce")
