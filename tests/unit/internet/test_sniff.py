"""The sniff table: first bytes first, then the port; every row leads to a talker."""

import inspect
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from honeyweights.containers.internet import rules, sniff
from honeyweights.containers.internet.protocols.raw import Raw
from honeyweights.containers.internet.talk import Remote, Talker


@pytest.mark.parametrize(
    ("first", "port", "name"),
    [
        (b"\x16\x03\x01\x02\x00\x01", 443, "tls"),
        (b"\x16\x03", 9999, "tls"),
        (b"\x16", 443, None),
        (b"\x16\x04", 443, "raw"),
        (b"SSH-2.0-OpenSSH_9.2p1", 22, "ssh"),
        (b"SSH-", 443, "ssh"),
        (b"SSH", 22, None),
        (b"GET /", 22, "http"),
        (b"GET http://x/", 3128, "http"),
        (b"CONNECT x:1", 3128, "http"),
        (b"OPTIONS *", 80, "http"),
        (b"GET ", 80, None),
        (b"GE", 80, None),
        (b"GETTING on", 80, "raw"),
        (b"GET me out", 80, "raw"),
        (b"get /", 80, "raw"),
        (b"\x00\x1d\x12\x34\x01\x00\x00\x01\x00\x00", 53, "dns"),
        (b"\x00\x1d\x12\x34\x01\x00", 53, None),
        (b"\x00\x1d\x12\x34\x81\x00\x00\x01", 53, "raw"),
        (b"\x00\x1d\x12\x34\x01\x00\x00\x01\x00\x00", 5300, "raw"),
        (b"{}", 80, "raw"),
        (b"\x00" * 64, 1, "raw"),
    ],
)
def test_first_bytes_decide(first: bytes, port: int, name: str | None) -> None:
    found = sniff.find(first, port)
    assert (found and found.name) == name


@given(st.binary(max_size=80), st.sampled_from([21, 22, 53, 80, 443, 31337]))
def test_more_bytes_never_change_a_decision(first: bytes, port: int) -> None:
    decided = None
    for end in range(len(first) + 1):
        found = sniff.find(first[:end], port) if end else None
        if decided is not None and found is not None:
            assert found is decided
        decided = decided or found
    if len(first) >= rules.HELD:
        assert decided is not None


def test_every_row_leads_to_a_talker() -> None:
    assert sniff.RULES[-1].name == "raw"
    for rule in sniff.RULES:
        made = sniff.load(rule.talker)
        assert inspect.isclass(made)
        assert issubclass(made, Talker)
    for row in sniff.DATAGRAMS:
        assert list(inspect.signature(sniff.load(row.answer)).parameters)[1] == "data" or row.name == "ntp"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=80)
@given(
    data=st.binary(min_size=1, max_size=300),
    port=st.sampled_from([21, 22, 53, 80, 443, 853, 9999]),
    step=st.integers(1, 300),
    end=st.booleans(),
)
def test_no_byte_goes_by_uncaptured(new_place: Callable[[], Any], data: bytes, port: int, step: int, end: bool) -> None:
    """Whatever comes, at whatever port, in whatever pieces: every byte can be found again."""
    place = new_place()
    line = place.line(port)
    line.hear(data, step)
    (line.talker.ended if end else line.talker.broken)()
    place.house.ledger.flush()
    found = place.all_bytes()
    assert data in found or sum(r["sent"] for r in place.receipts()) >= len(data)


def test_a_silent_client_is_greeted_and_one_that_speaks_is_not(place: Any) -> None:
    silent, spoken = place.line(25), place.line(25)
    assert len(silent.timers) == len(spoken.timers) == 1
    spoken.hear(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    spoken.timers[0]()
    silent.timers[0]()
    assert silent.said == b"220 up.example.com ESMTP Postfix (Debian/GNU)\r\n"
    assert spoken.said.startswith(b"HTTP/1.1 200 OK\r\n")
    assert place.line(80).timers == []


@pytest.mark.parametrize(
    ("port", "greeting"),
    [
        (2526, b"220 up.example.com ESMTP"), (2121, b"220 "), (8021, b"220 "), (1143, b"* OK "), (1110, b"+OK "), (2323, b"\xff\xfd"),
        (3307, b"[\0\0\0\n8.0"),
    ],
)  # fmt: skip
def test_usual_other_ports_are_greeted_too(place: Any, port: int, greeting: bytes) -> None:
    line = place.line(port)
    line.timers[0]()
    assert bytes(line.said).startswith(greeting)


def test_no_port_has_two_who_greet() -> None:
    for kind in ("greets", "greets_inside"):
        ports = [port for rule in sniff.RULES for port in getattr(rule, kind)]
        assert len(ports) == len(set(ports))
        assert not {80, 443, 3000, 5000, 8000, 8080, 8443, 31337} & set(ports)


def test_what_nobody_knew_is_raw_at_the_end(place: Any) -> None:
    line = place.line(80)
    assert line.hear(b"GE", 1) == b""
    line.talker.ended()
    assert place.brief() == [("tcp", "raw-tcp", None, None, 2, True)]
    assert line.shut_down


def test_a_flush_puts_down_what_is_held_and_the_rest_follows(place: Any) -> None:
    line = place.line(80)
    line.hear(b"POS")
    line.talker.flush()
    assert isinstance(line.talker, Raw)
    line.hear(b"T / HTTP/1.1")
    line.talker.ended()
    assert [place.payload(r) for r in place.receipts()] == [b"POS", b"T / HTTP/1.1"]


def test_datagrams_go_by_port(place: Any) -> None:
    remote = Remote("203.0.113.9", 7, None)
    assert sniff.datagram(remote, b"echo", place.house) == (None, False)
    assert sniff.datagram(remote._replace(port=53), b"no question", place.house) == (None, False)
