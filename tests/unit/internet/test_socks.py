"""SOCKS as a dialogue; what is inside the tunnel is named by itself."""

import socket
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from honeyweights.containers.internet import sniff
from honeyweights.containers.internet.protocols import socks
from honeyweights.containers.internet.protocols.socks.server import NOT_THERE

PUT = b"PUT /w HTTP/1.1\r\nHost: far.example.org\r\nContent-Length: 5\r\n\r\nhello"
NAME = b"\x0ffar.example.org"
PORT = (80).to_bytes(2, "big")
DIALOGUES = {
    "5 name": ([b"\5\1\0", b"\5\1\0\3" + NAME + PORT], [b"\5\0", b"\5\0\0\1" + NOT_THERE], "far.example.org", b""),
    "5 v4": ([b"\5\2\0\1", b"\5\1\0\1\xcb\0\x71\7" + PORT], [b"\5\0", b"\5\0\0\1" + NOT_THERE], "203.0.113.7", b""),
    "5 v6": (
        [b"\5\1\0", b"\5\1\0\4\x20\1\r\xb8" + b"\0" * 11 + b"\7" + PORT],
        [b"\5\0", b"\5\0\0\1" + NOT_THERE],
        "2001:db8::7",
        b"",
    ),
    "5 password": (
        [b"\5\2\0\2", b"\1\3bob\6secret", b"\5\1\0\3" + NAME + PORT],
        [b"\5\2", b"\1\0", b"\5\0\0\1" + NOT_THERE],
        "far.example.org",
        b"bob:secret",
    ),
    "4": ([b"\4\1" + PORT + b"\xcb\0\x71\7bob\0"], [b"\0\x5a" + NOT_THERE], "203.0.113.7", b"bob"),
    "4a": ([b"\4\1" + PORT + b"\0\0\0\1\0far.example.org\0"], [b"\0\x5a" + NOT_THERE], "far.example.org", b""),
}


@pytest.mark.parametrize("step", [None, 1])
@pytest.mark.parametrize("port", [1080, 31337])
@pytest.mark.parametrize("name", DIALOGUES)
def test_a_tunnel_is_named_by_what_is_inside(place: Any, name: str, port: int, step: int | None) -> None:
    asked, answers, host, secret = DIALOGUES[name]
    line = place.line(port, "proxy.example.com")
    assert [line.hear(question, step) for question in asked] == answers
    assert line.hear(PUT, step).startswith(b"HTTP/1.1 201 ")
    tunnel, put = place.receipts()
    assert (tunnel["channel"], tunnel["protocol"], tunnel["method"], tunnel["target"]) == ("tcp", "socks", "connect", f"{host}:80")
    assert place.payload(tunnel) == secret
    assert place.spool.path(tunnel["head"]).read_bytes() == b"".join(asked)
    assert (put["channel"], put["port"], put["via"], put["claimed"]) == ("http", 80, ["proxy.example.com"], "far.example.org")
    assert (put["host"] or put["address"]) == host
    assert place.payload(put) == b"hello"


def test_a_server_that_greets_does_so_inside(place: Any) -> None:
    line = place.line(1080, "proxy.example.com")
    line.hear(b"\5\1\0")
    line.hear(b"\5\1\0\3" + NAME + (25).to_bytes(2, "big"))
    for timer in line.timers:
        timer()
    assert line.said.split(NOT_THERE)[1].startswith(b"220 ")


def test_a_client_that_does_not_wait(place: Any) -> None:
    line = place.line(1080, "proxy.example.com")
    line.hear(b"\5\1\0" + b"\5\1\0\3" + NAME + PORT + PUT)
    assert place.payload(place.receipts()[-1]) == b"hello"


