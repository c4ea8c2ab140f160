"""NTLM inside SPNEGO (MS-NLMP, RFC 4178), as far as a server needs that lets everybody in as a guest.

A guest's session is not signed, so no key has to be right: the client's proof is captured and not checked.
"""

import struct

SIGNATURE = b"NTLMSSP\0"
ASKS, CHALLENGES, PROVES = 1, 2, 3
UNICODE, TARGET, NTLM, SERVER_TYPE, EXTENDED, TARGET_INFO = 1, 4, 0x200, 0x20000, 0x80000, 0x800000
NTLM_OID = bytes.fromhex("060a2b06010401823702020a")
SPNEGO_OID = bytes.fromhex("06062b0601050502")
CHALLENGE = b"\x4f\x1b\x92\x7d\xe3\x08\xc5\x66"


def _der(tag: int, content: bytes) -> bytes:
    size = len(content)
    length = bytes([size]) if size < 128 else b"\x82" + size.to_bytes(2, "big")  # noqa: PLR2004  # DER's short form
    return bytes([tag]) + length + content


OFFER = _der(0x60, SPNEGO_OID + _der(0xA0, _der(0x30, _der(0xA0, _der(0x30, NTLM_OID)))))
"""What the server can: NTLM."""
DONE = _der(0xA1, _der(0x30, _der(0xA0, b"\x0a\1\0")))


def step(token: bytes) -> int:
    """Which of NTLM's messages this is; 0 for none."""
    at = token.find(SIGNATURE)
    return int.from_bytes(token[at + 8 : at + 12], "little") if at >= 0 else 0


def nameless(token: bytes) -> bool:
    """Whether the client proves to be nobody."""
    at = token.find(SIGNATURE)
    return token[at + 36 : at + 38] == b"\0\0"


def challenge(token: bytes, host: str, now: int) -> bytes:
    """The answer to the first message, wrapped as that was."""
    at = token.find(SIGNATURE)
    asked = int.from_bytes(token[at + 12 : at + 16], "little")
    flags = asked & 0xE2088233 | UNICODE | TARGET | NTLM | SERVER_TYPE | EXTENDED | TARGET_INFO
    name = host.split(".", maxsplit=1)[0].upper()[:15].encode("utf-16-le")
    full = host.encode("utf-16-le")
    pairs = ((2, name), (1, name), (4, full), (3, full), (7, struct.pack("<Q", now)), (0, b""))
    info = b"".join(struct.pack("<HH", kind, len(value)) + value for kind, value in pairs)
    fields = struct.pack("<HHI", len(name), len(name), 56) + struct.pack("<I", flags) + CHALLENGE + b"\0" * 8
    message = SIGNATURE + struct.pack("<I", CHALLENGES) + fields + struct.pack("<HHI", len(info), len(info), 56 + len(name))
    message += b"\x06\x01\0\0\0\0\0\x0f" + name + info
    if token.startswith(SIGNATURE):
        return message
    parts = _der(0xA0, b"\x0a\1\1") + _der(0xA1, NTLM_OID) + _der(0xA2, _der(0x04, message))
    return _der(0xA1, _der(0x30, parts))
