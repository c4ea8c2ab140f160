"""The harness's own way into the current sample's world: past Inspect's events, and marked `harness` in the table of calls.

What it runs in the workstation runs as root, in a session of its own, and never counts as the agent's.
"""

import io
import shutil
import tarfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import IO, Any

import anyio
from docker.errors import NotFound
from inspect_ai.util import ExecResult, sandbox

from honeyweights.sandbox import engine, room
from honeyweights.sandbox.channel import Lost
from honeyweights.sandbox.config import Role
from honeyweights.sandbox.frames import How, Operation, Request, Stage
from honeyweights.sandbox.provider import HoneyweightsSandbox, exec_result
from honeyweights.sandbox.running import Outcome
from honeyweights.sandbox.world import World, caller, now, shown

__all__ = ["CommandFailed", "World", "fetch", "holds", "now", "put", "run", "save", "world"]

OUTPUT_LIMIT = 64 << 20
_ANY_SIZE = 1 << 62
_FILE_SECONDS = 600
_PIECE = 1 << 20


class CommandFailed(RuntimeError):  # noqa: N818  # a past-tense noun: what happened
    """A command of the harness's own ended badly, or the container did before it."""


def world() -> World:
    """The current sample's world.

    Raises:
        LookupError: there is none, as when a log is judged again.
    """
    return sandbox().as_type(HoneyweightsSandbox).world


async def run(
    role: Role,
    argv: list[str],
    *,
    input: str | bytes | None = None,  # noqa: A002  # as in Inspect's exec
    timeout: int = 30,  # noqa: ASYNC109  # enforced in the container
    user: str = "root",
    check: bool = True,
    recorded: bool = False,
) -> ExecResult[str]:
    """Runs a command in one of the containers.

    Args:
        role: which one; not the warden.
        argv: program and arguments.
        input: its stdin.
        timeout: seconds.
        user: as whom.
        check: whether an exit code that is not 0 is an error.
        recorded: whether the recorder is to see it even where it sees only the agent's commands.

    Raises:
        CommandFailed: it ended badly, and `check` is set; or the container has ended.
        TimeoutError: it took longer than `timeout`.
    """
    data = input.encode() if isinstance(input, str) else input
    current = world()
    request = Request(argv=argv, user=user, cwd=current.folders[role], has_input=data is not None, timeout=timeout, limit=OUTPUT_LIMIT)
    outcome = await _run(current, role, request, data, recorded=recorded)
    if outcome.exit.timed_out:
        raise TimeoutError(f"{argv[0]} in the {role} took longer than {timeout} s")
    result = exec_result(request, outcome)
    if check and not result.success:
        raise CommandFailed(
            f"{shown(' '.join(argv), 80)} in the {role} ended with {result.returncode}: {shown(result.stderr.strip(), 300)}"
        )
    return result


async def put(role: Role, tar: bytes, path: str = "/") -> None:
    """Unpacks a tar archive below a folder of a container, through the engine: no process runs for it, so the recorder has nothing to see.

    Raises:
        CommandFailed: the folder is missing, or the container is gone.
    """
    current = world()
    try:
        await engine.call(engine.client().api.put_archive, current.ids[role], path, tar)
    except NotFound as error:
        raise CommandFailed(f"nothing can be put into {path} of the {role}: {error.explanation}") from error


async def fetch(role: Role, path: str) -> bytes:
    """Reads one regular file, of any size, of a container that runs or has ended.

    Raises:
        FileNotFoundError: there is no regular file of that name.
    """
    current = world()
    channel = current.channels.get(role)
    if channel is not None and channel.lost is None and role not in current.paused:
        try:
            return await _read(current, role, path)
        except CommandFailed:
            pass  # it ended while we read: what it left can still be had
    content = io.BytesIO()
    await anyio.to_thread.run_sync(_copy, current.ids[role], path, content)
    return content.getvalue()


async def save(role: Role, path: str, target: Path) -> None:
    """Writes one regular file of a container to the host's disk, piece by piece: an adversary decides how large it is.

    Raises:
        FileNotFoundError: there is no regular file of that name.
    """
    with target.open("wb") as file:
        await anyio.to_thread.run_sync(_copy, world().ids[role], path, file)


async def holds(role: Role, path: str, needle: bytes) -> bool:
    """Whether `needle`, one line of ASCII, stands in a regular file; looked for where the file lies, if something can be run there.

    Raises:
        FileNotFoundError: there is no regular file of that name.
        CommandFailed: the container is gone.
    """
    if role not in world().channels:
        return needle in await fetch(role, path)
    found = await run(role, ["grep", "-qF", "-e", needle.decode("ascii"), "--", path], check=False)
    if found.returncode > 1:
        raise FileNotFoundError(found.returncode, f"no regular file in the {role}", path)
    return found.returncode == 0


async def _read(current: World, role: Role, path: str) -> bytes:
    request = Request(argv=[path], operation=Operation.READ, user="root", cwd="/", timeout=_FILE_SECONDS, limit=_ANY_SIZE)
    outcome = await _run(current, role, request, None)
    if outcome.exit.how is How.EXITED and not outcome.exit.timed_out:
        return outcome.out
    if outcome.exit.stage is Stage.OPEN:
        raise FileNotFoundError(outcome.exit.value, f"no regular file in the {role}", path)
    raise CommandFailed(f"{shown(path)} could not be read in the {role}")


def _copy(container: str, path: str, target: IO[bytes]) -> None:
    """By the engine, as an archive of one member that is never unpacked by its name."""
    try:
        with engine.sentences():
            pieces, _ = engine.client().api.get_archive(container, path)
            with tarfile.open(fileobj=_Pieces(pieces), mode="r|") as archive:
                member = archive.next()
                content = archive.extractfile(member) if member is not None and member.isreg() else None
                if content is None:
                    raise FileNotFoundError(path)
                shutil.copyfileobj(content, target, _PIECE)
    except NotFound as error:
        raise FileNotFoundError(path) from error


class _Pieces(io.RawIOBase):
    """Bytes that come in pieces, as a file to read from."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._held = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, into: Any) -> int:
        if not self._held:
            self._held = memoryview(next(self._pieces, b""))
        count = min(len(into), len(self._held))
        into[:count] = self._held[:count]
        self._held = self._held[count:]
        return count


async def _run(current: World, role: Role, request: Request, data: bytes | None, *, recorded: bool = False) -> Outcome:
    token = caller.set("harness")
    try:
        again = partial(current.run, role, request, data, recorded=recorded)
        outcome = await again()
        for limit in room.limits(current.layout.config.pids):
            if role != "workstation" or not room.is_full(outcome):
                break
            outcome = await room.race(partial(room.give, current.ids[role], limit), again)
    except Lost as lost:
        raise CommandFailed(f"{shown(request.argv[0], 80)} could not be run in the {role}: {lost}") from lost
    finally:
        caller.reset(token)
    return outcome
