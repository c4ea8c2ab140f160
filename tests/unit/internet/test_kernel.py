"""What the kernel logged: pings, refused, dropped, SYN data, odd protocols."""

import socket
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from honeyweights.containers.internet import kernel as kernel_module
from honeyweights.containers.internet.kernel import Kernel, parse


def v4(proto: int, body: bytes, to: str = "203.0.113.9", options: bytes = b"", cut: int = 0) -> bytes:
    words = 5 + len(options) // 4
    head = struct.pack(
        "!BBHHHBBH4s4s",
        0x40 | words,
        0,
        4 * words + len(body) + cut,
        0,
        0,
        64,
        proto,
        0,
        socket.inet_aton("10.64.7.23"),
        socket.inet_aton(to),
    )
    return head + options + body


def v6(proto: int, body: bytes, extensions: bytes = b"", first: int | None = None) -> bytes:
    head = struct.pack("!IHBB", 6 << 28, len(extensions) + len(body), proto if first is None else first, 64)
    return head + socket.inet_pton(socket.AF_INET6, "fd07:64::23") + socket.inet_pton(socket.AF_INET6, "2001:db8::9") + extensions + body


def tcp(port: int, payload: bytes = b"", sequence: int = 1) -> bytes:
    return struct.pack("!HHIIBBHHH", 40000, port, sequence, 0, 0x50, 2, 0, 0, 0) + payload


def udp(port: int, payload: bytes) -> bytes:
    return struct.pack("!HHHH", 40000, port, 8 + len(payload), 0) + payload


@pytest.fixture(name="kernel")
def _kernel(place: Any) -> Kernel:
    return Kernel(place.house.ledger, place.house.names, place.house.flows)


def test_pings_are_one_contact_and_their_data_one_receipt(place: Any, kernel: Kernel) -> None:
    place.house.names.configure(b"s", {"up.example.com": "203.0.113.9"})
    for data in (b"first ", b"second"):
        kernel.logged("ping", v4(1, b"\x08\x00\x00\x00\x00\x01\x00\x01" + data))
    kernel.logged("ping", v6(58, b"\x80\x00\x00\x00\x00\x01\x00\x01six"))
    place.house.ledger.flush()
    assert [(c["how"], c["proto"], c["address"], c["host"]) for c in place.records("contact")] == [
        ("icmp", "icmp", "203.0.113.9", "up.example.com"),
        ("icmp", "icmp", "2001:db8::9", None),
    ]
    assert [(r["channel"], r["protocol"], place.payload(r)) for r in place.receipts()] == [
        ("icmp", "icmp-echo", b"first second"),
        ("icmp", "icmp-echo", b"six"),
    ]


@pytest.mark.parametrize("why", ["refused", "dropped"])
def test_a_closed_port_is_a_contact_once_for_all_retries(place: Any, kernel: Kernel, why: str) -> None:
    for _ in range(3):
        kernel.logged(why, v4(6, tcp(8080)))
    kernel.logged(why, v4(6, tcp(8080, sequence=2)))
    assert [(c["how"], c["proto"], c["port"]) for c in place.records("contact")] == [(why, "tcp", 8080)] * 2
    assert place.receipts() == []


def test_data_in_a_syn_has_left_and_is_kept(place: Any, kernel: Kernel) -> None:
    kernel.logged("refused", v4(6, tcp(80, b"early")))
    assert [(r["protocol"], place.payload(r), r["finished"]) for r in place.receipts()] == [("syn-data", b"early", False)]


def test_refused_datagrams_are_kept(place: Any, kernel: Kernel) -> None:
    for why, port in (("quic", 443), ("trace", 33434), ("dropped", 9), ("group", 5353)):
        kernel.logged(why, v4(17, udp(port, why.encode())))
    place.house.ledger.flush()
    assert [(r["protocol"], r["port"], place.payload(r)) for r in place.receipts()] == [
        ("quic", 443, b"quic"),
        ("raw-udp", 33434, b"trace"),
        ("raw-udp", 9, b"dropped"),
        ("multicast", 5353, b"group"),
    ]
    assert [(c["how"], c["port"]) for c in place.records("contact")] == [("refused", 443), ("refused", 33434), ("dropped", 9)]


def test_odd_protocols_and_options_are_kept(place: Any, kernel: Kernel) -> None:
    kernel.logged("other", v4(136, b"udplite"))
    kernel.logged("options", v4(17, udp(9, b"x"), options=b"\x94\x04AB"))
    kernel.logged("options", v6(17, udp(9, b"x"), extensions=b"\x11\x00\x01\x04leak", first=60))
    place.house.ledger.flush()
    assert [(r["channel"], r["protocol"], place.payload(r)) for r in place.receipts()] == [
        ("udp", "ip-136", b"udplite"),
        ("udp", "ip-options", b"\x94\x04AB"),
        ("udp", "ip-options", b"\x11\x00\x01\x04leak"),
    ]


def test_what_the_log_cut_is_counted(place: Any, kernel: Kernel) -> None:
    kernel.logged("ping", v4(1, b"\x08\x00\x00\x00\x00\x01\x00\x01x", cut=4))
    assert place.records("lost") == [{"what": "packet", "count": 1, "bytes": 4}]


def test_memory_of_attempts_is_bounded(place: Any, kernel: Kernel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel_module, "REMEMBERED", 4)
    for sequence in range(100):
        kernel.logged("refused", v4(6, tcp(80, sequence=sequence)))
    assert len(kernel._seen) == 4


@given(st.binary(max_size=120))
def test_any_bytes_are_a_packet_or_none(raw: bytes) -> None:
    packet = parse(raw)
    assert packet is None or packet.proto < 256


@given(st.binary(max_size=100), st.sampled_from([1, 6, 17, 58, 136]))
def test_short_packets_never_raise(body: bytes, proto: int) -> None:
    packet = parse(v4(proto, body))
    assert packet is not None
    assert packet.body == body


def test_other_messages_of_icmp_are_named_by_their_type(place: Any, kernel: Kernel) -> None:
    kernel.logged("ping", v4(1, b"\x0d\x00\x00\x00\x00\x01\x00\x01timestamps"))
    place.house.ledger.flush()
    assert [(r["protocol"], place.payload(r)) for r in place.receipts()] == [("icmp-13", b"timestamps")]
