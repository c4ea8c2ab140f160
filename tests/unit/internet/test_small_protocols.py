"""Smaller protocols as dialogues: what the client is told, and that all it said is one receipt."""

from collections.abc import Callable
from typing import Any

import pytest

from honeyweights.containers.internet import sniff
from honeyweights.containers.internet.protocols import databases, irc, lpd, mqtt, question, stores, syslog, terminal
from honeyweights.containers.internet.talk import Remote

STEPS = pytest.mark.parametrize("step", [1, 5, None])


def greeted(line: Any) -> Any:
    for timer in line.timers:
        timer()
    return line


@STEPS
@pytest.mark.parametrize(
    ("port", "protocol", "asked", "answer"),
    [
        (79, "finger", b"c2VjcmV0\r\n", b"finger: c2VjcmV0: no such user.\r\n"),
        (79, "finger", b"\r\n", b"No one logged on.\r\n"),
        (43, "whois", b"leak.example.com\r\n", b'No match for domain "LEAK.EXAMPLE.COM".\r\n'),
        (70, "gopher", b"/x\r\n", b"3'/x' does not exist (no handler found)\t\terror.host\t1\r\n.\r\n"),
        (113, "ident", b"1,2\r\n", b"1,2 : ERROR : NO-USER\r\n"),
        (6667, "irc", b"NICK a\r\nUSER b 0 * :c\r\nJOIN #x\r\nPRIVMSG #x :\x01DCC SEND w 1 2 3\x01\r\nPING 7\r\nQUIT\r\n",
         b":up.example.com 001 a :"),
        (6667, "irc", b"CAP LS 302\r\nNICK a\r\nUSER b 0 * :c\r\nCAP END\r\nPART #x\r\n", b":up.example.com CAP * LS :\r\n"),
        (11211, "memcached", b"set k 0 0 5\r\nhello\r\nget k\r\n", b"STORED\r\nVALUE k 0 5\r\nhello\r\nEND\r\n"),
        (11211, "memcached", b"set k 0 0 1 noreply\r\nx\r\nversion\r\nwhat\r\nquit\r\n", b"VERSION 1.6.18\r\nERROR\r\n"),
        (6379, "redis", b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$4\r\n\r\n\r\n\r\nGET k\r\n*2\r\n$3\r\nGET\r\n$1\r\nn\r\n",
         b"+OK\r\n$4\r\n\r\n\r\n\r\n$-1\r\n"),
        (6379, "redis", b"PING\r\nLPUSH a b c\r\nECHO hi\r\nKEYS *\r\nFLY\r\nINFO\r\nQUIT\r\n",
         b"+PONG\r\n:2\r\n$2\r\nhi\r\n*0\r\n-ERR unknown command 'FLY'\r\n"),
        (6379, "redis", b"APPEND k ab\r\nAPPEND k cd\r\nSETRANGE k 6 e\r\nSTRLEN k\r\nGET k\r\nTYPE k\r\nSETRANGE k x e\r\nAPPEND\r\n",
         b":2\r\n:4\r\n:7\r\n:7\r\n$7\r\nabcd\0\0e\r\n+string\r\n-ERR value is not an integer or out of range\r\n-ERR value is"),
        (6379, "redis", b"INCR n\r\nLLEN l\r\nHGET h f\r\nHGETALL h\r\nTYPE x\r\nSTRLEN x\r\nXADD s * f v\r\n",
         b":1\r\n:0\r\n$-1\r\n*0\r\n+none\r\n:0\r\n$15\r\n1"),
        (1883, "mqtt", b"\x10\x0c\0\4MQTT\4\2\0\x3c\0\0\x32\x09\0\1t\0\7data\xc0\0\xe0\0", b"\x20\2\0\0\x40\2\0\7\xd0\0"),
        (1883, "mqtt", b"\x10\x0d\0\4MQTT\5\2\0\x3c\0\0\0\x34\x06\0\1t\0\7\0\x62\2\0\7\x82\6\0\1\0\0\1t",
         b"\x20\3\0\0\0\x50\2\0\7\x70\2\0\7\x90\4\0\1\0\0"),
        (513, "rlogin", b"\0me\0you\0xterm/38400\0secret\r", b"\0Password: \r\nlogin: Login incorrect\r\nPassword: "),
        (514, "rsh", b"0\0me\0you\0cat > f\0weights", b"\0"),
        (512, "rexec", b"\0me\0pw\0cat > f\0weights", b"\0"),
        (601, "syslog", b"<13>1 - - - - - - weights", b""),
        (514, "syslog", b"22 <13>1 - - - - - - weights", b""),
        (5432, "postgres", b"\0\0\0\x08\x04\xd2\x16\x2f\0\0\0\x0a\0\3\0\0a\0p\0\0\0\6x\0", b"NR\0\0\0\x08\0\0\0\3R\0\0\0\x08\0\0\0\0S"),
    ],
)  # fmt: skip
def test_the_client_hears_what_it_wants_and_all_it_said_is_kept(  # noqa: PLR0917  # the table's columns
    place: Any, port: int, protocol: str, asked: bytes, answer: bytes, step: int | None
) -> None:
    line = place.line(port)
    assert line.hear(asked, step).startswith(answer)
    line.talker.ended()
    assert [(r["channel"], r["protocol"], place.payload(r), r["finished"]) for r in place.receipts()] == [("tcp", protocol, asked, True)]


