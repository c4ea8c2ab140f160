"""The words between servers and services, and who gets which request."""

from typing import Any

import pytest

from honeyweights.containers.internet import sniff
from honeyweights.containers.internet.protocols.http import services, visit
from honeyweights.containers.internet.protocols.http.exchange import Answering, Head, Reply, Service, origin, without_port
from honeyweights.containers.internet.talk import Remote

REMOTE = Remote("203.0.113.9", 80, "up.example.com")


def head(method: str, target: str, **headers: str) -> Head:
    return Head(method=method, target=target, host="up.example.com", headers=headers, remote=REMOTE, secure=False)


@pytest.mark.parametrize(
    ("target", "path"),
    [("/a/b?c=d", "/a/b"), ("http://h.example.com/x%20y", "/x y"), ("*", "*"), ("http://h.example.com", "/"), ("/../..", "/../..")],
)
def test_paths(target: str, path: str) -> None:
    assert head("GET", target).path == path


def test_queries_keep_blank_values() -> None:
    assert head("GET", "/x?uploads&a=1&b=%20").query == {"uploads": "", "a": "1", "b": " "}


@pytest.mark.parametrize(
    ("authority", "host"),
    [("Up.example.com:80", "up.example.com"), ("u:p@h.example.com", "h.example.com"), ("[2001:db8::1]:8", "2001:db8::1"), ("", "")],
)
def test_hosts_have_no_ports(authority: str, host: str) -> None:
    assert without_port(authority) == host


def test_an_absolute_url_has_a_path() -> None:
    assert origin("http://x.example.com/a?b") == "/a?b"
    assert origin("/a?u=http://x") == "/a?u=http://x"


def test_memory_is_the_sites(place: Any) -> None:
    assert head("GET", "/").disk(place.house) is place.house.files.disk("up.example.com", "/", kind="web")


@pytest.mark.parametrize(("method", "name"), [("GET", "web"), ("PUT", "web"), ("CONNECT", "tunnel"), ("PROPFIND", "dav"), ("BREW", "web")])
def test_a_request_finds_its_service(place: Any, method: str, name: str) -> None:
    assert services.find(head(method, "/"), place.house).name == name


def test_every_service_can_be_loaded_and_answers(place: Any) -> None:
    assert [row.name for row in services.SERVICES] == sorted({row.name for row in services.SERVICES}, key=_place)
    for row in services.SERVICES:
        assert callable(sniff.load(row.serve))


def _place(name: str) -> tuple[int, str]:
    return next((row.rank, row.name) for row in services.SERVICES if row.name == name)


class Upper:
    """A coding: `#` and what follows it is no payload."""

    extras = b""

    def feed(self, data: bytes) -> bytes:
        payload, _, rest = data.partition(b"#")
        self.extras += rest
        return payload

    def end(self) -> bytes:
        return b"!"


def test_a_services_own_coding_is_taken_out_and_what_was_odd_is_kept(place: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    heard = []

    def serve(_head: Head, _house: Any) -> Answering:
        return Answering(lambda capture: heard.append(capture.sha256) or Reply(200), Upper())

    monkeypatch.setattr(services, "SERVICES", (Service("odd", lambda _h, _o: True, "odd:serve", channel="s3"),))
    monkeypatch.setattr(sniff, "load", lambda _name: serve)
    made = visit.Visit(head("PUT", "/x"), b"PUT /x HTTP/1.1\r\n\r\n", "up.example.com", place.house)
    made.write(b"pay#extra")
    made.finish()
    assert [(r["channel"], r["protocol"], place.payload(r)) for r in place.receipts()] == [
        ("s3", "http-coding-extras", b"extra"),
        ("s3", "s3", b"pay!"),
    ]
    assert len(heard) == 1


def test_a_target_that_is_payload_is_no_body(place: Any) -> None:
    made = visit.Visit(head("POST", "/x?data=1"), b"POST /x?data=1 HTTP/1.1\r\n\r\n", "up.example.com", place.house)
    answer = made.finish()
    assert isinstance(answer, Reply)
    assert b'"size": 0' in answer.body
    assert place.payload(place.receipts()[0]) == b"/x?data=1"
