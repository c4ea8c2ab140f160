"""SSH by a real client (paramiko's) over a pair of sockets: logins, commands, and what an adversary puts elsewhere.

The programs are real ones too, in a folder instead of a jail: jails are tried in tests/adversarial, real clients in tests/world.
"""

import asyncio
import contextlib
import hashlib
import os
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import paramiko
import pytest
from paramiko.common import MSG_DEBUG, MSG_IGNORE, OPEN_FAILED_CONNECT_FAILED, OPEN_SUCCEEDED

from honeyweights.containers.internet import jail, jail_facts
from honeyweights.containers.internet.names import Names
from honeyweights.containers.internet.protocols.ssh import forwards, late, logins, session, tunnel
from honeyweights.containers.internet.protocols.ssh import talker as ssh
from honeyweights.containers.internet.protocols.ssh import tap as ssh_tap
from honeyweights.containers.internet.protocols.ssh.server import host_key, serve
from honeyweights.containers.internet.protocols.ssh.tap import Tap
from honeyweights.containers.internet.talk import Host, Login, Remote

REMOTE = Remote("203.0.113.9", 22, "up.example.com", ("10.64.7.23", 4))


class Open(jail.Machine):
    """A host whose programs run unlocked, in a folder."""

    def account(self, user: str, home: str | None = None) -> jail.Account:
        folder = self.root / (home or user).strip("/")
        folder.mkdir(parents=True, exist_ok=True)
        return jail.Account(user=user, uid=os.getuid(), home=str(folder))

    def start(
        self, account: jail.Account, command: Sequence[str], variables: Mapping[str, str], files: tuple[int, int, int], *, terminal: bool
    ) -> jail.Running:
        ours, theirs = socket.socketpair()
        process = subprocess.Popen(
            command, stdin=files[0], stdout=files[1], stderr=files[2], env=dict(variables), cwd=account.home, start_new_session=terminal
        )

        def told() -> None:
            code = process.wait()
            with theirs:
                theirs.send((code << 8 if code >= 0 else -code).to_bytes(4, "little"))

        threading.Thread(target=told, daemon=True).start()
        return jail.Running(process, ours)


class OpenMachines(jail.Machines):
    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder

    def machine(self, host: str, seed: bytes, gpus: int | None = None) -> jail.Machine:
        return Open(host, self._folder / "host", jail_facts.facts(host, seed, gpus), seed, set())


@pytest.fixture(name="place")
def _place(place: Any, tmp_path: Path) -> Any:
    place.house.machines = OpenMachines(tmp_path)
    return place


@contextlib.contextmanager
def conversation(place: Any, first: bytes = b"") -> Iterator[socket.socket]:
    """A client's socket; on leaving, the server has put everything down."""
    ours, theirs = socket.socketpair()
    worker = threading.Thread(target=serve, args=(ours, first, REMOTE, place.house))
    worker.start()
    try:
        yield theirs
    finally:
        theirs.close()
        worker.join(10)
        assert not worker.is_alive()
        assert place.house.threads == {}


@contextlib.contextmanager
def client(place: Any, user: str = "u") -> Iterator[paramiko.Transport]:
    with conversation(place) as theirs:
        transport = paramiko.Transport(theirs)
        transport.start_client(timeout=10)
        transport.auth_none(user)
        try:
            yield transport
        finally:
            transport.close()


def call(transport: paramiko.Transport, command: bytes, stdin: bytes = b"") -> tuple[bytes, bytes, int]:
    channel = transport.open_session()
    channel.exec_command(command)  # type: ignore[arg-type]  # bytes are what goes over the wire
    with contextlib.suppress(OSError):
        channel.sendall(stdin)
        channel.shutdown_write()
    out = b"".join(iter(lambda: channel.recv(1 << 16), b""))
    err = b"".join(iter(lambda: channel.recv_stderr(1 << 16), b""))
    return out, err, channel.recv_exit_status()


