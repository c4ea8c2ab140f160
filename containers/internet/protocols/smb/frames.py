"""SMB 2's header and bodies (MS-SMB2, 2.2): bytes to tuples and back, nothing that knows what they mean."""

import struct
import time
from typing import NamedTuple

HEADER = struct.Struct("<4sHHIHHIIQIIQ16s")
SIZE = 64
MAGIC = b"\xfeSMB"
RESPONSE, RELATED = 1, 4
(NEGOTIATE, SESSION_SETUP, LOGOFF, TREE_CONNECT, TREE_DISCONNECT, CREATE, CLOSE, FLUSH, READ, WRITE, LOCK, IOCTL, CANCEL, ECHO,
 QUERY_DIRECTORY, CHANGE_NOTIFY, QUERY_INFO, SET_INFO, OPLOCK_BREAK) = range(19)  # fmt: skip
OK, MORE, NO_MORE_FILES = 0, 0xC0000016, 0x80000006
NO_SUCH_FILE, INVALID, END_OF_FILE, DENIED = 0xC000000F, 0xC000000D, 0xC0000011, 0xC0000022
NOT_FOUND, COLLISION, NO_PATH, NOT_SUPPORTED = 0xC0000034, 0xC0000035, 0xC000003A, 0xC00000BB
IS_DIRECTORY, NOT_EMPTY, NOT_A_DIRECTORY, CLOSED = 0xC00000BA, 0xC0000101, 0xC0000103, 0xC0000128
SINCE_1601 = 11_644_473_600
ERROR = b"\x09\0\0\0\0\0\0\0\0"
NOTHING = b"\4\0\0\0"


class Message(NamedTuple):
    """One request."""

    charge: int
    command: int
    credits: int
    flags: int
    number: int
    process: int
    tree: int
    session: int
    body: bytes
    """Behind the header."""
    raw: bytes
    """With it: offsets count from there."""

    def part(self, offset: int, length: int) -> bytes:
        """A variable part; what lies outside is not there."""
        return self.raw[offset : offset + length] if offset >= SIZE else b""

    def text(self, offset: int, length: int) -> str:
        """A variable part that is a name."""
        return self.part(offset, length).decode("utf-16-le", "replace")


def parse(packet: bytes) -> list[Message]:
    """The requests in one packet, chained by their offsets; nothing of what is none."""
    found, at = [], 0
    while at + SIZE <= len(packet):
        magic, _, charge, _, command, credits_, flags, following, number, process, tree, session, _ = HEADER.unpack_from(packet, at)
        if magic != MAGIC or (following and following < SIZE):
            break
        raw = packet[at : at + following] if following else packet[at:]
        found.append(Message(charge, command, credits_, flags, number, process, tree, session, raw[SIZE:], raw))
        if not following:
            break
        at += following
    return found


def response(to: Message, status: int, body: bytes, *, tree: int, session: int) -> bytes:
    """A response's header and body."""
    granted = max(1, min(to.credits, 128))
    return HEADER.pack(MAGIC, SIZE, to.charge, status, to.command, granted, RESPONSE | to.flags & RELATED, 0, to.number, to.process, tree,
                       session, b"\0" * 16) + body  # fmt: skip


def chained(responses: list[bytes]) -> bytes:
    """Responses as one packet behind its length."""
    out = b""
    for index, one in enumerate(responses):
        last = index == len(responses) - 1
        padded = one if last else one + b"\0" * (-len(one) % 8)
        out += padded if last else padded[:20] + struct.pack("<I", len(padded)) + padded[24:]
    return b"\0" + len(out).to_bytes(3, "big") + out


def filetime(seconds: float) -> int:
    """Hundreds of nanoseconds since 1601."""
    return int((seconds + SINCE_1601) * 10_000_000)


def now() -> int:
    """As a file's time."""
    return filetime(time.time())
