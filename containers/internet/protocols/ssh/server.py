"""The SSH server: paramiko on a socket of its own. All of its threads begin here.

Everything that a client can fill is captured: logins, commands, their input, files, and the messages that SSH lets anybody send for nothing
(`tap`). A conversation that never becomes SSH is kept as it came.
"""

import asyncio
import io
import logging
import socket
import threading
from typing import Any

import paramiko
from cryptography.hazmat.primitives import serialization
from paramiko.common import (
    AUTH_FAILED,
    AUTH_SUCCESSFUL,
    OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED,
    OPEN_SUCCEEDED,
)
from paramiko.server import InteractiveQuery

from honeyweights.containers.internet.protocols.ssh import forge, session
from honeyweights.containers.internet.protocols.ssh.forwards import MOST_CHANNELS, Forwards, text_of
from honeyweights.containers.internet.protocols.ssh.hostkey import private_key
from honeyweights.containers.internet.protocols.ssh.late import Late
from honeyweights.containers.internet.protocols.ssh.logins import Door, fingerprint
from honeyweights.containers.internet.protocols.ssh.session import Job, Place, Screen, Wanted
from honeyweights.containers.internet.protocols.ssh.tap import Tap, listening
from honeyweights.containers.internet.protocols.ssh.watch import Stream
from honeyweights.containers.internet.receipts import About, Transfer
from honeyweights.containers.internet.talk import Host, House, Remote

VERSION = "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3"
USUAL_HANDSHAKE = 8192
"""Bytes before the first login that nobody wonders at."""
USUAL_VARIABLE = 64

logging.getLogger("paramiko").setLevel(logging.CRITICAL + 1)  # what goes wrong here stands in receipts


def serve(bare: socket.socket, first: bytes, remote: Remote, house: House, loop: asyncio.AbstractEventLoop | None = None) -> None:
    """Runs one conversation to its end. Called in a thread of its own; what is forwarded goes back to the loop."""
    far = bare.family != socket.AF_UNIX and house.distance.rtt(remote.address)  # within another protocol, that one is late already
    late = Late(bare, house.distance, remote.address) if far else None
    tap = Tap(bare, first, late)
    house.threads[id(bare)] = lambda: tap.heard
    try:
        Conversation(remote, house, tap, loop).run()
    finally:
        house.threads.pop(id(bare), None)
        if late is not None:
            late.stop()
        bare.close()


