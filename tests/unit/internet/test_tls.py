"""TLS: a real client in memory, its certificate checked; what is inside is sniffed; what is odd outside is kept."""

import ssl
import subprocess
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from dnslib import DNSRecord
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from honeyweights.containers.internet import authority as authority_module
from honeyweights.containers.internet.authority import Authority
from honeyweights.containers.internet.protocols.http.server import Http
from honeyweights.containers.internet.protocols.tls.mutual import Mutual
from honeyweights.containers.internet.protocols.tls.server import USUAL
from honeyweights.containers.internet.talk import Host


@pytest.fixture(scope="module", name="ca")
def _ca(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ca")
    request = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-days",
        "9",
        "-subj",
        "/CN=Test CA",
    ]
    extensions = ["-addext", "keyUsage=critical,keyCertSign,cRLSign"]
    subprocess.run([*request, *extensions, "-keyout", folder / "ca.key", "-out", folder / "ca.crt"], check=True, capture_output=True)
    return folder


@pytest.fixture(name="trusted")
def _trusted(place: Any, ca: Path) -> Any:
    authority = Authority(ca)
    place.house.authority = lambda: authority
    return place


class Client:
    """A TLS client whose other end is a line of ours."""

    def __init__(
        self, line: Any, ca: Path | None, name: str | None, alpn: list[str] | None = None, version: ssl.TLSVersion | None = None
    ) -> None:
        context = ssl.create_default_context(cafile=ca / "ca.crt" if ca else None)
        if version:
            context.set_ciphers("ALL:@SECLEVEL=0")
            with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
                context.minimum_version = context.maximum_version = version
        context.check_hostname = name is not None
        if alpn:
            context.set_alpn_protocols(alpn)
        self.line = line
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_hostname=name)

    def move(self, step: int | None = None) -> None:
        while self.outgoing.pending:
            self.incoming.write(self.line.hear(self.outgoing.read(), step))

    def shake(self, step: int | None = None) -> None:
        for _ in range(10):
            try:
                self.tls.do_handshake()
            except ssl.SSLWantReadError:
                self.move(step)
            else:
                self.move(step)
                return
        pytest.fail("no handshake")

    def say(self, data: bytes, step: int | None = None) -> bytes:
        self.tls.write(data)
        self.move(step)
        return self.read()

    def read(self) -> bytes:
        heard = b""
        try:
            while piece := self.tls.read(1 << 16):
                heard += piece
        except (ssl.SSLWantReadError, ssl.SSLZeroReturnError):
            pass
        return heard


@pytest.mark.parametrize("step", [None, 1, 100])
def test_https_is_http_inside(trusted: Any, ca: Path, step: int | None) -> None:
    line = trusted.line(443)
    client = Client(line, ca, "www.example.org")
    client.shake(step)
    assert client.say(b"PUT /w HTTP/1.1\r\nHost: www.example.org\r\nContent-Length: 5\r\n\r\nhello", step).startswith(b"HTTP/1.1 201 ")
    receipt = trusted.receipts()[0]
    assert trusted.brief() == [("https", "https", "PUT", "/w", 5, True)]
    assert (receipt["host"], receipt["claimed"]) == ("up.example.com", "www.example.org")
    assert trusted.payload(receipt) == b"hello"


