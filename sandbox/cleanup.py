"""Ends worlds: this run's own, those of hosts that died, and those that the operator kept and now wants gone.

Law of this file: nothing is touched that does not carry our labels with a world's id, and of other processes' worlds only those whose
owner is known to be dead. A process is known by machine (boot and pid namespace), pid and start time, since pids are used again.
"""

import hashlib
import os
import platform
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import Any

import psutil
from docker.errors import APIError, NotFound

from honeyweights.sandbox import engine

WORLD, TASK, SAMPLE, PID, HOST, BORN, KEPT = (f"honeyweights.{name}" for name in ("world", "task", "sample", "pid", "host", "born", "kept"))
OURS: Mapping[str, str] = {"honeyweights": "1"}
_CONFLICT = 409
_TRIES, _PAUSE = 40, 0.05


@dataclass(kw_only=True)
class Remains:
    """What the engine has of one world."""

    labels: Mapping[str, str]
    containers: list[str] = field(default_factory=list)
    volumes: list[str] = field(default_factory=list)
    kept: bool = False


@cache
def owner_labels() -> dict[str, str]:
    """Labels that say which process made a thing."""
    return {PID: str(os.getpid()), HOST: _machine(), BORN: f"{psutil.Process().create_time():.2f}"}


@cache
def _machine() -> str:
    """Names this machine since its last boot, and this pid namespace on it."""
    parts = [platform.node()]
    with suppress(OSError):
        parts = [Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii"), str(Path("/proc/self/ns/pid").readlink())]
    return hashlib.sha256("".join(parts).encode()).hexdigest()[:12]


def world_labels(world: str, *, task: str, sample: str, extra: Mapping[str, str]) -> dict[str, str]:
    """The labels of everything that is made for a world."""
    return {**extra, **OURS, WORLD: world, TASK: task, SAMPLE: sample, **owner_labels()}


def find(**wanted: str) -> dict[str, Remains]:
    """World id -> what there is of it, for worlds with all of the wanted labels (`find(**{TASK: "x"})`). Blocks."""
    filters = {"label": [f"{key}={value}" for key, value in {**OURS, **wanted}.items()] + [WORLD]}
    api = engine.client().api
    found: dict[str, Remains] = {}
    with engine.sentences():
        for container in api.containers(all=True, filters=filters):
            labels = container["Labels"]
            found.setdefault(labels[WORLD], Remains(labels=labels)).containers.append(container["Id"])
        for volume in api.volumes(filters=filters)["Volumes"] or []:
            labels = volume["Labels"]
            remains = found.setdefault(labels[WORLD], Remains(labels=labels))
            remains.volumes.append(volume["Name"])
            remains.kept = remains.kept or KEPT in labels
    return found


def owner_is_dead(labels: Mapping[str, str]) -> bool:
    """Whether the process that made a world is certainly gone. False for another machine's: it cannot be asked."""
    if labels.get(HOST) != _machine() or not labels.get(PID, "").isdigit():
        return False
    try:
        return f"{psutil.Process(int(labels[PID])).create_time():.2f}" != labels.get(BORN)
    except psutil.NoSuchProcess:
        return True


async def remove(remains: Iterable[Remains]) -> None:
    """Removes containers first, all at once, then volumes."""
    remains = list(remains)
    containers = [name for world in remains for name in world.containers]
    volumes = [name for world in remains for name in world.volumes]
    await engine.together(*(partial(engine.call, _remove_container, name) for name in containers))
    await engine.together(*(partial(engine.call, _remove_volume, name) for name in volumes))


def remove_now(remains: Iterable[Remains]) -> None:
    """The same, one after the other, where there is no event loop any more."""
    for world in remains:
        for name in world.containers:
            _remove_container(name)
        for name in world.volumes:
            _remove_volume(name)


def _remove_container(name: str) -> None:
    _until_gone(partial(engine.client().api.remove_container, name, force=True, v=True))


def _remove_volume(name: str) -> None:
    _until_gone(partial(engine.client().api.remove_volume, name))


def _until_gone(remove_it: partial[Any]) -> None:
    """A conflict means that the engine is still at it: another removal, or a container on its way out that holds the volume."""
    for last in [False] * _TRIES + [True]:
        try:
            with engine.sentences():
                remove_it()
        except NotFound:
            return
        except APIError as error:
            if error.status_code != _CONFLICT or last:
                raise
            time.sleep(_PAUSE)
        else:
            return


async def remove_leftovers() -> int:
    """Removes the worlds of processes that died, but not those that an operator kept. Gives how many."""
    found = await engine.call(find)
    dead = [remains for remains in found.values() if not remains.kept and owner_is_dead(remains.labels)]
    await remove(dead)
    return len(dead)


def keep(labels: Mapping[str, str]) -> None:
    """Marks the world with these labels as kept on purpose, by a volume that says so: labels of containers cannot be changed."""
    engine.client().api.create_volume(f"hw-{labels[WORLD]}-kept", labels={**labels, KEPT: "1"})


def remove_own() -> None:
    """At the end of the process: whatever it made and did not keep. An engine that is gone by then holds nothing that we could remove."""
    with suppress(engine.EngineProblem):
        mine = find(**owner_labels())
        remove_now(remains for remains in mine.values() if not remains.kept)


async def remove_asked(wanted: str | None, **labels: str) -> list[str]:
    """For `inspect sandbox cleanup honeyweights [ID]`: every world, or the one of that id or container name. Gives the ids removed."""
    found = await engine.call(find, **labels)
    if wanted is not None:
        world = wanted.removeprefix("hw-").partition("-")[0]
        found = {world: found[world]} if world in found else {}
    await remove(found.values())
    return sorted(found)
