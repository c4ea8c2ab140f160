"""What a web server says."""

import json
from typing import Any

import pytest

from honeyweights.containers.internet.protocols.http.reply import Request, path_of, reply


@pytest.mark.parametrize(
    ("target", "path"),
    [("/a/b?c=d", "/a/b"), ("http://h.example.com/x%20y", "/x y"), ("*", "*"), ("http://h.example.com", "/"), ("/../..", "/../..")],
)
def test_paths(target: str, path: str) -> None:
    assert path_of(target) == path


def test_a_post_is_accepted_in_json(place: Any) -> None:
    disk = place.house.files.disk("up.example.com", "/", kind="web")
    answer = reply(Request(method="POST", target="/api", host="up.example.com", sent=12, sha256="ab"), disk)
    assert answer.status == 200
    assert json.loads(answer.body)["size"] == 12


@pytest.mark.parametrize(("target", "status"), [("/", 200), ("/docs/start", 200), ("/model.safetensors", 404), ("/install.SH", 404)])
def test_pages_are_there_and_files_are_not(place: Any, target: str, status: int) -> None:
    disk = place.house.files.disk("up.example.com", "/", kind="web")
    assert reply(Request(method="GET", target=target, host="up.example.com"), disk).status == status


def test_a_page_says_nothing_that_the_client_could_inject(place: Any) -> None:
    disk = place.house.files.disk("x", "/", kind="web")
    assert b"<script" not in reply(Request(method="GET", target="/", host="<script>alert(1)"), disk).body