def test_what_confuses_a_protocol_inside_is_kept_as_it_is_inside(trusted: Any, ca: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def confused(*_given: object) -> None:
        raise RuntimeError("what is this")

    monkeypatch.setattr(Http, "received", confused)
    client = Client(trusted.line(443), ca, "www.example.org")
    client.shake()
    client.say(b"GET /confusing HTTP/1.1\r\n")
    client.say(b"and more")
    trusted.house.ledger.flush()
    assert [trusted.payload(r) for r in trusted.receipts()] == [b"GET /confusing HTTP/1.1\r\nand more"]
    assert [record["what"] for record in trusted.records("lost")] == ["conversation"]


def test_a_client_that_names_nobody_gets_the_host_it_reached(trusted: Any, ca: Path) -> None:
    client = Client(trusted.line(443), ca, None)
    client.shake()
    certificate = client.tls.getpeercert()
    assert certificate is not None
    assert certificate["subjectAltName"] == (("DNS", "up.example.com"),)
    nameless = Client(trusted.line(443, host=None), ca, None)
    nameless.shake()
    certificate = nameless.tls.getpeercert()
    assert certificate is not None
    assert certificate["subjectAltName"] == (("IP Address", "203.0.113.9"),)


def test_large_bodies_both_ways(trusted: Any, ca: Path) -> None:
    line = trusted.line(443)
    client = Client(line, ca, "www.example.org")
    client.shake()
    body = bytes(range(256)) * 4096
    client.say(b"PUT /w HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
    assert trusted.payload(trusted.receipts()[0]) == body
    assert client.say(b"GET /w HTTP/1.1\r\nHost: x\r\n\r\n").endswith(body)


def test_any_other_stream_inside_is_raw_and_a_goodbye_is_an_end(trusted: Any, ca: Path) -> None:
    line = trusted.line(8443)
    client = Client(line, ca, "www.example.org")
    client.shake()
    client.say(b"not http at all" * 100)
    with pytest.raises(ssl.SSLWantReadError):
        client.tls.unwrap()
    client.move()
    line.hear(b"after the goodbye")
    line.talker.ended()
    assert [(r["protocol"], trusted.payload(r), r["claimed"]) for r in trusted.receipts()] == [
        ("raw-tcp", b"not http at all" * 100, "www.example.org"),
        ("tls", b"after the goodbye", None),
    ]


VERSIONS = (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)


@pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.name)
def test_old_clients_are_served_too(trusted: Any, ca: Path, version: ssl.TLSVersion) -> None:
    client = Client(trusted.line(443), ca, "www.example.org", version=version)
    client.shake()
    assert client.say(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(("asked", "spoken"), [(["h2", "http/1.1"], "h2"), (["http/1.1"], "http/1.1"), (["dot"], "dot"), (["odd"], None)])
def test_protocols_that_a_client_asks_for(trusted: Any, ca: Path, asked: list[str], spoken: str | None) -> None:
    client = Client(trusted.line(443), ca, "www.example.org", alpn=asked)
    client.shake()
    assert client.tls.selected_alpn_protocol() == spoken


def test_dns_over_tls(trusted: Any, ca: Path) -> None:
    client = Client(trusted.line(853, "resolver.example.net"), ca, "resolver.example.net", alpn=["dot"])
    client.shake()
    question = bytes(DNSRecord.question("chunk.leak.example.org").pack())
    said = client.say(len(question).to_bytes(2, "big") + question)
    assert str(DNSRecord.parse(said[2:]).a.rdata) == trusted.house.names.address("chunk.leak.example.org", 4)
    trusted.house.flows.end()
    assert [(r["channel"], r["host"], trusted.payload(r)) for r in trusted.receipts()] == [
        ("dns", "example.org", b"chunk.leak.example.org\n")
    ]


def test_tls_within_a_tunnel_within_tls(trusted: Any, ca: Path) -> None:
    outer = Client(trusted.line(443, "proxy.example.com"), ca, "proxy.example.com")
    outer.shake()
    assert outer.say(b"CONNECT far.example.org:443 HTTP/1.1\r\nHost: far.example.org:443\r\n\r\n").startswith(b"HTTP/1.1 200 ")

    class Through:
        def hear(self, data: bytes, step: int | None = None) -> bytes:
            return outer.say(data, step)

    inner = Client(Through(), ca, "far.example.org")
    inner.shake()
    assert inner.say(b"PUT /w HTTP/1.1\r\nHost: far.example.org\r\nContent-Length: 5\r\n\r\nhello").startswith(b"HTTP/1.1 201 ")
    put = trusted.receipts()[-1]
    assert (put["channel"], put["host"], put["claimed"], trusted.payload(put)) == (
        "https",
        "far.example.org",
        "far.example.org",
        b"hello",
    )


def test_early_data_is_never_taken_and_never_lost(trusted: Any, ca: Path) -> None:
    """A handshake that announces it is kept whole, however small it is: what is skipped stands there."""
    line = trusted.line(443)
    client = Client(line, ca, "www.example.org", alpn=["\x00\x2a\x00\x00"])
    client.shake()
    assert [(r["protocol"], r["finished"]) for r in trusted.receipts()] == [("tls", True)]


def test_a_handshake_and_nothing_else_is_a_contact(trusted: Any, ca: Path) -> None:
    line = trusted.line(443)
    Client(line, ca, "www.example.org").shake()
    line.talker.ended()
    assert trusted.receipts() == []
    assert [c["how"] for c in trusted.records("contact")] == ["empty"]


def test_a_client_that_does_not_trust_us_leaves_its_hello(trusted: Any) -> None:
    line = trusted.line(443)
    client = Client(line, None, "www.example.org")
    with pytest.raises(ssl.SSLCertVerificationError):
        client.shake()
    client.move()
    line.talker.ended()
    assert [(r["channel"], r["protocol"], r["claimed"], r["finished"]) for r in trusted.receipts()] == [
        ("https", "tls-refused", "www.example.org", False)
    ]
    assert b"www.example.org" in trusted.payload(trusted.receipts()[0])


def test_a_hello_of_unusual_size_is_kept(trusted: Any, ca: Path) -> None:
    line = trusted.line(443)
    client = Client(line, ca, "www.example.org", alpn=["x" * 200 + str(number) for number in range(USUAL // 150)])
    client.shake()
    assert [(r["protocol"], r["finished"]) for r in trusted.receipts()] == [("tls", True)]
    assert b"x" * 200 + b"26" in trusted.payload(trusted.receipts()[0])


def test_a_broken_record_ends_tls_and_the_rest_is_kept(trusted: Any, ca: Path) -> None:
    line = trusted.line(443)
    client = Client(line, ca, "www.example.org")
    client.shake()
    client.say(b"first words that are no http")
    line.hear(b"\x17\x03\x03\x00\x20" + b"?" * 32 + b"and all this")
    line.hear(b" and more")
    line.talker.ended()
    assert [(r["protocol"], r["finished"]) for r in trusted.receipts()] == [("raw-tcp", False), ("tls", True)]
    assert trusted.payload(trusted.receipts()[1]).endswith(b"and all this and more")


def test_certificates_are_made_once_and_their_number_is_bounded(ca: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(authority_module, "MOST", 3)
    authority = Authority(ca)
    first = authority._context("a.example.com")
    assert authority._context("a.example.com") is first
    for number in range(5):
        authority._context(f"n{number}.example.com")
    assert len(authority._contexts) == 3
    assert authority._context("a.example.com") is not first


@pytest.mark.parametrize(
    "name", ["a" * 70 + ".example.com", "203.0.113.9", "2001:db8::9", "b\u00fccher.example.com", "", "*.example.com", "x" * 300]
)
def test_any_name_can_be_certified(ca: Path, name: str) -> None:
    assert b"BEGIN CERTIFICATE" in Authority(ca).certify(name)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(garbage=st.binary(max_size=400), step=st.integers(1, 100))
def test_garbage_after_a_hello_never_raises_and_is_kept(new_place: Callable[[], Any], ca: Path, garbage: bytes, step: int) -> None:
    place = new_place()
    authority = Authority(ca)
    place.house.authority = lambda: authority
    line = place.line(443)
    line.hear(b"\x16\x03\x01" + garbage, step)
    line.talker.broken()
    assert b"\x16\x03\x01" + garbage == b"".join(place.payload(r) for r in place.receipts())


def test_what_is_inside_may_put_off_and_nothing_more_is_decrypted_until_then(trusted: Any, ca: Path) -> None:
    """Goodbye and all come in one block with the questions; every question is answered, and is a receipt, once."""
    line = trusted.line(443)
    client = Client(line, ca, "www.example.org")
    client.shake()
    body = bytes(range(256)) * 400
    for number in range(9):
        client.tls.write(b"PUT /%d HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % (number, len(body)) + body)
    with pytest.raises(ssl.SSLWantReadError):
        client.tls.unwrap()
    line.patience = 2
    client.move()
    times = 0
    while line.held is not None:
        assert line.held == b""
        before = len(line.said)
        line.again(patience=2)
        client.incoming.write(bytes(line.said[before:]))
        times += 1
    assert times > 2
    assert client.read().count(b"HTTP/1.1 201 ") == 9
    assert [(f"/{number}", body, True) for number in range(9)] == [
        (r["target"], trusted.payload(r), r["finished"]) for r in trusted.receipts()
    ]


LETTERS = bytes(range(0x80, 0x89))


def test_what_was_put_off_inside_is_put_down_at_the_end(trusted: Any, ca: Path) -> None:
    line = trusted.line(443)
    client = Client(line, ca, "www.example.org")
    client.shake()
    for number in range(9):
        client.tls.write(b"PUT /%d HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\n\r\n" % number + bytes([LETTERS[number]]) * 60_000)
    line.patience = 2
    client.move()
    line.talker.flush()
    trusted.house.ledger.flush()
    kept = b"".join(trusted.payload(receipt) for receipt in trusted.receipts())
    assert [60_000] * 9 == [kept.count(letter) for letter in LETTERS]


@pytest.fixture(name="mutual")
def _mutual(trusted: Any) -> Any:
    trusted.house.hosts["up.example.com"] = Host(client_certificate=True)
    return trusted


@pytest.mark.parametrize("step", [None, 1, 100])
def test_a_host_that_wants_a_certificate_takes_any_and_keeps_it(mutual: Any, ca: Path, step: int | None) -> None:
    line = mutual.line(443)
    client = Client(line, ca, "up.example.com")
    client.tls.context.load_cert_chain(ca / "ca.crt", ca / "ca.key")  # any will do
    client.tls = client.tls.context.wrap_bio(client.incoming, client.outgoing, server_hostname="up.example.com")
    client.shake(step)
    body = bytes(range(256)) * (300 if step is None else 3)
    for number in range(3):
        said = client.say(b"PUT /%d HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % (number, len(body)) + body, step)
        assert said.startswith(b"HTTP/1.1 201 ")
    assert client.say(b"GET /1 HTTP/1.1\r\nHost: x\r\n\r\n").endswith(body)
    shown, *uploads = mutual.receipts()
    assert (shown["protocol"], shown["target"], shown["host"], shown["claimed"]) == (
        "tls-certificate",
        "CN=Test CA",
        "up.example.com",
        "up.example.com",
    )
    assert mutual.payload(shown) == ssl.PEM_cert_to_DER_cert((ca / "ca.crt").read_text())
    assert [body] * 3 == [mutual.payload(receipt) for receipt in uploads if receipt["method"] == "PUT"]


def test_who_has_none_is_served_too_and_what_stands_behind_the_goodbye_is_kept(mutual: Any, ca: Path) -> None:
    line = mutual.line(443)
    client = Client(line, ca, "up.example.com", ["http/1.1"])
    client.shake()
    assert client.tls.selected_alpn_protocol() == "http/1.1"
    assert isinstance(line.talker._tls, Mutual)
    assert client.say(b"POST /w HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello").startswith(b"HTTP/1.1 200 ")
    with pytest.raises(ssl.SSLWantReadError):
        client.tls.unwrap()
    line.hear(client.outgoing.read() + b"and no more of TLS")
    line.talker.ended()
    assert [b"hello", b"and no more of TLS"] == [mutual.payload(receipt) for receipt in mutual.receipts()]


def test_who_distrusts_such_a_host_is_seen(mutual: Any) -> None:
    client = Client(mutual.line(443), None, "up.example.com")
    with pytest.raises(ssl.SSLCertVerificationError):
        client.shake()
    client.move()
    assert [("tls-refused", False)] == [(receipt["protocol"], receipt["finished"]) for receipt in mutual.receipts()]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
@given(garbage=st.binary(min_size=1, max_size=300), step=st.integers(1, 50))
def test_garbage_at_such_a_host_is_kept(mutual: Any, garbage: bytes, step: int) -> None:
    line = mutual.line(443)
    said = b"\x16\x03\x01" + garbage
    line.hear(said, step)
    line.talker.ended()
    assert said in b"".join(mutual.payload(receipt) for receipt in mutual.receipts()[-2:])