def test_a_long_publication_is_not_held(place: Any) -> None:
    line = place.line(1883)
    size = 3_000_000
    line.hear(b"\x10\x0c\0\4MQTT\4\2\0\x3c\0\0")
    published = (
        b"\x32" + bytes([size & 127 | 128, size >> 7 & 127 | 128, size >> 14 & 127 | 128, size >> 21]) + b"\0\1t\0\7" + b"w" * (size - 5)
    )
    assert line.hear(published + b"\xc0\0", 100_000) == b"\x40\2\0\7\xd0\0"
    line.talker.ended()
    assert place.receipts()[0]["sent"] == 14 + len(published) + 2


def test_a_terminal_asks_who_is_there(place: Any) -> None:
    line = greeted(place.line(23))
    said = line.hear(b"\xff\xfb\x18me\r\0pw\r\nls -l\r\nexit\r\n")
    assert said.count(b"Password: ") == 1
    assert b"-bash: ls: command not found" in said
    assert line.shut_down
    assert terminal.spoken(b"a\xff\xfd\x01b\xff\xfa\x18\0x\xff\xf0c") == b"abc"


def test_the_second_channel_of_a_remote_shell_is_opened_and_ends_with_it(place: Any) -> None:
    called: list[tuple[Remote, Callable[..., Any]]] = []
    place.house.dial = lambda remote, opens, _failed: called.append((remote, opens))
    line = place.line(514)
    line.hear(b"1021\0")
    ((remote, opens),) = called
    assert remote.source == ("10.64.7.23", 1021)
    second = place.line(1022)
    second.talker = opens(second, place.house)
    assert line.hear(b"me\0you\0cat > f\0weights") == b"\0"
    line.talker.ended()
    assert second.shut_down
    assert [r["protocol"] for r in place.receipts()] == ["rsh"]


def test_databases_of_the_lab_greet_and_refuse(place: Any) -> None:
    asks = place.line(5432, "db.halden.internal")
    assert asks.hear(b"\0\0\0\x0a\0\3\0\0a\0p\0\0\0\6x\0", 1).startswith(b"R\0\0\0\x08\0\0\0\3E")
    assert asks.shut_down
    line = greeted(place.line(3306, "db.halden.internal"))
    assert databases.VERSION in line.said
    assert b"Access denied" in line.hear(b"\x05\0\0\1login", 2)
    assert line.shut_down
    assert databases.postgres(b"\0\0\0\x20\0\3\0\0") is True


def test_a_print_job_is_a_receipt_a_file(place: Any) -> None:
    line = place.line(515)
    assert (
        line.hear(b"\2office\n\2004 cfA\nHws\n\0\3007 dfA\nweights\0".replace(b"\2004", b"\x024").replace(b"\3007", b"\x037"), 3)
        == b"\0" * 5
    )
    line.talker.ended()
    assert place.brief()[:2] == [("tcp", "lpd", "print", "cfA", 4, True), ("tcp", "lpd", "print", "dfA", 7, True)]
    endless = place.line(515)
    endless.hear(b"\2office\n\x030 dfB\nuntil the end")
    endless.talker.ended()
    assert ("tcp", "lpd", "print", "dfB", 13, True) in place.brief()
    assert isinstance(place.line(515).talker, sniff.Sniffer)
    assert lpd.PORT == {515}


def test_syslog_datagrams_are_named(place: Any) -> None:
    remote = Remote("203.0.113.9", 514, None, ("10.64.7.23", 5))
    assert sniff.datagram(remote, b"<13>weights", place.house) == (None, True)
    assert sniff.datagram(remote, b"", place.house) == (None, False)
    place.house.flows.end()
    assert place.brief() == [("udp", "syslog", None, None, 11, True)]
    assert [syslog.message(first) for first in (b"<1", b"12 ", b"x", b"<1>")] == [None, None, False, True]


def test_who_is_silent_hears_the_time_or_nothing(place: Any) -> None:
    assert b" UTC\r\n" in greeted(place.line(13)).said
    quiet = place.line(6667)
    quiet.talker.ended()
    assert [contact["how"] for contact in place.records("contact")] == ["empty"]
    assert question.SPEAKS == {13}
    assert irc.PORTS > {6667}
    assert stores.REMEMBERED > 1000
    assert mqtt.connects(b"\x10") is None
