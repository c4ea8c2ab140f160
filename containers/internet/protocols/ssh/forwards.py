"""What a client has forwarded: connections onwards, ports that listen for it, its agent. All is taken; the internet answers behind it."""

import asyncio
import threading
from typing import Any

import paramiko
from paramiko.common import OPEN_FAILED_CONNECT_FAILED, OPEN_SUCCEEDED

from honeyweights.containers.internet.protocols.ssh.tunnel import Tunnel
from honeyweights.containers.internet.receipts import About
from honeyweights.containers.internet.talk import House, Remote

MOST_CHANNELS = 64
HERE = frozenset({"localhost", "127.0.0.1", "::1", "0.0.0.0"})  # noqa: S104  # names that a client uses for the host that it came to
FIRST_PORT = 40_000


class Forwards(paramiko.ServerInterface):
    """A conversation's side that concerns no program."""

    remote: Remote
    house: House

    def __init__(self, loop: asyncio.AbstractEventLoop | None) -> None:
        self._loop = loop
        self._served: set[int] = set()
        self._tunnels: dict[int, Remote] = {}
        self._workers: list[threading.Thread] = []

    def carried(self, payload: bytes) -> None:
        """Keeps what nothing else takes."""
        raise NotImplementedError

    def check_channel_direct_tcpip_request(self, chanid: int, origin: tuple[str, int], destination: tuple[str, int]) -> int:  # noqa: ARG002
        """A connection from the host on: there is the same internet."""
        name, port = text_of(destination[0]), destination[1]
        found = self._found(name)
        if found is None or self._loop is None or not 0 < port < 1 << 16 or self._busy() >= MOST_CHANNELS:
            self.carried(f"{name}:{port}\n".encode("utf-8", "surrogateescape"))
            return OPEN_FAILED_CONNECT_FAILED
        remote = self.remote.onwards(self.house.names, name if name not in HERE else self.remote.address, port)
        if self.house.closes(remote) is not None:
            return OPEN_FAILED_CONNECT_FAILED
        self._tunnels[chanid] = remote
        return OPEN_SUCCEEDED

    def check_port_forward_request(self, address: str, port: int) -> int:
        """A port of the host's that listens for the client: nobody ever comes."""
        about = About(channel="ssh", protocol="ssh-forward", method="tcpip-forward", target=f"{text_of(address)}:{port}")
        self.house.ledger.whole(self.remote, about, b"")
        return port or FIRST_PORT + len(self._served) % 20_000

    def cancel_port_forward_request(self, address: str, port: int) -> None:
        """It listens no more."""

    def check_channel_forward_agent_request(self, channel: paramiko.Channel) -> bool:  # noqa: ARG002
        """The client's agent is welcome, and never asked for anything."""
        about = About(channel="ssh", protocol="ssh-forward", method="auth-agent")
        self.house.ledger.whole(self.remote, about, b"")
        return True

    def _found(self, name: str) -> str | None:
        """The address that a name has from the host's side; a literal is one already."""
        if name in HERE:
            return self.remote.address
        if name.replace(".", "").isdigit() or ":" in name:
            return name
        return self.house.names.address(name, 4)

    def _forward(self, channel: paramiko.Channel) -> None:
        remote = self._tunnels.pop(channel.get_id(), None)
        if remote is not None and self._loop is not None:
            self._served.add(channel.get_id())
            self._begin(threading.Thread(target=Tunnel(channel, remote, self.house, self._loop).run, daemon=True, name="ssh-tunnel"))

    def _busy(self) -> int:
        return sum(worker.is_alive() for worker in self._workers)

    def _begin(self, worker: threading.Thread) -> None:
        self._workers = [known for known in self._workers if known.is_alive()]
        self._workers.append(worker)
        worker.start()


def text_of(text: Any) -> str:
    """What paramiko passes as bytes here and as text there."""
    return text.decode("utf-8", "surrogateescape") if isinstance(text, bytes) else str(text)
