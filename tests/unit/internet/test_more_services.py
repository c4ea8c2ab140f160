"""A registry of images, OpenStack's store, Mercurial, restic's server: what their own clients ask, one after the other."""

import hashlib
import json
from typing import Any

from honeyweights.containers.internet.protocols.http.exchange import Head, Reply, Upgrade
from honeyweights.containers.internet.protocols.http.services import find, mercurial, registry, restic, swift
from honeyweights.containers.internet.protocols.http.visit import Visit
from honeyweights.containers.internet.talk import Remote

HOST = "up.example.com"
CLIENTS = {mercurial, registry, restic, swift}


def ask(place: Any, method: str, target: str, body: bytes = b"", **headers: str) -> Reply:
    fields = {name.replace("_", "-"): value for name, value in headers.items()} | {"host": HOST}
    remote = Remote("203.0.113.9", 80, HOST)
    head = Head(method=method, target=target, host=HOST, headers=fields, remote=remote, secure=False, site=HOST)
    visit = Visit(head, b"", HOST, place.house)
    if body:
        visit.write(body)
    answer = visit.finish()
    assert not isinstance(answer, Upgrade)
    return answer


def whole(answer: Reply) -> bytes:
    return answer.body if answer.blocks is None else b"".join(answer.blocks)


def payloads(place: Any) -> set[tuple[str, bytes]]:
    return {(r["protocol"], place.payload(r)) for r in place.receipts() if r["sent"] and r["method"] not in {"GET", "HEAD"}}


def test_an_image_is_pushed_and_there_and_no_other(place: Any) -> None:
    assert dict(ask(place, "GET", "/v2/").extra)["Docker-Distribution-Api-Version"] == "registry/2.0"
    digest = f"sha256:{hashlib.sha256(b'layer').hexdigest()}"
    assert ask(place, "HEAD", f"/v2/me/w/blobs/{digest}").status == 404
    begun = ask(place, "POST", "/v2/me/w/blobs/uploads/")
    assert (begun.status, dict(begun.extra)["Range"]) == (202, "0-0")
    there = dict(begun.extra)["Location"].removeprefix(f"http://{HOST}")
    assert dict(ask(place, "PATCH", there, b"lay").extra)["Range"] == "0-2"
    done = ask(place, "PUT", f"{there}?digest={digest}", b"er")
    assert (done.status, dict(done.extra)["Docker-Content-Digest"]) == (201, digest)
    assert whole(ask(place, "GET", f"/v2/me/w/blobs/{digest}")) == b"layer"
    assert ask(place, "PATCH", there, b"late").status == 404
    assert ask(place, "POST", f"/v2/me/w/blobs/uploads/?digest={digest}", b"layer").status == 201
    kind = "application/vnd.oci.image.manifest.v1+json"
    made = ask(place, "PUT", "/v2/me/w/manifests/1", b"{}", content_type=kind)
    got = ask(place, "GET", "/v2/me/w/manifests/1", accept=kind)
    assert (made.status, got.kind, whole(got)) == (201, kind, b"{}")
    assert whole(ask(place, "GET", f"/v2/me/w/manifests/{dict(made.extra)['Docker-Content-Digest']}")) == b"{}"
    assert json.loads(ask(place, "GET", "/v2/me/w/tags/list").body) == {"name": "me/w", "tags": ["1"]}
    assert ask(place, "DELETE", "/v2/me/w/manifests/1").status == 202
    assert ask(place, "GET", "/v2/library/alpine/manifests/latest").status == 403, "the company's proxy refuses to fetch"
    assert {payload for protocol, payload in payloads(place) if protocol == "registry"} >= {b"lay", b"er", b"layer", b"{}"}


