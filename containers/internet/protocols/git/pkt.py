"""Pkt-lines, in which git speaks (gitprotocol-common): four hex digits of length, then as many bytes, these four included."""

from enum import Enum

LONGEST = 65_520
"""Bytes of a packet, its length included."""
DATA = LONGEST - 5
"""Bytes of data in a packet of a side band."""


class Mark(Enum):
    """Packets of no length: they part what comes before from what comes after."""

    FLUSH = b"0000"
    DELIMITER = b"0001"
    END = b"0002"


Packet = bytes | Mark
_MARKS = {mark.value: mark for mark in Mark}
FLUSH = Mark.FLUSH.value


class NotPackets(ValueError):  # noqa: N818  # what is found out here
    """What came is no pkt-line."""


def line(text: str | bytes) -> bytes:
    """One packet."""
    data = text.encode("utf-8", "surrogateescape") if isinstance(text, str) else text
    return b"%04x%b" % (len(data) + 4, data)


def band(number: int, data: bytes) -> bytes:
    """Data in packets of a side band: 1 is the pack or the report, 2 is for the user's eyes."""
    return b"".join(line(bytes([number]) + data[at : at + DATA]) for at in range(0, len(data), DATA))


class Packets:
    """Cuts packets out of what comes. `rest` is what no packet was made of yet."""

    def __init__(self) -> None:
        self.rest = bytearray()

    def feed(self, data: bytes) -> None:
        """Takes more."""
        self.rest += data

    def next(self) -> Packet | None:
        """The next whole packet, or None while it has not come.

        Raises:
            NotPackets: and nothing is taken from `rest`.
        """
        size = bytes(self.rest[:4])
        if len(size) < 4:  # noqa: PLR2004  # digits of the length
            return None
        if size in _MARKS:
            del self.rest[:4]
            return _MARKS[size]
        try:
            length = int(size, 16)
        except ValueError as error:
            raise NotPackets("no length") from error
        if not size.isalnum() or not 4 <= length <= LONGEST:  # noqa: PLR2004  # Python takes signs and underscores too
            raise NotPackets("no length of a packet")
        if len(self.rest) < length:
            return None
        found = bytes(self.rest[4:length])
        del self.rest[:length]
        return found
