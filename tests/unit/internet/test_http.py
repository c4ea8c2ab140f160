"""HTTP as a dialogue: whole, byte by byte, with a tail, with garbage."""

import gzip
from collections.abc import Callable
from typing import Any

import h11
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from honeyweights.containers.internet.protocols.http.server import LONGEST_HEAD
from honeyweights.containers.internet.protocols.http.visit import USUAL_HEAD

PUT = b"PUT /a%20b?x=1 HTTP/1.1\r\nHost: up.example.com\r\nContent-Length: 5\r\n\r\nhello"


def statuses(said: bytes, *methods: str) -> list[int]:
    """The status codes of complete answers to requests of these methods, by a client that is not ours."""
    found, rest = [], said
    for method in methods:
        client = h11.Connection(h11.CLIENT)
        client.send(h11.Request(method=method, target="/", headers=[("Host", "x")]))
        client.send(h11.EndOfMessage())
        client.receive_data(rest)
        while not isinstance(event := client.next_event(), h11.EndOfMessage):
            assert event not in (h11.NEED_DATA, h11.PAUSED), "an answer that does not end"
            if isinstance(event, h11.Response):
                found.append(event.status_code)
        rest = client.trailing_data[0]
    assert rest == b""
    return found


@pytest.mark.parametrize("step", [None, 1, 3])
def test_a_body_is_a_receipt_and_the_head_is_kept(place: Any, step: int | None) -> None:
    line = place.line()
    assert statuses(line.hear(PUT, step), "PUT") == [201]
    receipt = place.receipts()[0]
    assert place.brief() == [("http", "http", "PUT", "/a%20b?x=1", 5, True)]
    assert place.payload(receipt) == b"hello"
    assert place.spool.path(receipt["head"]).read_bytes() == PUT[:-5]
    assert (receipt["host"], receipt["claimed"]) == ("up.example.com", "up.example.com")
    assert not line.shut_down


def test_who_the_client_claims_to_ask_changes_nothing(place: Any) -> None:
    place.line(host=None).hear(PUT.replace(b"Host: up", b"Host: bank"))
    assert (place.receipts()[0]["host"], place.receipts()[0]["claimed"]) == (None, "bank.example.com")


@pytest.mark.parametrize("step", [None, 1, 7])
def test_requests_follow_one_another_on_a_line(place: Any, step: int | None) -> None:
    line = place.line()
    get = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
    assert statuses(line.hear(PUT + get + PUT, step), "PUT", "GET", "PUT") == [201, 200, 201]
    assert [r["method"] for r in place.receipts()] == ["PUT", "GET", "PUT"]
    assert [r["sent"] for r in place.receipts()] == [5, 0, 5]


def test_what_was_put_can_be_got_asked_for_and_deleted(place: Any) -> None:
    line = place.line()
    line.hear(b"PUT /w/m.bin HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello")
    got = line.hear(b"GET /w/m.bin HTTP/1.1\r\nHost: x\r\n\r\n")
    assert statuses(got, "GET") == [200]
    assert got.endswith(b"\r\n\r\nhello")
    head = line.hear(b"HEAD /w/m.bin HTTP/1.1\r\nHost: x\r\n\r\n")
    assert b"Content-Length: 5\r\n" in head
    assert head.endswith(b"\r\n\r\n")
    assert statuses(line.hear(b"DELETE /w/m.bin HTTP/1.1\r\nHost: x\r\n\r\n"), "DELETE") == [204]
    assert statuses(line.hear(b"GET /w/m.bin HTTP/1.1\r\nHost: x\r\n\r\n"), "GET") == [404]
    assert statuses(place.line(host="other.example.com").hear(b"GET /w/m.bin HTTP/1.1\r\nHost: x\r\n\r\n"), "GET") == [404]


@pytest.mark.parametrize("target", [b"/x?d=" + b"QUJD" * 10, b"/" + b"A" * 400])
def test_data_in_the_target_is_payload(place: Any, target: bytes) -> None:
    place.line().hear(b"GET " + target + b" HTTP/1.1\r\nHost: x\r\n\r\n")
    assert place.payload(place.receipts()[0]) == target
    assert place.receipts()[0]["sent"] == len(target)


def test_a_head_of_unusual_size_is_payload_as_well(place: Any) -> None:
    head = b"GET / HTTP/1.1\r\nHost: x\r\nCookie: " + b"s" * USUAL_HEAD + b"\r\n\r\n"
    place.line().hear(head, 100)
    assert [(r["protocol"], place.payload(r)) for r in place.receipts()] == [("http-head", head), ("http", b"")]


@pytest.mark.parametrize("step", [None, 1, 5])
def test_chunks_are_joined_and_their_extras_kept(place: Any, step: int | None) -> None:
    line = place.line()
    head = b"POST /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    body = b"5\r\nhello\r\n6;note=leak\r\n world\r\n0\r\nX-Trailer: more\r\n\r\n"
    assert statuses(line.hear(head + body + PUT, step), "POST", "PUT") == [200, 201]
    extras, posted, put = place.receipts()
    assert place.payload(posted) == b"hello world"
    assert posted["finished"]
    assert place.payload(extras) == b"6;note=leak\nX-Trailer: more\r\n"
    assert put["sent"] == 5


