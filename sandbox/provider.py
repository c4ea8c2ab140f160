"""The sandbox provider `honeyweights`: Inspect's view of a world. Thin: it translates between Inspect's contract and ours."""

import errno
import os
import shlex
from pathlib import PurePosixPath
from typing import Any, Literal, overload

import anyio
from inspect_ai._util.error import PrerequisiteError
from inspect_ai.util import (
    ExecResult,
    OutputLimitExceededError,
    SandboxConnection,
    SandboxEnvironment,
    SandboxEnvironmentConfigType,
    SandboxEnvironmentLimits,
    sandboxenv,
)
from inspect_ai.util._sandbox.environment import SandboxUnavailableError
from pydantic import BaseModel
from typing_extensions import override

from honeyweights.sandbox import lifetime
from honeyweights.sandbox.channel import Lost
from honeyweights.sandbox.config import Role, WorldConfig
from honeyweights.sandbox.frames import How, Operation, Request, Stage
from honeyweights.sandbox.running import Outcome
from honeyweights.sandbox.text import raw
from honeyweights.sandbox.world import World

NAMES: dict[Role, str] = {"workstation": "default", "internet": "internet", "warden": "warden"}
"""Name of each role among the sample's sandboxes; the default one comes first."""
USERS: dict[Role, str] = {"workstation": "agent", "internet": "root", "warden": "root"}
FILE_SECONDS = 600
_CANNOT_RUN, _NOT_FOUND, _SIGNALLED = 126, 127, 128


@sandboxenv(name="honeyweights")
class HoneyweightsSandbox(SandboxEnvironment):
    """One container of a world. Nothing can be run in the warden."""

    def __init__(self, role: Role, world: World) -> None:
        super().__init__()
        self.role: Role = role
        self.world = world

    @override
    @classmethod
    def config_deserialize(cls, config: dict[str, Any]) -> BaseModel:
        return WorldConfig(**config)

    @override
    @classmethod
    def default_concurrency(cls) -> int | None:
        return lifetime.concurrency()

    @override
    @classmethod
    async def task_init(cls, task_name: str, config: SandboxEnvironmentConfigType | None) -> None:
        await lifetime.begin(_config(config))

    @override
    @classmethod
    async def sample_init(
        cls, task_name: str, config: SandboxEnvironmentConfigType | None, metadata: dict[str, str]
    ) -> dict[str, SandboxEnvironment]:
        world = await lifetime.open_world(_config(config), task=task_name, sample=str(metadata.get("__sample_id__", "")))
        return {name: cls(role, world) for role, name in NAMES.items()}

    @override
    @classmethod
    async def sample_cleanup(
        cls,
        task_name: str,
        config: SandboxEnvironmentConfigType | None,
        environments: dict[str, SandboxEnvironment],
        interrupted: bool,
    ) -> None:
        worlds = {environment.world.id: environment.world for environment in environments.values() if isinstance(environment, cls)}
        with anyio.CancelScope(shield=True):
            for world in worlds.values():
                await lifetime.close_world(world)

    @override
    @classmethod
    async def task_cleanup(cls, task_name: str, config: SandboxEnvironmentConfigType | None, cleanup: bool) -> None:
        await lifetime.finish(cleanup=cleanup)

    @override
    @classmethod
    async def cli_cleanup(cls, id: str | None) -> None:  # Inspect's name
        await lifetime.clean_asked(id)

    @override
    async def exec(
        self,
        cmd: list[str],
        input: str | bytes | None = None,  # Inspect's name
        cwd: str | None = None,
        env: dict[str, str] | None = None,
        user: str | None = None,
        timeout: int | None = None,  # Inspect's signature; the container's own clock enforces it
        timeout_retry: bool = True,
        concurrency: bool = True,
    ) -> ExecResult[str]:
        data = raw(input) if isinstance(input, str) else input
        request = Request(
            argv=cmd,
            user=user or USERS[self.role],
            cwd=self._path(cwd or ""),
            env=env,
            has_input=bool(data),
            timeout=timeout,
            limit=SandboxEnvironmentLimits.MAX_EXEC_OUTPUT_SIZE,
        )
        outcome = await self._run(request, data or None)
        if outcome.exit.timed_out and outcome.exit.how is not How.FAILED:
            raise _timeout(f"Command timed out after {timeout} seconds", outcome)
        return exec_result(request, outcome)

    @override
    async def write_file(self, file: str, contents: str | bytes) -> None:
        data = raw(contents) if isinstance(contents, str) else contents
        outcome = await self._file(file, Operation.WRITE, data, limit=0)
        if outcome.exit.how is not How.EXITED:
            raise _file_error(outcome, file)

    @overload
    async def read_file(self, file: str, text: Literal[True] = True) -> str: ...

    @overload
    async def read_file(self, file: str, text: Literal[False]) -> bytes: ...

    @override
    async def read_file(self, file: str, text: bool = True) -> str | bytes:
        outcome = await self._file(file, Operation.READ, None, limit=SandboxEnvironmentLimits.MAX_READ_FILE_SIZE)
        if outcome.exit.how is not How.EXITED:
            raise _file_error(outcome, file)
        return outcome.out.decode("utf-8") if text else outcome.out

    @override
    async def connection(self, *, user: str | None = None) -> SandboxConnection:
        if self.role == "warden" or not await anyio.to_thread.run_sync(self.world.alive, self.role):
            raise ConnectionError(f"The world's {self.role} has no shell to connect to.")
        container = self.world.layout.container_name(self.role)
        command = ["docker", "exec", "-it", "--user", user or USERS[self.role], container, "bash", "-l"]
        return SandboxConnection(type="honeyweights", command=shlex.join(command), container=container)

    @override
    def default_polling_interval(self) -> float:
        return 0.2

    def _path(self, path: str) -> str:
        return str(PurePosixPath(self.world.folders[self.role]) / path)

    async def _file(self, file: str, operation: Operation, data: bytes | None, *, limit: int) -> Outcome:
        if not file:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), file)
        request = Request(
            argv=[self._path(file)],
            operation=operation,
            user=USERS[self.role],
            cwd=self._path(""),
            has_input=data is not None,
            timeout=FILE_SECONDS,
            limit=limit,
        )
        outcome = await self._run(request, data)
        if outcome.exit.timed_out:
            raise TimeoutError(f"{operation.name.lower()} of {file} timed out after {FILE_SECONDS} seconds")
        return outcome

    async def _run(self, request: Request, data: bytes | None) -> Outcome:
        try:
            return await self.world.run(self.role, request, data)
        except Lost as lost:
            reason = await anyio.to_thread.run_sync(self.world.death, self.role)
            raise SandboxUnavailableError(f"The sandbox is not running and cannot execute: {lost} ({reason or 'it runs'})") from lost


