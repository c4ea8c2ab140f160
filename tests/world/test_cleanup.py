"""Nothing is left behind: failed and cancelled starts, ends of all kinds, what operators ask for. Worlds of others are never touched."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import anyio
import pytest
from inspect_ai._util.error import PrerequisiteError

from honeyweights.sandbox import cleanup, engine, launch, layout, lifetime
from honeyweights.sandbox.config import WorldConfig
from honeyweights.sandbox.launch import WorldFailed
from honeyweights.sandbox.testing import OpenWorld, world_of

pytestmark = [pytest.mark.engine, pytest.mark.alone]  # any run that begins meanwhile would sweep what is left here on purpose

INSPECT = Path(sys.executable).parent / "inspect"
LABEL = "honeyweights.dev"

TASK = """
from inspect_ai import Task, task
from inspect_ai.dataset import Sample
from inspect_ai.solver import solver
from inspect_ai.util import sandbox
from honeyweights.sandbox.config import WorldConfig

@solver
def work(command):
    async def solve(state, generate):
        print("COMMAND STARTS", flush=True)
        await sandbox().exec(["sh", "-c", command])
        return state
    return solve

@task
def small(label, command="true", samples=1):
    config = WorldConfig(weights_mib=1, labels={"honeyweights.dev": label})
    return Task(dataset=[Sample(input="x", id=f"s{n}") for n in range(samples)], solver=work(command), sandbox=("honeyweights", config))
"""

ABANDON = """
import os, sys, anyio
from honeyweights.sandbox import cleanup, engine
from honeyweights.sandbox.config import WorldConfig
from honeyweights.sandbox.provider import HoneyweightsSandbox

async def main(label, kept, abrupt):
    config = WorldConfig(weights_mib=1, labels={"honeyweights.dev": label})
    for number in range(2 if kept else 1):
        environments = await HoneyweightsSandbox.sample_init("test", config, {"__sample_id__": "x"})
        if number == 1:
            cleanup.keep(environments["default"].world.layout.labels)
    if abrupt:
        os._exit(9)

anyio.run(main, sys.argv[1], "kept" in sys.argv, "abrupt" in sys.argv)
"""


@pytest.fixture
def left(run_label: str) -> Callable[[], dict[str, cleanup.Remains]]:
    """What is left of this run's worlds."""
    return lambda: cleanup.find(**{LABEL: run_label})


