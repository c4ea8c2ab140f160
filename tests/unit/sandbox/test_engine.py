"""The engine's troubles in one sentence each, and where it listens."""

import socket
from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest
import requests
from docker.errors import APIError, DockerException

from honeyweights.sandbox import engine
from honeyweights.sandbox.engine import Endpoint, EngineProblem


@pytest.mark.parametrize("version", ["26.0.0", "26.1.5+dfsg1", "28.2.2", "127.0"])
def test_a_new_enough_engine_is_let_in(version: str) -> None:
    """From 26 on."""
    engine.require_version(version)


@pytest.mark.parametrize(
    ("version", "words"), [("20.10.24+dfsg1", "is 20.10.24.*needs 26 or newer: upgrade"), ("dev", "does not say which version")]
)
def test_an_old_engine_is_refused(version: str, words: str) -> None:
    """Also one that will not say."""
    with pytest.raises(EngineProblem, match=words):
        engine.require_version(version)


def test_no_engine_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the address, and what to do."""
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent/docker.sock")
    with pytest.raises(EngineProblem, match=r"^No Docker Engine answers at unix:///nonexistent/docker.sock: start it, or install .*\.$"):
        engine.client()


def test_a_dead_socket_is_no_engine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A socket file that nobody listens on, as a killed engine leaves it."""
    dead = tmp_path / "dead.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(dead))
    monkeypatch.setenv("DOCKER_HOST", f"unix://{dead}")
    with pytest.raises(EngineProblem, match="No Docker Engine answers"):
        engine.client()


def _raised(error: Exception) -> str:
    with pytest.raises(EngineProblem) as caught, engine.sentences():
        raise error
    return str(caught.value)


def test_each_trouble_has_its_own_sentence() -> None:
    """Permission, silence, a full disk; an error of the API about a request is left as it is."""
    denied = DockerException("Error while fetching server API version: ('Connection aborted.', PermissionError(13, 'Permission denied'))")
    assert _raised(denied).startswith("No permission to use the Docker Engine")
    assert "does not answer" in _raised(requests.exceptions.ReadTimeout("Read timed out. (read timeout=60)"))
    assert "disk is full" in _raised(APIError("write /x: no space left on device"))
    with pytest.raises(APIError), engine.sentences():
        raise APIError("409 Conflict")


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("unix:///run/user/1000/docker.sock", Endpoint(path="/run/user/1000/docker.sock")),
        ("tcp://127.0.0.1:2376", Endpoint(host="127.0.0.1", port=2376)),
        ("tcp://localhost", Endpoint(host="localhost", port=2375)),
        ("", Endpoint(path="/var/run/docker.sock")),
    ],
)
def test_the_address_is_the_environments(monkeypatch: pytest.MonkeyPatch, address: str, expected: Endpoint) -> None:
    """As the docker command reads it."""
    monkeypatch.setenv("DOCKER_HOST", address)
    assert engine.endpoint() == expected


def test_an_address_that_only_the_command_can_reach_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Instead of failing at the first world."""
    monkeypatch.setenv("DOCKER_HOST", "ssh://me@elsewhere")
    with pytest.raises(EngineProblem, match="DOCKER_HOST=ssh://me@elsewhere cannot be used"):
        engine.endpoint()


async def test_together_gives_results_in_order_and_one_error_by_itself() -> None:
    """The others are cancelled, and no group of exceptions comes out."""

    async def give(value: int) -> int:
        await anyio.sleep(0.01 * (3 - value))
        return value

    async def fail() -> int:
        raise EngineProblem("this one")

    ended: list[str] = []

    async def patient() -> int:
        try:
            await anyio.sleep(10)
        finally:
            ended.append("cancelled")
        return 0

    assert await engine.together(lambda: give(1), lambda: give(2)) == [1, 2]
    with pytest.raises(EngineProblem, match="this one"):
        await engine.together(patient, fail)
    assert ended == ["cancelled"]


@pytest.fixture(autouse=True)
def _forget_clients() -> Iterator[None]:
    """Clients are kept for each address; a test's must not outlive it."""
    yield
    engine._client.cache_clear()
