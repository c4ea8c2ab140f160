"""A round of the loop: listeners always, then a few that are new, then fewer that say much; nobody is forgotten."""

import asyncio
import socket
from collections.abc import Iterator
from selectors import EVENT_READ, EVENT_WRITE

import pytest

from honeyweights.containers.internet.rounds import A_LITTLE, A_ROUND, ALWAYS, MUCH, NEW, Rounds

Pairs = list[tuple[socket.socket, socket.socket]]


@pytest.fixture(name="rounds")
def _rounds() -> Iterator[Rounds]:
    with Rounds() as rounds:
        yield rounds


@pytest.fixture(name="pairs")
def _pairs() -> Iterator[Pairs]:
    """Sockets with something to read, by their other ends."""
    made = [socket.socketpair() for _ in range(4 * A_ROUND[NEW])]
    for _, far in made:
        far.send(b"x")
    yield made
    for pair in made:
        for end in pair:
            end.close()


def _served(rounds: Rounds) -> list[int]:
    return [key.fd for key, _ in rounds.select(0)]


def test_of_those_who_say_much_a_few_are_served_in_a_round_and_all_in_turn(rounds: Rounds, pairs: Pairs) -> None:
    fds = [near.fileno() for near, _ in pairs]
    for fd in fds:
        rounds.rank(fd, MUCH)
        rounds.register(fd, EVENT_READ)
    turns = [_served(rounds) for _ in range(len(fds) // A_ROUND[MUCH])]
    assert {len(turn) for turn in turns} == {A_ROUND[MUCH]}
    assert sorted(fd for turn in turns for fd in turn) == sorted(fds)


def test_a_listener_is_served_in_each_round_and_before_all_others(rounds: Rounds, pairs: Pairs) -> None:
    listener, *fds = [near.fileno() for near, _ in pairs]
    for number, fd in enumerate(fds):
        rounds.rank(fd, (NEW, MUCH)[number % 2])
        rounds.register(fd, EVENT_READ)
    rounds.register(listener, EVENT_READ)
    for _ in range(5):
        first, *rest = _served(rounds)
        assert first == listener
        assert len(rest) == A_ROUND[NEW] + A_ROUND[MUCH]


def test_who_has_said_more_than_a_little_waits_with_the_others(rounds: Rounds, pairs: Pairs) -> None:
    talks, *fds = [near.fileno() for near, _ in pairs]
    for fd in (talks, *fds):
        rounds.rank(fd, MUCH if fd in fds else NEW)
        rounds.register(fd, EVENT_READ)
    rounds.heard(talks, A_LITTLE)
    assert [_served(rounds)[0] for _ in range(3)] == [talks] * 3
    rounds.heard(talks, 1)
    assert [_served(rounds).count(talks) for _ in range(len(pairs) // A_ROUND[MUCH])].count(1) == 1


def test_a_number_that_comes_again_has_no_past(rounds: Rounds, pairs: Pairs) -> None:
    near, _ = pairs[0]
    rounds.rank(near.fileno(), NEW)
    rounds.heard(near.fileno(), A_LITTLE + 1)
    rounds.rank(near.fileno(), ALWAYS)
    rounds.heard(near.fileno(), A_LITTLE + 1)
    rounds.register(near, EVENT_READ)
    for other, _ in pairs[1:]:
        rounds.rank(other.fileno(), NEW)
        rounds.register(other, EVENT_READ)
    assert [_served(rounds)[0] for _ in range(3)] == [near.fileno()] * 3


def test_it_is_a_selector_like_any_other(rounds: Rounds) -> None:
    near, far = socket.socketpair()
    with far:
        rounds.register(near, EVENT_READ | EVENT_WRITE, "both")
        assert [(key.fileobj, key.data, events) for key, events in rounds.select(0)] == [(near, "both", EVENT_WRITE)]
        rounds.modify(near, EVENT_READ, "reads")
        assert rounds.select(0.01) == []
        far.send(b"x")
        assert [(key.data, events) for key, events in rounds.select()] == [("reads", EVENT_READ)]
        assert (rounds.get_key(near), list(rounds.get_map())) == (rounds.get_key(near.fileno()), [near])
        with pytest.raises(KeyError, match="registered already"):
            rounds.register(near, EVENT_READ)
        number = near.fileno()
        near.close()
        rounds.unregister(number)
        assert rounds.select(0) == []
        with pytest.raises(KeyError):
            rounds.get_key(number)


def test_a_hang_up_wakes_who_reads_and_who_writes(rounds: Rounds) -> None:
    reading, writing = socket.socketpair()
    with reading, writing:
        rounds.register(writing, EVENT_WRITE)
        reading.close()
        assert [events for _, events in rounds.select(0)] == [EVENT_WRITE]
        rounds.modify(writing, EVENT_READ)
        assert [events for _, events in rounds.select(0)] == [EVENT_READ]


def test_asyncio_runs_on_it() -> None:
    """Streams, timers and what other threads say, through one whole conversation."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.read())
        writer.close()

    async def talk() -> bytes:
        server = await asyncio.start_server(echo, "127.0.0.1", 0)
        async with server:
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            writer.write(b"x" * 1_000_000)
            writer.write_eof()
            said = await asyncio.to_thread(bytes, b"y") + await reader.read()
            writer.close()
            return said

    with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(Rounds())) as runner:
        assert runner.run(talk()) == b"y" + b"x" * 1_000_000
