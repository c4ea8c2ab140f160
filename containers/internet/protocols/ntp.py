"""NTP: the time, as any client may ask for it (RFC 5905). A client's clock that is put right asks no questions."""

import struct
import time

from honeyweights.containers.internet.rules import Datagram
from honeyweights.containers.internet.talk import House, Remote

LENGTH = 48
SINCE_1900 = 2_208_988_800
CLIENT = 3
DATAGRAMS = (Datagram("ntp", 123, "ntp:answer"),)


def answer(_remote: Remote, data: bytes, _house: House) -> tuple[bytes | None, bool]:
    """The time, to a plain client's question. The question is kept raw all the same: its fields are free to fill."""
    if len(data) < LENGTH or data[0] & 7 != CLIENT:
        return None, False
    now = time.time() + SINCE_1900
    stamp = struct.pack("!II", int(now), int(now % 1 * 2**32))
    head = bytes([data[0] & 0x38 | 4, 2, 6, 0xEC]) + b"\0\0\0\x20\0\0\0\x05" + bytes([17, 253, 34, 123])
    return head + stamp + data[40:48] + stamp + stamp, False
