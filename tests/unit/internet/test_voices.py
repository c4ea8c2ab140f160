"""STUN, SIP, CoAP and XMPP as dialogues: what a client says is taken whole, in whatever pieces it comes, and answered as clients want."""

import base64
import socket
import struct
from typing import Any

import pytest

from honeyweights.containers.internet import sniff
from honeyweights.containers.internet.protocols import coap, sip, stun, xmpp
from honeyweights.containers.internet.protocols.raw import Raw
from honeyweights.containers.internet.talk import Remote

NUMBER = b"0123456789ab"


def remote(port: int) -> Remote:
    return Remote("203.0.113.9", port, "up.example.com", ("10.64.7.23", 40000))


def asked(kind: int, body: bytes = b"") -> bytes:
    return struct.pack("!HH", kind, len(body)) + stun.COOKIE + NUMBER + body


def seen(reply: bytes) -> tuple[str, int]:
    """The address in a reply's first attribute (RFC 8489, 14.2)."""
    kind, size, _, family, port = struct.unpack_from("!HHBBH", reply, 20)
    assert (kind, size, family) == (0x20, 8, 1)
    address = bytes(a ^ b for a, b in zip(reply[28:32], stun.COOKIE, strict=True))
    return socket.inet_ntoa(address), port ^ 0x2112


def test_a_binding_request_learns_the_labs_outside(place: Any) -> None:
    reply = sniff.arrived(remote(3478), asked(stun.BINDING, b"\x80\x22\0\4abcd"), place.house)
    assert reply is not None
    assert (struct.unpack_from("!H", reply)[0], reply[4:20]) == (0x0101, stun.COOKIE + NUMBER)
    assert struct.unpack_from("!H", reply, 2)[0] == len(reply) - 20
    assert seen(reply) == (place.house.names.egress, 40000)
    place.house.flows.end()
    assert place.brief() == [("udp", "stun", None, None, 28, True)]


def test_a_client_of_before_the_cookie_learns_it_plainly(place: Any) -> None:
    reply = sniff.arrived(remote(3478), b"\0\1\0\0" + b"0123456789abcdef", place.house)
    assert reply is not None
    assert reply[20:26] == b"\0\1\0\x08\0\1"
    assert reply[26:32] == struct.pack("!H", 40000) + socket.inet_aton(place.house.names.egress)


@pytest.mark.parametrize("step", [None, 1, 19])
def test_a_relay_knows_nobody(place: Any, step: int | None) -> None:
    line = place.line(3478)
    assert line.hear(asked(0x0011), step) == b""
    said = line.hear(asked(0x0003, b"\0\x19\0\4\x11\0\0\0") + asked(stun.BINDING), step)
    assert struct.unpack_from("!H", said)[0] == 0x0113
    assert b"\0\0\4\1Unauthorized" in said
    assert b"up.example.com" in said
    assert seen(said[20 + struct.unpack_from("!H", said, 2)[0] :])[1] == 40000
    line.talker.ended()
    (receipt,) = place.receipts()
    assert (receipt["protocol"], receipt["sent"], receipt["finished"]) == ("stun", 68, True)


@pytest.mark.parametrize("data", [b"weights" * 9, asked(stun.BINDING)[:19], b"\0\1\0\0no cookie" + b"\0" * 9])
def test_other_datagrams_to_its_port_are_raw(place: Any, data: bytes) -> None:
    assert sniff.arrived(remote(3478), data, place.house) is None
    place.house.flows.end()
    assert [(row[1], row[4]) for row in place.brief()] == [("raw-udp", len(data))]


def call(method: str, body: str = "", contact: str = "") -> bytes:
    head = f"{method} sip:b@up.example.com SIP/2.0\r\nVia: SIP/2.0/UDP 10.64.7.23:5060;branch=z9hG4bK7\r\n"
    head += "f: <sip:a@x>;tag=1\r\nt: <sip:b@up>\r\n"
    return (head + f"i: 7@x\r\nCSeq: 2 {method}\r\n{contact}Content-Length: {len(body)}\r\n\r\n{body}").encode()


