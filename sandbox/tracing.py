"""Runs the agent's commands under strace, where that is the recorder, so that to their caller they end as they would have without it.

strace starts as root, takes the command's place in its session, and becomes the user only in the command's own process; what `sessiond`
does on its way to another user is therefore done here. Whom a command runs as is read anew each time, as `sessiond` does.
"""

import errno
import os
from collections.abc import Callable
from dataclasses import dataclass, replace

from honeyweights.evidence.strace import parse
from honeyweights.sandbox.channel import Channel
from honeyweights.sandbox.frames import How, Operation, Request, Stage
from honeyweights.sandbox.running import Outcome
from honeyweights.sandbox.strace import PROGRAM, wrap

FOLDER = "/usr/lib/sshd"
"""Where strace writes: a folder that only root can enter, outside what the state manifest looks at."""
_LARGEST_TABLE = 1 << 20
_LARGEST_RECORD = 64 << 20
_PASSWD_FIELDS = 7
_ERRNOS = {os.strerror(number): number for number in errno.errorcode}


class NoTracer(RuntimeError):  # noqa: N818  # a noun says it
    """The workstation has no strace, or no place for its output."""


class Untraceable(ValueError):  # noqa: N818  # an adjective says it
    """A command for which strace has no way: running it unrecorded is no choice."""


@dataclass(frozen=True, kw_only=True)
class Account:
    """A user of the workstation."""

    name: str
    uid: int
    home: str
    shell: str

    @property
    def login(self) -> dict[str, str]:
        """What a login sets, as `sessiond` does; a field left empty sets nothing."""
        values = {"HOME": self.home, "USER": self.name, "LOGNAME": self.name, "SHELL": self.shell}
        return {name: value for name, value in values.items() if value}


def output(number: int) -> str:
    """The file of one command, by its number among the calls."""
    return f"{FOLDER}/{number}"


def find(passwd: str, user: str) -> Account | None:
    """The account of that name or, where none has it, of that number; null when there is none.

    Raises:
        Untraceable: the command is to run as a number without a name, or with a group of its own: strace knows names only.
    """
    rows = [line.split(":") for line in passwd.splitlines()]
    accounts = [
        Account(name=row[0], uid=int(row[2]), home=row[5], shell=row[6]) for row in rows if len(row) == _PASSWD_FIELDS and row[2].isdigit()
    ]
    found = next((account for account in accounts if user in (account.name, str(account.uid))), None)
    if found is None and (":" in user or user.isdigit()):
        raise Untraceable(f"A command cannot run as {user!r} where strace is the recorder: give the name of a user.")
    return next((account for account in accounts if account.name == user), found)


class Tracing:
    """The commands of one workstation that strace records."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self.traced: dict[int, int] = {}
        """Number of a command that was begun -> the user that it runs as."""

    async def prepare(self) -> None:
        """Makes the folder.

        Raises:
            NoTracer: it cannot be made, or there is no strace.
        """
        script = f'test -x {PROGRAM} && mkdir -p "$0" && chmod 0700 "$0"'
        made = await self._channel.run(Request(argv=["/bin/sh", "-c", script, FOLDER], user="root", cwd="/", timeout=30))
        if (made.exit.how, made.exit.value) != (How.EXITED, 0):
            raise NoTracer(f"there is no {PROGRAM} in its image, or {FOLDER} cannot be made")

    async def run(self, number: int, request: Request, data: bytes | None, on_start: Callable[[int], None]) -> Outcome:
        """Runs command `number`, recorded; as `Channel.run`.

        Raises:
            Untraceable: strace cannot run it as that user.
        """
        table = await self._read("/etc/passwd", _LARGEST_TABLE)
        account = find(table.decode("utf-8", "replace"), request.user or "root")
        if account is None:
            return await self._channel.run(request, data, on_start)  # nobody of that name: it ends before it begins, and says so
        login = {**account.login, **(request.env or {})}
        argv = wrap(request.argv, output=output(number), user=account.name, env=login)
        self.traced[number] = account.uid
        outcome = await self._channel.run(replace(request, argv=argv, user="root", env=None), data, on_start)
        if outcome.exit.how is How.FAILED:
            del self.traced[number]
        return await self._as_without(outcome, number)

    async def _as_without(self, outcome: Outcome, number: int) -> Outcome:
        """A program that could not be started is told by strace's words, and believed when its record has no start of one either."""
        if outcome.exit.how is not How.EXITED or outcome.exit.value != 1 or not outcome.err.startswith(PROGRAM.encode() + b": "):
            return outcome
        record = parse(await self._read(output(number), _LARGEST_RECORD), x=number, sid=0, uid=0)
        if any(seen.kind == "exec" and "error" not in seen.body for seen in record.seen):
            return outcome
        words = outcome.err.decode("utf-8", "replace").strip().rpartition(": ")[2]
        failed = replace(outcome.exit, how=How.FAILED, value=_ERRNOS.get(words, errno.ENOENT), stage=Stage.EXEC)
        return replace(outcome, exit=failed, err=b"")

    async def _read(self, path: str, limit: int) -> bytes:
        request = Request(argv=[path], operation=Operation.READ, user="root", cwd="/", timeout=30, limit=limit)
        return (await self._channel.run(request)).out
