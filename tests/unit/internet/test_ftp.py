"""FTP as dialogues: control and data connections in any order, both ways of opening them, and what is remembered."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from honeyweights.containers.internet.files import File
from honeyweights.containers.internet.protocols.ftp import data, listing, session
from honeyweights.containers.internet.protocols.ftp.server import Ftp
from honeyweights.containers.internet.talk import Remote

FILE = b"weights " * 4096


def control(place: Any) -> Any:
    line = place.line(21)
    line.hear(b"USER u\r\nPASS p\r\n")
    return line


def entered(place: Any, line: Any, port: int | None = None) -> Any:
    """The data connection that the last passive answer speaks of, open."""
    port = port or int(re.findall(rb"\|\|\|(\d+)\|", line.said)[-1])
    opens = place.house.doors.entered(line.remote._replace(port=port))
    wire = place.line(port)
    wire.talker = opens(wire, place.house)
    return wire


def put(place: Any, line: Any, command: bytes, body: bytes, step: int | None = None) -> None:
    line.hear(b"EPSV\r\n" + command)
    wire = entered(place, line)
    wire.hear(body, step)
    wire.talker.ended()
    assert wire.shut_down


@pytest.mark.parametrize("order", ["command first", "connection first", "all before the command"])
def test_a_file_is_a_receipt_whatever_comes_first(place: Any, order: str) -> None:
    line = control(place)
    line.hear(b"EPSV\r\n")
    if order == "command first":
        line.hear(b"STOR w\r\n")
    wire = entered(place, line)
    if order == "connection first":
        line.hear(b"STOR w\r\n")
    wire.hear(FILE, 1000)
    wire.talker.ended()
    if order == "all before the command":
        line.hear(b"STOR w\r\n")
    assert line.said.endswith(b"226 Transfer complete.\r\n")
    assert place.brief() == [("ftp", "ftp", "STOR", "/home/u/w", len(FILE), True)]
    assert place.payload(place.receipts()[0]) == FILE


def test_what_was_put_is_listed_measured_and_fetched(place: Any) -> None:
    line = control(place)
    put(place, line, b"STOR w\r\n", FILE)
    assert line.hear(b"SIZE w\r\n") == b"213 %d\r\n" % len(FILE)
    line.hear(b"EPSV\r\nRETR w\r\n")
    assert entered(place, line).said == FILE
    for command, found in ((b"LIST", b" w\r\n"), (b"NLST -a", b"w\r\n"), (b"MLSD", b"type=file;size=32768;")):
        line.hear(b"EPSV\r\n" + command + b"\r\n")
        assert found in entered(place, line).said
    assert line.said.endswith(b"226 Directory send OK.\r\n")
    assert b"type=file" in line.hear(b"MLST w\r\n")


def test_resuming_and_appending_make_one_file(place: Any) -> None:
    line = control(place)
    put(place, line, b"STOR w\r\n", FILE[:1000])
    put(place, line, b"REST 1000\r\nSTOR w\r\n", FILE[1000:5000], 7)
    put(place, line, b"APPE w\r\n", FILE[5000:])
    disk = place.house.files.disk("up.example.com")
    assert b"".join(disk.blocks("/home/u/w")) == FILE
    line.hear(b"REST 30000\r\nEPSV\r\nRETR w\r\n")
    assert entered(place, line).said == FILE[30000:]


def test_an_active_server_calls_its_client_and_nobody_else(place: Any) -> None:
    called: list[tuple[Remote, Callable[..., Any]]] = []
    place.house.dial = lambda remote, opens, _failed: called.append((remote, opens))
    line = control(place)
    assert line.hear(b"PORT 10,64,7,23,4,1\r\n").startswith(b"200 PORT")
    line.hear(b"STOR w\r\n")
    (remote, opens) = called.pop()
    assert (remote.address, remote.port, remote.source) == ("203.0.113.9", session.FTP_DATA, ("10.64.7.23", 1025))
    wire = place.line(20)
    wire.talker = opens(wire, place.house)
    wire.hear(FILE)
    wire.talker.ended()
    assert line.said.endswith(b"226 Transfer complete.\r\n")
    assert line.hear(b"EPRT |1|10.64.7.23|5|\r\n").startswith(b"200 EPRT")
    assert line.hear(b"PORT 10,64,7,1,4,1\r\n").startswith(b"500")
    assert line.hear(b"EPRT |2|fd07::1|5|\r\n").startswith(b"500")
    assert called == []


def test_a_client_that_cannot_be_called_hears_so(place: Any) -> None:
    line = control(place)
    line.hear(b"PORT 10,64,7,23,4,1\r\nSTOR w\r\n")
    assert line.said.endswith(b"425 Failed to establish connection.\r\n")


def test_a_broken_transfer_is_not_finished(place: Any) -> None:
    line = control(place)
    line.hear(b"EPSV\r\nSTOR w\r\n")
    wire = entered(place, line)
    wire.hear(b"half")
    wire.talker.broken()
    assert line.said.endswith(b"426 Failure reading network stream.\r\n")
    assert place.brief() == [("ftp", "ftp", "STOR", "/home/u/w", 4, False)]


def test_bytes_without_a_command_are_kept(place: Any) -> None:
    line = control(place)
    line.hear(b"EPSV\r\n")
    wire = entered(place, line)
    wire.hear(b"stray")
    wire.talker.flush()
    wire.hear(b"x" * (data.EARLY + 1))
    wire.talker.ended()
    assert sum(receipt["sent"] for receipt in place.receipts()) == 5 + data.EARLY + 1


def test_folders_names_and_what_is_not_there(place: Any) -> None:
    line = control(place)
    put(place, line, b"STOR w\r\n", b"x")
    talk = [
        (b"PWD", b'257 "/home/u"'), (b"MKD d", b"257"), (b"MKD d", b"550"), (b"CWD d", b"250"), (b"CDUP", b"250"), (b"RMD d", b"250"),
        (b"RMD d", b"550"), (b"CWD no", b"550"), (b"RNFR w", b"350"), (b"RNTO v", b"250"), (b"RNTO v", b"503"), (b"MDTM v", b"213"),
        (b"SIZE w", b"550"), (b"DELE v", b"250"), (b"DELE v", b"550"), (b"RETR v", b"550"), (b"LIST", b"425"), (b"STOR v", b"425"),
        (b"FEAT", b"211-"), (b"TYPE A", b"200"), (b"SYST", b"215"), (b"XYZZY", b"500"), (b"AUTH KERBEROS", b"504"), (b"PROT P", b"200"),
        (b"\xff\xf4\xff\xf2ABOR", b"225"), (b"MLST no", b"550"), (b"MFMT 2024 w", b"550"), (b"QUIT", b"221"),
    ]  # fmt: skip
    for command, answer in talk:
        assert line.hear(command + b"\r\n").startswith(answer), command
    assert line.shut_down


def test_passive_ports_are_named_as_old_clients_read_them(place: Any) -> None:
    line = control(place)
    said = line.hear(b"PASV\r\n")
    numbers = [int(word) for word in re.findall(rb"\d+", said)[1:]]
    assert numbers[:4] == [203, 0, 113, 9]
    entered(place, line, numbers[4] * 256 + numbers[5])


def test_a_listing_tells_what_is_old(place: Any) -> None:
    disk = place.house.files.disk("up.example.com")
    disk.put("/root/old", File(size=5, modified=0.0, mode=0o755))
    assert [*listing.long(disk, "/root/old")] == [b"-rwxr-xr-x    1 1001     1001            5 Jan 01  1970 old\r\n"]
    assert Ftp.VERBS[b"PASV"] is session.Session.VERBS[b"PASV"]
