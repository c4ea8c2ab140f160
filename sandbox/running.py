"""A command under way, as the host sees it: what came of it so far, and what each frame does to it."""

from collections.abc import Callable
from dataclasses import dataclass, field

import anyio

from honeyweights.sandbox.frames import WINDOW, Exit, Kind, Tail, clock, u32


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """A command's end, with the last `limit` bytes of each of its outputs."""

    exit: Exit
    out: bytes
    err: bytes
    sid: int | None


@dataclass(eq=False, kw_only=True)
class Running:
    """What the channel knows of a command that has no end yet."""

    limit: int
    out: Tail = field(init=False)
    err: Tail = field(init=False)
    on_start: Callable[[int], None] | None = None
    sid: int | None = None
    exit: Exit | None = None
    clock: int | None = None
    credit: int = WINDOW
    broken: bool = False
    over: bool = False
    wake: anyio.Event = field(default_factory=anyio.Event)
    fed: anyio.Event = field(default_factory=anyio.Event)

    def __post_init__(self) -> None:
        self.out, self.err = Tail(self.limit), Tail(self.limit)

    def finish(self) -> None:
        """Wakes all that wait for it: it has its end, or will get none."""
        self.over = True
        self.wake.set()
        self.fed.set()

    def apply(self, kind: Kind, payload: bytes) -> None:
        """What one frame does to the command that it is about."""
        match kind:
            case Kind.OUT:
                self.out.write(payload)
            case Kind.ERR:
                self.err.write(payload)
            case Kind.STARTED:
                self.sid = u32(payload)
                if self.on_start is not None:
                    self.on_start(self.sid)
            case Kind.CREDIT:
                self.credit += u32(payload)
                self.fed.set()
            case Kind.BROKEN:
                self.broken = True
                self.fed.set()
            case Kind.EXIT:
                self.exit = Exit.decode(payload)
                self.finish()
            case Kind.PONG:
                self.clock = clock(payload)
                self.finish()
