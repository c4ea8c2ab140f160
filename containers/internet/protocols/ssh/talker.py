"""SSH: hands the bare socket to `server`, whose threads and weight (paramiko, 0.3 s) stay out of the loop and of the world's start.

Inside TLS or another protocol there is no socket to hand over, and too many conversations at once would be too many threads: then the
bytes are kept raw, encrypted as they came.
"""

import threading
from importlib import import_module
from socket import socket

from honeyweights.containers.internet.protocols.raw import Raw
from honeyweights.containers.internet.receipts import About
from honeyweights.containers.internet.talk import Data, House, Line, Remote, Talker

MOST = 48
"""Conversations at once; each has three threads or more."""


class Ssh(Talker):
    """Lives until it knows whether somebody else can speak."""

    def __init__(self, line: Line, house: House) -> None:
        self._line = line
        self._house = house
        self._gone = False
        line.later(0.0, self._greet)

    def received(self, data: Data) -> None:
        """The client's version, and perhaps more."""
        if self._gone:
            return
        if not self._leave(bytes(data)):
            raw = Raw(self._line, self._house, About(channel="tcp", protocol="ssh-inside"))
            self._line.turn(raw)
            raw.received(data)

    def ended(self) -> None:
        """Before a word was said: a contact."""
        raw = Raw(self._line, self._house)
        self._line.turn(raw)
        raw.ended()

    def _greet(self) -> None:
        """The client was silent, so the first word is the server's."""
        if not self._gone:
            self._leave(b"")

    def _leave(self, first: bytes) -> bool:
        if len(self._house.threads) >= MOST:
            return False
        bare = self._line.detach()
        if bare is None:
            return False
        self._gone = True
        threading.Thread(target=_serve, args=(bare, first, self._line.remote, self._house), daemon=True, name="ssh").start()
        return True


def _serve(bare: socket, first: bytes, remote: Remote, house: House) -> None:
    import_module("honeyweights.containers.internet.protocols.ssh.server").serve(bare, first, remote, house)
