"""Any request to any service, whatever is in it, is answered in both versions of HTTP, and is a receipt."""

from collections.abc import Callable
from typing import Any

import h11
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import ResponseReceived
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

METHODS = ("GET", "HEAD", "PUT", "POST", "PATCH", "DELETE", "OPTIONS", "PROPFIND", "MKCOL", "MOVE", "COPY", "LOCK", "REPORT", "TRACE")
PLACES = (
    "/", "/simple/x/", "/files/", "/dns-query", "/resolve", "/v2/", "/pypi/x/json", "/bucket/key", "/team/repo.git/info/refs", "/upload",
    "/api/webhooks/1/2", "/services/T0/B0/x", "/login", "*", "http://far.example.org/x", "/api/models/a/b", "/container/blob", "/w.bin",
)  # fmt: skip
NAMES = (
    "tus-resumable", "upload-length", "upload-offset", "upload-metadata", "upload-defer-length", "content-range", "range", "destination",
    "depth", "accept", "content-type", "user-agent", "authorization", "x-amz-content-sha256", "x-amz-copy-source", "x-ms-version",
    "x-ms-blob-type", "x-goog-resumable", "x-upload-content-length", "upgrade", "sec-websocket-key", "http2-settings", "expect",
    "x-http-method-override", "cookie", "host",
)  # fmt: skip
VALUES = (
    "1.0.0", "0", "5", "-1", "9" * 40, "bytes 0-4/5", "bytes */5", "bytes=1-", "bytes=-9", "1", "infinity", "application/dns-message",
    "application/json", "multipart/form-data; boundary=b", "text/plain; charset=\xff", "websocket", "h2c", "AAAA", "100-continue",
    "Basic OmI=",
    "AWS4-HMAC-SHA256 Credential=a/b/c/s3/aws4_request, SignedHeaders=host, Signature=0", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "/a/b",
    "http://x.example.org/%0d%0aSet-Cookie: a", "filename \xe9\xff", "a,b", "pip/23", "",
)  # fmt: skip
QUERIES = st.sampled_from(
    ("", "?", "?dns=AAAA", "?name=a.example.com&type=TXT", "?uploads", "?uploadId=x&partNumber=1", "?list-type=2&prefix=%ff",
     "?uploadType=resumable", "?comp=block&blockid=AA==", "?comp=blocklist", "?service=git-receive-pack", "?" + "s" * 300)
)  # fmt: skip
WORDS = st.text(st.characters(codec="latin-1", categories=("L", "N", "P")), max_size=20)
HEADERS = st.lists(
    st.tuples(
        st.sampled_from(NAMES), st.sampled_from(VALUES) | st.text(st.characters(codec="latin-1", categories=("L", "N", "P")), max_size=20)
    ),
    max_size=6,
)
TARGETS = st.tuples(st.sampled_from(PLACES), st.sampled_from(("", "a", "%0d%0aX: y", "%ff%00", "..%2f..", "%3Cb%3E", "\x7e")), QUERIES).map(
    "".join
)


def good(headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(name, value) for name, value in headers if name != "host" and value and value == value.strip()]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150)
@given(method=st.sampled_from(METHODS), target=TARGETS, headers=HEADERS, body=st.binary(max_size=60), port=st.sampled_from((80, 9000)))
def test_by_http1(  # noqa: PLR0917  # what a request is made of
    new_place: Callable[[], Any], method: str, target: str, headers: list[tuple[str, str]], body: bytes, port: int
) -> None:
    place = new_place()
    line = place.line(port)
    fields = b"".join(f"{name}: {value}\r\n".encode("latin-1") for name, value in headers if name != "host")
    line.hear(f"{method} {target} HTTP/1.1\r\nHost: up.example.com\r\nContent-Length: {len(body)}\r\n".encode() + fields + b"\r\n" + body)
    line.talker.broken()
    assert bytes(line.said).startswith(b"HTTP/1.1 ")
    assert b"\r\nX: y" not in line.said
    assert b"\r\nSet-Cookie" not in line.said
    assert place.receipts()
    client = h11.Connection(h11.CLIENT)
    client.send(h11.Request(method=method, target="/", headers=[("Host", "x"), ("Upgrade", "x")]))
    client.send(h11.EndOfMessage())
    client.receive_data(bytes(line.said))
    while isinstance(event := client.next_event(), h11.InformationalResponse) and event.status_code == 100:
        pass
    assert isinstance(event, (h11.Response, h11.InformationalResponse))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=100)
@given(method=st.sampled_from(METHODS), target=TARGETS, headers=HEADERS, body=st.binary(max_size=60))
def test_by_http2(new_place: Callable[[], Any], method: str, target: str, headers: list[tuple[str, str]], body: bytes) -> None:
    place = new_place()
    line = place.line()
    client = H2Connection(H2Configuration(client_side=True, validate_outbound_headers=False))
    client.initiate_connection()
    fields = [(name, value.encode("latin-1")) for name, value in good(headers) if name not in {"upgrade", "http2-settings"}]
    head = [(":method", method), (":scheme", "http"), (":authority", "up.example.com"), (":path", target), *fields]
    client.send_headers(1, head)
    client.send_data(1, body, end_stream=True)
    events = client.receive_data(line.hear(client.data_to_send()))
    line.talker.broken()
    assert any(isinstance(event, ResponseReceived) for event in events)
    assert [r for r in place.receipts() if r["method"] == method]