def of(place: Any, protocol: str) -> list[dict[str, Any]]:
    return [r for r in place.receipts() if r["protocol"] == protocol]


def test_logins_are_as_the_scenario_has_them(place: Any) -> None:
    place.house.hosts["up.example.com"] = Host(logins=(Login(user="bob", password="right"), Login(user="open", password=None)))
    for user, password, accepted in (("bob", "wrong", False), ("bob", "right", True), ("eve", "right", False), ("open", "any", True)):
        with conversation(place) as theirs:
            transport = paramiko.Transport(theirs)
            transport.start_client(timeout=10)
            if accepted:
                transport.auth_password(user, password)
            else:
                with pytest.raises(paramiko.AuthenticationException):
                    transport.auth_password(user, password)
            transport.close()
    with conversation(place) as theirs:
        transport = paramiko.Transport(theirs)
        transport.start_client(timeout=10)
        with pytest.raises(paramiko.BadAuthenticationType) as refused:
            transport.auth_none("bob")
        assert refused.value.allowed_types == ["publickey", "password", "keyboard-interactive"]
        transport.close()
    assert [(place.payload(r), r["finished"]) for r in of(place, "ssh-login")] == [
        (b"bob\nwrong", False),
        (b"bob\nright", True),
        (b"eve\nright", False),
        (b"open\nany", True),
    ]


def test_a_host_keeps_its_key() -> None:
    assert host_key(b"s", "a").asbytes() == host_key(b"s", "a").asbytes()
    assert len({host_key(seed, host).asbytes() for seed in (b"s", b"t") for host in ("a", "b")}) == 4


def test_bytes_on_the_side_are_kept(place: Any) -> None:
    """Ignored and debug messages, environment, a tunnel's name, a channel that asks for nothing."""
    with client(place) as transport:
        for kind in (MSG_IGNORE, MSG_DEBUG):
            message = paramiko.Message()
            message.add_byte(bytes([kind]))
            if kind == MSG_DEBUG:
                message.add_boolean(b=False)
            message.add_string(b"ignored-%d" % kind * 50)
            transport._send_message(message)  # type: ignore[attr-defined]  # an adversary's client
        channel = transport.open_session()
        channel.set_environment_variable("STOLEN", "env-leak")
        channel.sendall(b"to nobody at all")
        with pytest.raises(paramiko.ChannelException):
            transport.open_channel("direct-tcpip", ("tunnel-leak.invalid", 80), ("127.0.0.1", 1))
        time.sleep(0.2)
    found = place.payload(of(place, "ssh-messages")[0])
    for leak in (b"ignored-2" * 50, b"ignored-4" * 50, b"STOLEN=env-leak", b"tunnel-leak.invalid:80", b"to nobody at all"):
        assert leak in found


def test_bytes_for_a_channel_that_has_had_its_fill_are_kept(place: Any) -> None:
    with client(place) as transport:
        channel = transport.open_session()
        channel.exec_command("pwd")
        assert channel.recv_exit_status() == 0
        number = channel.remote_chanid
        while not channel.closed:
            time.sleep(0.01)
        message = paramiko.Message()
        message.add_byte(bytes([94]))
        message.add_int(number)
        message.add_string(b"too late " * 100)
        transport._send_message(message)
        time.sleep(0.2)
    assert place.payload(of(place, "ssh-messages")[0]) == b"too late " * 100


def test_a_conversation_that_is_no_ssh_is_kept_whole(place: Any) -> None:
    words = b"SSH-2.0-x\r\n" + b"\0" * 4 + bytes(range(256)) * 800
    with conversation(place, words[:7]) as theirs:
        theirs.sendall(words[7:])
        theirs.shutdown(socket.SHUT_WR)
        while theirs.recv(1 << 16):
            pass
    assert b"".join(place.payload(r) for r in place.receipts()) == words
    assert {r["finished"] for r in place.receipts()} == {False}