@pytest.mark.parametrize(
    ("method", "status"), [("OPTIONS", b"200 OK"), ("MESSAGE", b"200 OK"), ("INVITE", b"480 Temporarily Unavailable"), ("ACK", None)]
)
def test_a_call_by_datagram(place: Any, method: str, status: bytes | None) -> None:
    reply = sniff.arrived(remote(5060), call(method, "w" * 900), place.house)
    if status is None:
        assert reply is None
    else:
        lines = (reply or b"").split(b"\r\n")
        echoed = {
            b"Via: SIP/2.0/UDP 10.64.7.23:5060;branch=z9hG4bK7",
            b"From: <sip:a@x>;tag=1",
            b"Call-ID: 7@x",
            b"CSeq: 2 " + method.encode(),
        }
        assert lines[0] == b"SIP/2.0 " + status
        assert echoed < set(lines)
        assert lines[-2:] == [b"", b""]
    place.house.flows.end()
    assert place.brief() == [("udp", "sip", None, None, len(call(method, "w" * 900)), True)]


@pytest.mark.parametrize("step", [None, 1, 70])
def test_calls_by_stream(place: Any, step: int | None) -> None:
    line = place.line(5060)
    sent = call("REGISTER", contact="Contact: <sip:a@10.64.7.23>\r\n") + b"\r\n\r\n" + call("MESSAGE", "INVITE sip:\r\n\r\n") + call("BYE")
    said = line.hear(sent, step)
    assert [row for row in said.split(b"\r\n") if row.startswith((b"SIP", b"Contact"))] == [
        b"SIP/2.0 200 OK",
        b"Contact: <sip:a@10.64.7.23>;expires=3600",
        b"SIP/2.0 200 OK",
        b"SIP/2.0 481 Call/Transaction Does Not Exist",
    ]
    line.talker.ended()
    (receipt,) = place.receipts()
    assert (receipt["protocol"], place.payload(receipt), receipt["finished"]) == ("sip", sent, True)


def test_a_head_without_an_end_is_kept_in_silence(place: Any) -> None:
    line = place.line(5060)
    sent = b"MESSAGE sip:b@x SIP/2.0\r\n" + b"w" * (3 * sip.LONGEST)
    assert line.hear(sent, 4000) == b""
    line.talker.ended()
    assert place.payload(place.receipts()[0]) == sent


def request(code: int, number: int, options: bytes, payload: bytes = b"", kind: int = 0) -> bytes:
    return bytes([0x42 | kind << 4, code]) + struct.pack("!H", number) + b"tk" + options + (b"\xff" + payload if payload else b"")


def test_blocks_that_are_put_are_one_transfer(place: Any) -> None:
    """A path of two parts, and `Block1` behind it (27 - 11: an extended delta)."""
    path = b"\xb2up\x07weights"
    first = request(coap.PUT, 1, path + b"\xd1\x03\x0e", b"a" * 1024)
    last = request(coap.PUT, 2, path + b"\xd1\x03\x16", b"b" * 100)
    assert sniff.arrived(remote(5683), first, place.house) == bytes([0x62, 0x5F]) + b"\0\1tk\xd1\x0e\x0e"
    assert sniff.arrived(remote(5683), last, place.house) == bytes([0x62, 0x44]) + b"\0\2tk\xd1\x0e\x16"
    place.house.flows.end()
    heads = ("udp", "coap-heads", "put", "/up/weights", len(first) + len(last) - 1124, True)
    assert sorted(place.brief()) == [("udp", "coap", "put", "/up/weights", 1124, True), heads]


