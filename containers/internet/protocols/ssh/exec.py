"""What runs on an SSH channel: a command, `scp` in its old form, or a shell. Each call is a thread of its own and ends with the channel.

The command line and its input are both the client's to fill: the line is kept as the receipt's `head`, the input as its payload.
"""

import contextlib
import re
import shlex
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from paramiko import Channel, SSHException

from honeyweights.containers.internet.files import Disk
from honeyweights.containers.internet.protocols.ssh.commands import COMMANDS, READERS, Result, Shell
from honeyweights.containers.internet.protocols.ssh.scp import OK, Sink, Source
from honeyweights.containers.internet.receipts import About, Transfer

if TYPE_CHECKING:
    from honeyweights.containers.internet.protocols.ssh.server import Conversation

BLOCK = 1 << 18
USUAL = 256
"""Bytes of a command line that nobody wonders at; more is a payload of its own."""
FIRST_WORD, AFTERWORD = 1.0, 0.2
"""Seconds that input may take to begin for a command that we do not know, and to end for one that takes none."""


def run(channel: Channel, conversation: "Conversation", disk: Disk, command: bytes) -> None:
    """Runs one command and closes the channel."""
    ledger, remote = conversation.house.ledger, conversation.remote
    about = About(channel="ssh", protocol="ssh-exec", method="exec", target=command, head=ledger.keep(command))
    if len(command) > USUAL:
        ledger.whole(remote, about._replace(protocol="ssh-command"), command)
    text = command.decode("utf-8", "surrogateescape")
    job = _scp(text)
    with _until_gone(channel):
        if job is not None:
            _copy(channel, conversation, disk, job, about)
        else:
            _command(channel, conversation, disk, text, about)


def shell(channel: Channel, conversation: "Conversation", disk: Disk) -> None:
    """A login shell: lines in, answers out, until the input ends."""
    about = About(channel="ssh", protocol="ssh-shell", method="shell")
    transfer = conversation.house.ledger.open(conversation.remote, about)
    here = Shell(disk=disk, user=conversation.user, host=conversation.remote.host or "localhost")
    finished = False
    with _until_gone(channel):
        try:
            _prompt(channel, here)
            for line in _lines(channel, transfer):
                if line.strip() in {b"exit", b"logout"}:
                    break
                _say(channel, here.run(line.decode("utf-8", "surrogateescape")))
                _prompt(channel, here)
            finished = True
            channel.send_exit_status(0)
        finally:
            transfer.close(finished=finished)


def _lines(channel: Channel, transfer: Transfer) -> Iterator[bytes]:
    """The lines of a shell's input, each as soon as it is there, and what is left at the end."""
    held = b""
    while piece := channel.recv(BLOCK):
        transfer.write(piece)
        *lines, held = (held + piece)[-BLOCK:].replace(b"\r", b"\n").split(b"\n")
        yield from lines
    yield held


@contextlib.contextmanager
def _until_gone(channel: Channel) -> Iterator[None]:
    """Closes the channel at the end. A client may be gone at any time: what it sent has its receipt."""
    with contextlib.suppress(OSError, EOFError, SSHException):
        yield
    with contextlib.suppress(OSError, EOFError, SSHException):
        channel.close()


def _command(channel: Channel, conversation: "Conversation", disk: Disk, text: str, about: About) -> None:
    transfer = conversation.house.ledger.open(conversation.remote, about)
    here = Shell(disk=disk, user=conversation.user, host=conversation.remote.host or "localhost")
    takes = takes_input(text)
    try:
        if takes is False:
            result = here.run(text)
            _say(channel, result)
            channel.send_exit_status(result.status)
            _read(channel, transfer, first=AFTERWORD, next_one=AFTERWORD)
            transfer.close(finished=True)
            return
        ended = _read(channel, transfer, first=None if takes else FIRST_WORD, next_one=None)
        here.stdin = transfer.close(finished=ended or transfer.capture.sent == 0)
        result = here.run(text)
        _say(channel, result)
        channel.send_exit_status(result.status)
    finally:
        transfer.close(finished=False)


def takes_input(text: str) -> bool | None:
    """Whether the command reads its input; None where we do not know it."""
    known: bool | None = False
    for part in re.split(r"&&|\|\||;|\||\n", text):
        words = part.split()
        if words and words[0] in READERS and READERS[words[0]](words[1:]):
            return True
        if words and words[0] not in COMMANDS:
            known = None
    return known


def _read(channel: Channel, transfer: Transfer, *, first: float | None, next_one: float | None) -> bool:
    """Reads input to its end; gives False when it did not end in time."""
    channel.settimeout(first)
    try:
        while piece := channel.recv(BLOCK):
            transfer.write(piece)
            channel.settimeout(next_one)
    except TimeoutError:
        return False
    finally:
        channel.settimeout(None)
    return True


def _say(channel: Channel, result: Result) -> None:
    for block in result.out:
        channel.sendall(block)
    if result.err:
        channel.sendall_stderr(result.err)


def _prompt(channel: Channel, here: Shell) -> None:
    if getattr(channel, "pty", False):
        channel.sendall(f"{here.user}@{here.host.partition('.')[0]}:~$ ".encode("utf-8", "surrogateescape"))


def _scp(text: str) -> tuple[str, list[str]] | None:
    """`t` or `f` and the paths, when the command is scp's other end."""
    try:
        words = shlex.split(text)
    except ValueError:
        return None
    if not words or words[0].rpartition("/")[2] != "scp":
        return None
    options = "".join(word[1:] for word in words[1:] if word.startswith("-"))
    paths = [word for word in words[1:] if not word.startswith("-")]
    return next(((side, paths) for side in "tf" if side in options and paths), None)


def _copy(channel: Channel, conversation: "Conversation", disk: Disk, job: tuple[str, list[str]], about: About) -> None:
    side, paths = job
    step: Callable[[Channel, Conversation, Disk, list[str], About], bool] = _take if side == "t" else _give
    channel.send_exit_status(0 if step(channel, conversation, disk, [disk.path(path) for path in paths], about) else 1)


def _take(channel: Channel, conversation: "Conversation", disk: Disk, paths: list[str], about: About) -> bool:
    ledger, remote = conversation.house.ledger, conversation.remote

    def opened(path: str, line: bytes) -> Transfer:
        return ledger.open(remote, About(channel="ssh", protocol="scp", method="put", target=path, head=ledger.keep(line)))

    sink = Sink(disk, paths[-1], opened)
    odd: Transfer | None = None
    channel.sendall(OK)
    try:
        while piece := channel.recv(BLOCK):
            channel.sendall(sink.feed(piece) if not sink.broken else b"")
            if sink.broken:
                odd = odd or ledger.open(remote, about)
                odd.write(sink.rest or piece)
                sink.rest = b""
    finally:
        sink.stop()
        if sink.rest:
            odd = odd or ledger.open(remote, about)
            odd.write(sink.rest)
        if odd is not None:
            odd.close(finished=False)
    return not sink.broken


def _give(channel: Channel, conversation: "Conversation", disk: Disk, paths: list[str], about: About) -> bool:
    asked = conversation.house.ledger.open(conversation.remote, about)
    source = Source(disk, paths)
    try:
        while not source.done and (piece := channel.recv(BLOCK)):
            asked.write(piece)
            for block in source.feed(piece):
                channel.sendall(block)
    finally:
        asked.close(finished=source.done)
    return all(path in disk.files for path in paths)