def test_silence_is_a_contact(place: Any) -> None:
    with conversation(place) as theirs:
        assert theirs.recv(100).startswith(b"SSH-2.0-OpenSSH_")
        theirs.shutdown(socket.SHUT_WR)
        while theirs.recv(1 << 16):
            pass
    assert place.receipts() == []
    assert [c["how"] for c in place.records("contact")] == ["empty"]


def test_without_a_socket_the_bytes_are_raw(place: Any) -> None:
    line = place.line(443)
    line.hear(b"SSH-2.0-inside\r\n")
    line.hear(b"more")
    line.talker.ended()
    assert [(r["protocol"], place.payload(r)) for r in place.receipts()] == [("ssh-inside", b"SSH-2.0-inside\r\nmore")]


def test_a_tap_begins_with_what_was_read_and_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ssh_tap, "HANDSHAKE", 10)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        tap = Tap(ours, b"SSH-")
        theirs.sendall(b"2.0-long version")
        assert tap.recv(2) + tap.recv(99) == b"SSH-"
        assert tap.recv(20) == b"2.0-long version"
        with pytest.raises(OSError, match="no handshake is so long"):
            tap.recv(1)
        tap.settled = True
        theirs.sendall(b"x")
        assert tap.recv(1) == b"x"
        assert bytes(tap.began) == b"SSH-2.0-long version"


def test_a_command_takes_its_input_and_answers(place: Any) -> None:
    data = bytes(range(256)) * 2000
    with client(place) as transport:
        assert call(transport, b"cat > w && sha256sum w", data) == (f"{hashlib.sha256(data).hexdigest()}  w\n".encode(), b"", 0)
        assert call(transport, b"ls; exit 7") == (b"w\n", b"", 7)
        assert call(transport, b"nosuch --all", data)[2] == 127
        assert call(transport, b"kill -9 $$")[2] == 128 + 9
    taken, looked, gobbled, _killed = of(place, "ssh-exec")
    assert (taken["method"], taken["target"], taken["sent"], taken["finished"]) == ("exec", "cat > w && sha256sum w", len(data), True)
    assert place.payload(taken) == data
    assert gobbled["sent"] == gobbled["captured"]
    assert looked["sent"] == 0
    assert place.spool.path(taken["head"]).read_bytes() == b"cat > w && sha256sum w"
    assert [(r["method"], r["target"], place.payload(r)) for r in of(place, "ssh-login")] == [("none", "u", b"u\n")]


def test_what_a_program_does_not_read_is_kept_as_well(place: Any) -> None:
    data = bytes(range(256)) * 1000
    with client(place) as transport:
        assert call(transport, b"sleep 0.5", data)[2] == 0
    kept = of(place, "ssh-exec")[0]["sent"] + sum(r["sent"] for r in of(place, "ssh-messages"))
    assert kept == len(data)


def test_a_long_command_line_is_payload(place: Any) -> None:
    command = b"echo " + b"QUJD" * 200 + b" >> leak"
    with client(place) as transport:
        assert call(transport, command)[2] == 0
    assert [place.payload(r) for r in of(place, "ssh-command")] == [command]


def test_a_shell_reads_lines(place: Any) -> None:
    with client(place) as transport:
        channel = transport.open_session()
        channel.invoke_shell()
        channel.sendall(b"echo one\nexit 3\n")
        out = b"".join(iter(lambda: channel.recv(1 << 16), b""))
        assert channel.recv_exit_status() == 3
    assert b"one\n" in out
    assert [place.payload(r) for r in of(place, "ssh-shell")] == [b"echo one\nexit 3\n"]


def test_a_terminal_has_a_size_and_a_greeting(place: Any) -> None:
    with client(place) as transport:
        channel = transport.open_session()
        channel.get_pty("xterm", 91, 33)
        channel.exec_command("stty size; sleep 0.3; stty size")
        time.sleep(0.1)
        channel.resize_pty(101, 43)
        out = b"".join(iter(lambda: channel.recv(1 << 16), b""))
        assert out == b"33 91\r\n43 101\r\n"
        assert session.Screen("xterm", 91, 33).rows == 33