@pytest.mark.parametrize(("command", "method"), [(2, "bind"), (3, "associate"), (9, "odd")])
def test_other_commands_are_refused_properly(place: Any, command: int, method: str) -> None:
    line = place.line(1080, "proxy.example.com")
    line.hear(b"\5\1\0")
    assert line.hear(bytes((5, command, 0, 3)) + NAME + PORT) == b"\5\7\0\1" + NOT_THERE
    assert line.shut_down
    line.hear(b"all the same")
    line.talker.ended()
    assert [(r["method"], place.payload(r)) for r in place.receipts()] == [(method, b""), (None, b"all the same")]


@pytest.mark.parametrize(("how", "code"), [("refused", 5), ("dropped", 4)])
def test_a_closed_place_is_not_reached(place: Any, how: str, code: int) -> None:
    place.house.closed[place.house.names.address("far.example.org", 4), 80] = how
    line = place.line(1080, "proxy.example.com")
    line.hear(b"\5\1\0")
    assert line.hear(b"\5\1\0\3" + NAME + PORT) == bytes((5, code, 0, 1)) + NOT_THERE
    assert place.line(1080, "p.example.com").hear(b"\4\1" + PORT + b"\0\0\0\1\0far.example.org\0") == b"\0\x5b" + NOT_THERE
    assert [(c["how"], c["host"]) for c in place.records("contact")] == [(how, "far.example.org")] * 2


def test_a_name_is_resolved(place: Any) -> None:
    line = place.line(1080, "proxy.example.com")
    line.hear(b"\5\1\0")
    answer = line.hear(b"\5\xf0\0\3" + NAME + b"\0\0")
    assert answer == b"\5\0\0\1" + socket.inet_aton(place.house.names.address("far.example.org", 4)) + b"\0\0"
    assert [(r["method"], r["target"]) for r in place.receipts()] == [("resolve", "far.example.org:0")]


def test_a_name_of_unusual_length_is_payload(place: Any) -> None:
    line = place.line(1080, "proxy.example.com")
    line.hear(b"\5\1\0")
    line.hear(b"\5\1\0\3\xc8" + b"s" * 200 + PORT)
    assert place.payload(place.receipts()[0]) == b"s" * 200


def test_no_way_to_log_in(place: Any) -> None:
    line = place.line(1080, "proxy.example.com")
    assert line.hear(b"\5\1\1") == b"\5\xff"
    line.hear(b"so what")
    line.talker.ended()
    assert place.payload(place.receipts()[0]) == b"\5\1\1so what"


@pytest.mark.parametrize(
    ("first", "known"),
    [
        (b"\5\1\0", True), (b"\5\2\0", None), (b"\5\1\0x", False), (b"\5\1\xee", False), (b"\5", None), (b"\6\1\0", False),
        (b"\4\1\0\x50\x01\2\3\4", None), (b"\4\1\0\x50\x01\2\3\4\0", True), (b"\4\1\0\x50\x01\2\3\4\0more", False),
    ],
)  # fmt: skip
def test_elsewhere_a_beginning_stands_alone(first: bytes, known: bool | None) -> None:
    assert socks.alone(first) is known
    assert (sniff.find(first, 31337) or sniff.RULES[0]).name == "socks-anywhere" if known else True


def test_half_a_beginning_is_put_down(place: Any) -> None:
    line = place.line(1080, "proxy.example.com")
    line.hear(b"\5\1\0")
    line.hear(b"\5\1\0")
    line.talker.flush()
    line.talker.broken()
    assert [(r["protocol"], place.payload(r), r["finished"]) for r in place.receipts()] == [("socks", b"\5\1\0\5\1\0", False)]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=100)
@given(start=st.sampled_from([b"\5\1\0", b"\5\1\2", b"\4\1", b"\5\1\2\1"]), garbage=st.binary(max_size=400), step=st.integers(1, 90))
def test_no_byte_of_any_garbage_is_lost(new_place: Callable[[], Any], start: bytes, garbage: bytes, step: int) -> None:
    place = new_place()
    line = place.line(1080, "proxy.example.com")
    line.hear(start + garbage, step)
    line.talker.broken()
    assert len(place.all_bytes()) >= len(start + garbage)
