"""The SSH server: paramiko on a socket of its own. All of paramiko's threads begin here and in `ssh_exec`.

Everything that a client can fill is captured: logins, commands, their input, files, and the messages that SSH lets anybody send for nothing
(ignore, debug, unknown ones). A conversation that never becomes SSH is kept as it came.
"""

import hashlib
import io
import logging
import socket
import threading
import time
from typing import Any

import paramiko
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from paramiko.common import MSG_DEBUG, MSG_DISCONNECT, MSG_IGNORE, MSG_UNIMPLEMENTED
from paramiko.message import Message
from paramiko.packet import Packetizer

from honeyweights.containers.internet.protocols.sftp import Sftp
from honeyweights.containers.internet.protocols.ssh_exec import run, shell
from honeyweights.containers.internet.receipts import About
from honeyweights.containers.internet.talk import Host, House, Login, Remote

VERSION = "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3"
HANDSHAKE_KEPT = 1 << 16
"""Bytes of a conversation's beginning that are held until it has become SSH."""
CARRIERS = frozenset({MSG_IGNORE, MSG_DEBUG, MSG_UNIMPLEMENTED, MSG_DISCONNECT})
LIMIT = 1 << 20
"""Bytes of such messages held until they are put down."""

logging.getLogger("paramiko").setLevel(logging.CRITICAL + 1)


def serve(bare: socket.socket, first: bytes, remote: Remote, house: House) -> None:
    """Runs one conversation to its end. Called in a thread of its own."""
    tapped = _Tapped(bare, first)
    mark = id(tapped)
    house.threads[mark] = lambda: tapped.heard
    conversation = _Conversation(remote, house, tapped)
    try:
        conversation.run()
    finally:
        house.threads.pop(mark, None)
        bare.close()


class _Tapped:
    """The socket, with the bytes that were read from it already, and a memory of how it began."""

    def __init__(self, bare: socket.socket, first: bytes) -> None:
        self._bare = bare
        self._first = first
        self.began = bytearray()
        self.heard = time.monotonic()

    def recv(self, count: int) -> bytes:
        if self._first:
            data, self._first = self._first[:count], self._first[count:]
        else:
            data = self._bare.recv(count)
        self.heard = time.monotonic()
        if len(self.began) < HANDSHAKE_KEPT:
            self.began += data
        return data

    def send(self, data: bytes) -> int:
        return self._bare.send(data)

    def settimeout(self, seconds: float | None) -> None:
        self._bare.settimeout(seconds)

    def getpeername(self) -> Any:
        return self._bare.getpeername()

    def close(self) -> None:
        """Paramiko closes from its own thread; what else still comes is drained first by `_Conversation`."""
        try:
            self._bare.shutdown(socket.SHUT_WR)
        except OSError:
            return  # the client was faster


class _Listening(Packetizer):
    """Keeps the messages that carry bytes and mean nothing."""

    def __init__(self, sock: Any) -> None:
        super().__init__(sock)
        self.carried = bytearray()

    def read_message(self) -> tuple[int, Message]:
        kind, message = super().read_message()
        if kind in CARRIERS and len(self.carried) < LIMIT:
            self.carried += message.asbytes()[1:]
        return kind, message


