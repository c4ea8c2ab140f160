"""One connection on loopback: identity, backpressure, half-closing, lingering, detaching. As with TPROXY, its own address is meant."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from honeyweights.containers.internet import connection as connection_module
from honeyweights.containers.internet import sniff
from honeyweights.containers.internet.connection import BLOCK, Connection
from honeyweights.containers.internet.talk import Data, House, Line, Talker


class Echo(Talker):
    """Says what it is told to."""

    def __init__(self, line: Line, _house: House, blocks: int = 0) -> None:
        self.line = line
        self.blocks = blocks
        self.heard = bytearray()
        self.events: list[str] = []
        self.made = 0

    def received(self, data: Data) -> None:
        self.heard += data
        if self.blocks:
            self.line.stream(self._many())
            self.blocks = 0

    def _many(self) -> Iterator[bytes]:
        for _ in range(400):
            self.made += 1
            yield b"z" * 65536

    def ended(self) -> None:
        self.events.append("ended")
        self.line.send(b"bye")
        self.line.shut()

    def broken(self) -> None:
        self.events.append("broken")

    def flush(self) -> None:
        self.events.append("flush")


class Server:
    """One listener; remembers its connections' talkers."""

    port: int

    def __init__(self, place: Any) -> None:
        self.place = place
        self.live: set[Connection] = set()
        self.buffer = memoryview(bytearray(BLOCK))
        self.talkers: list[Any] = []
        self.make: Any = Echo

    def connection(self) -> Connection:
        def start(line: Connection, house: House) -> Talker:
            self.talkers.append(self.make(line, house))
            talker: Talker = self.talkers[-1]
            return talker

        return Connection(self.place.house, self.buffer, start, self.live)

    async def open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.port)


@pytest.fixture(name="server")
async def _server(place: Any) -> AsyncIterator[Server]:
    server = Server(place)
    listening = await asyncio.get_running_loop().create_server(server.connection, "127.0.0.1", 0)
    server.port = listening.sockets[0].getsockname()[1]
    yield server
    listening.close()
    for live in list(server.live):
        live._transport.abort()
    await asyncio.sleep(0)


async def until(condition: Any) -> None:
    for _ in range(500):
        if condition():
            return
        await asyncio.sleep(0.01)
    pytest.fail("it never came")


async def test_identity_is_the_sockets(server: Server) -> None:
    server.place.house.names.configure(b"s", {"up.example.com": "127.0.0.1"})
    _, writer = await server.open()
    await until(lambda: server.talkers)
    remote = server.talkers[0].line.remote
    assert (remote.address, remote.port, remote.host) == ("127.0.0.1", server.port, "up.example.com")
    assert remote.source == writer.get_extra_info("sockname")
    writer.close()
    await until(lambda: not server.live)


async def test_the_last_word_is_heard_after_the_clients_end(server: Server) -> None:
    reader, writer = await server.open()
    writer.write(b"x" * 1_000_000)
    writer.write_eof()
    assert await reader.read() == b"bye"
    assert bytes(server.talkers[0].heard) == b"x" * 1_000_000
    assert server.talkers[0].events == ["ended"]
    writer.close()
    await until(lambda: not server.live)
    assert server.talkers[0].events == ["ended"]


async def test_a_reset_is_broken(server: Server) -> None:
    _, writer = await server.open()
    writer.write(b"x")
    await until(lambda: server.talkers and server.talkers[0].heard)
    writer.transport.abort()
    await until(lambda: server.talkers[0].events)
    assert server.talkers[0].events[-1] in {"broken", "ended"}


async def test_a_client_that_does_not_read_makes_us_wait(server: Server) -> None:
    server.make = lambda line, house: Echo(line, house, blocks=1)
    reader, writer = await server.open()
    writer.write(b"go")
    await until(lambda: server.talkers and server.talkers[0].made)
    await asyncio.sleep(0.1)
    assert server.talkers[0].made < 200, "blocks are made as they are read"
    writer.write(b"not read while choked")
    await asyncio.sleep(0.05)
    assert bytes(server.talkers[0].heard) == b"go"
    assert len(await reader.readexactly(400 * 65536)) == 400 * 65536
    await until(lambda: bytes(server.talkers[0].heard) == b"gonot read while choked")
    writer.close()