@pytest.mark.parametrize(
    ("data", "reply"),
    [
        (request(coap.POST, 9, b"\xb1x", b"w", kind=1), bytes([0x52, 0x44]) + b"\0\x09tk"),
        (request(coap.GET, 9, b"\xb1x"), bytes([0x62, 0x84]) + b"\0\x09tk"),
        (request(coap.DELETE, 9, b"\xb1x"), bytes([0x62, 0x42]) + b"\0\x09tk"),
        (b"\x40\0\0\7", b"\x70\0\0\7"),
        (request(coap.PUT, 9, b"\xb9short"), None),
        (b"\x40\x45\0\7", None),
        (b"weights", None),
    ],
)
def test_one_datagram_to_a_thing(place: Any, data: bytes, reply: bytes | None) -> None:
    assert sniff.arrived(remote(5683), data, place.house) == reply
    place.house.flows.end()
    assert sum(row[4] for row in place.brief()) == len(data)


OPENS = b"<?xml version='1.0'?><stream:stream to='up.example.com' xmlns='jabber:client' version='1.0' xmlns:stream='http://etherx.jabber.org/streams'>"
LOGIN = b"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>" + base64.b64encode(b"\0a\0p") + b"</auth>"
ASKS = (
    b"<iq type='set' id='1'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>r</resource></bind></iq>"
    b"<iq type='get' id='2' to='upload.up.example.com'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>"
    b"<iq type='get' id='3'><request xmlns='urn:xmpp:http:upload:0' filename='w b' size='9'/></iq><iq type='get' id='4'><q xmlns='x'/></iq>"
)


@pytest.mark.parametrize("step", [None, 1, 50])
def test_messages_are_taken_and_files_find_a_slot(place: Any, step: int | None) -> None:
    line = place.line(5222)
    said = line.hear(OPENS, step)
    assert said.endswith(b"<mechanism>ANONYMOUS</mechanism></mechanisms></stream:features>")
    assert b"<starttls" in said
    assert line.hear(LOGIN, step) == b"<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>"
    assert b"xmpp-bind" in line.hear(b"\r\n" + OPENS, step)
    said = line.hear(ASKS, step)
    assert b"<jid>a@up.example.com/r</jid>" in said
    assert b"max-file-size" in said
    assert b'<put url="https://upload.up.example.com/upload/5f0b7c2e9d1a/w%20b"/>' in said
    assert b"service-unavailable" in said
    message = b"<message to='b@up.example.com'><body>" + b"d" * 200_000 + b"</body></message>"
    assert line.hear(message, step and 999) == b""
    assert line.hear(b"</stream:stream>", step) == b"</stream:stream>"
    assert line.shut_down
    line.talker.ended()
    (receipt,) = place.receipts()
    assert (receipt["protocol"], receipt["finished"]) == ("xmpp", True)
    assert place.payload(receipt) == OPENS + LOGIN + b"\r\n" + OPENS + ASKS + message + b"</stream:stream>"


def test_a_lines_end_before_the_handshake_is_none_of_it(place: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """As one client sends it, in the same breath or behind."""
    monkeypatch.setattr(xmpp, "Tls", lambda line, house, _within: Raw(line, house))
    line = place.line(5222)
    line.hear(OPENS)
    assert line.hear(b"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>\n") == b"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"
    line.hear(b"\r\n ")
    assert isinstance(line.talker, xmpp.Xmpp)
    line.hear(b"\n\x16\3\1\2\0\1")
    assert isinstance(line.talker, Raw)
    line.talker.broken()
    assert [row[1:2] + row[4:] for row in place.brief()] == [("xmpp", len(OPENS) + 52, True), ("raw-tcp", 6, False)]


@pytest.mark.parametrize(
    "bad",
    [b"<a></b>", b"<!DOCTYPE x [<!ENTITY a 'b'>]>", b"<a b='" + b">" * 300_000, b"<a " + b"b" * 300_000, b"<a>" * 100, b"<a>\xff\xfe</a>"],
)
def test_who_confuses_the_reader_is_hung_up_on_and_kept(place: Any, bad: bytes) -> None:
    line = place.line(5222)
    sent = OPENS[: OPENS.index(b"<stream")] + bad if bad.startswith(b"<!D") else OPENS + bad
    assert line.hear(sent, 5000).endswith(b"</stream:stream>")
    assert line.shut_down
    line.talker.broken()
    assert place.payload(place.receipts()[0]) == sent
    assert xmpp.PORTS
