"""FTP's data connections: each belongs to one dialogue, carries one file or listing, and is awaited or opened from our side.

The connection and the command that it is for may come in either order.
"""

from collections.abc import Callable, Iterable, Iterator

from honeyweights.containers.internet.receipts import Transfer
from honeyweights.containers.internet.spool import Capture
from honeyweights.containers.internet.talk import Data, House, Line, Talker

Opens = Callable[[Line, House], Talker]
EARLY = 1 << 20
"""Bytes that may come before anybody has said what they are."""


class Job:
    """What a data connection is for."""

    def __init__(
        self, *, transfer: Transfer | None = None, blocks: Iterable[bytes] = (), done: Callable[[Capture | None, bool], None]
    ) -> None:
        """`transfer` takes what comes; without one, `blocks` go out. `done` hears the capture, and whether it went well."""
        self.transfer = transfer
        self.blocks = blocks
        self.done = done


class Channel(Talker):
    """The server's end of one data connection."""

    def __init__(self, line: Line, house: House, lost: Callable[[bytes], Transfer]) -> None:
        """`lost` takes bytes that came without a command."""
        self._line = line
        self._house = house
        self._lost = lost
        self._job: Job | None = None
        self._early = bytearray()
        self._over: bool | None = None
        """Ended well, or broke; None while it lives."""
        self._stray: Transfer | None = None

    def begin(self, job: Job) -> None:
        """Now it is known what this is for."""
        self._job = job
        if job.transfer is None:
            self._line.stream(self._out(job))
            self._line.shut()
            return
        if self._early:
            job.transfer.write(bytes(self._early))
            self._early.clear()
        if self._over is not None:
            self._finish(well=self._over)

    def received(self, data: Data) -> None:
        """A file's bytes."""
        if self._job is not None and self._job.transfer is not None:
            self._job.transfer.write(data)
        elif self._job is None and self._stray is None and len(self._early) + len(data) <= EARLY:
            self._early += data
        else:
            self._astray(data)

    def ended(self) -> None:
        """The file is whole."""
        self._finish(well=True)
        self._line.shut()

    def broken(self) -> None:
        """It is not."""
        self._finish(well=False)

    def flush(self) -> None:
        """Puts down what came too early, and the file as far as it came."""
        if self._early:
            self._astray(b"")
        if self._stray is not None:
            self._stray.close(finished=False)
        if self._job is not None and self._job.transfer is not None and self._over is None:
            self._job.transfer.close(finished=False)

    def _astray(self, data: Data) -> None:
        if self._stray is None:
            self._stray = self._lost(bytes(self._early))
            self._early.clear()
        if data:
            self._stray.write(data)

    def _finish(self, *, well: bool) -> None:
        self._over = well
        job = self._job
        if job is not None and job.transfer is not None:
            transfer, job.transfer = job.transfer, None
            job.done(transfer.close(finished=well), well)
        if self._stray is not None:
            self._stray.close(finished=well)

    def _out(self, job: Job) -> Iterator[bytes]:
        yield from job.blocks
        job.done(None, True)  # noqa: FBT003  # it went well


class Port:
    """Where the next data connection of a dialogue comes from: awaited (passive) or dialled (active)."""

    def __init__(self, wrap: Callable[[Opens], Opens], lost: Callable[[bytes], Transfer]) -> None:
        """`wrap` puts TLS around it where the dialogue wants it."""
        self._wrap = wrap
        self._lost = lost
        self._channel: Channel | None = None
        self._job: Job | None = None
        self._dial: Callable[[Opens], None] | None = None
        self.ready = False

    def passive(self, await_it: Callable[[Opens], int]) -> int:
        """Awaits a connection; gives the port."""
        self._forget()
        return await_it(self._wrap(self._entered))

    def active(self, dial: Callable[[Opens], None]) -> None:
        """Will dial when there is something to carry."""
        self._forget()
        self._dial = dial

    def carry(self, job: Job) -> None:
        """Runs a job over the connection, now or when it comes."""
        self.ready = False
        channel, self._channel = self._channel, None
        if channel is not None:
            channel.begin(job)
            return
        self._job = job
        if self._dial is not None:
            dial, self._dial = self._dial, None
            dial(self._wrap(self._entered))

    def _forget(self) -> None:
        self._channel = self._job = self._dial = None
        self.ready = True

    def _entered(self, line: Line, house: House) -> Talker:
        channel = Channel(line, house, self._lost)
        job, self._job = self._job, None
        if job is None:
            self._channel = channel
        else:
            channel.begin(job)
        return channel
