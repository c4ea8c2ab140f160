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
from honeyweights.containers.internet.protocols.socks.udp import Wrapped, parse
from honeyweights.containers.internet.talk import Remote

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


@pytest.mark.parametrize(("command", "method"), [(2, "bind"), (9, "odd")])
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


def associated(place: Any, said: list[tuple[Any, ...]]) -> tuple[Any, Remote]:
    """A line with an association, and the remote end of its datagrams."""
    place.house.names.configure(b"s", {"ns.example.org": "198.51.100.7", "far.example.org": "198.51.100.8"})
    place.house.say = lambda *row: said.append(row)
    line = place.line(1080, "proxy.example.com")
    line.hear(b"\5\1\0")
    answer = line.hear(b"\5\3\0\1" + NOT_THERE)
    assert answer[:8] == b"\5\0\0\1\xcb\0\x71\x09"
    return line, line.remote._replace(port=int.from_bytes(answer[8:], "big"), source=("10.64.7.23", 5555))


def test_datagrams_go_through_an_association_and_are_answered_from_where_they_went(place: Any) -> None:
    said: list[tuple[Any, ...]] = []
    line, door = associated(place, said)
    question = b"\7\7\1\0\0\1\0\0\0\0\0\0\1n\4leak\3com\0\0\1\0\1"
    heads = [b"\0\0\0\1\xc6\x33\x64\x07\0\x35", b"\0\0\0\3\x0fFar.example.org\x23\x28"]
    heads.append(b"\0\0\0\4\x20\1\r\xb8" + b"\0" * 11 + b"\7\x01\xbb")
    for head, data in zip(heads, (question, b"weights", b"quic"), strict=True):
        assert sniff.arrived(door, head + data, place.house) is None
    ((where, reply, by),) = said
    assert (where, reply[:12], by.address) == (door, heads[0] + b"\7\7", "198.51.100.7")
    line.talker.ended()
    place.house.flows.end()
    rows = [(r["protocol"], r["host"] or r["address"], r["port"], r["via"], place.payload(r)) for r in place.receipts()]
    assert rows == [
        ("socks", "proxy.example.com", 1080, [], b""),
        ("dns", "leak.com", 53, ["proxy.example.com"], b"n.leak.com\n"),
        ("raw-udp", "far.example.org", 9000, ["proxy.example.com"], b"weights"),
        ("quic", "2001:db8::7", 443, ["proxy.example.com"], b"quic"),
    ]
    assert next((r["method"], r["target"]) for r in place.receipts()) == ("associate", "0.0.0.0:0")
    assert place.house.doors.dropped(door) is None, "it ends with its connection"


def test_a_file_goes_by_tftp_through_an_association(place: Any) -> None:
    """Its transfer has a port of its own, of the host's and not of the proxy's: the answers come through the proxy all the same."""
    said: list[tuple[Any, ...]] = []
    _, door = associated(place, said)
    host = b"\0\0\0\3\x0ffar.example.org"
    sniff.arrived(door, host + b"\0\x45" + b"\0\2w\0octet\0", place.house)
    ((where, reply, _),) = said
    assert (where, reply[: len(host)], reply[-4:]) == (door, host, b"\0\4\0\0")
    port = reply[len(host) : len(host) + 2]
    assert port != b"\0\x45"
    sniff.arrived(door, host + port + b"\0\3\0\1" + b"weights", place.house)
    assert said[1:] == [(door, host + port + b"\0\4\0\1", None)]
    (receipt,) = [r for r in place.receipts() if r["protocol"] == "tftp"]
    assert (receipt["host"], receipt["via"], place.payload(receipt)) == ("far.example.org", ["proxy.example.com"], b"weights")
    sniff.arrived(door, host + b"\0\x45" + b"\0\1none\0octet\0", place.house)
    assert said[-1][:2] == (door, host + b"\0\x45" + b"\0\5\0\1File not found\0")


@pytest.mark.parametrize("data", [b"", b"\0", b"\0\0\1\1\xc6\x33\x64\x07\0\x35fragment", b"\0\0\0\3\x0fshort", b"\0\0\0\3\0\0\x35no name"])
def test_what_has_no_destination_is_kept_whole(place: Any, data: bytes) -> None:
    line, door = associated(place, [])
    sniff.arrived(door, data, place.house)
    line.talker.broken()
    place.house.flows.end()
    assert [data] * bool(data) == [place.payload(r) for r in place.receipts() if r["protocol"] == "socks-udp"]


def test_an_association_leads_to_no_closed_place_and_not_to_itself(place: Any) -> None:
    said: list[tuple[Any, ...]] = []
    _line, door = associated(place, said)
    place.house.closed["198.51.100.7", 53] = "dropped"
    sniff.arrived(door, b"\0\0\0\1\xc6\x33\x64\x07\0\x35closed", place.house)
    itself = b"\0\0\0\1\xcb\0\x71\x09" + door.port.to_bytes(2, "big")
    sniff.arrived(door, itself * 3000 + b"deep", place.house)
    place.house.flows.end()
    assert [b"closed", itself * 3000 + b"deep"] == [place.payload(r) for r in place.receipts() if r["protocol"] != "socks"]
    assert [("dropped", 53)] == [(c["how"], c["port"]) for c in place.records("contact")]
    assert said == []


HOSTS = st.ip_addresses() | st.from_regex(r"\A[a-z]{1,60}\.example\.org\Z", fullmatch=True)


@given(host=HOSTS, port=st.integers(0, 65535), data=st.binary(max_size=9))
def test_a_wrapped_datagram_is_read_as_it_was_written(host: Any, port: int, data: bytes) -> None:
    where = bytes([3, len(host)]) + host.encode() if isinstance(host, str) else bytes([1 if host.version == 4 else 4]) + host.packed
    head = bytes(3) + where + port.to_bytes(2, "big")
    shown = host if isinstance(host, str) else socket.inet_ntop(socket.AF_INET if host.version == 4 else socket.AF_INET6, host.packed)
    assert parse(head + data) == Wrapped(shown, port, head[:-2], data)
    assert [None] * len(head) == [parse(head[:cut]) for cut in range(len(head))]


@given(data=st.binary(max_size=40))
def test_any_datagram_is_wrapped_or_not(data: bytes) -> None:
    found = parse(data)
    assert found is None or found.head + found.payload == data