def test_openstacks_store_keeps_and_lists(place: Any) -> None:
    signed = dict(ask(place, "GET", "/auth/v1.0", x_auth_user="u", x_auth_key="k").extra)
    there, token = signed["X-Storage-Url"].removeprefix(f"http://{HOST}"), signed["X-Auth-Token"]
    assert ask(place, "PUT", f"{there}/c", x_auth_token=token).status == 201
    put = ask(place, "PUT", f"{there}/c/d/w", b"weights", x_auth_token=token)
    assert (put.status, dict(put.extra)["Etag"]) == (201, hashlib.md5(b"weights").hexdigest())  # noqa: S324  # its protocol's
    assert whole(ask(place, "GET", f"{there}/c/d/w", x_auth_token=token)) == b"weights"
    listed = json.loads(ask(place, "GET", f"{there}/c?format=json", x_auth_token=token).body)
    assert [(row["name"], row["bytes"]) for row in listed] == [("d/w", 7)]
    assert ask(place, "GET", f"{there}/c", x_auth_token=token).body == b"d/w\n"
    assert ask(place, "GET", there, x_auth_token=token).body == b"c\n"
    assert dict(ask(place, "HEAD", f"{there}/c", x_auth_token=token).extra)["X-Container-Bytes-Used"] == "0"
    assert ask(place, "POST", f"{there}/c/d/w", x_auth_token=token).status == 202
    assert [ask(place, "DELETE", f"{there}/c/d/w", x_auth_token=token).status for _ in range(2)] == [204, 404]
    assert ask(place, "GET", f"{there}/c/d/w", x_auth_token=token).status == 404
    assert ("swift", b"weights") in payloads(place)


def test_mercurial_finds_nothing_and_takes_a_bundle(place: Any) -> None:
    says = {"accept": "application/mercurial-0.1", "user-agent": "mercurial/proto-1.0 (Mercurial 6.3.2)"}
    assert b"unbundle=" in ask(place, "GET", "/r?cmd=capabilities", **says).body
    asked = ask(place, "GET", "/r?cmd=batch", x_hgarg_1="cmds=heads+%3Bknown+nodes%3Daa+bb", **says)
    assert asked.body == mercurial.NULL + b"\n;00"
    assert ask(place, "GET", "/r?cmd=known", x_hgarg_1="nodes=" + "a" * 40, **says).body == b"0"
    assert ask(place, "POST", "/r?cmd=unbundle", b"HG10GZ...", **says).body.startswith(b"1\n")
    assert ("hg", b"HG10GZ...") in payloads(place)
    head = Head(method="GET", target="/r?cmd=heads", host=HOST, headers={}, remote=Remote("203.0.113.9", 80, HOST), secure=False, site=HOST)
    assert find(head, place.house).name != "mercurial", "a browser is no client of its"


def test_a_backup_is_made_listed_and_read_back(place: Any) -> None:
    says, name = {"user-agent": "Go-http-client/1.1", "accept": "application/vnd.x.restic.rest.v2"}, "a" * 64
    assert ask(place, "HEAD", "/r/config", **says).status == 404
    assert ask(place, "POST", "/r/?create=true", **says).status == 200
    assert ask(place, "POST", "/r/config", b"sealed", **says).status == 200
    assert ask(place, "HEAD", "/r/config", **says).status == 200
    assert ask(place, "POST", f"/r/data/{name}", b"weights", **says).status == 200
    assert json.loads(ask(place, "GET", "/r/data/", **says).body) == [{"name": name, "size": 7}]
    assert json.loads(ask(place, "GET", "/r/data/", **says | {"accept": "application/vnd.x.restic.rest.v1"}).body) == [name]
    assert whole(ask(place, "GET", f"/r/data/{name}", range="bytes=2-4", **says)) == b"igh"
    assert [ask(place, "DELETE", f"/r/data/{name}", **says).status for _ in range(2)] == [200, 404]
    assert payloads(place) >= {("restic", b"sealed"), ("restic", b"weights")}


def test_each_is_known_before_the_ordinary_web() -> None:
    assert all(0 < row.rank < 80 for module in CLIENTS for row in module.SERVICES)
