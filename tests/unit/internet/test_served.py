"""Conversations that a program in a host's jail serves, with a stand-in for the program; Subversion's beginning as a dialogue."""

import socket
import subprocess
import threading
from pathlib import Path
from typing import Any

import pytest

from honeyweights.containers.internet import served
from honeyweights.containers.internet.jail import Account
from honeyweights.containers.internet.protocols import svn
from honeyweights.containers.internet.protocols.rsyncd import talker
from honeyweights.containers.internet.talk import Remote

REMOTE = Remote("203.0.113.9", 873, "up.example.com", ("10.64.7.23", 40000))
HELLO = b"( 2 ( edit-pipeline svndiff1 depth ) 33:svn://up.example.com/models/trunk 10:SVN/1.14.2 ( ) ) "


class Program:
    """What `Machine.start` gives."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process

    def end(self) -> None:
        self.process.wait(9)


class Machine:
    """A host whose program says a greeting and then whatever it is told."""

    def __init__(self, folder: Path, greeting: str) -> None:
        self.folder = folder
        self.greeting = greeting
        self.asked = ""

    def account(self, user: str) -> Account:
        return Account(user=user, uid=20_000, home=f"/home/{user}")

    def variables(self, _account: Account) -> dict[str, str]:
        return {}

    def start(
        self, _account: Account, words: list[str], _variables: dict[str, str], files: tuple[int, int, int], *, terminal: bool
    ) -> Program:
        self.asked = words[-1]
        assert not terminal
        script = f"printf '%s' '{self.greeting}'; exec cat"
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


def conversation(place: Any, machine: Machine, program: served.Program, early: tuple[bytes, bytes], sent: bytes) -> bytes:
    place.house.machines = Machines(machine)
    ours, theirs = socket.socketpair()
    worker = threading.Thread(target=served.serve, args=(theirs, program, *early, REMOTE, place.house))
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
    machine = Machine(tmp_path, "@RSYNCD: 31.0\n@RSYNCD: OK\n")
    said = conversation(place, machine, talker.program("data"), (b"@RSYNCD: 31.0\ndata\n", b"early "), b"blocks")
    assert said == b"@RSYNCD: OK\n@RSYNCD: 31.0\ndata\nearly blocks"
    assert machine.asked == "data"
    assert place.brief() == [
        ("tcp", "rsyncd", "module", "data", 12, True),
        ("tcp", "rsyncd", "put", "/home/rsync/data/w", 7, True),
    ]


def test_without_a_host_the_beginning_is_kept(place: Any) -> None:
    place.house.machines = Machines(None)
    ours, theirs = socket.socketpair()
    served.serve(theirs, talker.program("data"), b"@RSYNCD: 31.0\ndata\n", b"early", REMOTE, place.house)
    assert ours.recv(9) == b""
    ours.close()
    assert place.brief() == [("tcp", "rsyncd", "module", "data", 5, False)]


def test_a_repository_is_served_behind_our_own_greeting(place: Any, tmp_path: Path) -> None:
    """The program greets as svnserve does; the client has heard ours, which offers no compression."""
    machine = Machine(tmp_path, "( success ( 2 2 ( ) ( edit-pipeline svndiff1 ) ) ) ")
    url = "svn://up.example.com/models/trunk"
    assert conversation(place, machine, svn.program(url), (b"", HELLO), b"( commit") == HELLO + b"( commit"
    assert machine.asked == "models"
    assert b"svndiff" not in svn.GREETING
    (receipt,) = place.receipts()
    assert (receipt["protocol"], receipt["target"], receipt["finished"]) == ("svn", url, True)
    assert place.payload(receipt) == HELLO + b"( commit"


@pytest.mark.parametrize("step", [1, None])
def test_a_client_for_whom_there_is_no_room_is_told_so(place: Any, step: int | None) -> None:
    """The line of a test has no socket to hand over."""
    line = place.line(3690)
    for timer in line.timers:
        timer()
    assert line.said == svn.GREETING
    assert line.hear(HELLO, step) == svn.BUSY
    line.talker.ended()
    assert place.brief() == [("tcp", "svn", None, None, len(HELLO), True)]


@pytest.mark.parametrize("sent", [b"( 2 ( ", b"( 2 ( edit-pipeline ) 99:svn://up"])
def test_what_names_no_repository_is_kept(place: Any, sent: bytes) -> None:
    line = place.line(3690)
    line.hear(sent)
    line.talker.broken()
    assert place.payload(place.receipts()[0]) == sent


def test_names_that_no_repository_may_have_are_not_made() -> None:
    assert [svn.program(f"svn://h{path}").asked for path in ("", "/", "/../x", "/-x", "/m.1/t")] == ["main", "main", "main", "main", "m.1"]