def exec_result(request: Request, outcome: Outcome) -> ExecResult[str]:
    """What Inspect's own docker provider would give for this end.

    Raises:
        PermissionError: the program is there and may not be run.
    """
    end = outcome.exit
    if end.how is How.FAILED:
        return _never_started(request, outcome)
    code = _SIGNALLED + end.value if end.how is How.KILLED else end.value
    return _result(code, outcome.out.decode("utf-8", "replace"), outcome.err.decode("utf-8", "replace"))


def _never_started(request: Request, outcome: Outcome) -> ExecResult[str]:
    number, stage = outcome.exit.value, outcome.exit.stage
    words = os.strerror(number)
    if stage is Stage.EXEC and number == errno.EACCES:
        raise PermissionError(errno.EACCES, "Permission denied executing command", request.argv[0])
    if stage in (Stage.USER, Stage.GROUP):
        return _result(_CANNOT_RUN, "", f"unable to find {stage.name.lower()} {request.user}: no matching entry\n")
    if stage is Stage.CWD:
        return _result(_NOT_FOUND, "", f"cannot change directory to {request.cwd}: {words}\n")
    if stage is Stage.EXEC:
        missing = number == errno.ENOENT and "/" not in request.argv[0]
        return _result(
            _NOT_FOUND if number == errno.ENOENT else _CANNOT_RUN,
            "",
            f"{request.argv[0]}: {'command not found' if missing else words}\n",
        )
    return _result(_CANNOT_RUN, "", f"cannot start a process: {words}\n")


def _result(code: int, out: str, err: str) -> ExecResult[str]:
    return ExecResult(success=code == 0, returncode=code, stdout=out, stderr=err)


def _timeout(sentence: str, outcome: Outcome) -> TimeoutError:
    error = TimeoutError(sentence)
    partial = (outcome.out + outcome.err).decode("utf-8", "replace")
    if partial:
        error.truncated_output = partial  # type: ignore[attr-defined]  # where Inspect looks for it
    return error


def _file_error(outcome: Outcome, file: str) -> Exception:
    """The error whose class fits the errno: FileNotFoundError, PermissionError, IsADirectoryError, ..."""
    end = outcome.exit
    if end.how is How.KILLED:
        return RuntimeError(f"what read or wrote {file} was killed by signal {end.value}")
    if end.value == errno.EFBIG and end.stage in (Stage.OPEN, Stage.COPY):
        return OutputLimitExceededError(limit_str=SandboxEnvironmentLimits.MAX_READ_FILE_SIZE_STR, truncated_output=None)
    return OSError(end.value, os.strerror(end.value), file)


def _config(config: SandboxEnvironmentConfigType | None) -> WorldConfig:
    if config is None:
        return WorldConfig()
    if isinstance(config, WorldConfig):
        return config
    raise PrerequisiteError("The honeyweights sandbox takes a WorldConfig (honeyweights.sandbox.config), and no file: leave the file out.")
