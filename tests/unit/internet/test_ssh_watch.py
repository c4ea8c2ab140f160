"""Programs that move files, watched from outside: one receipt for each file, and nothing that an adversary puts elsewhere is missed."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from honeyweights.containers.internet.protocols.ssh.watch import Scp, Stream, Watch, kind
from honeyweights.containers.internet.protocols.ssh.watch_sftp import Packets, Sftp
from honeyweights.containers.internet.receipts import About
from honeyweights.containers.internet.talk import Remote

REMOTE = Remote("203.0.113.9", 22, "up.example.com")


def about(protocol: str, command: str = "") -> About:
    return About(channel="ssh", protocol=protocol, method="exec", target=command.encode())


def brief(place: Any) -> list[tuple[Any, ...]]:
    return [(r["protocol"], r["method"], r["target"], place.payload(r), r["finished"]) for r in place.receipts()]


@pytest.mark.parametrize(
    ("command", "protocol", "watch"),
    [
        ("scp -t up", "scp", Scp),
        ("/usr/bin/scp -p -r -d -t -- up", "scp", Scp),
        ("scp -f up", "scp", Stream),
        ("rsync --server -logDtpre.iLsfxCIvu . up", "rsync", Stream),
        ("git-receive-pack '/a b.git'", "git", Stream),
        ("git upload-pack x", "git", Stream),
        ("cat > file", "ssh-exec", Stream),
        ("echo 'open", "ssh-exec", Stream),
        ("", "ssh-exec", Stream),
    ],
)
def test_a_command_is_known_by_its_first_word(command: str, protocol: str, watch: type[Watch]) -> None:
    assert kind(command) == (protocol, watch)


@pytest.mark.parametrize("step", [1, 7, 1000])
def test_scp_files_and_folders(place: Any, step: int) -> None:
    watch = Scp(place.house.ledger, REMOTE, about("scp", "scp -r -t up"), "/home/u")
    said = b"T1 0 1 0\nC0644 5 w\nhello\0D0755 0 d\nC0600 0 empty\n\0E\nC0644 3 z\nend\0"
    for at in range(0, len(said), step):
        watch.client(said[at : at + step])
    watch.end(finished=True)
    assert brief(place) == [
        ("scp", "put", "/home/u/up/w", b"hello", True),
        ("scp", "put", "/home/u/up/d/empty", b"", True),
        ("scp", "put", "/home/u/up/z", b"end", True),
    ]


def test_scp_that_is_refused_broken_off_or_none(place: Any) -> None:
    refused = Scp(place.house.ledger, REMOTE, about("scp", "scp -t /root/x"), "/home/u")
    refused.client(b"C0644 5 w\n")
    refused.server(b"\1scp: /root/x: Permission denied\n")
    refused.client(b"C0644 2 v\nok\0")
    refused.end(finished=True)
    broken = Scp(place.house.ledger, REMOTE, about("scp", "scp -t x"), "/home/u")
    broken.client(b"C0644 5 w\nhel")
    broken.end(finished=False)
    none = Scp(place.house.ledger, REMOTE, about("scp", "scp -t x"), "/home/u")
    none.client(b"rubbish\nand more")
    none.end(finished=True)
    assert brief(place) == [
        ("scp", "put", "/root/x", b"", False),
        ("scp", "put", "/root/x", b"ok", True),
        ("scp", "put", "/home/u/x", b"hel", False),
        ("scp", "exec", "scp -t x", b"rubbish\nand more", False),
    ]


def packet(kind: int, request: int, *parts: bytes | int) -> bytes:
    body = b"".join(len(part).to_bytes(4, "big") + part if isinstance(part, bytes) else part.to_bytes(4, "big") for part in parts)
    whole = bytes([kind]) + request.to_bytes(4, "big") + body
    return len(whole).to_bytes(4, "big") + whole


def write(request: int, handle: bytes, offset: int, data: bytes) -> bytes:
    return packet(6, request, handle, offset >> 32, offset & 0xFFFFFFFF, data)


def test_sftp_files(place: Any) -> None:
    watch = Sftp(place.house.ledger, REMOTE, about("sftp"), "/home/u")
    watch.client(packet(3, 1, b"w", 0x1A, 0) + packet(3, 2, b"/tmp/v", 0x0A, 0) + packet(3, 3, b"only-read", 1, 0))
    watch.server(packet(102, 1, b"\0\0\0\0") + packet(102, 2, b"\0\0\0\1") + packet(102, 3, b"\0\0\0\2"))
    watch.client(write(4, b"\0\0\0\0", 0, b"hel") + write(5, b"\0\0\0\1", 900, b"tail") + write(6, b"\0\0\0\0", 3, b"lo"))
    watch.client(packet(4, 7, b"\0\0\0\0") + write(8, b"\0\0\0\7", 0, b"to nobody"))
    watch.end(finished=True)
    rows = brief(place)
    assert rows[0] == ("sftp", "put", "/home/u/w", b"hello", True)
    assert ("sftp", "put", "/tmp/v", b"tail", False) in rows
    assert any(b"to nobody" in row[3] for row in rows[1:])


def test_sftp_paths_and_what_is_no_sftp(place: Any) -> None:
    names = [f"{number}".rjust(200, "n").encode() for number in range(20)]
    watch = Sftp(place.house.ledger, REMOTE, about("sftp"), "/home/u")
    for number, name in enumerate(names):
        watch.client(packet(14, number, name, 0))
    watch.client(b"\xff\xff\xff\xffno packet is so long")
    watch.client(b" and more")
    watch.end(finished=True)
    paths = next(r for r in place.receipts() if r["protocol"] == "sftp-paths")
    assert all(name in place.payload(paths) for name in names)
    assert (b"\xff\xff\xff\xffno packet is so long and more", False) in [(row[3], row[4]) for row in brief(place)]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(data=st.binary(max_size=300), step=st.integers(1, 50))
def test_no_byte_of_any_garbage_is_missed(new_place: Any, data: bytes, step: int) -> None:
    place = new_place()
    for watch in (Sftp(place.house.ledger, REMOTE, about("sftp")), Scp(place.house.ledger, REMOTE, about("scp", "scp -t x"))):
        for at in range(0, len(data), step):
            watch.client(data[at : at + step])
        watch.end(finished=False)
    packets = Packets()
    whole = sum(len(found) + 4 for at in range(0, len(data), step) for found in packets.feed(data[at : at + step]))
    assert whole + len(packets.rest()) == len(data)