def test_a_client_that_waits_for_leave_gets_it(place: Any) -> None:
    line = place.line()
    said = line.hear(b"PUT /x HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n")
    assert said == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert statuses(line.hear(b"abc"), "PUT") == [201]


def test_http_1_0_is_answered_and_closed(place: Any) -> None:
    line = place.line()
    assert statuses(line.hear(b"POST /f HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc"), "POST") == [200]
    assert line.shut_down
    line.hear(b"and more")
    line.talker.ended()
    assert [(r["protocol"], place.payload(r)) for r in place.receipts()] == [("http", b"abc"), ("raw-tcp", b"and more")]


def test_a_form_is_kept_as_it_came(place: Any) -> None:
    body = b'--b\r\nContent-Disposition: form-data; name="f"; filename="w"\r\n\r\n\x00\x01\r\n--b--\r\n'
    head = b"POST /u HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: %d\r\n\r\n" % len(body)
    place.line().hear(head + body)
    assert place.payload(place.receipts()[0]) == body


def test_a_broken_upload_is_not_finished_and_not_lost(place: Any) -> None:
    line = place.line()
    line.hear(b"PUT /x HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\npart")
    line.talker.broken()
    assert place.brief() == [("http", "http", "PUT", "/x", 4, False)]
    assert place.payload(place.receipts()[0]) == b"part"


def test_a_tunnel_is_named_by_what_is_inside(place: Any) -> None:
    line = place.line(3128, "proxy.example.com")
    assert line.hear(b"CONNECT far.example.org:80 HTTP/1.1\r\nHost: far.example.org:80\r\n\r\n").startswith(b"HTTP/1.1 200 ")
    assert statuses(line.hear(PUT), "PUT") == [201]
    assert [(r["method"], r["host"], r["port"], r["via"]) for r in place.receipts()] == [
        ("CONNECT", "proxy.example.com", 3128, []),
        ("PUT", "far.example.org", 80, ["proxy.example.com"]),
    ]
    assert place.receipts()[1]["address"] == place.house.names.address("far.example.org", 4)


@pytest.mark.parametrize(
    "bad",
    [
        b"GET / HTTP/1.1\r\n\r\n" + b"no host, and more",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\nabc",
        b"GET / HTTP/9\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nBad Header : y\r\n\r\n",
        b"PUT /" + b"x" * (LONGEST_HEAD + 100) + b" tail",
    ],
)
def test_what_is_no_http_is_refused_and_kept_whole(place: Any, bad: bytes) -> None:
    line = place.line()
    said = line.hear(bad, 40_000)
    line.hear(b" the tail")
    line.talker.ended()
    assert said.startswith(b"HTTP/1.1 4")
    assert place.payload(place.receipts()[-1]) == bad + b" the tail"
    assert place.receipts()[-1]["protocol"] == "http-malformed"


def test_broken_chunks_keep_what_follows(place: Any) -> None:
    line = place.line()
    line.hear(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\nsecret")
    line.talker.ended()
    assert [(r["protocol"], place.payload(r), r["finished"]) for r in place.receipts()] == [
        ("http", b"abc", False),
        ("http-malformed", b"zz\r\nsecret", True),
    ]


def test_half_a_head_is_put_down_at_a_flush(place: Any) -> None:
    line = place.line()
    line.hear(b"GET / HTTP/1.1\r\nX-Half: sec")
    line.talker.flush()
    assert [(r["protocol"], place.payload(r)) for r in place.receipts()] == [("http-head", b"GET / HTTP/1.1\r\nX-Half: sec")]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(body=st.binary(max_size=2000), tail=st.binary(max_size=200), step=st.integers(1, 700), chunk=st.integers(0, 300))
def test_any_body_comes_through_and_any_tail_is_kept(new_place: Callable[[], Any], body: bytes, tail: bytes, step: int, chunk: int) -> None:
    place = new_place()
    if chunk:
        pieces = [body[at : at + chunk] for at in range(0, len(body), chunk)]
        framed = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
        head = b"POST /t HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    else:
        framed, head = body, b"POST /t HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body)
    line = place.line()
    line.hear(head + framed + tail, step)
    line.talker.ended()
    receipts = place.receipts()
    assert (place.payload(receipts[0]), receipts[0]["finished"]) == (body, True)
    assert tail in place.all_bytes() or tail.strip(b"\r\n") == b""


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=80)
@given(garbage=st.binary(max_size=400), step=st.integers(1, 50))
def test_garbage_never_raises(new_place: Callable[[], Any], garbage: bytes, step: int) -> None:
    place = new_place()
    line = place.line()
    line.hear(b"POST /g HTTP/1.1\r\n" + garbage + b"\r\n\r\n" + gzip.compress(garbage, mtime=0), step)
    line.talker.broken()
    assert place.receipts()
