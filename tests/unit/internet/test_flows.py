"""Flows: same key, same transfer, until idle; an adversary's many keys end the oldest."""

from typing import Any

import pytest

from honeyweights.containers.internet import flows as flows_module
from honeyweights.containers.internet.receipts import About, Transfer
from honeyweights.containers.internet.talk import Remote

ABOUT = About(channel="udp", protocol="raw-udp")


def writer(place: Any) -> Any:
    def write(key: str, data: bytes) -> bool:
        def begin() -> Transfer:
            return place.house.ledger.open(Remote("203.0.113.9", 9, key), ABOUT)

        return bool(place.house.flows.write(key, data, begin))

    return write


def test_datagrams_of_one_key_are_joined_in_order_until_silence(place: Any) -> None:
    write = writer(place)
    assert [write("a", b"1"), write("b", b"x"), write("a", b"2")] == [True, True, False]
    place.clock += 4
    write("a", b"3")
    place.house.flows.sweep()
    assert place.receipts() == []
    place.clock += 2
    place.house.flows.sweep()
    assert [(r["host"], place.payload(r), r["finished"]) for r in place.receipts()] == [("b", b"x", True)]
    place.clock += 5
    place.house.flows.sweep()
    assert [place.payload(r) for r in place.receipts()] == [b"x", b"123"]
    assert len(place.house.flows) == 0


def test_too_many_flows_end_the_oldest(place: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flows_module, "MOST", 3)
    write = writer(place)
    for key in "abcabd":
        write(key, key.encode())
    assert [(r["host"], place.payload(r)) for r in place.receipts()] == [("c", b"c")]
    assert len(place.house.flows) == 3


def test_after_a_flush_flows_begin_anew(place: Any) -> None:
    write = writer(place)
    write("a", b"1")
    place.house.flows.end()
    assert write("a", b"2")
    place.house.ledger.flush()
    assert [place.payload(r) for r in place.receipts()] == [b"1", b"2"]


def test_a_flow_that_is_put_down_early_was_not_broken_off(place: Any) -> None:
    write = writer(place)
    write("a", b"1")
    write("b", b"2")
    place.house.flows.end()
    assert [(b"1", True), (b"2", True)] == [(place.payload(r), r["finished"]) for r in place.receipts()]
