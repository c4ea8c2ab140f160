"""Commands over one attached container: any number at once, each with its own input, outputs, limits and end.

There is no background task, for a sandbox has no task group of its own: of all that wait for a command's end one reads, and hands on
what belongs to the others; when it has its own end, or is cancelled, the next one reads on.
"""

import errno
import time
from collections import deque
from collections.abc import Callable

import anyio

from honeyweights.sandbox.attach import Attachment, Ended
from honeyweights.sandbox.frames import CHUNK, LARGEST, VERSION, Exit, Frames, Garbled, How, Kind, Request, Stage, frame, u32
from honeyweights.sandbox.running import Outcome, Running

SEND_SECONDS = 30
"""A frame that cannot be sent for so long means that the container is stuck."""
LATE_SECONDS = 20
"""How long after a command's own timeout the container is believed to be stuck."""


class Lost(RuntimeError):  # noqa: N818  # what happened to the channel
    """The container ended, or is stuck: no command can be run in it, and those under way have no result."""


class Channel:
    """The host's end of a `sessiond`."""

    def __init__(self, attachment: Attachment) -> None:
        self._attachment = attachment
        self._frames = Frames()
        self._running: dict[int, Running] = {}
        self._reader: Running | None = None
        self._sending = anyio.Lock()
        self._last = 0
        self._lost: str | None = None
        self._hello = False
        self._begun = ""
        self.lines: deque[str] = deque(maxlen=200)
        """What the --child printed, and what `sessiond` itself complained of."""

    @property
    def lost(self) -> str | None:
        """Why the channel cannot be used any more; null while it can."""
        return self._lost

    async def greet(self, line: str | None = None, *, within: float = 60) -> None:
        """Waits for the container to be there and, where a line is given, for its --child to print it.

        Raises:
            Lost: it ended, or said nothing in time; the message has its last words.
        """
        with anyio.move_on_after(within):
            while not (self._hello and (line is None or line in self.lines)):
                if self._lost is not None:
                    raise Lost(f"{self._lost}{self.last_words()}")
                await self._read()
            return
        raise Lost(f"it was not ready within {within:.0f} s{self.last_words()}")

    def last_words(self) -> str:
        """`: ` and the last lines that came, or nothing."""
        said = " / ".join([*list(self.lines)[-5:], *filter(None, [self._begun])])[-500:]
        return f": {said}" if said else ""

    async def clock_offset(self) -> int:
        """Microseconds that the container's clock is ahead of ours: the best of three questions."""
        answers = []
        for _ in range(3):
            running, number = self._enter(0)
            try:
                asked = time.time_ns() // 1000
                await self._send(frame(Kind.PING, number))
                await self._until_over(running)
                heard = time.time_ns() // 1000
            finally:
                self._leave(number)
            if running.clock is None:
                raise Lost(self._lost or "no answer")
            answers.append((heard - asked, running.clock - (asked + heard) // 2))
        return min(answers)[1]

    async def run(self, request: Request, data: bytes | None = None, on_start: Callable[[int], None] | None = None) -> Outcome:
        """Runs one command. Cancelling it kills its session and all that descends from it.

        Args:
            request: the command.
            data: its stdin; without it stdin is empty.
            on_start: told the session's id once there is one, so that a command that is cancelled is known by it too.

        Raises:
            Lost: the container ended before the command did.
        """
        try:
            payload = request.encode()
        except ValueError:
            return _never_begun(errno.EINVAL)
        if len(payload) > LARGEST:
            return _never_begun(errno.E2BIG)
        running, number = self._enter(request.limit)
        running.on_start = on_start
        try:
            within = None if request.timeout is None else request.timeout + LATE_SECONDS
            with anyio.move_on_after(within) as patience:
                await self._converse(running, number, payload, data)
            if patience.cancelled_caught:
                self._lose("the container does not answer")
        except anyio.get_cancelled_exc_class():
            with anyio.CancelScope(shield=True):
                await self._kill(number)
            raise
        finally:
            self._leave(number)
        if running.exit is None:
            raise Lost(self._lost or "the channel closed")
        return Outcome(exit=running.exit, out=running.out.value(), err=running.err.value(), sid=running.sid)

    async def aclose(self) -> None:
        """Closes the connection; the container lives on."""
        self._lose("the channel was closed")
        await self._attachment.aclose()

    def _enter(self, limit: int) -> tuple[Running, int]:
        if self._lost is not None:
            raise Lost(self._lost)
        self._last += 1
        self._running[self._last] = running = Running(limit=limit)
        return running, self._last

    def _leave(self, number: int) -> None:
        del self._running[number]
        self._appoint()

    async def _converse(self, running: Running, number: int, payload: bytes, data: bytes | None) -> None:
        start = frame(Kind.EXEC, number, payload)
        if data is None or len(data) <= CHUNK:
            await self._send(
                start + (b"" if data is None else (frame(Kind.INPUT, number, data) if data else b"") + frame(Kind.CLOSE, number))
            )
            await self._until_over(running)
            return
        async with anyio.create_task_group() as group:
            await self._send(start)
            group.start_soon(self._feed, running, number, data)
            await self._until_over(running)
            group.cancel_scope.cancel()

    async def _feed(self, running: Running, number: int, data: bytes) -> None:
        """Sends the input as fast as the command takes it."""
        view, at = memoryview(data), 0
        while at < len(data) and not (running.broken or running.over):
            if running.credit <= 0:
                running.fed = anyio.Event()
                await running.fed.wait()
                continue
            piece = view[at : at + min(CHUNK, running.credit)]
            running.credit -= len(piece)
            at += len(piece)
            await self._send(frame(Kind.INPUT, number, piece))
        if not running.over:
            await self._send(frame(Kind.CLOSE, number))

    async def _kill(self, number: int) -> None:
        if self._lost is None:
            await self._send(frame(Kind.KILL, number))

    async def _send(self, data: bytes) -> None:
        """Sends whole frames: half of one, left by a cancelled sender, would garble all that follows."""
        with anyio.CancelScope(shield=True), anyio.move_on_after(SEND_SECONDS) as patience:
            try:
                async with self._sending:
                    await self._attachment.send(data)
            except Ended as error:
                self._lose(str(error))
        if patience.cancelled_caught:
            self._lose("the container does not take its input")

    async def _until_over(self, running: Running) -> None:
        try:
            while not running.over and self._lost is None:
                if self._reader is None:
                    self._reader = running
                    try:
                        await self._read()
                    finally:
                        self._reader = None
                else:
                    running.wake = anyio.Event()
                    await running.wake.wait()
        finally:
            self._appoint()

    def _appoint(self) -> None:
        """Wakes one that still waits, so that it reads on."""
        if self._reader is None:
            for running in self._running.values():
                if not running.over:
                    running.wake.set()
                    return

    async def _read(self) -> None:
        try:
            for stream, piece in await self._attachment.receive():
                if stream == 1:
                    for kind, number, payload in self._frames.feed(piece):
                        self._take(kind, number, payload)
                else:
                    self._say(piece)
        except (Ended, Garbled) as error:
            self._lose(str(error))

    def _lose(self, why: str) -> None:
        if self._lost is None:
            self._lost = why
        for running in self._running.values():
            running.finish()

    def _say(self, text: bytes) -> None:
        *whole, self._begun = (self._begun + text.decode("utf-8", "replace"))[-8192:].split("\n")
        self.lines.extend(filter(None, whole))

    def _take(self, kind: Kind, number: int, payload: bytes) -> None:
        if kind is Kind.HELLO:
            if payload[0] != VERSION:
                raise Garbled(f"sessiond speaks version {payload[0]}, this host {VERSION}: build the images again")
            self._hello = True
        elif kind is Kind.LINE:
            self._say(payload[1:])
        elif kind is Kind.CHILD:
            self._say(b"its program ended with wait status %d\n" % u32(payload))
        elif (running := self._running.get(number)) is not None:
            running.apply(kind, payload)


def _never_begun(number: int) -> Outcome:
    """The end of a command that no kernel would take, by its errno."""
    failed = Exit(how=How.FAILED, value=number, stage=Stage.EXEC, timed_out=False, out_total=0, err_total=0)
    return Outcome(exit=failed, out=b"", err=b"", sid=None)
