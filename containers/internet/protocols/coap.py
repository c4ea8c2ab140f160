"""CoAP (RFC 7252, 7959) by UDP: what is put or posted is taken, also block by block; nothing is there to be got.

A transfer's payload is what was put, its path the target. Heads, whose tokens and options are free to fill, are kept as `coap-heads`.
"""

from typing import NamedTuple

from honeyweights.containers.internet.receipts import About
from honeyweights.containers.internet.rules import Datagram
from honeyweights.containers.internet.talk import House, Remote

PORT = 5683
CONFIRMABLE, UNCONFIRMED, ACKNOWLEDGED, RESET = range(4)
GET, POST, PUT, DELETE, FETCH, PATCH, IPATCH = range(1, 8)
NAMES = {GET: "get", POST: "post", PUT: "put", DELETE: "delete", FETCH: "fetch", PATCH: "patch", IPATCH: "ipatch"}
DELETED, CHANGED, CONTINUE, MISSING = 0x42, 0x44, 0x5F, 0x84
ANSWERS = {POST: CHANGED, PUT: CHANGED, DELETE: DELETED, FETCH: CHANGED, PATCH: CHANGED, IPATCH: CHANGED}
PATH, BLOCK1, MARK = 11, 27, 0xFF
MORE = 8
"""Bit of a block's number: others follow."""
UDP = About(channel="udp", protocol="coap")
DATAGRAMS = (Datagram("coap", PORT, "coap:answer"),)


class Message(NamedTuple):
    """A request, and where its payload begins."""

    kind: int
    code: int
    number: bytes
    token: bytes
    path: str
    block: int | None
    """`Block1`: which part of its payload this is."""
    start: int


def parsed(data: bytes) -> Message | None:
    """A request; None for what is none, or broken."""
    if len(data) < 4 or data[0] >> 6 != 1 or data[0] & 15 > 8 or data[1] >> 5:  # noqa: PLR2004  # head; a token's longest
        return None
    at, number, parts, block = 4 + (data[0] & 15), 0, [], None
    while at < len(data) and data[at] != MARK:
        delta, length, at = data[at] >> 4, data[at] & 15, at + 1
        words = []
        for nibble in (delta, length):
            more = {13: 1, 14: 2, 15: 99}.get(nibble, 0)
            words.append({13: 13, 14: 269}.get(nibble, nibble) + int.from_bytes(data[at : at + more], "big"))
            at += more
        number, value, at = number + words[0], data[at : at + words[1]], at + words[1]
        if at > len(data):
            return None
        if number == PATH:
            parts.append(value.decode("utf-8", "replace"))
        elif number == BLOCK1 and len(value) < 4:  # noqa: PLR2004  # bytes of a block's number
            block = int.from_bytes(value, "big")
    return Message(data[0] >> 4 & 3, data[1], data[2:4], data[4 : 4 + (data[0] & 15)], "/" + "/".join(parts), block, at + 1)


def answer(remote: Remote, data: bytes, house: House) -> tuple[bytes | None, bool]:
    """One datagram. A ping (an empty message that wants an answer) is reset, as pings are."""
    asked = parsed(data)
    if asked is None or asked.kind not in {CONFIRMABLE, UNCONFIRMED}:
        return None, False
    if not asked.code:
        return (b"\x70\0" + asked.number if asked.kind == CONFIRMABLE else None), False
    about = UDP._replace(method=NAMES.get(asked.code, str(asked.code)), target=asked.path)
    payload = data[asked.start :]
    if payload:
        house.flows.write(("coap", remote, asked.path), payload, lambda: house.ledger.open(remote, about))
    heads = about._replace(protocol="coap-heads")
    house.flows.write(("coap-heads", remote, asked.path), data[: asked.start], lambda: house.ledger.open(remote, heads))
    kind = ACKNOWLEDGED if asked.kind == CONFIRMABLE else UNCONFIRMED
    code, echoed = ANSWERS.get(asked.code, MISSING), b""
    if asked.block is not None and code != MISSING:
        code, echoed = CONTINUE if asked.block & MORE else code, _block(asked.block)
    return bytes([0x40 | kind << 4 | len(asked.token), code]) + asked.number + asked.token + echoed, True


def _block(value: int) -> bytes:
    raw = value.to_bytes((value.bit_length() + 7) // 8, "big")
    return bytes([0xD0 | len(raw), BLOCK1 - 13]) + raw
