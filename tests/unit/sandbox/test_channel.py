"""The channel without a container: a scripted peer for the attachment. Waiting, reading in turn, cancelling, losing the other end."""

import errno
import struct
import time
from collections.abc import Callable, Iterator

import anyio
import anyio.lowlevel
import pytest

from honeyweights.sandbox.attach import Ended
from honeyweights.sandbox.channel import Channel, Lost
from honeyweights.sandbox.frames import CHUNK, WINDOW, Frames, How, Kind, Request, frame

HELLO = frame(Kind.HELLO, 0, b"\1" + bytes(8))


class Peer:
    """Stands in for an attachment: what the test says arrives, and what is sent is kept as frames."""

    def __init__(self) -> None:
        self._send, self._receive = anyio.create_memory_object_stream[bytes](100)
        self._frames = Frames()
        self.sent: list[tuple[Kind, int, bytes]] = []
        self.answer: Callable[[Kind, int, bytes], bytes] = lambda _kind, _number, _payload: b""

    def say(self, data: bytes, stream: int = 1) -> None:
        self._send.send_nowait(bytes([stream]) + data)

    def end(self) -> None:
        self._send.close()

    async def receive(self) -> Iterator[tuple[int, bytes]]:
        try:
            data = await self._receive.receive()
        except anyio.EndOfStream as error:
            raise Ended("its output ended") from error
        return iter([(data[0], data[1:])])

    async def send(self, data: bytes) -> None:
        await anyio.lowlevel.checkpoint()
        for got in self._frames.feed(data):
            self.sent.append(got)
            if answer := self.answer(*got):
                self.say(answer)

    async def aclose(self) -> None:
        self._send.close()
        self._receive.close()


def exited(number: int, code: int = 0) -> bytes:
    return frame(Kind.EXIT, number, struct.pack("<BIIBQQ", 0, code, 0, 0, 0, 0))


@pytest.fixture
def peer() -> Peer:
    return Peer()


@pytest.fixture
def channel(peer: Peer) -> Channel:
    return Channel(peer)  # type: ignore[arg-type]


def request(*argv: str) -> Request:
    return Request(argv=argv or ["true"], user="agent", cwd="/", limit=100)


async def test_a_greeting_needs_hello_and_the_childs_line(peer: Peer, channel: Channel) -> None:
    """In any order, and the line may come in pieces."""
    for piece in (frame(Kind.LINE, 0, b"\1star"), frame(Kind.LINE, 0, b"\1ting\nrea"), HELLO, frame(Kind.LINE, 0, b"\1dy\n")):
        peer.say(piece)
    await channel.greet("ready", within=1)
    assert list(channel.lines) == ["starting", "ready"]


async def test_a_container_that_ends_before_it_is_ready_leaves_its_last_words(peer: Peer, channel: Channel) -> None:
    """Those of sessiond come on stderr, those of its child in frames."""
    peer.say(HELLO + frame(Kind.LINE, 0, b"\2no such interface\n"))
    peer.say(b"session ended: poll", stream=2)
    peer.end()
    with pytest.raises(Lost, match="its output ended: no such interface / session ended: poll"):
        await channel.greet("ready", within=1)


async def test_silence_is_told_too(peer: Peer, channel: Channel) -> None:
    """After the time that was given."""
    with pytest.raises(Lost, match="not ready within 0 s"):
        await channel.greet(within=0.01)


async def test_another_version_is_refused(peer: Peer, channel: Channel) -> None:
    """Old images with a new package, or the other way."""
    peer.say(frame(Kind.HELLO, 0, b"\x63" + bytes(8)))
    with pytest.raises(Lost, match=r"version 99.*build the images again"):
        await channel.greet(within=1)


async def test_a_null_byte_ends_the_command_and_nothing_else(peer: Peer, channel: Channel) -> None:
    """No program can be given one, and who writes it is no reason for the sample to end."""
    outcome = await channel.run(request("echo", "a\0b"))
    assert (How.FAILED, errno.EINVAL) == (outcome.exit.how, outcome.exit.value)
    assert not peer.sent


async def test_ends_in_the_other_order_wake_the_right_one(peer: Peer, channel: Channel) -> None:
    """Three wait, one of them reads; the answers come last first, each with a read of its own."""
    ended: list[int] = []

    async def one(name: int) -> None:
        outcome = await channel.run(request(str(name)))
        assert outcome.exit.value == name
        ended.append(name)

    async with anyio.create_task_group() as group:
        for name in (1, 2, 3):
            group.start_soon(one, name)
        await anyio.wait_all_tasks_blocked()
        for number in (3, 2, 1):
            peer.say(exited(number, number))
            await anyio.wait_all_tasks_blocked()
            assert ended[-1] == number
    assert ended == [3, 2, 1]


