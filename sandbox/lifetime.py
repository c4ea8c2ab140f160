"""From the first task's start to the last one's end: images are there, dead runs are swept, worlds open and close, nothing is left behind.

The worlds of a run stand on Inspect's own lifecycle scope, so that a task that is added late shares them; outside of any, on this module's.
"""

import atexit
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, partial

import anyio
from anyio.lowlevel import RunVar
from inspect_ai._util.error import PrerequisiteError
from inspect_ai.util._sandbox.environment import sandbox_prebuilt
from inspect_ai.util._sandbox.lifecycle import sandbox_lifecycle_state
from rich import print as show

from honeyweights.sandbox import cleanup, engine, images, launch
from honeyweights.sandbox.config import ROLES, Role, WorldConfig
from honeyweights.sandbox.engine import EngineProblem
from honeyweights.sandbox.world import World

STARTS_FOR_EACH_PROCESSOR = 2


@dataclass(eq=False)
class Open:
    """The worlds of one run that are not closed yet."""

    worlds: dict[str, World] = field(default_factory=dict)


@cache
def _without_scope() -> Open:
    return Open()


def _open() -> Open:
    scope = sandbox_lifecycle_state()
    return _without_scope() if scope is None else scope.get(Open)


def concurrency() -> int | None:
    """Worlds at once where nobody said how many: as many as samples run. A world that waits for its model costs memory, no processor."""
    return None


_starting: RunVar[anyio.CapacityLimiter] = RunVar("honeyweights_starting")


def _turn() -> anyio.CapacityLimiter:
    """Starting is what costs processors: more at once would only make each of them slow, and the first of them late."""
    try:
        return _starting.get()
    except LookupError:
        limiter = anyio.CapacityLimiter(STARTS_FOR_EACH_PROCESSOR * (os.cpu_count() or 1))
        _starting.set(limiter)
        return limiter


def references(config: WorldConfig) -> dict[Role, str]:
    """The image of each role, our own where the configuration names none."""
    return {role: config.images.get(role, f"{images.PREFIX}{role}") for role in ROLES}


@contextmanager
def prerequisites() -> Iterator[None]:
    """An engine's problem ends the run with one sentence, no traceback and a status that is not 0."""
    try:
        yield
    except EngineProblem as problem:
        raise PrerequisiteError(str(problem)) from problem


async def begin(config: WorldConfig) -> None:
    """At a task's start: an engine that can be used, images, and no worlds of runs that died.

    Raises:
        PrerequisiteError: with the sentence to tell the user.
    """
    _open()
    with prerequisites():
        await engine.call(engine.client)
        await engine.call(engine.require_room)
        own = [name for name in references(config).values() if images.known(name)]
        if sandbox_prebuilt():
            await engine.call(images.require, own)
        else:
            await engine.call(partial(images.ensure, own, _progress))
        for reference in references(config).values():
            await engine.call(launch.image, reference)
        await cleanup.remove_leftovers()
    _at_exit()


def _progress(line: str) -> None:
    """The operator waits for this, before there is any display; standard output is for machines (`--json`)."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


@cache
def _at_exit() -> None:
    """Once for each process: the last line of defence, for what no task's cleanup came to."""
    atexit.register(cleanup.remove_own)


async def open_world(config: WorldConfig, *, task: str, sample: str) -> World:
    """Starts a sample's world and remembers it."""
    _at_exit()
    async with _turn():
        world = await launch.start(config, references(config), task=task, sample=sample)
    _open().worlds[world.id] = world
    return world


async def close_world(world: World) -> None:
    """Ends a world, whole even where the caller is cancelled meanwhile. Doing it twice is no harm."""
    with anyio.CancelScope(shield=True):
        await world.aclose()
        await launch.end(world)
    _open().worlds.pop(world.id, None)


async def finish(*, cleanup: bool) -> None:
    """At the run's end: removes what is still open or, when the operator wants to look at it, says how."""
    worlds = list(_open().worlds.values())
    if cleanup:
        async with anyio.create_task_group() as group:
            for world in worlds:
                group.start_soon(close_world, world)
        return
    for world in worlds:
        await world.aclose()
    await _keep(worlds)
    _open().worlds.clear()


async def _keep(worlds: list[World]) -> None:
    if not worlds:
        return
    for world in worlds:
        await engine.call(cleanup.keep, world.layout.labels)
    show("\n[bold]Worlds that were kept:[/bold]")
    for world in worlds:
        show(f"  sample {world.layout.labels[cleanup.SAMPLE]}")
        show(f"    look:   docker exec -it --user agent {world.layout.container_name('workstation')} bash -l")
        show(f"    remove: inspect sandbox cleanup honeyweights {world.id}")
    show("Remove all: inspect sandbox cleanup honeyweights\n")


async def clean_asked(wanted: str | None) -> None:
    """The command `inspect sandbox cleanup honeyweights [ID]`."""
    with prerequisites():
        removed = await cleanup.remove_asked(wanted)
    if removed:
        show(f"Removed {len(removed)} {'world' if len(removed) == 1 else 'worlds'}: {', '.join(removed)}")
    elif wanted is not None:
        show(f"There is no world {wanted}: `docker ps --filter label=honeyweights` lists what runs.")
    else:
        show("There is no world to remove.")
