"""What runs on an SSH channel: a command, a subsystem or a login shell, as a real program in the host's jail.

Two threads each: one reads what the workstation sends, one what the program says. All input is kept before the program gets it (`watch`).
The command line is the client's to fill, too: it is the receipt's `head`.
"""

import contextlib
import fcntl
import os
import pty
import struct
import termios
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from paramiko import Channel, SSHException

from honeyweights.containers.internet.jail import Account, Machine, Running
from honeyweights.containers.internet.protocols.ssh.watch import Stream, Watch, kind
from honeyweights.containers.internet.protocols.ssh.watch_sftp import Sftp
from honeyweights.containers.internet.ready import ready
from honeyweights.containers.internet.receipts import About, Ledger
from honeyweights.containers.internet.talk import House, Remote

BLOCK = 1 << 17
USUAL = 256
"""Bytes of a command line that nobody wonders at; more is a payload of its own."""
QUIET = 0.5
"""Seconds for which what a program left running may keep its output open before the channel is closed."""
FAILED, KILLED = 255, 128
NO_SPACE = b"No space left on device"
SFTP_SERVER = "/usr/lib/openssh/sftp-server"
GIT = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "core.hooksPath", "GIT_CONFIG_VALUE_0": "/dev/null"}
"""No hook runs: who pushes to a repository may have written them."""


class Screen(NamedTuple):
    """The client's terminal."""

    term: str
    columns: int
    rows: int


@dataclass(kw_only=True)
class Place:
    """Where somebody came in: all that a session needs of its conversation."""

    house: House
    where: Remote
    machine: Machine
    account: Account
    running: list[Running] = field(default_factory=list)
    """All programs of the conversation; they end with it."""

    @property
    def ledger(self) -> Ledger:
        """The house's."""
        return self.house.ledger


@dataclass(kw_only=True)
class Wanted:
    """What a channel asked for before its program starts."""

    variables: dict[str, str] = field(default_factory=dict)
    screen: Screen | None = None
    master: int | None = None
    """The terminal's other end, while it lives."""


def run(channel: Channel, place: Place, wanted: Wanted, command: bytes) -> None:
    """One command."""
    about = announced(place, command)
    text = command.decode("utf-8", "surrogateescape").replace("\0", "")
    protocol, watch = kind(text)
    if protocol == "sftp":
        watch = Sftp
    if protocol == "git":
        wanted.variables |= GIT
    watching = watch(place.ledger, place.where, about._replace(protocol=protocol), place.account.home)
    _Session(channel, place, wanted, watching).run(["/bin/bash", "-c", text], files=protocol == "rsync")


def announced(place: Place, command: bytes) -> About:
    """What a receipt says of a command; a line that is long is a payload of its own."""
    about = About(channel="ssh", protocol="ssh-exec", method="exec", target=command, head=place.ledger.keep(command))
    if len(command) > USUAL:
        place.ledger.whole(place.where, about._replace(protocol="ssh-command"), command)
    return about


def sftp(channel: Channel, place: Place, wanted: Wanted, _command: bytes) -> None:
    """The subsystem of that name."""
    watching = Sftp(place.ledger, place.where, About(channel="ssh", protocol="sftp"), place.account.home)
    _Session(channel, place, wanted, watching).run([SFTP_SERVER])


def shell(channel: Channel, place: Place, wanted: Wanted, _command: bytes) -> None:
    """A login shell."""
    watch = Stream(place.ledger, place.where, About(channel="ssh", protocol="ssh-shell", method="shell"))
    _Session(channel, place, wanted, watch).run(["/bin/bash"])


def resize(master: int, screen: Screen) -> None:
    """Tells the terminal's programs."""
    with contextlib.suppress(OSError, struct.error):  # the program is gone, or no terminal is so large
        fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", screen.rows, screen.columns, 0, 0))


