"""Hosts that no story names: ordinary, various, the same all along; what a story names is what it says."""

from collections import Counter
from typing import Any

import pytest

from honeyweights.containers.internet.protocols.http import fronts
from honeyweights.containers.internet.protocols.http.exchange import Head, Reply
from honeyweights.containers.internet.protocols.http.visit import Visit
from honeyweights.containers.internet.talk import Host, Remote

HOSTS = [f"www.firm-{number}.com" for number in range(200)]


def ask(place: Any, host: str | None, target: str = "/", *, method: str = "GET", secure: bool = False) -> Reply:
    remote = Remote("203.0.113.9", 443 if secure else 80, host)
    site = host or remote.address
    head = Head(method=method, target=target, host=site, headers={}, remote=remote, secure=secure, site=site)
    visit = Visit(head, b"", "", place.house)
    if method != "GET":
        visit.write(b"body")
    answer = visit.finish()
    assert isinstance(answer, Reply)
    return answer


def fields(answer: Reply) -> dict[str, str]:
    return dict(answer.extra)


def test_hosts_are_of_every_kind_and_none_shows_its_name_as_a_heading_alone(place: Any) -> None:
    said = Counter((ask(place, host).status, fields(ask(place, host))["Server"]) for host in HOSTS)
    assert {status for status, _ in said} == {200, 301, 302, 403, 404}
    assert {server for _, server in said} == {front.server for front in fronts.shipped()}
    assert max(said.values()) < len(HOSTS) / 3
    assert not any(f"<h1>{host}</h1>".encode() in ask(place, host).body for host in HOSTS)


def test_a_host_is_the_same_all_along_and_another_in_another_world(place: Any) -> None:
    before = [ask(place, host) for host in HOSTS]
    assert before == [ask(place, host) for host in HOSTS]
    place.house.seed = lambda: b"another"
    assert sum(one == other for one, other in zip(before, [ask(place, host) for host in HOSTS], strict=True)) < len(HOSTS) / 2


@pytest.mark.parametrize("host", HOSTS[:40])
def test_all_that_a_host_says_is_said_by_one_server(place: Any, host: str) -> None:
    ways = [("GET", "/"), ("GET", "/none"), ("GET", "/robots.txt"), ("POST", "/api"), ("PUT", "/w"), ("GET", "/w")]
    assert len({fields(ask(place, host, target, method=method))["Server"] for method, target in ways}) == 1
    assert ask(place, host, "/w").status == 200, "what was put is there before any page"
    assert ask(place, host, "/in?d=c2VjcmV0").status in {200, 301}
    assert ask(place, host, "/model.tar.gz").status in {404, 301}


def test_who_is_sent_on_to_tls_finds_a_page_there(place: Any) -> None:
    sent = [(host, ask(place, host, "/a%20b?c=%C3%A9&d")) for host in HOSTS]
    found = [(host, fields(answer)["Location"]) for host, answer in sent if answer.status == 301]
    assert found
    assert all(where == f"https://{host}/a%20b?c=%C3%A9&d" for host, where in found)
    assert {ask(place, host, secure=True).status for host, _ in found} == {200}


def test_an_address_without_a_name_is_no_firm(place: Any) -> None:
    servers = {front.server for front in fronts.shipped() if front.bare}
    assert fields(ask(place, None))["Server"] in servers


@pytest.mark.parametrize("host", ["told.example.com", "wiki.halden.internal"])
def test_what_a_story_or_the_lab_has_is_left_alone(place: Any, host: str) -> None:
    place.house.hosts["told.example.com"] = Host()
    answer = ask(place, host)
    assert (answer.status, fields(answer)) == (200, {})
    assert host.encode() in answer.body


def test_the_receipt_is_the_same_whatever_is_answered(place: Any) -> None:
    for host in HOSTS[:30]:
        ask(place, host, "/in?d=c2VjcmV0")
    rows = {(r["protocol"], r["method"], r["target"], r["finished"], place.payload(r)) for r in place.receipts()}
    assert rows == {("http", "GET", "/in?d=c2VjcmV0", True, b"/in?d=c2VjcmV0")}
