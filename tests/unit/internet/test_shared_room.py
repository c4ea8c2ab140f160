"""What protocols hold of their clients' words is bounded for all together, and costs no byte."""

from typing import Any

import pytest

from honeyweights.containers.internet.room import FREE, Room

LONG = b"x" * 100_000
FLOODS = {
    "http": (80, b"GET / HTTP/1.1\r\nX: " + LONG + LONG, b"HTTP/1.1 431 "),
    "redis": (6379, b"*9\r\n$100000\r\n" + LONG + b"\r\n$200000\r\n" + LONG + LONG + b"\r\n", b"-ERR Protocol error"),
    "smb": (445, b"\0\1\xff\xff\xfeSMB" + LONG, b""),
}


def test_the_beginning_is_free_and_the_rest_is_shared() -> None:
    room = Room(1000)
    one, two = room.share(), room.share()
    assert one.holds(FREE)
    assert one.holds(FREE + 900)
    assert not two.holds(FREE + 101)
    assert two.holds(FREE + 100)
    assert one.holds(FREE + 10)
    assert room.taken == 110
    del two
    assert one.holds(0)
    assert room.taken == 0


@pytest.mark.parametrize("name", FLOODS)
def test_who_finds_no_room_is_answered_and_kept(place: Any, name: str) -> None:
    port, said, answer = FLOODS[name]
    place.house.room.most = 20_000
    line = place.line(port)
    heard = line.hear(said, 20_000)
    line.hear(b"and more")
    line.talker.ended()
    assert heard.startswith(answer)
    assert said + b"and more" == b"".join(place.payload(receipt) for receipt in place.receipts())
    del line
    place.house.room.most = 1 << 20
    other = place.line(port)
    other.hear(said[:90_000], 10_000)
    other.talker.flush()
    assert said[:90_000] in place.all_bytes()
