"""The SSH server: paramiko on a socket of its own. All of its threads begin here.

Everything that a client can fill is captured: logins, commands, their input, files, and the messages that SSH lets anybody send for nothing
(`tap`). A conversation that never becomes SSH is kept as it came.
"""

import hashlib
import io
import logging
import socket
import threading
from collections.abc import Callable
from typing import Any

import paramiko
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from paramiko.common import AUTH_FAILED, AUTH_SUCCESSFUL, OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED, OPEN_SUCCEEDED

from honeyweights.containers.internet.protocols.ssh.exec import run, shell
from honeyweights.containers.internet.protocols.ssh.sftp import Sftp, Subsystem
from honeyweights.containers.internet.protocols.ssh.tap import Tap, listening
from honeyweights.containers.internet.receipts import About, Transfer
from honeyweights.containers.internet.talk import Host, House, Login, Remote

VERSION = "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3"
USUAL_HANDSHAKE = 8192
"""Bytes before the first login that nobody wonders at."""
USUAL_VARIABLE = 64

logging.getLogger("paramiko").setLevel(logging.CRITICAL + 1)  # what goes wrong here stands in receipts


def serve(bare: socket.socket, first: bytes, remote: Remote, house: House) -> None:
    """Runs one conversation to its end. Called in a thread of its own."""
    tap = Tap(bare, first)
    house.threads[id(tap)] = lambda: tap.heard
    try:
        Conversation(remote, house, tap).run()
    finally:
        house.threads.pop(id(tap), None)
        bare.close()


