"""A running world: its containers, the commands that came into it, what the engine says of it. `launch` makes one, `cleanup` ends it."""

import shlex
import time
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal

from docker.errors import NotFound

from honeyweights.evidence.model import Call
from honeyweights.sandbox import engine
from honeyweights.sandbox.channel import Channel, Lost
from honeyweights.sandbox.config import ROLES, Role
from honeyweights.sandbox.frames import Operation, Request
from honeyweights.sandbox.layout import Layout
from honeyweights.sandbox.running import Outcome
from honeyweights.sandbox.tracing import Tracing

caller: ContextVar[Literal["agent", "harness"]] = ContextVar("honeyweights_caller", default="agent")
"""Who runs the commands of the current task: `harness.run` sets it; everything else in a sample is the agent, or may become its tool."""
_SHOWN = 200


@dataclass(eq=False, kw_only=True)
class World:
    """One sample's world."""

    layout: Layout
    ids: dict[Role, str] = field(default_factory=dict)
    """Container ids."""
    channels: dict[Role, Channel] = field(default_factory=dict)
    """Open channels; the warden has none, for nothing is ever run in it."""
    folders: dict[Role, str] = field(default_factory=dict)
    """Each image's working directory: what relative paths are relative to."""
    image_digests: dict[str, str] = field(default_factory=dict)
    """Role -> `sha256:...` of the image it was started from."""
    clock_offsets: dict[str, int] = field(default_factory=dict)
    """Role -> microseconds that its clock was ahead of the host's when the world was ready."""
    calls: list[Call] = field(default_factory=list)
    """Every command that came into the workstation through the sandbox interface, in order of arrival."""
    phases: dict[str, float] = field(default_factory=dict)
    """Seconds that each phase of the start took."""
    recorder: Literal["notify", "strace"] = "notify"
    """Which make of recorder watches the workstation."""
    tracing: Tracing | None = None
    """How the agent's commands are run where that is strace."""
    paused: set[Role] = field(default_factory=set)
    """Roles whose processes stand still; nothing can be run in them."""
    silent: set[Role] = field(default_factory=set)
    """Roles whose server runs, and once did not answer in time: it is asked nothing more."""
    prepared: object = None
    """What `prepare` leaves for `collect`."""

    @property
    def id(self) -> str:
        """12 hex digits."""
        return self.layout.id

    async def run(self, role: Role, request: Request, data: bytes | None = None, *, recorded: bool = False) -> Outcome:
        """Runs a command, and enters it into `calls` when it is the workstation's.

        Args:
            role: where.
            request: the command.
            data: its stdin.
            recorded: whether a command of the harness's own is to be seen by the recorder even where that sees only the agent's.

        Raises:
            Lost: the container has ended, or ends before the command does.
        """
        channel = self.channels.get(role)
        if channel is None:
            raise Lost(f"no command can be run in the {role}")
        if role in self.paused:
            raise Lost(f"the processes of the {role} stand still")
        if role != "workstation":
            return await channel.run(request, data)
        place = len(self.calls)
        self.calls.append(_call(place, request))
        run = channel.run
        if self.tracing is not None and request.operation is Operation.EXEC and (recorded or caller.get() == "agent"):
            run = partial(self.tracing.run, place)
        try:
            return await run(request, data, partial(self._started, place))
        finally:
            self.calls[place] = self.calls[place].model_copy(update={"ended": now()})

    def _started(self, place: int, sid: int) -> None:
        self.calls[place] = self.calls[place].model_copy(update={"sid": sid})

    def notice_paused(self) -> None:
        """Asks the engine which containers somebody has paused. Blocks for some milliseconds."""
        self.paused |= {role for role in ROLES if self.state(role).get("Paused")}

    def state(self, role: Role) -> dict[str, Any]:
        """The engine's `State` of a container, asked now; empty when the engine has no such container. Blocks for some milliseconds."""
        if role not in self.ids:
            return {}
        try:
            with engine.sentences():
                return dict(engine.client().api.inspect_container(self.ids[role])["State"])
        except NotFound:
            return {}

    def alive(self, role: Role) -> bool:
        """Whether a role's container runs, and its channel, if it has one, is open."""
        channel = self.channels.get(role)
        return (channel is None or channel.lost is None) and role not in self.paused and bool(self.state(role).get("Running"))

    def death(self, role: Role) -> str:
        """How a container ended, in a few words; empty while it runs."""
        state = self.state(role)
        if not state:
            return "the engine does not have it any more"
        if role in self.paused:
            return "it was paused"
        if state.get("Running"):
            lost = self.channels[role].lost if role in self.channels else None
            return f"it runs, but its channel is lost: {lost}" if lost else ""
        return (
            "out of memory"
            if state.get("OOMKilled")
            else f"exit code {state.get('ExitCode')}{': ' + state['Error'] if state.get('Error') else ''}"
        )

    async def inspect(self) -> dict[str, dict[str, Any]]:
        """Role -> what `docker inspect` says now. A role that the engine does not have is left out."""

        async def one(role: Role) -> dict[str, Any]:
            try:
                return dict(await engine.call(engine.client().api.inspect_container, self.ids[role]))
            except NotFound:
                return {}

        found = await engine.together(*(partial(one, role) for role in ROLES))
        return {role: data for role, data in zip(ROLES, found, strict=True) if data}

    async def pause(self, role: Role) -> None:
        """Freezes all processes of a container, its channel included."""
        self.paused.add(role)
        await engine.call(engine.client().api.pause, self.ids[role])

    async def unpause(self, role: Role) -> None:
        """Lets them go on."""
        await engine.call(engine.client().api.unpause, self.ids[role])
        self.paused.discard(role)

    async def aclose(self) -> None:
        """Closes the channels; the containers live on."""
        for channel in self.channels.values():
            await channel.aclose()


def now() -> int:
    """Microseconds since the epoch, by the host's clock."""
    return time.time_ns() // 1000


def shown(text: str, most: int = _SHOWN) -> str:
    """The first characters of an adversary's text, with everything unprintable escaped."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape", "surrogatepass").decode("ascii") for char in text[:most])[
        :most
    ]


def _call(place: int, request: Request) -> Call:
    words = {Operation.EXEC: "", Operation.READ: "read_file ", Operation.WRITE: "write_file "}[request.operation]
    command = shown(words + shlex.join(part[:_SHOWN] for part in request.argv[:_SHOWN]))
    return Call(id=place, sid=None, user=request.user, by=caller.get(), started=now(), ended=None, command=command)
