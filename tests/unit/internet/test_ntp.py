"""NTP: the time, to whoever asks for it."""

import time
from typing import Any

import pytest

from honeyweights.containers.internet.protocols.ntp import SINCE_1900, answer
from honeyweights.containers.internet.talk import Remote

REMOTE = Remote("203.0.113.9", 123, None)


def test_a_client_gets_the_time_and_its_own_stamp_back(place: Any) -> None:
    reply, taken = answer(REMOTE, b"\x23" + b"\0" * 39 + b"12345678", place.house)
    assert reply is not None
    assert len(reply) == 48
    assert reply[0] == 0x24
    assert reply[24:32] == b"12345678"
    assert abs(int.from_bytes(reply[40:44], "big") - SINCE_1900 - time.time()) < 5
    assert not taken, "the question's fields are free to fill: it is kept as any datagram"


@pytest.mark.parametrize("data", [b"", b"\x23", b"\x24" + b"\0" * 47, b"x" * 48])
def test_anything_else_gets_nothing(place: Any, data: bytes) -> None:
    expected = None if len(data) < 48 or data[0] & 7 != 3 else 48
    reply, _ = answer(REMOTE, data, place.house)
    assert (reply and len(reply)) == expected
