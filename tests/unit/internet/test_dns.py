"""DNS: answered properly, every question kept, whatever else a packet carries too."""

from collections.abc import Callable
from typing import Any

import pytest
from dnslib import EDNS0, QTYPE, RCODE, RR, TXT, DNSHeader, DNSQuestion, DNSRecord, EDNSOption
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from honeyweights.containers.internet.protocols.dns.server import NotDns, answer, parse
from honeyweights.containers.internet.talk import Remote

RESOLVER = Remote("10.64.7.1", 53, None, ("10.64.7.23", 5353))


def ask(place: Any, name: str, kind: str = "A", record: DNSRecord | None = None) -> DNSRecord:
    question = record or DNSRecord.question(name, kind)
    reply, taken = answer(RESOLVER, question.pack(), place.house)
    assert taken
    assert reply is not None
    parsed = DNSRecord.parse(reply)
    assert (parsed.header.id, parsed.header.qr, parsed.header.ra) == (question.header.id, 1, 1)
    return parsed


def kinds(reply: DNSRecord) -> list[str]:
    return [QTYPE[record.rtype] for record in reply.rr]


def test_addresses_are_those_of_the_name_table(place: Any) -> None:
    assert str(ask(place, "up.example.com").rr[0].rdata) == place.house.names.address("up.example.com", 4)
    assert str(ask(place, "up.example.com", "AAAA").rr[0].rdata) == place.house.names.address("up.example.com", 6)
    assert kinds(ask(place, "up.example.com", "ANY")) == ["A", "AAAA"]
    assert [record["name"] for record in place.records("name")] == ["up.example.com"] * 2


@pytest.mark.parametrize(
    ("name", "kind", "found"),
    [
        ("example.com", "MX", ["MX"]),
        ("example.com", "TXT", ["TXT"]),
        ("example.com", "NS", ["NS", "NS"]),
        ("example.com", "SOA", ["SOA"]),
        ("www.example.com", "MX", []),
        ("example.com", "SRV", []),
        ("example.com", "HTTPS", []),
        ("example.com", "CAA", []),
    ],
)
def test_other_kinds_are_answered_or_nodata_with_the_zone(place: Any, name: str, kind: str, found: list[str]) -> None:
    reply = ask(place, name, kind)
    assert kinds(reply) == found
    assert reply.header.rcode == RCODE.NOERROR
    assert [QTYPE[record.rtype] for record in reply.auth] == ([] if found else ["SOA"])


@pytest.mark.parametrize("name", ["nosuch.invalid", "shortname"])
def test_what_does_not_exist_is_nxdomain(place: Any, name: str) -> None:
    reply = ask(place, name)
    assert reply.header.rcode == RCODE.NXDOMAIN
    assert [QTYPE[record.rtype] for record in reply.auth] == ["SOA"]


def test_the_way_back_from_an_address(place: Any) -> None:
    address = place.house.names.address("up.example.com", 4)
    back = ".".join(reversed(address.split("."))) + ".in-addr.arpa"
    assert str(ask(place, back, "PTR").rr[0].rdata) == "up.example.com."
    import ipaddress  # noqa: PLC0415  # used once

    long = ipaddress.ip_address(place.house.names.address("up.example.com", 6)).reverse_pointer
    assert str(ask(place, long, "PTR").rr[0].rdata) == "up.example.com."
    assert ask(place, "8.8.8.8.in-addr.arpa", "PTR").header.rcode == RCODE.NXDOMAIN


def test_edns_is_answered_in_kind_and_zone_transfers_are_refused(place: Any) -> None:
    question = DNSRecord.question("example.com")
    question.add_ar(EDNS0(udp_len=4096))
    reply = ask(place, "", record=question)
    assert [QTYPE[record.rtype] for record in reply.ar] == ["OPT"]
    assert ask(place, "example.com", "AXFR").header.rcode == RCODE.REFUSED
    other = DNSRecord(DNSHeader(id=4, opcode=5), q=DNSQuestion("example.com"))
    assert ask(place, "", record=other).header.rcode == RCODE.NOTIMP


def test_questions_are_payload_for_whoever_owns_the_suffix(place: Any) -> None:
    for name in ("AbC123.leak.example.com", "def.leak.example.com", "docs.example.org"):
        ask(place, name)
    place.clock += 6
    place.house.flows.sweep()
    receipts = {r["host"]: r for r in place.receipts()}
    assert place.payload(receipts["example.com"]) == b"AbC123.leak.example.com\ndef.leak.example.com\n"
    assert place.payload(receipts["example.org"]) == b"docs.example.org\n"
    assert {(r["channel"], r["protocol"], r["address"], r["port"]) for r in receipts.values()} == {("dns", "dns", "10.64.7.1", 53)}


def test_what_a_packet_carries_beside_its_question_is_kept(place: Any) -> None:
    question = DNSRecord.question("example.com")
    question.add_ar(EDNS0(udp_len=4096, opts=[EDNSOption(65001, b"stolen" * 40)]))
    ask(place, "", record=question)
    update = DNSRecord(DNSHeader(id=4, opcode=5), q=DNSQuestion("example.com"))
    update.add_answer(RR("x.example.com", QTYPE.TXT, rdata=TXT("more of it")))
    ask(place, "", record=update)
    place.house.ledger.flush()
    extra = next(r for r in place.receipts() if r["protocol"] == "dns-extra")
    assert b"stolen" * 40 in place.payload(extra)
    assert b"more of it" in place.payload(extra)


def test_over_tcp_messages_follow_one_another(place: Any) -> None:
    line = place.line(53)
    packets = [DNSRecord.question(name).pack() for name in ("a.example.com", "b.example.com")]
    said = line.hear(b"".join(len(packet).to_bytes(2, "big") + packet for packet in packets) + b"\x00", 1)
    size = int.from_bytes(said[:2], "big")
    assert kinds(DNSRecord.parse(said[2 : 2 + size])) == ["A"]
    assert kinds(DNSRecord.parse(said[4 + size :])) == ["A"]
    line.talker.ended()
    assert [(r["protocol"], place.payload(r)) for r in place.receipts()] == [("raw-tcp", b"\x00")]
    assert line.shut_down


def test_over_tcp_what_is_no_question_is_raw(place: Any) -> None:
    line = place.line(53)
    bad = b"\x00\x20" + b"\x12\x34\x01\x00\x00\x01" + b"\xc0" * 60
    line.hear(bad, 9)
    line.hear(b"more")
    line.talker.ended()
    assert [place.payload(r) for r in place.receipts()] == [bad + b"more"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=300)
@given(
    data=st.one_of(
        st.binary(max_size=600), st.binary(max_size=200).map(lambda tail: b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00" + tail)
    )
)
def test_any_garbage_is_a_question_or_the_one_error(new_place: Callable[[], Any], data: bytes) -> None:
    try:
        question = parse(data)
    except NotDns:
        return
    assert question.header.qr == 0
    reply, taken = answer(RESOLVER, data, new_place().house)
    assert taken
    assert reply is not None
    assert reply[:2] == data[:2]