class _Conversation(paramiko.ServerInterface):
    """One client: who it is, what it may, what it sent on the side."""

    def __init__(self, remote: Remote, house: House, tapped: _Tapped) -> None:
        self.remote = remote
        self.house = house
        self.user = "root"
        self._tapped = tapped
        self._host = house.hosts.get(remote.host or remote.address, Host())
        self._authenticated = False
        self._workers: list[threading.Thread] = []

    def run(self) -> None:
        """Until the client is gone."""
        transport = paramiko.Transport(self._tapped, packetizer_class=_Listening, disabled_algorithms=None)  # type: ignore[arg-type]  # all that it needs of a socket
        transport.local_version = VERSION
        transport.add_server_key(host_key(self.house.seed(), self.remote.host or self.remote.address))
        transport.set_subsystem_handler("sftp", paramiko.SFTPServer, Sftp)
        try:
            transport.start_server(server=self, event=threading.Event())
            transport.join()
        finally:
            for worker in self._workers:
                worker.join(5)
            self._put_down(transport)

    def _put_down(self, transport: paramiko.Transport) -> None:
        """What no command, login or file has taken."""
        ledger, packetizer = self.house.ledger, transport.packetizer
        if not self._authenticated and self._tapped.began:
            about = About(channel="ssh", protocol="ssh-handshake")
            ledger.whole(self.remote, about, self._tapped.began, finished=False)
        elif not self._tapped.began:
            ledger.contact(self.remote, "empty", "tcp", port=self.remote.port)
        if isinstance(packetizer, _Listening) and len(packetizer.carried) > len(_GOODBYE):
            ledger.whole(self.remote, About(channel="ssh", protocol="ssh-messages"), packetizer.carried)
        rest = bytearray()
        try:
            while len(rest) < LIMIT and (piece := self._tapped.recv(1 << 16)):
                rest += piece
        except OSError:
            pass  # silent or gone: the same to us
        if rest:
            ledger.whole(self.remote, About(channel="ssh", protocol="ssh-tail"), rest, finished=False)

    # -- logins

    def get_allowed_auths(self, username: str) -> str:
        self.user = username
        return "publickey,password"

    def check_auth_none(self, username: str) -> int:
        if self._open_to(username):
            return self._login(username, "none", b"", accepted=True)
        return paramiko.AUTH_FAILED

    def check_auth_password(self, username: str, password: str) -> int:
        accepted = self._open_to(username) or Login(user=username, password=password) in (self._host.logins or ())
        return self._login(username, "password", password.encode("utf-8", "surrogateescape"), accepted=accepted)

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        return self._login(username, "publickey", key.asbytes(), accepted=self._open_to(username))

    def _open_to(self, user: str) -> bool:
        return self._host.logins is None or Login(user=user, password=None) in self._host.logins

    def _login(self, user: str, method: str, secret: bytes, *, accepted: bool) -> int:
        """Name and secret are the client's to fill: both are payload."""
        self.user = user
        self._authenticated = self._authenticated or accepted
        about = About(channel="ssh", protocol="ssh-login", method=method, target=user)
        payload = user.encode("utf-8", "surrogateescape") + b"\n" + secret
        self.house.ledger.whole(self.remote, about, payload, finished=accepted)
        return paramiko.AUTH_SUCCESSFUL if accepted else paramiko.AUTH_FAILED

    # -- channels

    def check_channel_request(self, kind: str, chanid: int) -> int:  # noqa: ARG002  # paramiko's signature
        return paramiko.OPEN_SUCCEEDED if kind == "session" else paramiko.OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED

    def check_channel_direct_tcpip_request(self, chanid: int, origin: tuple[str, int], destination: tuple[str, int]) -> int:  # noqa: ARG002
        self._aside("direct-tcpip", f"{destination[0]}:{destination[1]}".encode("utf-8", "surrogateescape"))
        return paramiko.OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED

    def check_channel_env_request(self, channel: paramiko.Channel, name: Any, value: Any) -> bool:  # noqa: ARG002
        pair = _bytes(name) + b"=" + _bytes(value)
        if not pair.startswith((b"LANG=", b"LC_")) or len(pair) > 64:  # noqa: PLR2004  # what every client sends
            self._aside("env", pair)
        return True

    def check_channel_pty_request(self, channel: paramiko.Channel, *_terminal: Any) -> bool:
        channel.pty = True  # type: ignore[attr-defined]  # a note to `shell`
        return True

    def check_channel_window_change_request(self, *_size: Any) -> bool:
        return True

    def check_channel_exec_request(self, channel: paramiko.Channel, command: bytes) -> bool:
        self._work(run, channel, _bytes(command))
        return True

    def check_channel_shell_request(self, channel: paramiko.Channel) -> bool:
        self._work(shell, channel)
        return True

    def home(self) -> str:
        """Of the user who came in."""
        return self._host.home or ("/root" if self.user == "root" else f"/home/{self.user[:64].replace('/', '_')}")

    def _work(self, job: Any, channel: paramiko.Channel, *arguments: bytes) -> None:
        disk = self.house.files.disk(self.remote.host or self.remote.address, self.home())
        worker = threading.Thread(target=job, args=(channel, self, disk, *arguments), daemon=True, name="ssh-channel")
        self._workers.append(worker)
        worker.start()

    def _aside(self, method: str, payload: bytes) -> None:
        self.house.ledger.whole(self.remote, About(channel="ssh", protocol="ssh-messages", method=method), payload)


_GOODBYE = b"\0\0\0\x0b\0\0\0\x14disconnected by user\0\0\0\0"


def host_key(seed: bytes, host: str) -> paramiko.Ed25519Key:
    """A host's key: the same for as long as the world has the same seed."""
    raw = hashlib.sha256(b"ssh host key|" + seed + host.encode("utf-8", "surrogateescape")).digest()
    text = Ed25519PrivateKey.from_private_bytes(raw).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
    )
    return paramiko.Ed25519Key.from_private_key(io.StringIO(text.decode("ascii")))


def _bytes(text: Any) -> bytes:
    return text.encode("utf-8", "surrogateescape") if isinstance(text, str) else bytes(text)
