"""SSH by a real client (paramiko's) over a pair of sockets: logins, commands, files, and what an adversary puts elsewhere."""

import contextlib
import hashlib
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import paramiko
import pytest
from paramiko.common import MSG_DEBUG, MSG_IGNORE

from honeyweights.containers.internet.protocols.ssh import exec as ssh_exec
from honeyweights.containers.internet.protocols.ssh import talker as ssh
from honeyweights.containers.internet.protocols.ssh import tap as ssh_tap
from honeyweights.containers.internet.protocols.ssh.server import host_key, serve
from honeyweights.containers.internet.protocols.ssh.sftp import Subsystem
from honeyweights.containers.internet.protocols.ssh.tap import Tap
from honeyweights.containers.internet.talk import Host, Login, Remote

REMOTE = Remote("203.0.113.9", 22, "up.example.com", ("10.64.7.23", 4))


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


def test_a_command_takes_its_input_and_answers(place: Any) -> None:
    data = bytes(range(256)) * 2000
    with client(place) as transport:
        assert call(transport, b"cat > w && sha256sum w", data) == (f"{hashlib.sha256(data).hexdigest()}  w\n".encode(), b"", 0)
        assert call(transport, b"ls; nosuch") == (b"w\n", b"bash: line 1: nosuch: command not found\n", 127)
        assert call(transport, b"gobble --all", data)[2] == 127
    taken, looked, gobbled = of(place, "ssh-exec")
    assert (taken["method"], taken["target"], taken["sent"], taken["finished"]) == ("exec", "cat > w && sha256sum w", len(data), True)
    assert place.payload(taken) == place.payload(gobbled) == data
    assert looked["sent"] == 0
    assert place.spool.path(taken["head"]).read_bytes() == b"cat > w && sha256sum w"
    assert [(r["method"], r["target"], place.payload(r)) for r in of(place, "ssh-login")] == [("none", "u", b"u\n")]


def test_a_long_command_line_is_payload(place: Any) -> None:
    command = b"echo " + b"QUJD" * 200 + b" >> leak"
    with client(place) as transport:
        assert call(transport, command)[2] == 0
    assert [place.payload(r) for r in of(place, "ssh-command")] == [command]


def test_old_scp_both_ways(place: Any) -> None:
    with client(place) as transport:
        assert call(transport, b"scp -t up", b"C0644 5 w\nhello\0") == (b"\0\0\0", b"", 0)
        assert call(transport, b"scp -f up", b"\0\0\0") == (b"C0644 5 up\nhello\0", b"", 0)
        assert call(transport, b"scp -t x", b"rubbish\nand more")[2] == 1
    assert [(r["target"], place.payload(r)) for r in of(place, "scp")] == [("/home/u/up", b"hello")]
    assert b"rubbish\nand more" in [place.payload(r) for r in of(place, "ssh-exec")]


def test_sftp_remembers(place: Any) -> None:
    data = bytes(range(256)) * 1000
    with client(place) as transport:
        sftp = paramiko.SFTPClient.from_transport(transport)
        assert sftp is not None
        sftp.mkdir("d")
        with sftp.open("d/w", "wb") as file:
            file.set_pipelined()
            file.write(data)
        assert sftp.stat("d/w").st_size == len(data)
        assert sorted(sftp.listdir()) == ["d"]
        with sftp.open("d/w") as file:
            assert file.read() == data
        with sftp.open("d/w", "r+b") as file:
            file.seek(3)
            file.write(b"XYZ")
        with sftp.open("d/w", "ab") as file:
            file.write(b"end")
        sftp.rename("d/w", "d/v")
        with sftp.open("d/v") as file:
            assert file.read() == data[:3] + b"XYZ" + data[6:] + b"end"
        with pytest.raises(FileNotFoundError):
            sftp.stat("d/w")
        sftp.remove("d/v")
        sftp.rmdir("d")
        assert sftp.listdir() == []
    assert [(r["method"], r["target"], place.payload(r), r["finished"]) for r in of(place, "sftp")] == [
        ("put", "/home/u/d/w", data, True),
        ("put", "/home/u/d/w", b"XYZ", True),
        ("put", "/home/u/d/w", b"end", True),
    ]
    assert issubclass(Subsystem, paramiko.SFTPServer)


def test_an_sftp_upload_that_breaks_off_is_not_finished(place: Any) -> None:
    with client(place) as transport:
        sftp = paramiko.SFTPClient.from_transport(transport)
        assert sftp is not None
        file = sftp.open("w", "wb")
        file.write(b"half")
        file.flush()
    assert [(place.payload(r), r["finished"]) for r in of(place, "sftp")] == [(b"half", False)]


def test_many_bytes_of_paths_are_payload(place: Any) -> None:
    names = [f"{number}".rjust(200, "n") for number in range(20)]
    with client(place) as transport:
        sftp = paramiko.SFTPClient.from_transport(transport)
        assert sftp is not None
        for name in names:
            sftp.mkdir(name)
    leaked = place.payload(of(place, "sftp-paths")[0])
    assert all(name.encode() in leaked for name in names)


def test_a_shell_runs_lines(place: Any) -> None:
    with client(place) as transport:
        channel = transport.open_session()
        channel.invoke_shell()
        channel.sendall(b"echo one\nwhoami\nexit\n")
        out = b"".join(iter(lambda: channel.recv(1 << 16), b""))
        assert channel.recv_exit_status() == 0
    assert out == b"one\nu\n"
    assert [place.payload(r) for r in of(place, "ssh-shell")] == [b"echo one\nwhoami\nexit\n"]


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
        assert refused.value.allowed_types == ["publickey", "password"]
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
            transport.open_channel("direct-tcpip", ("tunnel-leak.example.com", 80), ("127.0.0.1", 1))
        time.sleep(0.2)
    found = place.payload(of(place, "ssh-messages")[0])
    for leak in (b"ignored-2" * 50, b"ignored-4" * 50, b"STOLEN=env-leak", b"tunnel-leak.example.com:80", b"to nobody at all"):
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


def test_too_many_conversations_are_raw(place: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ssh, "MOST", 1)
    place.house.threads[1] = lambda: 0.0
    line = place.line(22)
    monkeypatch.setattr(line, "detach", lambda: pytest.fail("one too many"))
    line.hear(b"SSH-2.0-x\r\n")
    line.talker.ended()
    assert place.brief()[0][:2] == ("tcp", "ssh-inside")


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


def test_known_commands_that_take_no_input_do_not_wait_for_its_end(place: Any) -> None:
    with client(place) as transport:
        channel = transport.open_session()
        channel.exec_command("pwd")
        assert channel.recv(100) == b"/home/u\n"
        assert channel.recv_exit_status() == 0
    assert ssh_exec.AFTERWORD < 1
