"""What a web server says, and WebDAV beside it."""

import json
from typing import Any

import pytest

from honeyweights.containers.internet.protocols.http.exchange import Head, Reply
from honeyweights.containers.internet.protocols.http.services import dav, web
from honeyweights.containers.internet.talk import Remote


def ask(place: Any, method: str, target: str, body: bytes = b"", serve: Any = web.serve, **headers: str) -> Reply:
    head = Head(
        method=method,
        target=target,
        host="up.example.com",
        headers={name.replace("_", "-"): value for name, value in headers.items()},
        remote=Remote("203.0.113.9", 80, "up.example.com"),
        secure=False,
    )
    capture = place.spool.open()
    capture.write(body)
    capture.close()
    answer = serve(head, place.house).answer(capture)
    assert isinstance(answer, Reply)
    return answer


def whole(answer: Reply) -> bytes:
    return answer.body if answer.blocks is None else b"".join(answer.blocks)


def test_a_post_is_accepted_in_json(place: Any) -> None:
    answer = ask(place, "POST", "/api", b"twelve bytes")
    assert answer.status == 200
    assert json.loads(answer.body)["size"] == 12


@pytest.mark.parametrize(("target", "status"), [("/", 200), ("/docs/start", 200), ("/model.safetensors", 404), ("/install.SH", 404)])
def test_pages_are_there_and_files_are_not(place: Any, target: str, status: int) -> None:
    assert ask(place, "GET", target).status == status


def test_a_page_says_nothing_that_the_client_could_inject() -> None:
    assert "<" not in web.safe("<script>alert(1)")


@pytest.mark.parametrize(
    ("asked", "status", "got", "said"),
    [
        ("bytes=2-4", 206, b"234", "bytes 2-4/10"),
        ("bytes=7-", 206, b"789", "bytes 7-9/10"),
        ("bytes=-2", 206, b"89", "bytes 8-9/10"),
        ("bytes=0-99", 206, b"0123456789", "bytes 0-9/10"),
        ("bytes=10-", 416, b"", "bytes */10"),
        ("bytes=-", 200, b"0123456789", None),
        ("lines=1-2", 200, b"0123456789", None),
        ("bytes=1-2,4-5", 200, b"0123456789", None),
    ],
)
def test_parts_of_a_file(place: Any, asked: str, status: int, got: bytes, said: str | None) -> None:
    assert ask(place, "PUT", "/f", b"0123456789").status == 201
    answer = ask(place, "GET", "/f", range=asked)
    assert (answer.status, whole(answer), dict(answer.extra).get("Content-Range")) == (status, got, said)


def test_a_folder_over_http(place: Any) -> None:
    assert "1, 2" in dict(ask(place, "OPTIONS", "/", serve=dav.serve).extra)["DAV"]
    assert ask(place, "MKCOL", "/in", serve=dav.serve).status == 201
    assert ask(place, "MKCOL", "/in", serve=dav.serve).status == 405
    ask(place, "PUT", "/in/a%20b", b"hello")
    listed = ask(place, "PROPFIND", "/in", serve=dav.serve, depth="1")
    assert listed.status == 207
    assert b"<D:href>/in/a%20b</D:href>" in listed.body
    assert b"<D:getcontentlength>5<" in listed.body
    assert ask(place, "MOVE", "/in/a%20b", serve=dav.serve, destination="http://up.example.com/in/c").status == 201
    assert ask(place, "COPY", "/in/c", serve=dav.serve, destination="/d").status == 201
    assert ask(place, "GET", "/in/a%20b").status == 200
    assert b"a%20b" not in ask(place, "PROPFIND", "/in", serve=dav.serve, depth="1").body
    assert whole(ask(place, "GET", "/d")) == b"hello"
    locked = ask(place, "LOCK", "/d", b"<lockinfo/>", serve=dav.serve)
    assert dict(locked.extra)["Lock-Token"].startswith("<opaquelocktoken:")
    assert ask(place, "UNLOCK", "/d", serve=dav.serve).status == 204
    assert ask(place, "PROPPATCH", "/d", serve=dav.serve).status == 207
    assert ask(place, "PROPFIND", "/nothing.here", serve=dav.serve).status == 404


def test_what_is_put_in_parts_is_joined_where_it_is_moved_to(place: Any) -> None:
    """As Nextcloud's clients upload: parts in a folder, then its `.file` is moved."""
    assert ask(place, "MKCOL", "/dav/uploads/me/x1", serve=dav.serve).status == 201
    for name, part in (("00002", b"lo"), ("00001", b"hel")):
        ask(place, "PUT", f"/dav/uploads/me/x1/{name}", part)
    assert ask(place, "MOVE", "/dav/uploads/me/x1/.part", serve=dav.serve, destination="/dav/files/me/w").status == 404
    assert ask(place, "MOVE", "/dav/uploads/me/x1/.file", serve=dav.serve, destination="/dav/files/me/w").status == 201
    assert whole(ask(place, "GET", "/dav/files/me/w")) == b"hello"