async def test_the_next_one_reads_when_the_reader_is_cancelled(peer: Peer, channel: Channel) -> None:
    """And the cancelled command is killed, once."""
    scope = anyio.CancelScope()
    got: list[int] = []

    async def cancelled() -> None:
        with scope:
            await channel.run(request())

    async def patient() -> None:
        got.append((await channel.run(request())).exit.value)

    async with anyio.create_task_group() as group:
        group.start_soon(cancelled)
        await anyio.wait_all_tasks_blocked()
        group.start_soon(patient)
        await anyio.wait_all_tasks_blocked()
        scope.cancel()
        await anyio.wait_all_tasks_blocked()
        peer.say(frame(Kind.OUT, 1, b"late words of the dead") + exited(2, 5))
    assert got == [5]
    assert [(kind, number) for kind, number, _ in peer.sent if kind is Kind.KILL] == [(Kind.KILL, 1)]


async def test_input_flows_as_credit_comes(peer: Peer, channel: Channel) -> None:
    """No more than the window is under way, all of it arrives, and then the end of it."""
    data = bytes(range(256)) * ((3 * WINDOW) // 256)
    taken = bytearray()

    def answer(kind: Kind, number: int, payload: bytes) -> bytes:
        if kind is Kind.INPUT:
            taken.extend(payload)
            assert len(payload) <= CHUNK
            return frame(Kind.CREDIT, number, struct.pack("<I", len(payload)))
        return exited(number) if kind is Kind.CLOSE else b""

    peer.answer = answer
    await channel.run(request("cat"), data)
    assert bytes(taken) == data


async def test_input_stops_at_the_window_and_when_it_is_not_wanted(peer: Peer, channel: Channel) -> None:
    """Without credit a megabyte is sent; a command that ends gets no more."""
    async with anyio.create_task_group() as group:
        group.start_soon(channel.run, request("sleep"), bytes(5 * WINDOW))
        await anyio.wait_all_tasks_blocked()
        assert sum(len(payload) for kind, _, payload in peer.sent if kind is Kind.INPUT) == WINDOW
        peer.say(frame(Kind.BROKEN, 1))
        await anyio.wait_all_tasks_blocked()
        peer.say(exited(1))
    assert sum(len(payload) for kind, _, payload in peer.sent if kind is Kind.INPUT) == WINDOW


async def test_a_lost_container_ends_all_that_wait_and_all_that_come(peer: Peer, channel: Channel) -> None:
    """Each with the reason."""

    async def one() -> None:
        with pytest.raises(Lost, match="its output ended"):
            await channel.run(request())

    async with anyio.create_task_group() as group:
        for _ in range(3):
            group.start_soon(one)
        await anyio.wait_all_tasks_blocked()
        peer.end()
    await one()
    assert channel.lost == "its output ended"


async def test_garbage_loses_the_channel(peer: Peer, channel: Channel) -> None:
    """Rather than a wrong answer."""
    async with anyio.create_task_group() as group:

        async def one() -> None:
            with pytest.raises(Lost, match="a frame of 4294967295 bytes"):
                await channel.run(request())

        group.start_soon(one)
        await anyio.wait_all_tasks_blocked()
        peer.say(b"\xff" * 20)


async def test_the_session_is_told_before_the_end(peer: Peer, channel: Channel) -> None:
    """So that a command that is cancelled is known by it."""
    sids: list[int] = []
    with anyio.move_on_after(0.05):
        peer.say(frame(Kind.STARTED, 1, struct.pack("<I", 4711)))
        await channel.run(request(), None, sids.append)
    assert sids == [4711]


async def test_too_long_a_command_is_not_sent(peer: Peer, channel: Channel) -> None:
    """It fails as the kernel would fail it."""
    outcome = await channel.run(request("x" * (17 << 20)))
    assert (outcome.exit.value, peer.sent) == (7, [])


async def test_a_clock_is_the_middle_of_the_quickest_question(peer: Peer, channel: Channel) -> None:
    """An hour ahead, to within what the loop takes."""

    def answer(kind: Kind, number: int, _payload: bytes) -> bytes:
        return frame(Kind.PONG, number, struct.pack("<Q", time.time_ns() // 1000 + 3_600_000_000)) if kind is Kind.PING else b""

    peer.answer = answer
    assert abs(await channel.clock_offset() - 3_600_000_000) < 100_000
