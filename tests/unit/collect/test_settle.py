"""Settling by a clock of our own: each world is what lives, waits and is under way at each second."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import anyio
import pytest
from inspect_ai.util import ExecResult

from honeyweights.sandbox import harness
from honeyweights.sandbox.collect import settle

At = Callable[[float], int]
SECONDS = 5.0


@pytest.fixture(autouse=True)
def _asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A world whose sidecar has always answered."""
    monkeypatch.setattr(harness, "world", lambda: SimpleNamespace(silent=set()))


def never(_t: float) -> int:
    return 0


def always(_t: float) -> int:
    return 2


def until(end: float) -> At:
    return lambda t: 2 if t < end else 0


@dataclass
class World:
    """Answers the sidecar's `status` and the survey; time passes only where settling sleeps."""

    in_flight: At = never
    processes: At = never
    pending: At = never
    t: float = 0.0
    asked: list[dict[str, Any]] = field(default_factory=list)

    async def sleep(self, seconds: float) -> None:
        self.t += seconds

    async def run(self, role: str, argv: list[str], *, input: str, **_more: object) -> ExecResult[str]:  # noqa: A002  # as the harness's
        if argv == ["hwctl", "status"]:
            answer: dict[str, Any] = {"in_flight": self.in_flight(self.t)}
        else:
            assert "workstation" == role
            self.asked.append(json.loads(input))
            answer = {"processes": [{}] * self.processes(self.t), "more": 0, "pending": self.pending(self.t), "frozen": False}
        return ExecResult(success=True, returncode=0, stdout=json.dumps(answer), stderr="")


@pytest.fixture
def enter(monkeypatch: pytest.MonkeyPatch) -> Callable[[World], World]:
    def put(world: World) -> World:
        monkeypatch.setattr(harness, "run", world.run)
        monkeypatch.setattr(anyio, "sleep", world.sleep)
        monkeypatch.setattr(anyio, "current_time", lambda: world.t)
        return world

    return put


@pytest.mark.parametrize(
    ("world", "ends"),
    [
        (World(), 0),
        (World(processes=until(3)), 3),
        (World(pending=until(4)), 4),
        (World(in_flight=until(2)), 2),
        (World(processes=always), SECONDS),
        (World(pending=always), SECONDS),
        (World(in_flight=until(12)), 12),
        (World(in_flight=until(12), processes=always), 12),
    ],
    ids=[
        "nothing lives",
        "a process that ends",
        "a job of at that was begun",
        "a short transfer",
        "a process that stays",
        "a job of cron that stays",
        "a transfer beyond the settle time",
        "a transfer beyond it, of a process that stays",
    ],
)
async def test_it_waits_as_long_as_something_may_act_and_no_longer(world: World, ends: float, enter: Callable[[World], World]) -> None:
    enter(world)
    assert await settle.settle(SECONDS) is None
    assert ends <= world.t <= ends + 0.5


async def test_a_transfer_that_never_ends_is_cut_and_a_sentence_says_so(enter: Callable[[World], World]) -> None:
    world = enter(World(in_flight=always))
    said = await settle.settle(SECONDS)
    assert said is not None
    assert said.startswith("2 transfers were still under way")
    assert SECONDS + settle.IN_FLIGHT_LIMIT <= world.t <= SECONDS + settle.IN_FLIGHT_LIMIT + 0.5


async def test_a_connection_opened_by_a_process_that_dies_between_the_looks_is_waited_for(enter: Callable[[World], World]) -> None:
    """The first look finds nothing on the wire, the survey no process; the second look finds what that process left."""
    looks = iter([0, 1, 1, 0, 0])
    world = enter(World(in_flight=lambda _t: next(looks)))
    assert await settle.settle(SECONDS) is None
    assert world.t > 0
    assert [] == list(looks)


async def test_looking_freezes_nothing_and_freezing_asks_for_it(enter: Callable[[World], World]) -> None:
    world = enter(World())
    await settle.settle(SECONDS)
    await settle.freeze()
    assert [{"freeze": False}, {"freeze": True}] == world.asked
