"""Room for the harness where the agent has taken every process of the workstation.

The limit counts all processes of a container, the harness's among them, and an agent that forks without end would leave none to look at it
with. The engine raises the limit of a container that runs: a step at a time, when a command of the harness's own could not be started,
and never beyond the last. Until then it is the agent's own trouble. What it costs: a fork bomb gets those too, in the same memory.
Thousands of its processes may wait for the same room: so the command is tried all the while, and is there when the limit rises.
"""

import errno
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from typing import Any

import anyio

from honeyweights.sandbox import engine
from honeyweights.sandbox.frames import How, Stage
from honeyweights.sandbox.running import Outcome

STEP, STEPS = 512, 6


def is_full(outcome: Outcome) -> bool:
    """Whether a command was not started because there are too many processes."""
    return (outcome.exit.how, outcome.exit.stage, outcome.exit.value) == (How.FAILED, Stage.FORK, errno.EAGAIN)


def limits(pids: int) -> Iterator[int]:
    """The limits to try, one after the other."""
    return (pids + STEP * step for step in range(1, STEPS + 1))


async def give(container: str, pids: int) -> None:
    """Sets a running container's limit of processes. The engine's API has it; its Python client has no argument for it."""
    api: Any = engine.client().api
    answer = await engine.call(partial(api._post_json, api._url("/containers/{0}/update", container), data={"PidsLimit": pids}))  # noqa: SLF001
    await engine.call(answer.raise_for_status)


async def race(giving: Callable[[], Awaitable[None]], again: Callable[[], Awaitable[Outcome]]) -> Outcome:
    """Tries again and again while room is given, and once more when it was."""
    given = anyio.Event()

    async def give_it() -> None:
        await giving()
        given.set()

    try:
        async with anyio.create_task_group() as group:
            group.start_soon(give_it)
            while is_full(outcome := await again()) and not given.is_set():
                pass
    except ExceptionGroup as faults:
        raise faults.exceptions[0] from faults
    return await again() if is_full(outcome) else outcome