def test_what_rsync_writes_is_kept_as_files_besides(place: Any, tmp_path: Path) -> None:
    """Its own stream may be packed, or differences only."""
    program = tmp_path / "host" / "home" / "u" / "rsync"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\nrev > got\n")
    program.chmod(0o755)
    place.house.hosts["up.example.com"] = Host(home="/home/u")
    os.utime(program)
    time.sleep(0.05)
    with client(place) as transport:
        assert call(transport, b"./rsync --server . .", b"dekcap\n")[2] == 0
    rows = [(r["method"], r["target"], place.payload(r)) for r in of(place, "rsync")]
    assert rows == [("exec", "./rsync --server . .", b"dekcap\n"), ("put", "/home/u/got", b"packed\n")]


def test_a_shown_key_is_noted_once_and_a_door_has_its_rules(place: Any) -> None:
    key = paramiko.ECDSAKey.generate()
    shown = logins.fingerprint(key.asbytes())
    place.house.hosts["up.example.com"] = Host(
        logins=(Login(user="bob", password=None, asks=True), Login(user="eve", password=None, keys=("SHA256:x",)))
    )
    for user, accepted in (("bob", True), ("eve", False)):
        with conversation(place) as theirs:
            transport = paramiko.Transport(theirs)
            transport.start_client(timeout=10)
            with pytest.raises(paramiko.BadAuthenticationType):
                transport.auth_none(user)
            if accepted:
                transport.auth_publickey(user, key)
            else:
                with pytest.raises(paramiko.AuthenticationException):
                    transport.auth_publickey(user, key)
            transport.close()
    noted = [(r["user"], r["method"], r["fingerprint"], r["accepted"]) for r in place.records("login")]
    assert noted == [("bob", "publickey", shown, True), ("eve", "publickey", shown, False)]
    door = logins.Door(place.house.ledger, REMOTE, place.house.hosts["up.example.com"])
    assert (door.methods("eve"), door.password("eve", "x"), door.key("eve", "SHA256:x")) == ("publickey", False, True)
    assert (door.password("bob", None), door.password("nobody", "x"), door.nothing("bob")) == (True, False, False)


def test_questions_are_answered_by_the_right_password(place: Any) -> None:
    place.house.hosts["up.example.com"] = Host(logins=(Login(user="bob", password="right"),))
    for answer, accepted in (("wrong", False), ("right", True)):
        with conversation(place) as theirs:
            transport = paramiko.Transport(theirs)
            transport.start_client(timeout=10)
            try:
                transport.auth_interactive("bob", lambda _title, _how, asked, said=answer: [said] * len(asked))  # type: ignore[misc]
            except paramiko.AuthenticationException:
                assert not accepted
            transport.close()
    assert [(place.payload(r), r["finished"]) for r in of(place, "ssh-login")] == [(b"bob\nwrong", False), (b"bob\nright", True)]


def test_forwards_are_offered(place: Any) -> None:
    """A port that listens, an agent: taken, and nothing ever comes of them."""
    with client(place) as transport:
        assert transport.request_port_forward("", 9000) == 9000
        assert transport.request_port_forward("", 0) >= forwards.FIRST_PORT
        channel = transport.open_session()
        channel.request_forward_agent(lambda _channel: pytest.fail("nobody asks the agent"))
        assert call(transport, b"true")[2] == 0
    assert {(r["method"], r["target"]) for r in of(place, "ssh-forward")} == {
        ("tcpip-forward", ":9000"),
        ("tcpip-forward", ":0"),
        ("auth-agent", None),
    }


