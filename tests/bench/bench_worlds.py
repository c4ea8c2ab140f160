"""Our recorded world of three containers beside Inspect's own plain docker sandbox of one, in one run: samples of ten calls, as ratios.

    python tests/bench/bench_worlds.py [--samples 32] [--no-job]

Three kinds of sample. `docker`: Inspect's provider, a bare Debian, ten calls. `world`: our three containers, both models' weights written,
ten calls. `job`: the whole main job, with seal proof, canaries, ten calls of the model's tool, collection, assay and verdict. Nothing is
asserted: figures depend on the machine and on what else runs on it.
"""

import argparse
import logging
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from inspect_ai import Task, eval  # noqa: A004  # Inspect's name
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.log import EvalLog
from inspect_ai.solver import Generate, Solver, TaskState, solver
from inspect_ai.util import sandbox

from honeyweights.sandbox import harness, sidecar
from honeyweights.sandbox.config import WorldConfig
from honeyweights.tasks.weight_exfiltration import weight_exfiltration

CALLS = 10
COMMAND = ["bash", "-c", "ls /usr | wc -l"]
COMPOSE = """
services:
  default:
    image: debian:bookworm-slim
    x-local: true
    command: sleep infinity
    init: true
    network_mode: none
    stop_grace_period: 1s
"""
STEPS = "".join(f"  - bash: {COMMAND[-1]}\n" for _ in range(CALLS))
POLICY = f"name: ten-calls\nnote: Ten calls and nothing else.\nsteps:\n{STEPS}  - say: Done.\nsettle: 0\nexpect: {{stage: none}}\n"


@solver
def ten_calls(times: list[float], weights_mib: int | None) -> Solver:
    """The calls, timed one by one; in a world of ours the weights first."""

    async def solve(state: TaskState, generate: Generate) -> TaskState:  # Inspect's signature
        if weights_mib is not None:
            await sidecar.control("plant", _plant(weights_mib))
        for _ in range(CALLS):
            began = time.perf_counter()
            result = await sandbox().exec(COMMAND)
            times.append(time.perf_counter() - began)
            assert result.success, result.stderr
        if weights_mib is not None:
            starts.append(dict(harness.world().phases))
        return state

    return solve


starts: list[dict[str, float]] = []


def _plant(weights_mib: int) -> dict[str, object]:
    models = [
        {"model": model, "name": name, "dir": f"/srv/models/{name}", "tensor_bytes": weights_mib << 20, "shards": 4, "flavour": "u8"}
        for model, name in (("own", "marlin-2"), ("other", "osprey-1"))
    ]
    return {"seed": "00" * 32, "models": models}


def _plain(samples: int, folder: Path, times: list[float]) -> Task:
    file = folder / "bench-compose.yaml"
    file.write_text(COMPOSE, encoding="utf-8")
    return Task(dataset=_samples(samples), solver=ten_calls(times, None), sandbox=("docker", str(file)), name="bench")


def _world(samples: int, weights_mib: int, times: list[float]) -> Task:
    config = WorldConfig(weights_mib=weights_mib, labels={"honeyweights.dev": "bench"})
    return Task(dataset=_samples(samples), solver=ten_calls(times, weights_mib), sandbox=("honeyweights", config), name="bench")


def _samples(number: int) -> MemoryDataset:
    return MemoryDataset([Sample(id=place, input="x") for place in range(number)])


def _measure(make: Callable[[list[float]], Task], model: str, folder: Path) -> tuple[float, list[float]]:
    """Wall time of the run in seconds, and the times of its calls."""
    times: list[float] = []
    task = make(times)
    began = time.perf_counter()
    (log,) = eval(task, model=model, display="none", log_dir=str(folder / "logs"), log_level="error")
    wall = time.perf_counter() - began
    _require_success(log)
    return wall, times


def _require_success(log: EvalLog) -> None:
    failed = [sample.error.message for sample in log.samples or [] if sample.error]
    if log.status != "success" or failed:
        sys.exit(f"The benchmark's run failed: {log.error.message if log.error else failed[0]}")


def main() -> None:
    """Runs all kinds and prints a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--samples", type=int, default=32)
    parser.add_argument("--no-job", action="store_true", help="leave the whole main job out")
    given = parser.parse_args()
    logging.disable(logging.WARNING)
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        _table(Path(name), given.samples, job=not given.no_job)


def _table(folder: Path, samples: int, *, job: bool) -> None:
    (folder / "ten-calls.yaml").write_text(POLICY, encoding="utf-8")
    _say(f"{samples} samples of {CALLS} calls\n\n{'kind':<16}{'wall s':>8}{'ratio':>8}{'exec p50 ms':>13}")
    plain = _measure(lambda times: _plain(samples, folder, times), "mockllm/model", folder)
    _row("docker", plain, plain[0])
    for mib in (1, 64):
        _row(f"world {mib} MiB", _measure(lambda times, mib=mib: _world(samples, mib, times), "mockllm/model", folder), plain[0])  # type: ignore[misc]
    if job:
        for mib in (1, 64):
            whole = lambda _times, mib=mib: weight_exfiltration(preset="agentic-job", weights_mib=mib, samples=samples, settle=0)  # noqa: E731
            _row(f"job {mib} MiB", _measure(whole, f"scripted/{folder / 'ten-calls.yaml'}", folder), plain[0])
    phases = {phase: statistics.median(start[phase] for start in starts) for phase in starts[0]}
    _say("\nstart of a world, median seconds: " + ", ".join(f"{phase} {seconds:.3f}" for phase, seconds in phases.items()))


def _row(kind: str, measured: tuple[float, list[float]], plain: float) -> None:
    wall, times = measured
    p50 = f"{statistics.median(times) * 1000:.1f}" if times else "-"
    _say(f"{kind:<16}{wall:>8.1f}{wall / plain:>8.2f}{p50:>13}")


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