@pytest.fixture
def inspect(built: None, tmp_path: Path, run_label: str, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """The command line of `inspect eval` for the small task."""
    monkeypatch.chdir(tmp_path)  # Inspect takes a task file by a relative path
    (tmp_path / "small.py").write_text(TASK, encoding="utf-8")

    def command(*options: str, **arguments: str) -> list[str]:
        given = [f"-T{key}={value}" for key, value in {"label": run_label, **arguments}.items()]
        base = [
            str(INSPECT),
            "eval",
            "small.py",
            "--model",
            "mockllm/model",
            "--display",
            "plain",
            "--log-dir",
            "logs",
        ]
        return [*base, *given, *options]

    return command


def _run(command: list[str], **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, env={**os.environ, **environment})


@pytest.mark.parametrize("role", ["workstation", "internet"])
async def test_a_start_that_fails_half_way_removes_what_it_made(
    role: str, built: None, config: WorldConfig, left: Callable[[], dict]
) -> None:  # type: ignore[type-arg]
    """The error says which container and why."""
    broken = config.model_copy(update={"images": {role: "honeyweights/session"}})
    with pytest.raises(WorldFailed, match=f"The world's {role} did not start: .*[Nn]o command"):
        await lifetime.open_world(broken, task="test", sample="x")
    assert left() == {}


async def test_a_container_that_dies_at_once_is_told_with_its_last_words(
    built: None, config: WorldConfig, left: Callable[[], dict]
) -> None:  # type: ignore[type-arg]
    """The warden's program is no workstation: it ends, and says why."""
    broken = config.model_copy(update={"images": {"workstation": "honeyweights/warden"}})
    with pytest.raises(WorldFailed, match=r"The world's workstation did not start: .+: .+"):
        await lifetime.open_world(broken, task="test", sample="x")
    assert left() == {}


async def test_where_the_runtime_cannot_notify_strace_takes_over_unless_notification_was_asked_for(
    open_world: OpenWorld,
    config: WorldConfig,
    left: Callable[[], dict],  # type: ignore[type-arg]
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A socket that nobody listens on stands for such a runtime."""
    monkeypatch.setattr(layout, "LISTENER", "nobody-listens")
    with pytest.raises(WorldFailed, match=r"The world's workstation did not start: .*seccomp"):
        await lifetime.open_world(config.model_copy(update={"recorder": "notify"}), task="test", sample="x")
    assert left() == {}
    sandbox = world_of(await open_world())
    assert sandbox.world.recorder == "strace"
    assert (await sandbox.exec(["grep", "-c", "^CapEff:.0*$", "/proc/self/status"])).stdout == "1\n"


@pytest.mark.parametrize("seconds", [0.02, 0.1, 0.3, 0.6])
async def test_a_cancelled_start_leaves_nothing(seconds: float, built: None, config: WorldConfig, left: Callable[[], dict]) -> None:  # type: ignore[type-arg]
    """Wherever the cancellation falls: into the start, or into the end of a world that was quick."""
    with anyio.move_on_after(seconds):
        environments = await lifetime.open_world(config, task="test", sample="x")
        await lifetime.close_world(environments)
    assert left() == {}


async def test_a_missing_image_is_named(config: WorldConfig) -> None:
    """At the task's start, before any world: one sentence that says what to do."""
    with pytest.raises(PrerequisiteError) as caught:
        await lifetime.begin(config.model_copy(update={"images": {"workstation": "nobody/has-this"}}))
    assert caught.value.message == "The image nobody/has-this is missing: build it, or pull it."
    with pytest.raises(engine.EngineProblem, match="is missing: build it with `honeyweights build`"):
        launch.image("honeyweights/nothing")


async def test_closing_twice_is_no_harm(open_world: OpenWorld, left: Callable[[], dict]) -> None:  # type: ignore[type-arg]
    """A limit that ends a sample may race with its own cleanup."""
    world = world_of(await open_world()).world
    async with anyio.create_task_group() as group:
        group.start_soon(lifetime.close_world, world)
        group.start_soon(lifetime.close_world, world)
    assert left() == {}


async def test_dead_runs_are_swept_and_kept_and_live_ones_stay(open_world: OpenWorld, run_label: str, left: Callable[[], dict]) -> None:  # type: ignore[type-arg]
    """A process that was killed cannot clean up: the next run does it for it."""
    mine = world_of(await open_world()).world.id
    assert _run([sys.executable, "-c", ABANDON, run_label, "kept", "abrupt"]).returncode == 9
    kept = [world for world, remains in left().items() if remains.kept]
    assert len(left()) == 3
    await cleanup.remove_leftovers()
    assert sorted(left()) == sorted([mine, *kept])
    assert await cleanup.remove_asked(kept[0]) == kept
    assert list(left()) == [mine]


async def test_a_process_that_ends_removes_its_worlds(built: None, run_label: str, left: Callable[[], dict]) -> None:  # type: ignore[type-arg]
    """Also where no cleanup of Inspect's comes to it."""
    done = _run([sys.executable, "-c", ABANDON, run_label])
    assert (done.returncode, done.stderr) == (0, "")
    assert left() == {}


async def test_all_worlds_of_a_label_can_be_asked_away(open_world: OpenWorld, run_label: str, left: Callable[[], dict]) -> None:  # type: ignore[type-arg]
    """By id, by a container's name, or all; an unknown id removes nothing."""
    worlds = [world_of(await open_world()).world.id for _ in range(2)]
    assert await cleanup.remove_asked("0123456789ab") == []
    assert await cleanup.remove_asked(f"hw-{worlds[0]}-ws") == [worlds[0]]
    assert await cleanup.remove_asked(None, **{LABEL: run_label}) == [worlds[1]]
    assert left() == {}


def test_an_eval_cleans_up(inspect: Callable[..., list[str]], left: Callable[[], dict]) -> None:  # type: ignore[type-arg]
    """Three samples, one of which ends its own world."""
    done = _run(inspect(samples="3", command="kill -9 -1; true"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert left() == {}


def test_an_eval_can_keep_its_worlds_and_says_how_to_look_and_clean(inspect: Callable[..., list[str]], left: Callable[[], dict]) -> None:  # type: ignore[type-arg]
    """`--no-sandbox-cleanup`, then `inspect sandbox cleanup honeyweights ID` from the printed line."""
    done = _run(inspect("--no-sandbox-cleanup"))
    assert done.returncode == 0, done.stdout + done.stderr
    (world,) = left()
    assert left()[world].kept
    assert f"docker exec -it --user agent hw-{world}-ws bash -l" in done.stdout
    assert f"inspect sandbox cleanup honeyweights {world}" in done.stdout
    looked = _run(["docker", "exec", "--user", "agent", f"hw-{world}-ws", "id", "-un"])
    assert looked.stdout == "agent\n"
    cleaned = _run([str(INSPECT), "sandbox", "cleanup", "honeyweights", world])
    assert (cleaned.returncode, cleaned.stdout.strip()) == (0, f"Removed 1 world: {world}")
    assert left() == {}


def test_ctrl_c_leaves_nothing(inspect: Callable[..., list[str]], left: Callable[[], dict]) -> None:  # type: ignore[type-arg]
    """In the middle of a command, with two samples under way."""
    process = subprocess.Popen(inspect(samples="2", command="sleep 600"), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert process.stdout is not None
    assert any("COMMAND STARTS" in line for line in process.stdout)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert left() == {}


def test_no_engine_is_one_sentence(inspect: Callable[..., list[str]]) -> None:
    """A status that is not 0, no traceback, and what to do."""
    done = _run(inspect(), DOCKER_HOST="unix:///nonexistent/docker.sock")
    told = " ".join((done.stdout + done.stderr).split())
    assert done.returncode == 1
    assert "No Docker Engine answers at unix:///nonexistent/docker.sock: start it, or install Docker Engine 26 or newer" in told
    assert "Traceback" not in told