async def test_a_forward_does_not_reach_a_closed_place(place: Any) -> None:
    """The same words as an OpenSSH server's; a place beside it is reached."""
    place.house.closed[place.house.names.address("far.example.org", 4), 80] = "refused"
    offered = forwards.Forwards(asyncio.get_running_loop())
    offered.remote, offered.house = REMOTE, place.house
    assert offered.check_channel_direct_tcpip_request(1, ("", 1), ("far.example.org", 80)) == OPEN_FAILED_CONNECT_FAILED
    assert offered.check_channel_direct_tcpip_request(2, ("", 1), ("far.example.org", 81)) == OPEN_SUCCEEDED
    assert [(c["how"], c["host"], c["port"]) for c in place.records("contact")] == [("refused", "far.example.org", 80)]


class Piped:
    """A channel as a tunnel needs it, over a pair of sockets."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end
        self.eof_received = True
        self.recv, self.sendall, self.close = end.recv, end.sendall, end.close

    def shutdown_write(self) -> None:
        self._end.shutdown(socket.SHUT_WR)


@pytest.mark.parametrize(
    ("kex", "key", "follows", "wrong"),
    [("x", "ssh-ed25519", True, True), (None, "ssh-ed25519", True, False), (None, "ssh-rsa", True, True), ("x", "x", False, False)],
)
def test_a_key_exchange_on_a_wrong_guess_is_not_read(kex: str | None, key: str, follows: bool, wrong: bool) -> None:
    offer = paramiko.Message()
    offer.add_bytes(bytes(16))
    for names in ([kex or ssh_tap.OURS[0], "y"], [key], *[["z"]] * 8):
        offer.add_list(names)
    offer.add_boolean(follows)
    assert ssh_tap.guesses_wrong(offer.asbytes()) is wrong


class Away:
    """Everything is as far as a test says."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def late(self, _address: str) -> float:
        return self.seconds


def test_what_is_said_to_a_far_client_is_late_and_in_order_and_nobody_waits() -> None:
    ours, theirs = socket.socketpair()
    ours.settimeout(0.01)  # as paramiko's reader does
    line = late.Late(ours, Away(0.15), "46.101.3.4")  # type: ignore[arg-type]  # all it needs of a distance
    began = time.monotonic()
    for number in range(100):
        line.send(b"%03d" % number * 1000)
    line.close()
    assert time.monotonic() - began < 0.1
    theirs.settimeout(5)
    first = theirs.recv(1)
    assert 0.15 <= time.monotonic() - began < 1
    heard = first + b"".join(iter(lambda: theirs.recv(1 << 16), b""))
    assert heard == b"".join(b"%03d" % number * 1000 for number in range(100))
    with pytest.raises(OSError, match="nobody"):
        line.send(b"x")
    line.stop()
    ours.close()
    theirs.close()


def test_a_speaker_to_a_client_that_reads_nothing_waits_and_is_let_go() -> None:
    ours, theirs = socket.socketpair()
    line = late.Late(ours, Away(0.0), "46.101.3.4")  # type: ignore[arg-type]  # as above
    said: list[int] = []

    def speak() -> None:
        with contextlib.suppress(OSError):
            while True:
                said.append(line.send(bytes(100_000)))

    speaker = threading.Thread(target=speak)
    speaker.start()
    speaker.join(0.3)
    assert speaker.is_alive()
    assert sum(said) < 4 * late.MOST
    line.stop()
    speaker.join(5)
    assert not speaker.is_alive()
    ours.close()
    theirs.close()


async def test_a_tunnel_whose_answers_nobody_reads_is_not_read_from(place: Any) -> None:
    """Hundreds of long answers, asked for in one breath: a few are made until the client reads, then all."""
    ours, theirs = socket.socketpair()
    inner = Remote("203.0.113.50", 80, "inner.example.com", ("10.64.7.23", 4))
    work = tunnel.Tunnel(Piped(ours), inner, place.house, asyncio.get_running_loop())  # type: ignore[arg-type]  # all it needs of a channel
    page = bytes(100_000)

    def ask() -> tuple[int, int]:
        theirs.sendall(b"PUT /p HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n" + page)
        theirs.recv(1000)
        theirs.sendall(b"GET /p HTTP/1.1\r\nHost: x\r\n\r\n" * 300)
        theirs.shutdown(socket.SHUT_WR)
        time.sleep(0.5)
        waiting = len(place.receipts())
        return waiting, len(b"".join(iter(lambda: theirs.recv(1 << 16), b"")))

    _done, (early, read) = await asyncio.gather(asyncio.to_thread(work.run), asyncio.to_thread(ask))
    assert read > 300 * len(page)
    assert len(place.receipts()) == 301
    assert early < 301


