"""SSH: hands the bare socket to `ssh_server`, whose threads and weight (paramiko) stay out of the loop.

Inside TLS or another protocol there is no socket to hand over: then the bytes are kept raw, encrypted as they came.
"""

import threading

from honeyweights.containers.internet.protocols.raw import Raw
from honeyweights.containers.internet.receipts import About
from honeyweights.containers.internet.talk import Data, House, Line, Talker


class Ssh(Talker):
    """Waits for nothing: the first call moves the conversation to its own thread."""

    def __init__(self, line: Line, house: House) -> None:
        self._line = line
        self._house = house
        self._raw: Raw | None = None
        if line.remote.port in {22, 2222}:
            line.later(0.0, self._greet)
        self._gone = False

    def received(self, data: Data) -> None:
        """The client's version, and perhaps more."""
        if self._raw is not None:
            self._raw.received(data)
        elif not self._leave(bytes(data)):
            self._raw = Raw(self._line, self._house, About(channel="tcp", protocol="ssh-inside"))
            self._line.turn(self._raw)
            self._raw.received(data)

    def _greet(self) -> None:
        if not self._gone and self._raw is None:
            self._leave(b"")

    def _leave(self, first: bytes) -> bool:
        bare = self._line.detach()
        if bare is None:
            return False
        self._gone = True
        threading.Thread(target=_serve, args=(bare, first, self._line.remote, self._house), daemon=True, name="ssh").start()
        return True


def _serve(bare: "object", first: bytes, remote: "object", house: House) -> None:
    from honeyweights.containers.internet.protocols import ssh_server  # noqa: PLC0415  # paramiko: 0.3 s that only SSH may cost

    ssh_server.serve(bare, first, remote, house)  # type: ignore[arg-type]  # threading.Thread hands its arguments through untyped
