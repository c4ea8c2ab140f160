"""Lines, content between them, and doors: nothing is lost however the bytes are cut."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from honeyweights.containers.internet import doors, lines, sniff
from honeyweights.containers.internet.protocols.amqp import Amqp
from honeyweights.containers.internet.protocols.databases import Mysql, Postgres
from honeyweights.containers.internet.protocols.ftp.server import Ftp
from honeyweights.containers.internet.protocols.imap.server import Imap
from honeyweights.containers.internet.protocols.irc import Irc
from honeyweights.containers.internet.protocols.ldap import Ldap
from honeyweights.containers.internet.protocols.lpd import Lpd
from honeyweights.containers.internet.protocols.mqtt import Mqtt
from honeyweights.containers.internet.protocols.nntp import Nntp
from honeyweights.containers.internet.protocols.pop3 import Pop3
from honeyweights.containers.internet.protocols.question import Question
from honeyweights.containers.internet.protocols.smb.server import Smb
from honeyweights.containers.internet.protocols.smtp.server import Smtp
from honeyweights.containers.internet.protocols.stores import Memcached, Redis
from honeyweights.containers.internet.protocols.syslog import Syslog
from honeyweights.containers.internet.protocols.terminal import Rlogin, Rsh, Telnet
from honeyweights.containers.internet.talk import Remote

TALKERS: list[tuple[type, int]] = [
    (Smtp, 25), (Imap, 143), (Pop3, 110), (Nntp, 119), (Ftp, 21), (Lpd, 515), (Question, 43), (Question, 79), (Telnet, 23), (Rlogin, 513),
    (Rsh, 514), (Rsh, 512), (Irc, 6667), (Mqtt, 1883), (Redis, 6379), (Memcached, 11211), (Mysql, 3306), (Postgres, 5432), (Smb, 445),
    (Syslog, 601), (Ldap, 389), (Amqp, 5672),
]  # fmt: skip
WORDS = [
    b"EHLO x\r\n", b"MAIL FROM:<a@b>\r\n", b"RCPT TO:<c@d>\r\n", b"BDAT 4\r\n", b"a1 LOGIN {3}\r\n", b"a APPEND x {9+}\r\n", b"USER x\r\n",
    b"PORT 1,2,3,4,5,6\r\n", b"EPRT |1|x|9|\r\n", b"*1\r\n$4\r\n", b"set k 0 0 3\r\n", b"\2q\n", b"\x0217 dfA\n", b"\x10\x0c\0\4MQTT\4\2",
    b"\x32\xff\x7f", b"\xff\xfa\x18", b"1022\0", b"\0\0\0\x48\xfeSMB" + b"\0" * 68, b"REST 9\r\n", b"NICK a\r\n",
    b"\0\0\0\x08\x04\xd2\x16\x2f", b"\0\0\0\x0a\0\3\0\0a\0", b"\x30\x0c\2\1\1\x60", b"\x30\x84\0\0\x20\0\2\1\1\x68", b"AMQP\0\0\x09\1",
    b"\1\0\0\0\0\0\4\0\x0a\0\x28\xce", b"\2\0\1\0\0\0\x0e\0\x3c\0\0\0\0\0\0\0\0\0\x09\0\0\xce", b"\5\0\0\1hello",
]  # fmt: skip
GARBAGE = st.lists(st.one_of(st.binary(max_size=90), st.sampled_from(WORDS)), max_size=8).map(b"".join)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=12)
@given(data=GARBAGE, step=st.sampled_from([1, 7, 100_000]))
@pytest.mark.parametrize(("talker", "port"), TALKERS)
def test_garbage_loses_no_byte_in_any_protocol(new_place: Callable[[], Any], talker: type, port: int, data: bytes, step: int) -> None:
    place = new_place()
    line = place.line(port)
    line.talker = talker(line, place.house)
    for at in range(0, len(data), step):
        line.talker.received(memoryview(bytearray(data[at : at + step])))
    line.talker.broken()
    assert sum(receipt["sent"] for receipt in place.receipts() if receipt["protocol"] != "rsh-errors") == len(data)
    assert not place.records("lost")


@pytest.mark.parametrize("step", [1, 2, 3, 5, 1000])
@pytest.mark.parametrize(
    ("wire", "text", "rest"),
    [
        (b"a\r\n.\r\nQUIT", b"a\r\n", b"QUIT"),
        (b".\r\nx", b"", b"x"),
        (b"..\r\n.a\r\n\r\n.\r\n", b".\r\na\r\n\r\n", b""),
        (b"a\n.\nb", b"a\n", b"b"),
        (b"a\r\n.\rb\r\n.\r\n", b"a\r\n\rb\r\n", b""),
    ],
)
def test_content_ends_with_a_line_of_one_dot(wire: bytes, text: bytes, rest: bytes, step: int) -> None:
    taken, ended, left = bytearray(), [], bytearray()
    dotted = lines.Dotted(taken.extend, lambda: ended.append(1))
    for at in range(0, len(wire), step):
        piece = wire[at : at + step]
        left += piece if ended else dotted(memoryview(piece))
    assert (bytes(taken), bytes(left), ended) == (text, rest, [1])


def test_what_is_held_back_of_unended_content_is_given_too() -> None:
    taken = bytearray()
    dotted = lines.Dotted(taken.extend, lambda: pytest.fail("it has not ended"))
    dotted(memoryview(b"a\r\n."))
    dotted.rest()
    assert taken == b"a\r\n."


def test_after_lines_without_sense_nobody_answers(place: Any) -> None:
    line = place.line(25)
    line.talker = Smtp(line, place.house)
    said = line.hear(b"nonsense\r\n" * (lines.PATIENCE + 20))
    assert said.count(b"500 ") == lines.PATIENCE + 1
    line.talker.ended()
    assert place.brief() == [("smtp", "smtp-commands", None, None, 10 * (lines.PATIENCE + 20), True)]


def test_a_door_is_for_one_connection_to_one_address(place: Any) -> None:
    house, marks = place.house, []
    port = house.doors.stream("203.0.113.9", lambda line, house: marks.append(port) or sniff.Sniffer(line, house))
    assert doors.FIRST <= port < doors.LAST
    assert house.doors.entered(Remote("203.0.113.8", port, None)) is None
    line = place.line(port)
    sniff.first(line, house)
    sniff.first(line, house)
    assert marks == [port]


def test_datagrams_come_through_a_door_until_it_is_shut(place: Any) -> None:
    house, came = place.house, []
    port = house.doors.datagrams("203.0.113.9", lambda remote, data: came.append((remote.port, data)))
    remote = Remote("203.0.113.9", port, None)
    assert sniff.datagram(remote, b"one", house) == (None, True)
    house.doors.shut("203.0.113.9", port)
    assert sniff.datagram(remote, b"two", house) == (None, False)
    assert came == [(port, b"one")]


def test_doors_are_bounded_and_differ() -> None:
    many = doors.Doors()
    ports = [many.stream("203.0.113.9", sniff.Sniffer) for _ in range(doors.MOST + 1)]
    assert len(set(ports)) == len(ports)
    assert many.entered(Remote("203.0.113.9", ports[0], None)) is None
    assert many.entered(Remote("203.0.113.9", ports[-1], None)) is sniff.Sniffer
