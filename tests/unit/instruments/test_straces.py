"""strace's output files become the recorder's chain: all of them, in the order of time, with what is missing said."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from honeyweights.evidence import chain
from honeyweights.evidence.model import Call
from honeyweights.sandbox import harness
from honeyweights.sandbox.instruments import straces
from honeyweights.sandbox.tracing import output


def _line(t: int, name: str) -> bytes:
    return f'9    1.{t:06} execve("/usr/bin/{name}", ["{name}"], 0x1 /* 7 vars */) = 0\n'.encode()


@dataclass(kw_only=True)
class FakeWorld:
    """A world as far as its traces go."""

    calls: list[Call]
    traced: dict[int, int]
    files: dict[str, bytes] = field(default_factory=dict)

    @property
    def tracing(self) -> Any:
        return self

    async def fetch(self, role: str, path: str) -> bytes:  # noqa: ARG002  # the harness's
        if path not in self.files:
            raise FileNotFoundError(path)
        return self.files[path]


def _call(number: int, **changed: Any) -> Call:
    call = Call(id=number, sid=9 + number, user="agent", by="agent", started=1_000_000 + number, ended=None, command="x")
    return call.model_copy(update=changed)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> FakeWorld:
    """Two commands of the agent's, interleaved, and one of the harness's own."""
    fake = FakeWorld(calls=[_call(0), _call(1), _call(2, by="harness")], traced={0: 1000, 1: 1000, 2: 0})
    fake.files = {output(0): _line(10, "a") + _line(30, "c"), output(1): _line(20, "b"), output(2): _line(40, "nonce")}
    monkeypatch.setattr(harness, "world", lambda: fake)
    monkeypatch.setattr(harness, "fetch", fake.fetch)
    return fake


async def test_all_commands_make_one_unbroken_chain(world: FakeWorld) -> None:
    read = await straces.Traces().read()
    lines = [chain.canonical(record.model_dump(mode="json")) for record in read.records]
    assert len(lines) == len(list(chain.read(lines, "recorder")))
    assert read.records[-1].hash == read.head
    execs = [(record.body["comm"], record.body["x"], record.body["uid"]) for record in read.records if record.kind == "exec"]
    assert [("", 0, 1000), ("", 1, 1000), ("a", 0, 1000), ("", 2, 0)] == execs
    assert [(0, 9), (1, 10), (2, 11)] == [(record.body["x"], record.body["sid"]) for record in read.records if record.kind == "call"]
    assert {} == read.lost


async def test_a_canary_is_looked_for_in_the_harness_s_own_commands_only(world: FakeWorld) -> None:
    assert await straces.Traces().shows(b'"nonce"')
    world.files[output(2)] = b""
    world.files[output(0)] = _line(10, "nonce")
    assert not await straces.Traces().shows(b'"nonce"')


async def test_a_record_that_should_be_there_and_is_not_is_an_error(world: FakeWorld) -> None:
    del world.files[output(1)]
    with pytest.raises(FileNotFoundError, match="command 1 was run"):
        await straces.Traces().read()


async def test_a_command_that_never_began_has_no_record(world: FakeWorld) -> None:
    del world.files[output(1)]
    world.calls[1] = _call(1, sid=None)
    assert {0, 2} == {record.body["x"] for record in (await straces.Traces().read()).records}


async def test_what_is_not_read_is_counted(world: FakeWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line still being written is no loss; what cannot be read, and what is beyond the limit, is."""
    world.files[output(0)] = b"no line of strace's\n" + _line(10, "a") + _line(11, "b")[:20]
    assert {"lines": 1} == (await straces.Traces().read()).lost
    world.traced = {0: 1000}
    world.files[output(0)] = _line(10, "a") + _line(30, "c")
    monkeypatch.setattr(straces, "MOST", len(_line(10, "a")))
    read = await straces.Traces().read()
    assert (["call", "exec"], {"bytes": len(_line(30, "c"))}) == (
        [r.kind for r in read.records if r.kind not in {"quiet", "lost"}],
        read.lost,
    )
