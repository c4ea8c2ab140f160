"""The rsync daemon: its greeting and modules as a dialogue, its relay with a stand-in for the program in the jail."""

import socket
import subprocess
import threading
from pathlib import Path
from typing import Any

import pytest

from honeyweights.containers.internet.jail import Account
from honeyweights.containers.internet.protocols import rsyncd
from honeyweights.containers.internet.protocols.rsyncd import server, talker
from honeyweights.containers.internet.talk import Remote

REMOTE = Remote("203.0.113.9", 873, "up.example.com", ("10.64.7.23", 40000))


class Program:
    """What `Machine.start` gives."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process

    def end(self) -> None:
        self.process.wait(9)


class Machine:
    """A host whose rsync says a greeting and then whatever it is told."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def account(self, user: str) -> Account:
        return Account(user=user, uid=20_000, home="/home/rsync")

    def variables(self, _account: Account) -> dict[str, str]:
        return {}

    def start(
        self, _account: Account, words: list[str], _variables: dict[str, str], files: tuple[int, int, int], *, terminal: bool
    ) -> Program:
        assert words[-1] == "data"
        assert not terminal
        script = "printf '@RSYNCD: 31.0\\n@RSYNCD: OK\\n'; exec cat"
        return Program(subprocess.Popen(["/bin/sh", "-c", script], stdin=files[0], stdout=files[1], stderr=files[2]))

    def changed(self, _since: float) -> list[tuple[str, Path]]:
        written = self.folder / "written"
        written.write_bytes(b"weights")
        return [("/home/rsync/data/w", written), ("/home/rsync/rsyncd.conf", written), ("/tmp/x", written)]


class Machines:
    def __init__(self, made: Machine | None) -> None:
        self.made = made

    def machine(self, _host: str, _seed: bytes) -> Machine:
        if self.made is None:
            raise OSError("no room")
        return self.made


def conversation(place: Any, machine: Machine | None, sent: bytes) -> bytes:
    place.house.machines = Machines(machine)
    ours, theirs = socket.socketpair()
    worker = threading.Thread(target=server.serve, args=(theirs, b"@RSYNCD: 31.0\ndata\n", b"early ", "data", REMOTE, place.house))
    worker.start()
    ours.sendall(sent)
    ours.shutdown(socket.SHUT_WR)
    said = b""
    while piece := ours.recv(1 << 16):
        said += piece
    worker.join(9)
    ours.close()
    assert not place.house.threads
    return said


def test_what_comes_is_kept_and_relayed_and_what_was_written_is_kept_too(place: Any, tmp_path: Path) -> None:
    said = conversation(place, Machine(tmp_path), b"blocks")
    assert said == b"@RSYNCD: OK\n@RSYNCD: 31.0\ndata\nearly blocks"
    assert place.brief() == [
        ("tcp", "rsyncd", "module", "data", 12, True),
        ("tcp", "rsyncd", "put", "/home/rsync/data/w", 7, True),
    ]


def test_without_a_host_the_beginning_is_kept(place: Any) -> None:
    place.house.machines = Machines(None)
    ours, theirs = socket.socketpair()
    server.serve(theirs, b"@RSYNCD: 31.0\ndata\n", b"early", "data", REMOTE, place.house)
    assert ours.recv(9) == b""
    ours.close()
    assert place.brief() == [("tcp", "rsyncd", "module", "data", 5, False)]


@pytest.mark.parametrize("step", [1, None])
@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        (b"#list\n", b"data           \tshared data\n@RSYNCD: EXIT\n"),
        (b"\n", b"data           \tshared data\n@RSYNCD: EXIT\n"),
        (b"../etc\n", b"@ERROR: Unknown module '../etc'\n"),
        (b"data\n", b"@ERROR: max connections (48) reached -- try again later\n"),
    ],
)
def test_the_dialogue_before_it(place: Any, asked: bytes, answer: bytes, step: int | None) -> None:
    """The line of a test has no socket to hand over."""
    line = place.line(873)
    assert line.hear(b"@RSYNCD: 31.0 md5\n" + asked, step) == talker.GREETING + answer
    line.talker.ended()
    assert place.payload(place.receipts()[0]) == b"@RSYNCD: 31.0 md5\n" + asked
    assert 873 in rsyncd.PORT
