"""DNS by hand says what the library says, and leaves alone what it does not know."""

from typing import Any

import pytest
from dnslib import EDNS0, QTYPE, RCODE, DNSRecord
from hypothesis import given
from hypothesis import strategies as st

from honeyweights.containers.internet import tlds
from honeyweights.containers.internet.protocols.dns import quick, server
from honeyweights.containers.internet.talk import Remote

RESOLVER = Remote("10.64.7.1", 53, None, ("10.64.7.23", 5353))


def question(name: str, kind: str = "A", *, edns: bool = False) -> bytes:
    made = DNSRecord.question(name, kind)
    if edns:
        made.add_ar(EDNS0(udp_len=1232))
    return bytes(made.pack())


@pytest.mark.parametrize("edns", [False, True])
@pytest.mark.parametrize("kind", ["A", "AAAA"])
@pytest.mark.parametrize("name", ["up.example.com", "A-b_C." + "x" * 63 + ".example.com", "www.halden.internal"])
def test_it_says_what_the_library_says(place: Any, name: str, kind: str, edns: bool) -> None:
    packet = question(name, kind, edns=edns)
    asked = quick.parse(packet, server.USUAL_OPTIONS)
    assert asked is not None
    mine = DNSRecord.parse(quick.reply(packet, asked, place.house.names))
    theirs = DNSRecord.parse(server.reply(server.parse(packet), place.house.names))
    assert asked.name == name
    assert [str(record) for record in mine.rr] == [str(record) for record in theirs.rr]
    assert (mine.header.bitmap, mine.header.id, len(mine.ar)) == (theirs.header.bitmap, theirs.header.id, len(theirs.ar))


@pytest.mark.parametrize(
    "packet",
    [
        b"", b"\0" * 12, question("example.com", "MX"), question("single"), question("we ird.example.com"),
        question("a.example.com") + b"behind", question("a.example.com", edns=True) + b"behind", question("a.example.com")[:-1],
        b"\1\2\x81\0" + question("a.example.com")[4:], question("a.example.com")[:12] + b"\xc0\x0c\0\1\0\1",
    ],
    ids=["nothing", "zeros", "MX", "one label", "a space", "more behind", "more behind EDNS", "cut", "an answer", "a pointer"],
)  # fmt: skip
def test_what_is_unusual_is_not_for_it(packet: bytes) -> None:
    assert quick.parse(packet, server.USUAL_OPTIONS) is None


@given(st.binary(max_size=60))
def test_no_garbage_raises(tail: bytes) -> None:
    asked = quick.parse(b"\1\2\1\0\0\1\0\0\0\0\0\0" + tail, server.USUAL_OPTIONS)
    assert asked is None or b"." in asked.name.encode()


def test_names_below_no_top_level_domain_do_not_exist(place: Any) -> None:
    names = place.house.names
    assert [names.exists(name) for name in ("a.com", "a.co.uk", "a.nosuchtld", "a.internal", "a.lan", "a.test")] == [
        True,
        True,
        False,
        True,
        True,
        False,
    ]
    assert {"com", "org", "xn--p1ai"} <= tlds.TOP_LEVEL
    said, _ = server.datagram(RESOLVER, question("a.nosuchtld"), place.house)
    assert DNSRecord.parse(said).header.rcode == RCODE.NXDOMAIN


def test_what_is_too_long_by_udp_is_cut_and_whole_by_tcp(place: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "SHORT", 40)
    packet = question("example.com", "NS")
    cut = DNSRecord.parse(server.datagram(RESOLVER, packet, place.house)[0])
    assert (cut.header.tc, cut.rr) == (1, [])
    assert [QTYPE[record.rtype] for record in DNSRecord.parse(server.answer(RESOLVER, packet, place.house)[0]).rr] == ["NS", "NS"]
    wide = DNSRecord.parse(server.datagram(RESOLVER, question("example.com", "NS", edns=True), place.house)[0])
    assert wide.header.tc == 0
