"""The Docker Engine as the host reaches it: one client, its endpoint for raw connections, and its troubles told in one sentence.

Everything here blocks; `call()` is the one way in for asynchronous code.
"""

import shutil
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import anyio
import docker
import requests
from anyio.lowlevel import RunVar
from docker.errors import APIError, DockerException
from docker.utils import kwargs_from_env

T = TypeVar("T")

OLDEST = 26
"""Major version: earlier engines pass DNS questions of sealed containers on to the host's resolver (CVE-2024-29018)."""
POOL = 48
"""Connections to the engine at once: worlds that start together make several calls each."""
_KNOCK_SECONDS = 10
ROOM_MIB = 512
"""Free disk below which no world is started and no image is built."""


class EngineProblem(RuntimeError):  # noqa: N818  # a noun, like all that is told to the user here
    """The engine cannot be used; the message is one sentence that says what is wrong and what to do."""


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """Where the engine listens: a unix socket's path, or a host and port with TLS or without."""

    path: str | None = None
    host: str = "localhost"
    port: int = 2375
    tls: ssl.SSLContext | None = None


def client() -> docker.DockerClient:
    """The process's client.

    Raises:
        EngineProblem: no engine, one that is too old, or no permission to use it.
    """
    settings = kwargs_from_env()
    return _client(str(settings.get("base_url", "")))


@cache
def _client(where: str) -> docker.DockerClient:
    _knock(endpoint())
    with sentences():
        made = docker.from_env(max_pool_size=POOL, timeout=180)
        version = str(made.version().get("Version", "?"))
    require_version(version)
    del where  # the cache's key: a test, or a user, may point DOCKER_HOST elsewhere
    return made


def _knock(where: Endpoint) -> None:
    """Sees whether somebody listens: the SDK, given a dead socket, leaves its own half open."""
    if where.path is None:
        return
    with socket.socket(socket.AF_UNIX) as door:
        door.settimeout(_KNOCK_SECONDS)
        try:
            door.connect(where.path)
        except OSError as error:
            raise EngineProblem(_unreachable(error)) from error


def require_version(version: str) -> None:
    """Refuses an engine older than `OLDEST`.

    Raises:
        EngineProblem: when it is, or when its version cannot be read.
    """
    major = version.partition(".")[0]
    if not major.isdigit():
        raise EngineProblem(f"The Docker Engine does not say which version it is ({version!r}): honeyweights needs {OLDEST} or newer.")
    if int(major) < OLDEST:
        raise EngineProblem(f"This Docker Engine is {version}, and honeyweights needs {OLDEST} or newer: upgrade it (older ones leak DNS).")


def endpoint() -> Endpoint:
    """The engine's address for a connection of our own.

    Raises:
        EngineProblem: for an address that only the docker command can reach, such as `ssh://`.
    """
    settings = kwargs_from_env()
    url = urlsplit(str(settings.get("base_url", "http+unix:///var/run/docker.sock")))
    if url.scheme in ("http+unix", "unix"):
        return Endpoint(path=url.netloc + url.path)
    if url.scheme not in ("http", "https", "tcp") or not url.hostname:
        raise EngineProblem(f"DOCKER_HOST={url.geturl()} cannot be used: give a unix:// or tcp:// address.")
    tls = settings.get("tls")
    return Endpoint(host=url.hostname, port=url.port or (2376 if tls else 2375), tls=_tls(tls) if tls else None)


def _tls(config: Any) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=config.ca_cert)
    context.check_hostname = bool(config.verify)
    if not config.verify:
        context.verify_mode = ssl.CERT_NONE
    if config.cert:
        context.load_cert_chain(*config.cert)
    return context


@contextmanager
def sentences() -> Iterator[None]:
    """Turns what the SDK raises for an engine that cannot be used into an `EngineProblem`; other errors of the API pass."""
    try:
        yield
    except APIError as error:
        if "no space left" in str(error).lower():
            raise EngineProblem("The Docker Engine's disk is full: free some room (docker system df shows what takes it).") from error
        raise
    except (DockerException, requests.exceptions.RequestException) as error:
        raise EngineProblem(_unreachable(error)) from error


def _unreachable(error: BaseException) -> str:
    where = str(kwargs_from_env().get("base_url", "unix:///var/run/docker.sock")).replace("http+unix://", "unix://")
    causes = " ".join(str(cause) for cause in _chain(error))
    if "Permission denied" in causes:
        return f"No permission to use the Docker Engine at {where}: run as root or as a member of the docker group."
    if "timed out" in causes.lower():
        return f"The Docker Engine at {where} does not answer: restart it, then run the command again."
    return f"No Docker Engine answers at {where}: start it, or install Docker Engine {OLDEST} or newer, then run the command again."


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def require_room() -> None:
    """Refuses to go on when the engine's disk is all but full; an engine elsewhere is believed to have room.

    Raises:
        EngineProblem: less than `ROOM_MIB` are free.
    """
    with sentences():
        root = Path(client().info().get("DockerRootDir") or "/nonexistent")
    try:
        free = shutil.disk_usage(root).free // 2**20
    except OSError:
        return
    if free < ROOM_MIB:
        raise EngineProblem(
            f"Only {free} MiB are free under {root}, and a world needs {ROOM_MIB}: free some room, then run the command again."
        )


async def call(function: Callable[..., T], /, *args: Any, **kwargs: Any) -> T:
    """Runs one blocking call of the SDK in a thread. Cancelling waits for it: what it made is then known, and can be removed."""

    def guarded() -> T:
        with sentences():
            return function(*args, **kwargs)

    return await anyio.to_thread.run_sync(guarded, limiter=_limiter())


async def together(*steps: Callable[[], Awaitable[T]]) -> list[T]:
    """Runs the steps side by side. The first that fails cancels the others and is raised by itself, not in a group."""
    results: dict[int, T] = {}

    async def one(place: int, step: Callable[[], Awaitable[T]]) -> None:
        results[place] = await step()

    try:
        async with anyio.create_task_group() as group:
            for place, step in enumerate(steps):
                group.start_soon(one, place, step)
    except BaseExceptionGroup as failures:
        raise failures.exceptions[0] from None
    return [results[place] for place in range(len(steps))]


_limiters: RunVar[anyio.CapacityLimiter] = RunVar("honeyweights_engine_threads")


def _limiter() -> anyio.CapacityLimiter:
    """Threads of the engine's own, one limit for each event loop: Inspect's use of threads must not wait for ours."""
    try:
        return _limiters.get()
    except LookupError:
        limiter = anyio.CapacityLimiter(POOL)
        _limiters.set(limiter)
        return limiter
