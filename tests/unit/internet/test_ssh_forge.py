"""git over SSH: one memory for all ways to a host's repositories, and a shell's own repositories are served from the jail."""

import contextlib
import hashlib
import socket
import subprocess
import threading
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import paramiko
import pytest

from honeyweights.containers.internet import jail, jail_facts
from honeyweights.containers.internet.protocols.git import pkt, repositories
from honeyweights.containers.internet.protocols.ssh import forge
from honeyweights.containers.internet.protocols.ssh.server import serve
from honeyweights.containers.internet.talk import Remote

REMOTE = Remote("203.0.113.9", 22, "up.example.com", ("10.64.7.23", 4))
NONE = "0" * 40


class Bare(jail.Machines):
    """Hosts without programs: whoever starts one fails the test's expectations."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder

    def machine(self, host: str, seed: bytes, gpus: int | None = None) -> jail.Machine:
        return Settled(host, self.folder, jail_facts.facts(host, seed, gpus), seed, set())


class Settled(jail.Machine):
    def account(self, user: str, home: str | None = None) -> jail.Account:
        return jail.Account(user=user, uid=7, home=home or f"/home/{user}")


@contextlib.contextmanager
def client(place: Any) -> Iterator[paramiko.Transport]:
    ours, theirs = socket.socketpair()
    worker = threading.Thread(target=serve, args=(ours, b"", REMOTE, place.house))
    worker.start()
    transport = paramiko.Transport(theirs)
    try:
        transport.start_client(timeout=10)
        transport.auth_none("git")
        yield transport
    finally:
        transport.close()
        theirs.close()
        worker.join(10)
        assert not worker.is_alive()


def push(oid: str) -> bytes:
    body = b"PACK\0\0\0\2\0\0\0\1" + bytes([0x37]) + zlib.compress(b"weights")
    able = "report-status side-band-64k"
    return pkt.line(f"{NONE} {oid} refs/heads/main\0 {able}") + pkt.FLUSH + body + hashlib.sha1(body, usedforsecurity=False).digest()


def call(transport: paramiko.Transport, command: str, stdin: bytes) -> tuple[bytes, int]:
    channel = transport.open_session()
    channel.exec_command(command)
    channel.sendall(stdin)
    out = b"".join(iter(lambda: channel.recv(1 << 16), b""))
    return out, channel.recv_exit_status()


@pytest.fixture(name="place")
def _place(place: Any, tmp_path: Path) -> Any:
    place.house.machines = Bare(tmp_path)
    return place


def test_what_was_pushed_by_ssh_is_seen_by_http(place: Any) -> None:
    sent = push("a" * 40)
    with client(place) as transport:
        out, status = call(transport, "git-receive-pack '/org/r.git'", sent)
    assert (b"ok refs/heads/main" in out, status) == (True, 0)
    line = place.line(80)
    seen = line.hear(b"GET /org/r.git/info/refs?service=git-upload-pack HTTP/1.1\r\nHost: up.example.com\r\n\r\n")
    assert b"a" * 40 + b" refs/heads/main" in seen
    packs = [r for r in place.receipts() if r["protocol"] == "git" and r["channel"] == "ssh"]
    assert [(r["method"], r["target"], r["finished"]) for r in packs] == [("git-receive-pack", "/org/r.git", True)]
    assert sent.endswith(place.payload(packs[0]))
    assert place.spool.path(packs[0]["head"]).read_bytes() == b"git-receive-pack '/org/r.git'"


def test_the_client_chooses_the_protocols_version(place: Any) -> None:
    with client(place) as transport:
        channel = transport.open_session()
        channel.set_environment_variable("GIT_PROTOCOL", "version=2")
        channel.exec_command("git-upload-pack 'r'")
        assert channel.recv(100).startswith(pkt.line("version 2\n"))
        channel.sendall(pkt.FLUSH)
        assert channel.recv_exit_status() == 0


def test_what_comes_after_the_last_word_is_kept(place: Any) -> None:
    with client(place) as transport:
        channel = transport.open_session()
        channel.exec_command("git-upload-pack r")
        channel.sendall(pkt.FLUSH)
        assert channel.recv_exit_status() == 0
        channel.sendall(b"and more" * 9)
        channel.shutdown_write()
        while channel.recv(1 << 16):
            pass
    assert b"and more" * 9 in [place.payload(r) for r in place.receipts()]


def test_a_client_that_dies_within_a_push_leaves_what_it_sent(place: Any) -> None:
    with client(place) as transport:
        channel = transport.open_session()
        channel.exec_command("git-receive-pack r")
        channel.sendall(push("a" * 40)[:-5])
        channel.recv(1)
    kept = {r["protocol"]: (place.payload(r), r["finished"]) for r in place.receipts()}
    assert kept["git"] == (push("a" * 40)[push("a" * 40).index(b"PACK") : -5], False)
    assert repositories.of(place.house).get("up.example.com", "r").listed() == []


def test_a_repository_in_the_hosts_own_tree_is_its_own(tmp_path: Path) -> None:
    home = tmp_path / "home" / "u"
    home.mkdir(parents=True)
    subprocess.run(["git", "init", "-q", "--bare", str(home / "bare.git")], check=True)
    subprocess.run(["git", "init", "-q", str(home / "work")], check=True)
    (home / "link").symlink_to("/etc")
    for path in ("bare", "bare.git", "/home/u/bare.git", "~/bare", "work", "x/../work", "link/anything"):
        assert forge.in_tree(tmp_path, "/home/u", path), path
    for path in ("other", "/bare.git", "", "~", "/", "../../../bare.git", "a\0b", "n" * 9000, "~u/bare"):
        assert not forge.in_tree(tmp_path, "/home/u", path), path