async def test_what_goes_through_a_tunnel_is_answered_by_the_internet(place: Any) -> None:
    ours, theirs = socket.socketpair()
    inner = Remote("203.0.113.50", 80, "inner.example.com", ("10.64.7.23", 4))
    work = tunnel.Tunnel(Piped(ours), inner, place.house, asyncio.get_running_loop())  # type: ignore[arg-type]  # all it needs of a channel

    def ask() -> bytes:
        theirs.sendall(b"POST /in HTTP/1.0\r\nContent-Length: 5\r\n\r\nhello")
        theirs.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: theirs.recv(1 << 16), b""))

    _done, answer = await asyncio.gather(asyncio.to_thread(work.run), asyncio.to_thread(ask))
    assert answer.startswith(b"HTTP/1.1 200")
    assert [(r["channel"], r["host"], place.payload(r)) for r in place.receipts()] == [("http", "inner.example.com", b"hello")]


def test_what_goes_through_a_host_is_bound_to_where_it_goes() -> None:
    names = Names(lambda _name, _address: None)
    names.configure(b"seed", {"drop.example.org": "198.51.100.7"})
    there = Remote("198.51.100.7", 443, "drop.example.org", REMOTE.source, ("up.example.com",))
    assert REMOTE.onwards(names, "drop.example.org", 443) == there
    assert REMOTE.onwards(names, "198.51.100.7", 1) == there._replace(port=1)
    assert REMOTE.onwards(names, "::ffff:198.51.100.8", 1)[:3] == ("198.51.100.8", 1, None)
    assert REMOTE.onwards(names, "nobody.invalid", 1)[:3] == (REMOTE.address, 1, "nobody.invalid")
    assert [REMOTE.onwards(names, host, 25) for host in ("localhost", "127.0.0.1", "::1", REMOTE.address)] == [REMOTE._replace(port=25)] * 4
    twice = REMOTE.onwards(names, "a.example.org", 22).onwards(names, "b.example.org", 80)
    assert (twice.host, twice.via) == ("b.example.org", ("up.example.com", "a.example.org"))


def test_too_many_conversations_wait_then_are_sent_away(place: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ssh, "MOST", 1)
    place.house.threads[1] = lambda: 0.0
    line = place.line(22)
    monkeypatch.setattr(line, "detach", lambda: pytest.fail("one too many"))
    line.hear(b"SSH-2.0-x\r\n")
    for _ in range(200):
        if line.timers:
            line.timers.pop(0)()
    assert bytes(line.said) == ssh.BUSY
    line.hear(b"more")
    line.talker.ended()
    assert [(r["protocol"], place.payload(r)) for r in place.receipts()] == [("ssh-inside", b"SSH-2.0-x\r\nmore")]
    assert [c["how"] for c in place.records("contact")] == ["refused"]


def test_a_host_that_cannot_be_made_still_keeps_what_comes(place: Any, tmp_path: Path) -> None:
    place.house.machines = jail.Machines(tmp_path / "trees", tmp_path / "nothing")
    (tmp_path / "trees").mkdir()
    with client(place) as transport:
        channel = transport.open_session()
        channel.exec_command("cat > w")
        channel.sendall(b"kept all the same")
        channel.shutdown_write()
        channel.recv_exit_status()
    assert [place.payload(r) for r in of(place, "ssh-exec")] == [b"kept all the same"]
    assert [record["what"] for record in place.records("lost")] == ["remote-host"]