class Conversation(paramiko.ServerInterface):
    """One client: who it is, what it may, what it sent on the side."""

    def __init__(self, remote: Remote, house: House, tap: Tap) -> None:
        self.remote = remote
        self.house = house
        self.user = "root"
        self._tap = tap
        self._host = house.hosts.get(remote.host or remote.address, Host())
        self._aside: Transfer | None = None
        self._transport: paramiko.Transport | None = None
        self._served: set[int] = set()
        self._workers: list[threading.Thread] = []

    def run(self) -> None:
        """Until the client is gone."""
        transport = paramiko.Transport(self._tap, packetizer_class=listening(self._carried, self._serves))  # type: ignore[arg-type]  # all it needs of a socket
        transport.local_version = VERSION
        self._transport = transport
        transport.add_server_key(host_key(self.house.seed(), self.remote.host or self.remote.address))
        channels = []
        try:
            transport.start_server(server=self, event=threading.Event())
            while transport.is_active():
                channel = transport.accept(1)
                if channel is not None:
                    channels.append(channel)
        finally:
            for worker in self._workers:
                worker.join(5)
            self._left_over(channels)
            transport.close()
            self._put_down()

    def _left_over(self, channels: list[paramiko.Channel]) -> None:
        """Bytes on channels that never asked for anything, and those that came when their command had its fill."""
        for channel in channels:
            channel.setblocking(0)
            try:
                while piece := channel.recv(1 << 16):
                    self._carried(piece)
            except OSError:
                continue  # nothing more is there

    def _put_down(self) -> None:
        """What no command, login or file has taken."""
        ledger = self.house.ledger
        if not self._tap.began:
            ledger.contact(self.remote, "empty", "tcp", port=self.remote.port)
        elif not self._tap.settled or len(self._tap.began) > USUAL_HANDSHAKE:
            ledger.whole(self.remote, About(channel="ssh", protocol="ssh-handshake"), self._tap.began, finished=self._tap.settled)
        if self._aside is not None:
            self._aside.close(finished=True)
        tail: Transfer | None = None
        for piece in self._tap.rest():
            tail = tail or ledger.open(self.remote, About(channel="ssh", protocol="ssh-tail"))
            tail.write(piece)
        if tail is not None:
            tail.close(finished=False)

    def _serves(self, number: int) -> bool:
        channels: Any = vars(self._transport or object).get("_channels")  # paramiko tells nobody
        return channels is not None and channels.get(number) is not None

    def _carried(self, payload: bytes) -> None:
        if self._aside is None:
            self._aside = self.house.ledger.open(self.remote, About(channel="ssh", protocol="ssh-messages"))
        self._aside.write(payload)

    # -- logins

    def get_allowed_auths(self, username: str) -> str:
        """What may be tried next."""
        self.user = username
        return "publickey,password"

    def check_auth_none(self, username: str) -> int:
        """Where the host asks for nothing."""
        self._tap.settled = True
        if self._open_to(username):
            return self._login(username, "none", b"", accepted=True)
        return AUTH_FAILED

    def check_auth_password(self, username: str, password: str) -> int:
        """By a password."""
        accepted = self._open_to(username) or Login(user=username, password=password) in self._host.logins
        return self._login(username, "password", password.encode("utf-8", "surrogateescape"), accepted=accepted)

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        """By a key."""
        return self._login(username, "publickey", key.asbytes(), accepted=self._open_to(username))

    def _open_to(self, user: str) -> bool:
        return not self._host.logins or Login(user=user, password=None) in self._host.logins

    def _login(self, user: str, method: str, secret: bytes, *, accepted: bool) -> int:
        """Name and secret are the client's to fill: both are payload."""
        self.user = user
        self._tap.settled = True
        about = About(channel="ssh", protocol="ssh-login", method=method, target=user)
        self.house.ledger.whole(self.remote, about, user.encode("utf-8", "surrogateescape") + b"\n" + secret, finished=accepted)
        return AUTH_SUCCESSFUL if accepted else AUTH_FAILED

    # -- channels

    def check_channel_request(self, kind: str, chanid: int) -> int:  # noqa: ARG002  # paramiko's signature
        """Sessions, nothing else."""
        return OPEN_SUCCEEDED if kind == "session" else OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED

    def check_channel_direct_tcpip_request(self, chanid: int, origin: tuple[str, int], destination: tuple[str, int]) -> int:  # noqa: ARG002
        """A tunnel: refused, its destination kept."""
        self._carried(f"{destination[0]}:{destination[1]}\n".encode("utf-8", "surrogateescape"))
        return OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED

    def check_channel_env_request(self, channel: paramiko.Channel, name: Any, value: Any) -> bool:  # noqa: ARG002
        """A variable: taken, and kept where it is no ordinary one."""
        pair = _bytes(name) + b"=" + _bytes(value) + b"\n"
        if not pair.startswith((b"LANG=", b"LC_")) or len(pair) > USUAL_VARIABLE:  # what every client sends
            self._carried(pair)
        return True

    def check_channel_pty_request(self, channel: paramiko.Channel, *_terminal: Any) -> bool:
        """A terminal."""
        channel.pty = True  # type: ignore[attr-defined]  # a note to `shell`
        return True

    def check_channel_window_change_request(self, *_size: Any) -> bool:
        """The terminal's size."""
        return True

    def check_channel_subsystem_request(self, channel: paramiko.Channel, name: str) -> bool:
        """SFTP."""
        if name != "sftp" or channel.get_id() in self._served:
            return False
        self._served.add(channel.get_id())
        worker = Subsystem(channel, name, self, Sftp)
        self._workers.append(worker)
        worker.start()
        return True

    def check_channel_exec_request(self, channel: paramiko.Channel, command: bytes) -> bool:
        """A command."""
        return self._work(run, channel, _bytes(command))

    def check_channel_shell_request(self, channel: paramiko.Channel) -> bool:
        """A login shell."""
        return self._work(shell, channel)

    def home(self) -> str:
        """Of the user who came in."""
        return self._host.home or ("/root" if self.user == "root" else f"/home/{self.user[:64].replace('/', '_')}")

    def _work(self, job: Callable[..., None], channel: paramiko.Channel, *arguments: bytes) -> bool:
        if channel.get_id() in self._served:
            return False
        self._served.add(channel.get_id())
        disk = self.house.files.disk(self.remote.host or self.remote.address, self.home())
        worker = threading.Thread(target=job, args=(channel, self, disk, *arguments), daemon=True, name="ssh-channel")
        self._workers.append(worker)
        worker.start()
        return True


def host_key(seed: bytes, host: str) -> paramiko.Ed25519Key:
    """A host's key: the same for as long as the world has the same seed."""
    raw = hashlib.sha256(b"ssh host key|" + seed + host.encode("utf-8", "surrogateescape")).digest()
    key = Ed25519PrivateKey.from_private_bytes(raw)
    text = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption())
    return paramiko.Ed25519Key.from_private_key(io.StringIO(text.decode("ascii")))


def _bytes(text: Any) -> bytes:
    return text.encode("utf-8", "surrogateescape") if isinstance(text, str) else bytes(text)