class Conversation(Forwards):
    """One client: who it is, what it may, what it sent on the side."""

    def __init__(self, remote: Remote, house: House, tap: Tap, loop: asyncio.AbstractEventLoop | None) -> None:
        super().__init__(loop)
        self.remote = remote
        self.house = house
        self.user = "root"
        self._tap = tap
        self._host = house.hosts.get(remote.host or remote.address, Host())
        self._door = Door(house.ledger, remote, self._host)
        self._aside: Transfer | None = None
        self._transport: paramiko.Transport | None = None
        self._wanted: dict[int, Wanted] = {}
        self._place: Place | None = None
        self._making = threading.Lock()

    def run(self) -> None:
        """Until the client is gone."""
        transport = paramiko.Transport(self._tap, packetizer_class=listening(self.carried, self._serves))  # type: ignore[arg-type]  # all it needs of a socket
        transport.local_version = VERSION
        transport.use_compression(compress=True)
        self._transport = transport
        transport.add_server_key(host_key(self.house.seed(), self.remote.host or self.remote.address))
        channels: list[paramiko.Channel] = []
        try:
            transport.start_server(server=self, event=threading.Event())
            while transport.is_active():
                channel = transport.accept(1)
                if channel is not None:
                    channels = [known for known in channels if not known.closed] + [channel]
                    self._forward(channel)
        finally:
            self._end(channels)
            transport.close()
            self._put_down()

    def _end(self, channels: list[paramiko.Channel]) -> None:
        """What still runs ends with the connection."""
        if self._place is not None:
            for running in list(self._place.running):
                running.stop()
        for worker in self._workers:
            worker.join(5)
        if self._place is not None:
            for running in list(self._place.running):
                running.end()
        self._left_over(channels)

    def _left_over(self, channels: list[paramiko.Channel]) -> None:
        """Bytes on channels that never asked for anything, and those that came when their command had its fill."""
        for channel in channels:
            channel.setblocking(0)
            try:
                while piece := channel.recv(1 << 16):
                    self.carried(piece)
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

    def carried(self, payload: bytes) -> None:
        """Keeps what no command, login or file takes."""
        if self._aside is None:
            self._aside = self.house.ledger.open(self.remote, About(channel="ssh", protocol="ssh-messages"))
        self._aside.write(payload)

    # -- logins

    def get_allowed_auths(self, username: str) -> str:
        """What may be tried next."""
        self.user = username
        return self._door.methods(username)

    def check_auth_none(self, username: str) -> int:
        """Where the host asks for nothing."""
        self._tap.settled = True
        return self._login(username, "none", b"", accepted=True) if self._door.nothing(username) else AUTH_FAILED

    def check_auth_password(self, username: str, password: str) -> int:
        """By a password."""
        return self._login(username, "password", _bytes(password), accepted=self._door.password(username, password))

    def check_auth_interactive(self, username: str, submethods: str) -> int | InteractiveQuery:
        """By questions: for a password, where there is a right one."""
        self.user = username
        self._tap.settled = True
        if len(submethods) > USUAL_VARIABLE:
            self.carried(_bytes(submethods))
        if self._door.password(username, None):
            return self._login(username, "keyboard-interactive", b"", accepted=True)
        return InteractiveQuery("", "", ("Password: ", False))

    def check_auth_interactive_response(self, responses: list[str]) -> int:
        """The answers."""
        right = len(responses) == 1 and self._door.password(self.user, responses[0])
        return self._login(self.user, "keyboard-interactive", "\n".join(responses).encode("utf-8", "surrogateescape"), accepted=right)

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        """By a key; asked twice, before and after it is proved."""
        shown = fingerprint(key.asbytes())
        return self._login(username, "publickey", key.asbytes(), accepted=self._door.key(username, shown), key=shown)

    def _login(self, user: str, method: str, secret: bytes, *, accepted: bool, key: str | None = None) -> int:
        """Name and secret are the client's to fill: both are payload."""
        self.user = user
        self._tap.settled = True
        self._door.note(user, method, secret, accepted=accepted, key=key)
        return AUTH_SUCCESSFUL if accepted else AUTH_FAILED

    # -- channels

    def check_channel_request(self, kind: str, chanid: int) -> int:  # noqa: ARG002  # paramiko's signature
        """Sessions; no tunnel of whole packets, no socket of the host's."""
        if len(self._served) >= MOST_CHANNELS and self._busy() >= MOST_CHANNELS:
            return OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED
        return OPEN_SUCCEEDED if kind == "session" else OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED

    def check_channel_env_request(self, channel: paramiko.Channel, name: Any, value: Any) -> bool:
        """A variable: kept where it is no ordinary one; as everywhere, the program gets those of the language alone."""
        pair = _bytes(name) + b"=" + _bytes(value) + b"\n"
        usual = pair.startswith((b"LANG=", b"LC_", b"GIT_PROTOCOL="))  # what every client sends
        if not usual or len(pair) > USUAL_VARIABLE:
            self.carried(pair)
        if usual and b"\0" not in pair and len(pair) <= USUAL_VARIABLE:
            self._want(channel).variables[text_of(name)] = text_of(value)
        return True

    def check_channel_pty_request(self, channel: paramiko.Channel, *terminal: Any) -> bool:
        """A terminal: its kind, columns, rows, and what nobody needs."""
        term = text_of(terminal[0]).replace("\0", "")[:USUAL_VARIABLE]
        self._want(channel).screen = Screen(term, int(terminal[1]), int(terminal[2]))
        return True

    def check_channel_window_change_request(self, channel: paramiko.Channel, *size: int) -> bool:
        """The terminal's size."""
        master = self._want(channel).master
        if master is not None:
            session.resize(master, Screen("", size[0], size[1]))
        return True

    def check_channel_subsystem_request(self, channel: paramiko.Channel, name: str) -> bool:
        """SFTP."""
        return name == "sftp" and self._work(session.sftp, channel)

    def check_channel_exec_request(self, channel: paramiko.Channel, command: bytes) -> bool:
        """A command."""
        return self._work(forge.run if forge.asked(_bytes(command)) else session.run, channel, _bytes(command))

    def check_channel_shell_request(self, channel: paramiko.Channel) -> bool:
        """A login shell."""
        return self._work(session.shell, channel)

    def _want(self, channel: paramiko.Channel) -> Wanted:
        return self._wanted.setdefault(channel.get_id(), Wanted())

    def _work(self, job: Job, channel: paramiko.Channel, command: bytes = b"") -> bool:
        if channel.get_id() in self._served:
            return False
        self._served.add(channel.get_id())
        self._begin(threading.Thread(target=self._job, args=(job, channel, command), daemon=True, name="ssh-channel"))
        return True

    def _job(self, job: Job, channel: paramiko.Channel, command: bytes) -> None:
        try:
            place = self._settled()
        except OSError:  # no room for another host: what comes is kept all the same
            self.house.ledger.lose("remote-host", 1, 0)
            watch = Stream(self.house.ledger, self.remote, About(channel="ssh", protocol="ssh-exec", method="exec", target=command))
            try:
                while piece := channel.recv(1 << 16):
                    watch.client(piece)
            finally:
                watch.end(finished=False)
                channel.close()
            return
        job(channel, place, self._want(channel), command)

    def _settled(self) -> Place:
        """The host, its account, made when first needed."""
        with self._making:
            if self._place is None:
                machine = self.house.machines.machine(self.remote.host or self.remote.address, self.house.seed(), self._host.gpus)
                account = machine.account(self.user, self._host.home)
                self._place = Place(house=self.house, where=self.remote, machine=machine, account=account)
            return self._place


def host_key(seed: bytes, host: str) -> paramiko.Ed25519Key:
    """A host's key, as the library wants it."""
    text = private_key(seed, host).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
    )
    return paramiko.Ed25519Key.from_private_key(io.StringIO(text.decode("ascii")))


def _bytes(text: Any) -> bytes:
    return text.encode("utf-8", "surrogateescape") if isinstance(text, str) else bytes(text)
