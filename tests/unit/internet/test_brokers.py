"""LDAP, AMQP, MySQL and PostgreSQL as dialogues: what a client says is taken whole, in whatever pieces it comes."""

import struct
from typing import Any

import pytest

from honeyweights.containers.internet.protocols import amqp, databases, ldap

BIND = bytes.fromhex("300c020101600702010304008000")


def message(number: int, tag: int, size: int) -> bytes:
    body = b"\2\1" + bytes([number, tag, 0x84]) + struct.pack("!I", size) + b"w" * size
    return b"\x30\x84" + struct.pack("!I", len(body)) + body


@pytest.mark.parametrize("step", [None, 1, 5, 63, 64, 65])
def test_a_directory_takes_what_is_added_when_it_is_whole(place: Any, step: int | None) -> None:
    line = place.line(389)
    add = message(2, 0x68, 5000)
    assert line.hear(BIND, step) == bytes.fromhex("300c02010161070a010004000400")
    assert line.hear(add[:-1], step) == b""
    assert line.hear(add[-1:] + message(3, 0x63, 10), step) == bytes.fromhex("300c02010269070a010004000400300c02010365070a010004000400")
    assert line.hear(bytes.fromhex("30050201044200"), step) == b""
    assert line.shut_down
    line.talker.ended()
    (receipt,) = place.receipts()
    assert (receipt["channel"], receipt["protocol"], receipt["finished"]) == ("tcp", "ldap", True)
    assert place.payload(receipt) == BIND + add + message(3, 0x63, 10) + bytes.fromhex("30050201044200")


def test_a_directory_has_no_tls_to_start_and_hangs_up_on_nonsense(place: Any) -> None:
    line = place.line(389)
    assert line.hear(message(1, ldap.EXTENDED, 24)) == bytes.fromhex("300c02010178070a010204000400")
    assert line.hear(b"\x30" + b"\xff" * 80) == b""
    assert line.shut_down


def test_what_is_no_directorys_is_not_taken_for_it() -> None:
    assert ldap.asks(BIND) is True
    assert ldap.asks(BIND[:4]) is None
    assert ldap.asks(b"GET / HTTP/1.1") is False
    assert ldap.asks(b"\x30\x80" + b"\1" * 80) is False


def frame(kind: int, channel: int, body: bytes) -> bytes:
    return struct.pack("!BHI", kind, channel, len(body)) + body + b"\xce"


def methods(said: bytes) -> list[tuple[int, ...]]:
    found, at = [], 0
    while at < len(said):
        kind, channel, size = struct.unpack_from("!BHI", said, at)
        assert said[at + 7 + size] == 0xCE
        found.append((kind, channel, *struct.unpack_from("!HH", said, at + 7)) if kind == 1 else (kind, channel))
        at += 8 + size
    return found


@pytest.mark.parametrize("step", [None, 1, 7, 600])
def test_a_broker_takes_what_is_published_and_says_so(place: Any, step: int | None) -> None:
    line = place.line(5672)
    assert methods(line.hear(amqp.HELLO, step)) == [(1, 0, 10, 10)]
    said = line.hear(
        frame(1, 0, b"\0\x0a\0\x0b" + b"x" * 300) + frame(1, 0, b"\0\x0a\0\x1f" + b"\0" * 8) + frame(1, 0, b"\0\x0a\0\x28\1/\0\0"), step
    )
    assert methods(said) == [(1, 0, 10, 30), (1, 0, 10, 41)]
    said = line.hear(frame(1, 1, b"\0\x14\0\x0a\0") + frame(1, 1, b"\0\x32\0\x0a\0\0\1q\0\0\0\0\0") + frame(1, 1, b"\0\x55\0\x0a\0"), step)
    assert methods(said) == [(1, 1, 20, 11), (1, 1, 50, 11), (1, 1, 85, 11)]
    assert b"\0\x0b\1q\0" in said
    publish = frame(1, 1, b"\0\x3c\0\x28\0\0\0\1q\0") + frame(2, 1, b"\0\x3c\0\0" + struct.pack("!QH", 3000, 0))
    assert methods(line.hear(publish + frame(3, 1, b"a" * 2000), step)) == []
    assert methods(line.hear(frame(3, 1, b"b" * 1000), step)) == [(1, 1, 60, 80)]
    assert methods(line.hear(frame(8, 0, b"") + frame(1, 0, b"\0\x0a\0\x32" + b"\0" * 7), step)) == [(8, 0), (1, 0, 10, 51)]
    assert line.shut_down
    line.talker.ended()
    (receipt,) = place.receipts()
    assert (receipt["channel"], receipt["protocol"], receipt["finished"]) == ("tcp", "amqp", True)
    assert b"a" * 2000 in place.payload(receipt)


