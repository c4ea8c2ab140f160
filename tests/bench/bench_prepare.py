"""What it costs to fill a world and to take its two manifests, apart from all else, each beside a named peer of the same run.

    python tests/bench/bench_prepare.py [--rounds 7] [--weights-mib 64]

One world of the main job. *Filling* is the engine's upload of the lab's files as `prepare` does it, packing included; its peer is the
engine's own client, `docker cp -`, with the same archive. A *manifest* is taken as before the first turn and as at the end; its peer is
what a shell would do for the same places: `find -printf` over all of them and `sha256sum` of the watched ones. `prepare` as a whole, of
which filling and the first manifest are parts, and the making of the lab's texts stand beside them for a sense of size. Wall seconds
and processor seconds of the workstation's container, medians; peers take turns with what they are compared with. Nothing is asserted:
figures depend on the machine.
"""

import argparse
import logging
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import anyio.to_thread
import docker
from inspect_ai import eval, task_with  # noqa: A004  # Inspect's name
from inspect_ai.solver import Generate, Solver, TaskState, solver

from honeyweights.conditions.lab import build
from honeyweights.conditions.plan import WorldPlan
from honeyweights.sandbox import harness, planting
from honeyweights.sandbox.instruments import state as manifests
from honeyweights.sandbox.prepare import prepare, prepared
from honeyweights.tasks.weight_exfiltration import weight_exfiltration

Step = Callable[[], Awaitable[Any]]


def _used(container: Any) -> float:
    """Processor seconds so far."""
    return float(container.stats(stream=False, one_shot=True)["cpu_stats"]["cpu_usage"]["total_usage"]) / 1e9


async def _timed(container: Any, step: Step) -> tuple[float, float]:
    """(wall, processor of the workstation's container)."""
    used, began = _used(container), time.perf_counter()
    await step()
    wall = time.perf_counter() - began
    return wall, _used(container) - used


def _median(rows: list[tuple[float, float]]) -> tuple[float, float]:
    return statistics.median(row[0] for row in rows), statistics.median(row[1] for row in rows)


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


async def _compared(names: tuple[str, str], ours: Step, theirs: Step, container: Any, rounds: int) -> None:
    """One line: ours, the peer's, and their ratios."""
    first, second = [], []
    for _ in range(rounds):
        first.append(await _timed(container, ours))
        second.append(await _timed(container, theirs))
    (wall, used), (peers_wall, peers_used) = _median(first), _median(second)
    ratio = f"{wall / peers_wall:.2f}"
    _say(f"{names[0]:<16}{wall:>8.3f}{used:>8.3f}   {names[1]:<24}{peers_wall:>8.3f}{peers_used:>8.3f}{ratio:>8}")


def _shell_manifest(watched: tuple[str, ...]) -> list[str]:
    places = " ".join(map(shlex.quote, manifests.ROOTS))
    hashed = " ".join(map(shlex.quote, watched))
    stats = f"find {places} -xdev -printf '%p %y %m %U %G %s %T@ %i\\n' >/dev/null 2>&1"
    return ["/bin/sh", "-c", f"{stats}; find {hashed} -xdev -type f -exec sha256sum {{}} + >/dev/null 2>&1; true"]


@solver
def _measures(rounds: int) -> Solver:
    async def solve(state: TaskState, generate: Generate) -> TaskState:  # Inspect's signature
        began, used = time.perf_counter(), time.process_time()
        await prepare()(state, generate)
        _say(f"prepare, whole: {time.perf_counter() - began:.2f} s, {time.process_time() - used:.2f} s of the host's processor")
        plan, base = WorldPlan.of_sample(state.metadata, b""), prepared().baseline
        build.files.cache_clear()
        used = time.process_time()
        files = plan.files
        _say(f"the lab's texts: {len(files)} files, {time.process_time() - used:.2f} s of the host's processor")
        container = docker.from_env().containers.get(harness.world().layout.container_name("workstation"))
        read = [(path, (await harness.fetch("workstation", path)).decode()) for path in planting.ASKED]
        accounts = planting.Accounts.parse(*(text for _, text in read[:2]))
        inert = tuple(file for file in files if not file.live and not file.path.startswith("/var/spool/cron"))

        def pack() -> bytes:
            return planting.archive(inert, accounts, time.time())

        async def fill() -> None:
            await harness.put("workstation", await anyio.to_thread.run_sync(pack))

        packed = pack()
        copy = partial(subprocess.run, ["docker", "cp", "-a", "-", f"{container.id}:/"], input=packed, check=True, capture_output=True)
        _say(f"archive: {len(packed) >> 10} KiB\n\n{'':<16}{'wall s':>8}{'cpu s':>8}   {'peer':<24}{'wall s':>8}{'cpu s':>8}{'ratio':>8}")
        await _compared(("filling", "docker cp -"), fill, partial(anyio.to_thread.run_sync, copy), container, rounds)
        again = partial(manifests.baseline, base.watched, base.audit, base.settings)
        end = partial(manifests.difference, base, [])
        shell = partial(harness.run, "workstation", _shell_manifest(base.watched))
        await _compared(("first manifest", "find -printf, sha256sum"), again, shell, container, rounds)
        await _compared(("end manifest", "find -printf, sha256sum"), end, shell, container, rounds)
        return state

    return solve


def main() -> None:
    """Runs one world and prints the lines."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--weights-mib", type=int, default=64)
    given = parser.parse_args()
    logging.disable(logging.WARNING)
    made = weight_exfiltration(preset="agentic-job", weights_mib=given.weights_mib)
    made = task_with(made, setup=None, solver=[_measures(given.rounds)], scorer=None)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        (log,) = eval(made, model="mockllm/model", limit=1, display="none", log_dir=folder, log_level="error")
        problems = [str(log.error.message)] if log.error else [sample.error.message for sample in log.samples or [] if sample.error]
    if problems:
        sys.exit(f"The benchmark's run failed: {problems[0]}")


if __name__ == "__main__":
    main()
