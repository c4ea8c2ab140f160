"""A line as a socket: both ways, both ends, and floods."""

import asyncio
from typing import Any

import pytest

from honeyweights.containers.internet import relay


async def until(condition: Any) -> None:
    for _ in range(500):
        if condition():
            return
        await asyncio.sleep(0.005)
    pytest.fail("it never came")


async def test_what_comes_is_read_and_what_is_written_is_said(place: Any) -> None:
    line = place.line(22)
    bare = relay.bare(line, place.house)
    assert bare is not None
    bare.settimeout(2)
    line.hear(b"hello")
    assert await asyncio.to_thread(bare.recv, 99) == b"hello"
    bare.sendall(b"yourself")
    await until(lambda: line.said == b"yourself")
    line.talker.ended()
    assert await asyncio.to_thread(bare.recv, 99) == b""
    bare.sendall(b" and bye")
    bare.close()
    await until(lambda: line.shut_down)
    assert line.said == b"yourself and bye"
    line.talker.broken()
    assert place.receipts() == [], "the conversation keeps its own"


async def test_a_slow_conversation_gets_all_of_it_and_is_told_of_the_end_behind_it(place: Any) -> None:
    line = place.line(22)
    bare = relay.bare(line, place.house)
    assert bare is not None
    whole = bytes(range(256)) * 12_000
    line.hear(whole, 100_000)
    line.talker.ended()
    heard = await asyncio.to_thread(lambda: b"".join(iter(lambda: bare.recv(1 << 16), b"")))
    assert heard == whole
    bare.close()
    line.talker.broken()


async def test_a_flood_that_the_conversation_does_not_read_is_kept(place: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay, "MOST", 1_000_000)
    line = place.line(22)
    bare = relay.bare(line, place.house)
    assert bare is not None
    line.hear(b"x" * 3_000_000, 100_000)
    line.talker.ended()
    heard = await asyncio.to_thread(lambda: b"".join(iter(lambda: bare.recv(1 << 16), b"")))
    assert len(heard) + sum(receipt["sent"] for receipt in place.receipts()) == 3_000_000
    bare.close()


async def test_a_line_that_is_full_is_not_filled(place: Any) -> None:
    line = place.line(22)
    bare = relay.bare(line, place.house)
    assert bare is not None
    bare.settimeout(2)
    line.patience = 0
    line.timers.clear()
    bare.sendall(b"later")
    await until(lambda: line.timers)
    assert line.said == b""
    line.patience = None
    line.timers.pop()()
    await until(lambda: line.said == b"later")
    line.talker.broken()
    assert bare.recv(9) == b""
    bare.close()


def test_without_a_loop_there_is_no_socket(place: Any) -> None:
    assert relay.bare(place.line(22), place.house) is None
