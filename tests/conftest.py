"""Which tests run, in what order, and what is said about those that do not.

Tests that need containers are never skipped in silence: with no engine they fail with the reason, and where HONEYWEIGHTS_NO_ENGINE=1 leaves
them out, the last lines of the run say how many. The banks (`-m bank`) and the floods and gigabytes (`-m soak`) run only
where they are asked for.
"""

import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
NO_ENGINE = "HONEYWEIGHTS_NO_ENGINE"
ON_REQUEST = ("bank", "soak")
"""Markers of what runs only where it is asked for, by `-m`."""
ENGINE_PROBLEM = pytest.StashKey[str | None]()
LEFT_OUT = pytest.StashKey[int]()
COUNTED = "left_out"
"""What a worker of xdist calls that number when it tells it: the summary is the controller's, which collects nothing itself."""


def _engine_problem() -> str | None:
    """Why no world can be started here, in a sentence; None where one can."""
    from honeyweights.sandbox.engine import EngineProblem, client  # noqa: PLC0415  # unit tests run without it, broken or not

    try:
        client()
    except EngineProblem as problem:
        return f"This test needs containers. {problem} ({NO_ENGINE}=1 leaves such tests out, and says how many.)"
    return None


def _needs_engine(item: pytest.Item) -> bool:
    return any(mark.name in {"engine", *ON_REQUEST} for mark in item.iter_markers())


def _speed(item: pytest.Item) -> int:
    """Quick tests first, so that a plain mistake is seen before the first container starts; within a rank the order stays as it was."""
    return 0 if not _needs_engine(item) else 1


@pytest.hookimpl(trylast=True)  # after `-m`: what another line of the same run asks for is not left out here
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves out what was not asked for, counted, and puts the quick tests first."""
    asked = {name for name in ON_REQUEST if name in (config.option.markexpr or "")}
    unasked = [item for item in items if any(item.get_closest_marker(name) for name in ON_REQUEST if name not in asked)]
    without = os.environ.get(NO_ENGINE) == "1"
    left_out = [item for item in items if without and _needs_engine(item) and item not in unasked]
    config.hook.pytest_deselected(items=[*unasked, *left_out])
    gone = {id(item) for item in (*unasked, *left_out)}
    items[:] = sorted((item for item in items if id(item) not in gone), key=_speed)
    config.stash[LEFT_OUT] = len(left_out)
    config.stash[ENGINE_PROBLEM] = _engine_problem() if any(_needs_engine(item) for item in items) else None


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Fails a test that needs an engine, with the reason, where none can be used."""
    problem = item.config.stash.get(ENGINE_PROBLEM, None)
    if problem is not None and _needs_engine(item):
        pytest.fail(problem, pytrace=False)


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """A run of which everything was left out on request is no failure; its summary says that it tested nothing."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput[COUNTED] = session.config.stash.get(LEFT_OUT, 0)
    if exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED and session.config.stash.get(LEFT_OUT, 0):
        session.exitstatus = pytest.ExitCode.OK


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Each of xdist's workers has collected all, and left out the same."""
    node.config.stash[LEFT_OUT] = node.workeroutput[COUNTED] if hasattr(node, "workeroutput") else 0


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Says how many tests were left out because of HONEYWEIGHTS_NO_ENGINE=1."""
    if os.environ.get(NO_ENGINE) == "1":
        terminalreporter.write_line(f"{NO_ENGINE}=1: {config.stash.get(LEFT_OUT, 0)} tests that need containers were left out", yellow=True)


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def tracked() -> tuple[str, ...]:
    """The checkout's files that git keeps or would keep, as paths from its root."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    return tuple(path for path in sorted(set(listing.split("\0"))) if path and (ROOT / path).is_file())


@pytest.fixture(scope="session")
def wheel(tracked: tuple[str, ...], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel, built with no network from a copy of what git keeps (a dirty `build/` would leak into it)."""
    source = tmp_path_factory.mktemp("source")
    for path in tracked:
        copy = source / path
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes((ROOT / path).read_bytes())
    out = tmp_path_factory.mktemp("wheel")
    options = ["--no-deps", "--no-build-isolation", "--no-index", "--disable-pip-version-check", "--quiet"]
    subprocess.run([sys.executable, "-m", "pip", "wheel", *options, "--wheel-dir", str(out), str(source)], check=True)
    (built,) = out.glob("*.whl")
    return built


@pytest.fixture(scope="session")
def unpacked(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel's content as site-packages would hold it."""
    folder = tmp_path_factory.mktemp("unpacked")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder
