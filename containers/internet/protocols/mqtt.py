"""MQTT 3.1.1 and 5: whatever is published is taken. One receipt for all that the client said, from its first packet on."""

from honeyweights.containers.internet.lines import Stream
from honeyweights.containers.internet.receipts import About
from honeyweights.containers.internet.rules import Rule
from honeyweights.containers.internet.talk import House, Line

PORTS = frozenset({1883, 8883})
CONNECT, PUBLISH, PUBREL, SUBSCRIBE, UNSUBSCRIBE, PINGREQ, DISCONNECT = 1, 3, 6, 8, 10, 12, 14
LOOKED_AT = 1 << 16
"""Bytes of a packet that are looked at: a topic's longest, and the packet's number."""
FIVE = 5


def connects(first: bytes) -> bool | None:
    """A CONNECT packet's type, and the protocol's name behind its length (MQTT 5, 3.1)."""
    if first[:1] != b"\x10":
        return False if first else None
    return (b"\0\4MQTT" in first[:12] or b"\0\6MQIsdp" in first[:14]) or (None if len(first) < 14 else False)  # noqa: PLR2004  # type, length, name


RULES = (Rule("mqtt", connects, "mqtt:Mqtt", ports=PORTS),)


class Mqtt(Stream):
    """The broker's end of one connection."""

    def __init__(self, line: Line, house: House) -> None:
        super().__init__(line, house, About(channel="tcp", protocol="mqtt"))
        self._held = bytearray()
        self._skip = 0
        self._version = 4

    def piece(self, view: memoryview) -> memoryview:
        """A packet, or as much of it as is here; of a long one only the beginning is held."""
        if self._skip:
            piece = min(self._skip, len(view))
            self._skip -= piece
            return view[piece:]
        before = len(self._held)
        self._held += view[:LOOKED_AT]
        used = self._packet()
        if used is None:
            return view[len(self._held) - before :]
        self._held = bytearray()
        self._skip = max(0, used - before - len(view))
        return view[used - before :]

    def _packet(self) -> int | None:
        """The whole length of the packet that is held, answered; None while too little of it came."""
        length, at = 0, 1
        while True:
            if at >= len(self._held):
                return None
            length |= (self._held[at] & 0x7F) << 7 * (at - 1)
            at += 1
            if not self._held[at - 1] & 0x80 or at > 4:  # noqa: PLR2004  # four bytes at most (MQTT 5, 1.5.5)
                break
        if len(self._held) < min(at + length, LOOKED_AT):
            return None
        self._answer(self._held[0] >> 4, self._held[0] & 15, bytes(self._held[at : at + length]))
        return at + length

    def _answer(self, kind: int, flags: int, body: bytes) -> None:
        number = body[:2]
        if kind == CONNECT:
            at = 2 + int.from_bytes(body[:2], "big")
            self._version = body[at] if at < len(body) else 4
            self.line.send(b"\x20\3\0\0\0" if self._version == FIVE else b"\x20\2\0\0")
        elif kind == PUBLISH and flags & 6:
            at = 2 + int.from_bytes(body[:2], "big")
            self.line.send((b"\x40\2" if flags & 2 else b"\x50\2") + body[at : at + 2].rjust(2, b"\0"))
        elif kind == PUBREL:
            self.line.send(b"\x70\2" + number)
        elif kind in {SUBSCRIBE, UNSUBSCRIBE}:
            self._subscribed(kind, number)
        elif kind == PINGREQ:
            self.line.send(b"\xd0\0")
        elif kind == DISCONNECT:
            self.bye()

    def _subscribed(self, kind: int, number: bytes) -> None:
        properties = b"\0" if self._version == FIVE else b""
        granted = b"\0" if kind == SUBSCRIBE or self._version == FIVE else b""
        body = number + properties + granted
        self.line.send((b"\x90" if kind == SUBSCRIBE else b"\xb0") + bytes([len(body)]) + body)
