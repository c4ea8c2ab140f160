"""Fields of heads, and the tunnel of a proxy."""

from typing import Any

import pytest

from honeyweights.containers.internet.protocols.http import fields
from honeyweights.containers.internet.protocols.http.exchange import Head, Reply, Upgrade
from honeyweights.containers.internet.protocols.http.services import tunnel


def test_repeated_fields_are_joined() -> None:
    assert fields.joined([(b"A", b"1"), (b"b", b"\xff"), (b"a", b"2")]) == {"a": "1, 2", "b": "\xff"}


def test_a_receipt_shows_what_tells_and_no_secret() -> None:
    shown = fields.noted(
        {
            "content-type": "text/plain",
            "cookie": "session=secret",
            "authorization": "Bearer secret",
            "user-agent": "u" * 999,
            "x-amz-meta-note": "secret",
        }
    )
    assert dict(shown) == {"authorization": "Bearer", "content-type": "text/plain", "user-agent": "u" * fields.LONGEST}
    assert dict(fields.noted({"authorization": "secretwithoutscheme"})) == {"authorization": "other"}


def test_a_service_may_be_another_server() -> None:
    own = dict(fields.answered(Reply(200, "", extra=(("server", "AmazonS3"),))))
    assert "Server" not in own
    assert "Content-Type" not in own
    assert own["server"] == "AmazonS3"
    assert "Content-Type" not in dict(fields.answered(Reply(204)))


@pytest.mark.parametrize(("status", "word"), [(200, "OK"), (207, "Multi-Status"), (308, "Permanent Redirect"), (599, "")])
def test_reasons(status: int, word: str) -> None:
    assert fields.reason(status) == word


@pytest.mark.parametrize(
    ("target", "asked"),
    [("http://a.example.org:81/x", "a.example.org:81"), ("/x?u=http://b", ""), ("HTTPS://a.example.org?q", "a.example.org"), ("*", "")],
)
def test_what_a_proxy_is_asked_for(target: str, asked: str) -> None:
    assert fields.authority_of(target) == asked


@pytest.mark.parametrize(
    ("target", "host"), [("far.example.org:25", "far.example.org"), ("[2001:db8::1]:443", "2001:db8::1"), ("odd", "odd")]
)
def test_a_tunnel_knows_where_it_leads(place: Any, target: str, host: str) -> None:
    line = place.line(3128, "proxy.example.com")
    head = Head(method="CONNECT", target=target, host=host, headers={}, remote=line.remote, secure=False)
    answer = tunnel.serve(head, place.house).answer(place.spool.open())
    assert isinstance(answer, Upgrade)
    answer.talker(line)
    assert line.claimed == host


def test_absolute_urls_are_claimed_and_remembered_by_site(place: Any) -> None:
    line = place.line(3128, "proxy.example.com")
    line.hear(b"PUT http://far.example.org/w HTTP/1.1\r\nHost: other.example.org\r\nContent-Length: 5\r\n\r\nhello")
    line.hear(
        b"GET http://up.halden.internal:8080/?a HTTP/1.1\r\nHost: x\r\n\r\nGET http://proxy.example.com/?b HTTP/1.1\r\nHost: x\r\n\r\n"
    )
    assert [(r["host"], r["port"], r["via"], r["claimed"]) for r in place.receipts()] == [
        ("far.example.org", 80, ["proxy.example.com"], "far.example.org"),
        ("up.halden.internal", 8080, ["proxy.example.com"], "up.halden.internal:8080"),
        ("proxy.example.com", 80, [], "proxy.example.com"),
    ]
    got = place.line(80, "far.example.org").hear(b"GET /w HTTP/1.1\r\nHost: far.example.org\r\n\r\n")
    assert got.endswith(b"hello")


@pytest.mark.parametrize(("how", "status"), [("refused", b"503"), ("dropped", b"504")])
def test_a_proxy_does_not_reach_a_closed_place(place: Any, how: str, status: bytes) -> None:
    place.house.closed[place.house.names.address("far.example.org", 4), 80] = how
    for asked in (b"CONNECT far.example.org:80 HTTP/1.1\r\n", b"PUT http://far.example.org/w HTTP/1.1\r\nContent-Length: 5\r\n"):
        said = place.line(3128, "proxy.example.com").hear(asked + b"Host: far.example.org\r\n\r\nhello")
        assert said.startswith(b"HTTP/1.1 " + status)
        assert b"X-Squid-Error: ERR_CONNECT_FAIL" in said
    assert [(c["how"], c["host"], c["port"]) for c in place.records("contact")] == [(how, "far.example.org", 80)] * 2
    assert b"hello" in [place.payload(r) for r in place.receipts() if r["method"] == "PUT" and r["host"] == "far.example.org"]
    assert place.line(3128, "proxy.example.com").hear(b"CONNECT far.example.org:81 HTTP/1.1\r\nHost: x\r\n\r\n").startswith(b"HTTP/1.1 200")


def test_a_mail_server_behind_a_proxy_greets(place: Any) -> None:
    line = place.line(3128, "proxy.example.com")
    line.hear(b"CONNECT mail.example.org:25 HTTP/1.1\r\nHost: mail.example.org:25\r\n\r\n")
    for timer in line.timers:
        timer()
    assert b"\r\n\r\n220 " in line.said
