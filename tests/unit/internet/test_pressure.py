"""Many questions in one breath: answers wait for their reader within bounds, others get their turn, and no question is lost."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from honeyweights.containers.internet import connection as connection_module
from honeyweights.containers.internet.connection import BLOCK, MOST_WAITING, Connection
from honeyweights.containers.internet.protocols.raw import Raw
from honeyweights.containers.internet.talk import Data, House, Line, Talker

ASKED = 10
"""Bytes of a question."""


class Answerer(Talker):
    """Answers each ten bytes at length, or after some work."""

    long, work = 100_000, 0.0

    def __init__(self, line: Line, _house: House) -> None:
        self.line = line
        self.answered = 0
        self.heard = b""
        self.events: list[str] = []

    def received(self, data: Data) -> None:
        data = bytes(data)
        while data:
            if self.line.full:
                self.line.hold(data)
                return
            begun = time.perf_counter()
            while time.perf_counter() - begun < self.work:
                pass
            self.heard += data[:ASKED]
            self.line.send(data[:1] * self.long)
            self.answered += 1
            data = data[ASKED:]

    def ended(self) -> None:
        self.events.append("ended")
        self.line.shut()

    def broken(self) -> None:
        self.events.append("broken")


class Working(Answerer):
    long, work = 1, 0.0005


class Server:
    """Listens; each connection's talker is of the class that stands in `make`."""

    port: int
    make: Callable[[Line, House], Any] = Answerer

    def __init__(self, place: Any) -> None:
        self.place = place
        self.live: set[Connection] = set()
        self.talkers: list[Any] = []

    def start(self, line: Line, house: House) -> Talker:
        self.talkers.append(self.make(line, house))
        talker: Talker = self.talkers[-1]
        return talker

    async def open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.port, limit=1 << 16)


@pytest.fixture(name="server")
async def _server(place: Any) -> AsyncIterator[Server]:
    server = Server(place)
    buffer = memoryview(bytearray(BLOCK))
    listening = await asyncio.get_running_loop().create_server(
        lambda: Connection(place.house, buffer, server.start, server.live), "127.0.0.1", 0
    )
    server.port = listening.sockets[0].getsockname()[1]
    yield server
    listening.close()
    for live in list(server.live):
        live.hang_up()
    await asyncio.sleep(0)


async def until(condition: Callable[[], Any]) -> None:
    for _ in range(1000):
        if condition():
            return
        await asyncio.sleep(0.01)
    pytest.fail("it never came")


async def test_answers_are_made_as_they_are_read(server: Server) -> None:
    """Two thousand questions at once, and nothing is read: what waits is bounded. Then all of it is read, in order."""
    reader, writer = await server.open()
    for number in range(2000):
        writer.write(b"%010d" % (number % 10 * 10**9))
    await until(lambda: server.talkers and server.talkers[0].answered)
    await asyncio.sleep(0.2)
    (live,) = server.live
    assert live.weight <= 2 * MOST_WAITING
    assert server.talkers[0].answered < 200
    assert server.place.house.unread == live.weight
    for number in range(2000):
        assert await reader.readexactly(100_000) == b"%d" % (number % 10) * 100_000
    writer.write_eof()
    await until(lambda: server.talkers[0].events == ["ended"])
    writer.close()
    await until(lambda: not server.live)
    assert server.place.house.unread == 0


async def test_others_have_their_turn_between_two_questions(server: Server) -> None:
    """Four seconds of work, asked for in one breath: who comes then is answered long before they are over."""
    server.make = Working
    _, greedy = await server.open()
    greedy.write(b"x" * ASKED * 8000)
    await until(lambda: server.talkers and server.talkers[0].answered)
    reader, writer = await server.open()
    writer.write(b"y" * ASKED)
    assert await reader.readexactly(1) == b"y"
    assert server.talkers[0].answered < 4000
    for each in (greedy, writer):
        each.close()


async def test_questions_that_were_put_off_are_heard_when_the_client_is_gone(server: Server) -> None:
    _, writer = await server.open()
    asked = b"".join(b"%010d" % number for number in range(2000))
    writer.write(asked)
    await until(lambda: server.talkers and server.talkers[0].answered)
    assert server.talkers[0].answered < 2000
    writer.transport.abort()
    await until(lambda: server.talkers[0].events)
    assert (asked, ["broken"]) == (server.talkers[0].heard, server.talkers[0].events)
    assert not server.live


async def test_what_a_client_that_is_gone_asked_at_length_is_kept_as_it_came(server: Server) -> None:
    """A few turns of work for it, then no more: nobody hears the answers, and others wait."""
    server.make = Working
    _, writer = await server.open()
    asked = b"".join(b"%010d" % number for number in range(8000))
    writer.write(asked)
    await until(lambda: server.talkers and server.talkers[0].answered)
    writer.transport.abort()
    await until(lambda: not server.live)
    (kept,) = server.place.receipts()
    assert server.talkers[0].answered < 2000
    assert asked == server.talkers[0].heard + server.place.payload(kept)


async def test_a_round_of_the_loop_is_short_however_many_wait(server: Server) -> None:
    """Twenty lines with seconds of work each: somebody who comes then waits for one turn, not for twenty."""
    server.make = Working
    greedy = [await server.open() for _ in range(20)]
    for _, writer in greedy:
        writer.write(b"x" * ASKED * 8000)
    await until(lambda: len(server.talkers) == 20 and all(talker.answered for talker in server.talkers))
    reader, writer = await server.open()
    began = time.process_time()
    for _ in range(5):
        writer.write(b"y" * ASKED)
        assert await reader.readexactly(1) == b"y"
    assert time.process_time() - began < 2, "five times twenty turns"
    for _, each in [*greedy, (reader, writer)]:
        each.close()