class _Session:
    """One program, its channel and its pipes."""

    def __init__(self, channel: Channel, place: Place, wanted: Wanted, watch: Watch) -> None:
        self._channel = channel
        self._place = place
        self._wanted = wanted
        self._watch = watch
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._refused = False
        """A program said that the host's disk is full. What was sent is kept all the same."""
        self._ended = False
        """The client said that no more comes."""

    def run(self, words: list[str], *, files: bool = False) -> None:
        """To the end of the channel. `files`: what the program wrote is kept as files besides."""
        began = time.time()
        with until_gone(self._channel):
            self._run(words)
        if files:
            _keep_files(self._place, self._watch.about, began - 0.01)
        if self._refused or self._place.machine.full():
            about = About(channel="ssh", protocol="ssh-disk-full", method="ENOSPC", target=self._place.account.home)
            self._place.ledger.whole(self._place.where, about, b"")

    def _run(self, words: list[str]) -> None:
        try:
            running, write, reads = self._started(words)
        except OSError:
            self._channel.send_exit_status(FAILED)
            self._over.set()
            self._input(None)
            return
        self._place.running.append(running)
        speaker = threading.Thread(target=self._output, args=(running, reads), daemon=True, name="ssh-output")
        speaker.start()
        try:
            self._input(write)
        finally:
            speaker.join()
            self._wanted.master = None
            for file in set(reads):  # a pipe's writing end was closed when the input ended, and its number may be another's by now
                _close(file)
            if running.gone():
                self._place.running.remove(running)

    def _started(self, words: list[str]) -> tuple[Running, int | None, tuple[int, ...]]:
        place, wanted = self._place, self._wanted
        variables = place.machine.variables(place.account) | wanted.variables
        address, port = place.where.source
        variables |= {
            "SSH_CLIENT": f"{address} {port} {place.where.port}",
            "SSH_CONNECTION": f"{address} {port} {place.where.address} {place.where.port}",
        }
        if wanted.screen is None:
            stdin, stdout, stderr = os.pipe(), os.pipe(), os.pipe()
            theirs, reads = (stdin[0], stdout[1], stderr[1]), (stdout[0], stderr[0])
            write = stdin[1]
        else:
            master, slave = pty.openpty()
            resize(master, wanted.screen)
            variables |= {"TERM": wanted.screen.term, "SSH_TTY": "/dev/pts/3"}
            theirs, reads, write = (slave, slave, slave), (master, master), master
            wanted.master = master
            if words == ["/bin/bash"]:
                self._greet()
        try:
            running = place.machine.start(place.account, words, variables, theirs, terminal=wanted.screen is not None)
        except OSError:
            for file in {*reads, write}:
                _close(file)
            raise
        finally:
            for file in set(theirs):
                _close(file)
        os.set_blocking(write, False)
        return running, write, reads

    def _greet(self) -> None:
        motd = self._place.machine.facts.files["etc/motd"].replace(b"\n", b"\r\n")
        when = time.strftime("%a %b %e %H:%M:%S %Y", time.gmtime(time.time() - 73_211))
        self._channel.sendall(motd + f"Last login: {when} from {self._place.where.source[0]}\r\n".encode())

    def _input(self, write: int | None) -> None:
        """Everything that comes is kept; the program gets it while it lives."""
        alive = write is not None
        try:
            while piece := self._channel.recv(BLOCK):
                with self._lock:
                    self._watch.client(piece)
                if alive and write is not None:
                    alive = self._fed(write, piece)
            self._ended = bool(self._channel.eof_received) or self._over.is_set()
        finally:
            if write is not None and self._wanted.screen is None:
                _close(write)
            self._over.wait()
            with self._lock:
                self._watch.end(finished=self._ended)

    def _fed(self, write: int, piece: bytes) -> bool:
        """Whether the program took it all: it may have ended, or never read."""
        view = memoryview(piece)
        while view:
            try:
                view = view[os.write(write, view) :]
            except BlockingIOError:
                if self._over.is_set():
                    return False
                ready((), (write,), seconds=0.2)
            except OSError:
                return False
        return True

    def _output(self, running: Running, reads: tuple[int, ...]) -> None:
        """What the program says, then how it ended."""
        status: int | None = None
        try:
            status = self._spoken(running, list(dict.fromkeys(reads)))
        finally:
            with until_gone(self._channel):
                self._channel.send_exit_status(FAILED if status is None else status if status >= 0 else KILLED - status)
            self._over.set()

    def _spoken(self, running: Running, reads: list[int]) -> int | None:
        status, ended, first = None, False, reads[0]
        while reads or not ended:
            found = ready([*reads, *([] if ended else [running.control])], seconds=QUIET if ended else None)
            if not found and ended:
                break
            if running.control in found:
                status, ended = running.status(), True
            for file in reads[:]:
                if file in found and not self._said(file, aloud=file == first):
                    reads.remove(file)
        return status

    def _said(self, file: int, *, aloud: bool) -> bool:
        try:
            piece = os.read(file, BLOCK)
        except OSError:  # a terminal whose last user is gone
            return False
        self._refused = self._refused or NO_SPACE in piece
        if piece and aloud:
            with self._lock:
                self._watch.server(piece)
        try:
            (self._channel.sendall if aloud else self._channel.sendall_stderr)(piece)
        except (OSError, SSHException):
            return False
        return bool(piece)


def _keep_files(place: Place, about: About, since: float) -> None:
    """What a program made of its input, where the input alone is hard to read."""
    for path, lies in place.machine.changed(since):
        with contextlib.suppress(OSError), os.fdopen(os.open(lies, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
            transfer = place.ledger.open(place.where, about._replace(method="put", target=path))
            while block := file.read(BLOCK):
                transfer.write(block)
            transfer.close(finished=True)


def _close(file: int) -> None:
    with contextlib.suppress(OSError):
        os.close(file)


@contextlib.contextmanager
def until_gone(channel: Channel) -> Iterator[None]:
    """Closes the channel at the end. A client may be gone at any time: what it sent has its receipt."""
    with contextlib.suppress(OSError, EOFError, SSHException):
        yield
    with contextlib.suppress(OSError, EOFError, SSHException):
        channel.close()


Job = Callable[[Channel, Place, Wanted, bytes], None]
