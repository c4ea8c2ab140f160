"""SSH: hands the bare socket to `server`, whose threads and weight (paramiko, 0.3 s) stay out of the loop and of the world's start.

Too many conversations at once would be too many threads: then a client waits, as before a busy host, and is sent away in the end, as by
OpenSSH. Where there is no socket to hand over (no loop runs that could carry one) the bytes are kept raw, encrypted as they came.
"""

import asyncio
import threading
from importlib import import_module
from socket import socket

from honeyweights.containers.internet.protocols.raw import Raw
from honeyweights.containers.internet.receipts import About
from honeyweights.containers.internet.talk import Data, House, Line, Remote, Talker

MOST = 48
"""Conversations at once; each has three threads or more."""
AGAIN, PATIENCE = 0.25, 20.0
"""Seconds until a waiting client is looked after again, and until it is sent away."""
BUSY = b"Exceeded MaxStartups\r\n"
INSIDE = About(channel="tcp", protocol="ssh-inside")
HELD = 1 << 16


class Ssh(Talker):
    """Lives until it knows whether somebody else can speak."""

    def __init__(self, line: Line, house: House) -> None:
        self._line = line
        self._house = house
        self._gone = False
        self._held = bytearray()
        self._waited = 0.0
        self._waiting = False
        line.later(0.0, self._try)

    def received(self, data: Data) -> None:
        """The client's version, and perhaps more."""
        self._held += data
        self._try()
        if not self._gone and len(self._held) > HELD:
            self._refuse()

    def ended(self) -> None:
        """Before anybody could speak to it."""
        self._raw().ended()

    def broken(self) -> None:
        """As for `ended`."""
        self._raw().broken()

    def flush(self) -> None:
        """Nobody knows whether there will be room."""
        if self._held and not self._gone:
            self._house.ledger.whole(self._line.remote, INSIDE, self._held, finished=False)

    def _try(self) -> None:
        if self._gone:
            return
        if len(self._house.threads) < MOST:
            if not self._leave():
                self._raw()
        elif self._waited >= PATIENCE:
            self._refuse()
        elif not self._waiting:
            self._waiting = True
            self._line.later(AGAIN, self._again)

    def _again(self) -> None:
        self._waiting = False
        self._waited += AGAIN
        self._try()

    def _refuse(self) -> None:
        """A refused conversation is counted: what it would have sent is not known."""
        if not self._gone:
            self._house.ledger.contact(self._line.remote, "refused", "tcp", port=self._line.remote.port)
            self._line.send(BUSY)
            self._line.shut()
            self._raw()

    def _raw(self) -> Talker:
        raw = Raw(self._line, self._house, INSIDE)
        self._gone = True
        self._line.turn(raw)
        if self._held:
            raw.received(bytes(self._held))
        return raw

    def _leave(self) -> bool:
        bare = self._line.detach()
        if bare is None:
            return False
        self._gone = True
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:  # a dialogue without one: nothing can be forwarded
            loop = None
        self._house.threads[id(bare)] = lambda: 0.0  # until the thread says better: fifty clients may come in one turn of the loop
        arguments = (bare, bytes(self._held), self._line.remote, self._house, loop)
        threading.Thread(target=_serve, args=arguments, daemon=True, name="ssh").start()
        return True


def _serve(bare: socket, first: bytes, remote: Remote, house: House, loop: asyncio.AbstractEventLoop | None) -> None:
    try:
        import_module("honeyweights.containers.internet.protocols.ssh.server").serve(bare, first, remote, house, loop)
    finally:
        house.threads.pop(id(bare), None)