async def test_questions_that_were_put_off_are_put_down_at_the_end(server: Server) -> None:
    _, writer = await server.open()
    asked = b"".join(b"%010d" % number for number in range(2000))
    writer.write(asked)
    await until(lambda: server.talkers and server.talkers[0].answered)
    await asyncio.sleep(0.1)
    (live,) = server.live
    live.flush()
    (kept,) = server.place.receipts()
    heard = server.talkers[0].heard
    assert asked == heard + server.place.payload(kept)
    writer.close()


async def test_beyond_what_all_may_leave_unread_the_slowest_is_hung_up_on(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection_module, "MOST_UNREAD", 500_000)
    lines = [await server.open() for _ in range(8)]
    await until(lambda: len(server.live) == 8)
    for number, (_, writer) in enumerate(lines):
        writer.write(b"x" * ASKED * (5 if number == 7 else 500))
        await asyncio.sleep(0.05)
    await until(lambda: any("broken" in talker.events for talker in server.talkers))
    assert server.place.house.unread <= 500_000
    honest, writer = await server.open()
    writer.write(b"y" * ASKED)
    assert await honest.readexactly(100_000) == b"y" * 100_000
    assert not server.talkers[7].events, "who left little unread goes on"
    for _, each in [*lines, (honest, writer)]:
        each.close()


async def test_a_slow_reader_of_our_last_word_is_not_cut(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection_module, "LINGER", 0.1)
    monkeypatch.setattr(Answerer, "long", 20_000_000)
    reader, writer = await server.open()
    writer.write(b"x" * ASKED)
    await until(lambda: server.talkers and server.talkers[0].answered)
    server.talkers[0].line.shut()
    await asyncio.sleep(0.4)
    assert len(await reader.read()) == 20_000_000
    writer.close()


async def test_an_answer_that_breaks_in_the_making_ends_the_conversation(server: Server) -> None:
    server.make = Breaking
    reader, writer = await server.open()
    writer.write(b"x")
    assert await reader.read() == b"so far"
    writer.write(b"more")
    await until(lambda: server.place.records("lost"))
    assert isinstance(next(iter(server.live))._talker, Raw)
    writer.close()


class Breaking(Answerer):
    """Its answer is broken."""

    def received(self, data: Data) -> None:  # noqa: ARG002  # any will do
        self.line.stream(self._answer())

    def _answer(self) -> Any:
        yield b"so far"
        raise ValueError("an adversary's bytes")


def _name(number: int) -> bytes:
    question = bytes([0, number]) + b"\1\0\0\1\0\0\0\0\0\0\1%c\7example\3com\0\0\1\0\1" % (97 + number)
    return len(question).to_bytes(2, "big") + question


TALKS = {
    "http": (80, b"".join(b"PUT /%d HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc" % n for n in range(6))),
    "smtp": (25, b"EHLO x\r\nMAIL FROM:<a@x.example.com>\r\nRCPT TO:<b@x.example.com>\r\nDATA\r\nhello\r\n.\r\nNOOP\r\nQUIT\r\n"),
    "redis": (6379, b"".join(b"*3\r\n$3\r\nSET\r\n$1\r\n%d\r\n$5\r\nvalue\r\n*2\r\n$3\r\nGET\r\n$1\r\n%d\r\n" % (n, n) for n in range(4))),
    "dns": (53, b"".join(map(_name, range(5)))),
    "irc": (6667, b"NICK a\r\nUSER a b c d\r\n" + b"".join(b"PING %d\r\n" % n for n in range(5))),
    "mqtt": (1883, b"\x10\x0c\0\4MQTT\4\2\0\x3c\0\0" + b"".join(b"\x32\x06\0\1a\0%cx" % (n + 1) for n in range(4)) + b"\xc0\0"),
}


@pytest.mark.parametrize("name", TALKS)
def test_what_is_put_off_is_answered_all_the_same(new_place: Callable[[], Any], name: str) -> None:
    """One question at a time, and the rest again and again: the same answers, the same receipts, every byte once."""
    port, asked = TALKS[name]
    told, rows = [], []
    for patience in (None, 2):
        place = new_place()
        line = place.line(port)
        line.patience = patience
        line.hear(asked)
        times = 0
        while line.held is not None:
            line.again(patience=2)
            times += 1
        line.talker.ended()
        place.house.flows.end()
        assert (patience is None) is (times == 0), times
        told.append(bytes(line.said))
        rows.append(sorted((r["protocol"], r["method"], r["sent"], r["finished"], place.payload(r)) for r in place.receipts()))
    assert told[0] == told[1] != b""
    assert rows[0] == rows[1] != []


async def test_a_line_is_not_full_between_turns(server: Server) -> None:
    """Who speaks by itself, without having been asked, finds room where there is some."""
    reader, writer = await server.open()
    await until(lambda: server.talkers)
    await asyncio.sleep(0.1)
    assert not server.talkers[0].line.full
    writer.write(b"x" * ASKED)
    assert await reader.readexactly(100_000) == b"x" * 100_000
    await asyncio.sleep(0.1)
    assert not server.talkers[0].line.full
    writer.close()
