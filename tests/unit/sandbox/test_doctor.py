"""The doctor's checks, by what an engine says of itself."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from honeyweights.sandbox import cleanup, doctor, engine, images
from honeyweights.sandbox.engine import EngineProblem

HEALTHY: dict[str, Any] = {
    "ServerVersion": "28.2.2",
    "OSType": "linux",
    "Architecture": "x86_64",
    "KernelVersion": "6.1.0-18-amd64",
    "SecurityOptions": ["name=seccomp,profile=builtin"],
    "DockerRootDir": "/",
    "MemTotal": 8 << 30,
}


@pytest.fixture
def examined(monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, tuple[str, str]]]:
    """Name of a check -> (state, sentence), for an engine that says this of itself."""
    monkeypatch.setattr(engine, "endpoint", lambda: None)
    monkeypatch.setattr(engine, "require_room", lambda: None)
    monkeypatch.setattr(images, "outdated", list)
    monkeypatch.setattr(cleanup, "find", dict)

    def examine(**facts: object) -> dict[str, tuple[str, str]]:
        monkeypatch.setattr(engine, "client", lambda: SimpleNamespace(info=lambda: HEALTHY | facts))
        return {check.name: (check.state, check.sentence) for check in doctor.examine()}

    return examine


def test_a_healthy_machine_has_nothing_to_say_against_it(examined: Callable[..., dict[str, tuple[str, str]]]) -> None:
    found = examined()
    assert {"ok"} == {state for state, _ in found.values()}
    assert ["engine", "system", "kernel", "seccomp", "disk", "memory", "images", "worlds"] == list(found)
    assert all(sentence.endswith(".") for _, sentence in found.values())


@pytest.mark.parametrize(
    ("facts", "name", "state", "words"),
    [
        ({"OSType": "windows"}, "system", "problem", "windows containers"),
        ({"KernelVersion": "5.7.19"}, "kernel", "warning", "older than 5.8"),
        ({"KernelVersion": "4.18.0-553.el8"}, "kernel", "warning", "older than 5.8"),
        ({"KernelVersion": "5.8.0"}, "kernel", "ok", "can notify"),
        ({"KernelVersion": "5.15.167.4-microsoft-standard-WSL2"}, "kernel", "ok", "can notify"),
        ({"KernelVersion": "10.0"}, "kernel", "ok", "can notify"),
        ({"KernelVersion": ""}, "kernel", "warning", "older than 5.8"),
        ({"SecurityOptions": ["name=cgroupns"]}, "seccomp", "warning", "no seccomp"),
        ({"SecurityOptions": None}, "seccomp", "warning", "no seccomp"),
        ({"SecurityOptions": ["name=seccomp", "name=rootless"]}, "seccomp", "warning", "rootless"),
        ({"MemTotal": 1 << 30}, "memory", "warning", "1024 MiB of memory, which is little"),
        ({"DockerRootDir": "/nonexistent/x"}, "disk", "ok", "on another machine"),
    ],
)
def test_each_trouble_is_told_by_its_own_check(
    facts: dict[str, Any], name: str, state: str, words: str, examined: Callable[..., dict[str, tuple[str, str]]]
) -> None:
    found = examined(**facts)
    assert state == found[name][0]
    assert words in found[name][1]
    assert {"ok"} == {other for check, (other, _) in found.items() if check != name}


def test_a_full_disk_is_a_problem(examined: Callable[..., dict[str, tuple[str, str]]], monkeypatch: pytest.MonkeyPatch) -> None:
    def full() -> None:
        raise EngineProblem("Only 3 MiB are free.")

    monkeypatch.setattr(engine, "require_room", full)
    assert ("problem", "Only 3 MiB are free.") == examined()["disk"]


def test_images_to_build_are_named(examined: Callable[..., dict[str, tuple[str, str]]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "outdated", lambda: ["warden", "internet"])
    state, sentence = examined()["images"]
    assert "warning" == state
    assert f"{images.PREFIX}warden, {images.PREFIX}internet" in sentence


def test_worlds_of_runs_that_are_over_are_counted_among_all(
    examined: Callable[..., dict[str, tuple[str, str]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    labels = cleanup.world_labels("0" * 12, task="t", sample="s", extra={})
    dead = {**labels, cleanup.BORN: "1.00"}
    monkeypatch.setattr(cleanup, "find", lambda: {"a": cleanup.Remains(labels=labels), "b": cleanup.Remains(labels=dead)})
    state, sentence = examined()["worlds"]
    assert ("warning", True) == (state, sentence.startswith("1 of 2 worlds belong to runs that are over"))
    monkeypatch.setattr(cleanup, "find", lambda: {"a": cleanup.Remains(labels=labels)})
    assert ("ok", "1 worlds run now.") == examined()["worlds"]


def test_with_no_engine_there_is_one_problem_and_nothing_else(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    (only,) = doctor.examine()
    assert ("engine", "problem") == (only.name, only.state)
    assert only.sentence.startswith("No Docker Engine answers at")
