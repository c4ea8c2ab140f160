"""Netlink messages of the kernel's packet log."""

import struct
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from honeyweights.containers.internet.nflog import Listener, messages


def attribute(kind: int, data: bytes) -> bytes:
    return struct.pack("=HH", 4 + len(data), kind) + data + b"\0" * (-len(data) % 4)


def message(prefix: bytes, packet: bytes, number: int) -> bytes:
    body = b"\x02\0\0\x05" + attribute(10, prefix + b"\0") + attribute(9, packet) + attribute(12, struct.pack("!I", number))
    return struct.pack("=IHHII", 16 + len(body), 0x400, 0, 0, 0) + body


def test_messages_in_one_datagram() -> None:
    found = list(messages(message(b"ping", b"packet", 7) + message(b"quic", b"", 8)))
    assert [tuple(logged) for logged in found] == [("ping", b"packet", 7), ("quic", b"", 8)]


@given(st.binary(max_size=200))
def test_garbage_ends_and_never_raises(data: bytes) -> None:
    assert len(list(messages(data))) <= len(data) // 16


def test_gaps_in_the_numbers_are_losses() -> None:
    lost: list[int] = []
    listener: Any = Listener.__new__(Listener)
    listener._lost, listener._next = lost.append, None
    for number in (5, 6, 9, 10, 0xFFFFFFFF, 0, None, 3):
        listener._count(number)
    assert lost == [2, 0xFFFFFFFF - 11, 2]