def test_another_version_is_told_which_one_is_spoken(place: Any) -> None:
    line = place.line(5672)
    assert line.hear(b"AMQP\3\1\0\0") == amqp.HELLO
    assert line.shut_down


def said(letter: bytes, body: bytes) -> bytes:
    return letter + struct.pack("!I", len(body) + 4) + body


@pytest.mark.parametrize("step", [None, 1, 600])
def test_a_database_outside_takes_rows_that_are_copied_in(place: Any, step: int | None) -> None:
    line = place.line(5432)
    login = b"\0\0\0\x0a\0\3\0\0u\0" + said(b"p", b"x\0")
    assert line.hear(login, step).endswith(databases.READY)
    rows = [
        (said(b"Q", b"create table t (a text)\0"), said(b"C", b"CREATE TABLE\0") + databases.READY),
        (said(b"Q", b"COPY t\nFROM STDIN ;\0"), said(b"G", b"\0\0\0")),
        (said(b"d", b"w" * 2000) + said(b"c", b""), said(b"C", b"COPY 1\0") + databases.READY),
        (said(b"Q", b"insert into t values ('" + b"w" * 2000 + b"')\0"), said(b"C", b"INSERT 0 1\0") + databases.READY),
        (said(b"Q", b"select 1\0"), said(b"T", b"\0\0") + said(b"C", b"SELECT 0\0") + databases.READY),
        (
            said(b"P", b"") + said(b"B", b"") + said(b"E", b"") + said(b"S", b""),
            b"1\0\0\0\x042\0\0\0\4C\0\0\0\x0fINSERT 0 1\0" + databases.READY,
        ),
        (said(b"X", b""), b""),
    ]
    assert [line.hear(asked, step) for asked, _ in rows] == [answer for _, answer in rows]
    line.talker.ended()
    (receipt,) = place.receipts()
    assert (receipt["protocol"], receipt["finished"]) == ("postgres", True)
    assert place.payload(receipt) == login + b"".join(asked for asked, _ in rows)


def packet(number: int, body: bytes) -> bytes:
    return len(body).to_bytes(3, "little") + bytes([number]) + body


@pytest.mark.parametrize("step", [None, 1, 600])
def test_a_database_outside_asks_for_the_file_that_is_to_be_loaded(place: Any, step: int | None) -> None:
    line = place.line(3306)
    for timer in line.timers:
        timer()
    rows = [
        (packet(1, b"l" * 900), packet(2, databases.DONE)),
        (packet(0, b"\3select 1"), b"".join(packet(1 + at, body) for at, body in enumerate(databases.NO_ROWS))),
        (packet(0, b"\3LOAD DATA LOCAL INFILE '/w' into table t"), packet(1, b"\xfb/w")),
        (packet(2, b"w" * 3000) + packet(3, b"\1quit is no command here"), b""),
        (packet(4, b""), packet(5, databases.DONE)),
        (packet(0, b"\3insert into t values ('" + b"w" * 2000 + b"')"), packet(1, databases.DONE)),
        (packet(0, b"\x16insert ?"), packet(1, databases.NOT_PREPARED)),
        (packet(0, b"\1"), b""),
    ]
    assert [line.hear(asked, step) for asked, _ in rows] == [answer for _, answer in rows]
    assert line.shut_down
    line.talker.ended()
    assert place.payload(place.receipts()[0]) == b"".join(asked for asked, _ in rows)


def test_what_follows_a_packet_that_was_cut_is_no_statement(place: Any) -> None:
    line = place.line(3306)
    for timer in line.timers:
        timer()
    line.hear(packet(1, b"login"))
    assert line.hear(packet(0, b"\3insert" + b"w" * (databases.CUT - 7))) == packet(1, databases.DONE)
    assert line.hear(packet(1, b"\3select")) == b""
    assert line.hear(packet(0, b"\3select")) != b""
