"""What of this machine stands in the way of a world, told in sentences: a table of checks, each of which looks and changes nothing."""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from honeyweights.sandbox import cleanup, engine, images
from honeyweights.sandbox.engine import EngineProblem

State = Literal["ok", "warning", "problem"]
KERNEL = (5, 8)
"""Oldest kernel: its seccomp notification gives the recorder the file descriptors and the wake-ups it needs."""
MEMORY_MIB = 2048


@dataclass(frozen=True, kw_only=True)
class Check:
    """One thing that was looked at."""

    name: str
    state: State
    sentence: str


def examine() -> list[Check]:
    """All checks, in the order in which a problem should be solved. Without an engine the rest cannot be asked, and is left out."""
    try:
        client = engine.client()
        engine.endpoint()
        with engine.sentences():
            facts: Mapping[str, Any] = client.info()
    except EngineProblem as problem:
        return [Check(name="engine", state="problem", sentence=str(problem))]
    first = Check(name="engine", state="ok", sentence=f"Docker Engine {facts.get('ServerVersion')} answers.")
    return [first, *(check(facts) for check in CHECKS)]


def _system(facts: Mapping[str, Any]) -> Check:
    kind, arch = facts.get("OSType"), facts.get("Architecture")
    if kind != "linux":
        return Check(name="system", state="problem", sentence=f"The engine runs {kind} containers, and a world needs linux ones.")
    return Check(name="system", state="ok", sentence=f"Its containers are linux on {arch}.")


def _kernel(facts: Mapping[str, Any]) -> Check:
    version = str(facts.get("KernelVersion", ""))
    numbers = tuple(int(part) for part in version.partition("-")[0].split(".")[:2] if part.isdigit())
    if numbers < KERNEL:
        sentence = (
            f"Kernel {version} is older than {'.'.join(map(str, KERNEL))}: the recorder cannot be notified, and strace takes its place."
        )
        return Check(name="kernel", state="warning", sentence=sentence)
    return Check(name="kernel", state="ok", sentence=f"Kernel {version} can notify the recorder.")


def _security(facts: Mapping[str, Any]) -> Check:
    options = " ".join(map(str, facts.get("SecurityOptions") or []))
    if "seccomp" not in options:
        return Check(
            name="seccomp",
            state="warning",
            sentence="The engine has no seccomp: the recorder cannot be notified, and strace takes its place.",
        )
    if "rootless" in options:
        return Check(name="seccomp", state="warning", sentence="The engine is rootless, which was never tried with worlds.")
    return Check(name="seccomp", state="ok", sentence="The engine filters system calls.")


def _room(facts: Mapping[str, Any]) -> Check:
    root = Path(str(facts.get("DockerRootDir", "")))
    try:
        engine.require_room()
        free = f"{shutil.disk_usage(root).free // 2**30} GiB are free under {root}."
    except EngineProblem as problem:
        return Check(name="disk", state="problem", sentence=str(problem))
    except OSError:
        free = "The engine's disk is on another machine, and was not looked at."
    return Check(name="disk", state="ok", sentence=free)


def _memory(facts: Mapping[str, Any]) -> Check:
    there = int(facts.get("MemTotal", 0)) // 2**20
    state: State = "ok" if there >= MEMORY_MIB else "warning"
    return Check(
        name="memory",
        state=state,
        sentence=f"The engine has {there} MiB of memory{'' if state == 'ok' else ', which is little for a world'}.",
    )


def _images(_facts: Mapping[str, Any]) -> Check:
    stale = images.outdated()
    if stale:
        sentence = f"To be built, by `honeyweights build` or the next run: {', '.join(images.PREFIX + name for name in stale)}."
        return Check(name="images", state="warning", sentence=sentence)
    return Check(name="images", state="ok", sentence="The images are there and up to date.")


def _leftovers(_facts: Mapping[str, Any]) -> Check:
    found = cleanup.find()
    dead = [world for world, remains in found.items() if cleanup.owner_is_dead(remains.labels)]
    if dead:
        sentence = (
            f"{len(dead)} of {len(found)} worlds belong to runs that are over: `inspect sandbox cleanup honeyweights` removes all worlds."
        )
        return Check(name="worlds", state="warning", sentence=sentence)
    return Check(name="worlds", state="ok", sentence=f"{len(found)} worlds run now." if found else "No world is left from any run.")


CHECKS: tuple[Callable[[Mapping[str, Any]], Check], ...] = (_system, _kernel, _security, _room, _memory, _images, _leftovers)