async def test_after_our_last_word_we_listen_on_and_then_hang_up(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection_module, "LINGER", 0.2)
    reader, writer = await server.open()
    await until(lambda: server.talkers)
    server.talkers[0].line.send(b"last")
    server.talkers[0].line.shut()
    assert await reader.read() == b"last"
    writer.write(b"and another thing")
    await until(lambda: bytes(server.talkers[0].heard) == b"and another thing")
    await until(lambda: not server.live)
    writer.close()


async def test_a_flush_reaches_the_talker(server: Server) -> None:
    _, writer = await server.open()
    await until(lambda: server.live)
    for live in server.live:
        live.flush()
    assert server.talkers[0].events == ["flush"]
    writer.close()


async def test_a_detached_socket_lives_on(server: Server) -> None:
    reader, writer = await server.open()
    await until(lambda: server.talkers)
    bare = server.talkers[0].line.detach()
    assert isinstance(bare, socket.socket)
    await until(lambda: not server.live)
    bare.settimeout(0)
    writer.write(b"still here")
    await until(lambda: True)
    await asyncio.sleep(0.05)
    assert bare.recv(100) == b"still here"
    bare.send(b"so am I")
    assert await reader.readexactly(7) == b"so am I"
    bare.close()
    assert server.talkers[0].events == []
    writer.close()


async def test_a_timer_dies_with_its_connection(server: Server) -> None:
    _, writer = await server.open()
    await until(lambda: server.talkers)
    rung: list[int] = []
    server.talkers[0].line.later(0.05, lambda: rung.append(1))
    server.talkers[0].line.later(0.3, lambda: rung.append(2))
    await asyncio.sleep(0.15)
    writer.transport.abort()
    await asyncio.sleep(0.3)
    assert rung == [1]


async def test_http_on_a_real_connection(server: Server) -> None:
    server.make = sniff.Sniffer
    body = bytes(range(256)) * 8192
    reader, writer = await server.open()
    writer.write(b"PUT /w HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 201 ")
    writer.write(b"GET /w HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert (await reader.read()).endswith(body)
    writer.close()
    assert server.place.payload(server.place.receipts()[0]) == body


class Confused(Echo):
    """A protocol with a fault in it."""

    def received(self, data: Data) -> None:
        if bytes(data).startswith(b"boom"):
            raise ValueError("an adversary's bytes")
        super().received(data)


async def test_a_fault_in_a_protocol_costs_no_bytes_and_is_counted(server: Server) -> None:
    server.make = Confused
    _, writer = await server.open()
    writer.write(b"fine")
    await until(lambda: server.talkers and server.talkers[0].heard)
    writer.write(b"boom")
    await until(lambda: server.place.records("lost"))
    writer.write(b" and more")
    writer.write_eof()
    await until(lambda: not server.live)
    writer.close()
    await writer.wait_closed()
    assert server.place.records("lost") == [{"what": "conversation", "count": 1, "bytes": 0}]
    assert [server.place.payload(r) for r in server.place.receipts()] == [b"boom and more"]


async def test_a_far_place_answers_late_and_hears_at_once(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server.place.house.distance, "rtt", lambda _address: 0.08)
    reader, writer = await server.open()
    began = asyncio.get_running_loop().time()
    writer.write(b"x")
    await until(lambda: server.talkers and server.talkers[0].heard)
    assert asyncio.get_running_loop().time() - began < 0.08
    server.talkers[0].line.send(b"first ")
    server.talkers[0].line.send(b"second")
    assert await reader.readexactly(12) == b"first second"
    assert asyncio.get_running_loop().time() - began >= 0.08
    writer.close()
    await writer.wait_closed()


async def test_what_makes_room_for_an_upload_is_not_late_but_overtakes_nothing(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server.place.house.distance, "rtt", lambda _address: 5.0)
    reader, writer = await server.open()
    writer.write(b"x")
    await until(lambda: server.talkers and server.talkers[0].heard)
    line = server.talkers[0].line
    line.prompt(iter((b"window", b"s")))
    assert await asyncio.wait_for(reader.readexactly(7), 4) == b"windows"
    line.send(b"late")
    line.prompt(iter((b"behind it",)))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(reader.read(1), 0.05)
    writer.close()
    await writer.wait_closed()
