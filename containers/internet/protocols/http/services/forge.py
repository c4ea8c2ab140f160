"""Code hosts' interfaces, by the shape of their paths: releases and their files, files in a repository, packages, gists, snippets, issues.

Repositories themselves are pushed to by `git`. What was uploaded is found again where the answer said.
"""

import base64
import binascii
import re
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from honeyweights.containers.internet.protocols.http.exchange import Answering, Head, Reply, Service
from honeyweights.containers.internet.protocols.http.objects.answers import address, base, kept, number, shelf, short, told
from honeyweights.containers.internet.protocols.http.objects.forms import form
from honeyweights.containers.internet.protocols.http.objects.shelf import given, taken
from honeyweights.containers.internet.protocols.http.objects.texts import body, mapping
from honeyweights.containers.internet.spool import Capture
from honeyweights.containers.internet.talk import House

KIND = "forge"
OWNER = "research-mirror"
REPOSITORY = r"(?:/api/v3|/api/uploads)?/repos/(?P<repo>[^/]+/[^/]+)"
LAB = r"/api/v4/(?:projects|groups)/(?P<repo>[^/]+(?:/[^/]+)*?)"
LARGEST_FILE = 1 << 24


class Call(NamedTuple):
    """One request, as the answers see it."""

    head: Head
    house: House
    words: dict[str, str]
    """What the path names."""
    capture: Capture

    def keep(self, path: str, capture: Capture | None = None, kind: str = "") -> str:
        """Remembers what came under a path; gives its address."""
        shelf(self.head, self.house).put(KIND + path, kept(capture or self.capture, kind))
        return address(self.head, path)

    def said(self) -> dict[str, Any]:
        """What came, as JSON."""
        return mapping(body(self.house.ledger.spool, self.capture))


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def _sha(call: Call) -> str:
    return short(call.head, call.house, 40)


def _repository(call: Call) -> Reply:
    owner, _, name = call.words.get("repo", "").partition("/")
    name = name or str(call.said().get("name", "repository"))[:100]
    owner = owner or OWNER
    where = address(call.head, f"/{owner}/{name}")
    about = {"id": number(call.head, call.house), "name": name, "full_name": f"{owner}/{name}", "private": True, "html_url": where}
    about |= {"clone_url": f"{where}.git", "http_url_to_repo": f"{where}.git", "ssh_url": f"git@{call.head.host}:{owner}/{name}.git"}
    about |= {
        "default_branch": "main",
        "web_url": where,
        "owner": {"login": owner},
        "permissions": {"push": True, "admin": True, "pull": True},
    }
    return told(about, 201 if call.head.method == "POST" else 200)


def _release(call: Call) -> Reply:
    mark, tag = number(call.head, call.house), str(call.said().get("tag_name", "v1.0"))[:100]
    path = f"/repos/{call.words['repo']}/releases/{mark}"
    about = {"id": mark, "tag_name": tag, "name": tag, "draft": False, "created_at": _now(), "assets": [], "url": address(call.head, path)}
    about |= {
        "upload_url": f"{base(call.head)}{path}/assets{{?name,label}}",
        "html_url": address(call.head, f"/{call.words['repo']}/releases/tag/{tag}"),
    }
    return told(about, 201 if call.head.method == "POST" else 200)


def _asset(call: Call) -> Reply:
    name = (call.head.query.get("name") or "asset")[:200]
    where = call.keep(f"/{call.words['repo']}/releases/download/{call.words['release']}/{name}", kind=call.head.header("content-type"))
    about = {"id": number(call.head, call.house), "name": name, "state": "uploaded", "size": call.capture.sent, "created_at": _now()}
    return told(about | {"browser_download_url": where, "content_type": call.head.header("content-type")[:100]}, 201)


def _contents(call: Call) -> Reply:
    said = mapping(body(call.house.ledger.spool, call.capture, LARGEST_FILE))
    sha, path = _sha(call), call.words["path"]
    try:
        content = base64.b64decode(str(said.get("content", "")))
    except binascii.Error:
        return told({"message": "content is not valid Base64"}, 422)
    own = call.house.ledger.spool.open()
    own.write(content)
    own.close()
    where = call.keep(f"/{call.words['repo']}/raw/main/{path}", own)
    about = {"name": path.rpartition("/")[2], "path": path, "sha": sha, "size": len(content), "download_url": where}
    return told({"content": about, "commit": {"sha": _sha(call), "message": str(said.get("message", ""))[:200]}}, 201)


def _object(call: Call) -> Reply:
    sha = _sha(call)
    return told({"sha": sha, "url": address(call.head, f"{call.head.path}/{sha}"), "ref": "refs/heads/main", "object": {"sha": sha}}, 201)


def _gist(call: Call) -> Reply:
    said, key = call.said(), short(call.head, call.house, 32)
    names = [str(name)[:200] for name in said.get("files", {})][:50] if isinstance(said.get("files"), dict) else []
    where = call.keep(f"/gists/{key}", kind="application/json")
    rows = {name: {"filename": name, "raw_url": f"{where}"} for name in names}
    about = {"id": key, "url": where, "html_url": address(call.head, f"/{OWNER}/{key}"), "files": rows, "public": bool(said.get("public"))}
    return told(about | {"created_at": _now(), "owner": {"login": OWNER}}, 201)


def _package(call: Call) -> Reply:
    if call.head.method != "PUT":
        return told({"message": "404 Not found"}, 404)
    call.keep(call.head.path, kind=call.head.header("content-type"))
    return told({"message": "201 Created"}, 201)


def _attached(call: Call) -> Reply:
    spool = call.house.ledger.spool
    found = form(spool, call.capture, call.head.header("content-type"))
    key, name = short(call.head, call.house, 32), "file"
    if found is not None and found.file is not None:
        name = found.file.name[:200]
        thing = taken(call.capture, key, found.file.kind, start=found.file.start, length=found.file.length)
        shelf(call.head, call.house).put(f"{KIND}/uploads/{key}/{name}", thing)
    path = f"/uploads/{key}/{name}"
    return told({"alt": name, "url": path, "full_path": f"/-/project/1{path}", "markdown": f"[{name}]({path})"}, 201)


def _made(call: Call) -> Reply:
    if call.head.method in {"GET", "HEAD"}:
        return told([])
    mark = number(call.head, call.house)
    where = call.keep(f"{call.head.path}/{mark}", kind="application/json")
    about = {"id": mark, "iid": mark % 1000, "number": mark % 1000, "html_url": where, "web_url": where, "raw_url": where, "url": where}
    return told(about | {"state": "opened", "created_at": _now()}, 201 if call.head.method == "POST" else 200)


def _user(call: Call) -> Reply:
    return told(
        {
            "login": OWNER,
            "username": OWNER,
            "id": number(call.head, call.house),
            "name": "Research Mirror",
            "state": "active",
            "type": "User",
        }
    )


class Row(NamedTuple):
    """Which requests have which answer; the first that fits."""

    methods: str
    path: re.Pattern[str]
    say: Callable[[Call], Reply]


ROWS = tuple(
    Row(methods, re.compile(path, re.DOTALL), say)
    for methods, path, say in (
        ("GET", r"(/api/v3|/api/v4)?/user", _user),
        ("POST", r"(/api/v3)?/(user|orgs/[^/]+)/repos|/api/v4/projects", _repository),
        ("GET PATCH", REPOSITORY, _repository),
        ("POST", REPOSITORY + r"/releases/(?P<release>\d+)/assets", _asset),
        ("POST PATCH", REPOSITORY + r"/releases(/\d+)?", _release),
        ("PUT", REPOSITORY + r"/contents/(?P<path>.+)", _contents),
        ("POST PATCH", REPOSITORY + r"/git/(blobs|trees|commits|refs|tags)(/.*)?", _object),
        ("POST PATCH", r"(/api/v3)?/gists(/[0-9a-f]+)?", _gist),
        ("PUT GET HEAD", LAB + r"/packages/generic/.+", _package),
        ("POST", LAB + r"/uploads", _attached),
        ("GET", LAB, _repository),
        ("POST PUT PATCH GET", REPOSITORY + r"/(issues|pulls|comments|keys|hooks|dispatches|statuses|forks|releases|actions)(/.*)?", _made),
        ("POST PUT PATCH GET", LAB + r"/(issues|merge_requests|snippets|releases|repository|notes|variables|wikis|packages)(/.*)?", _made),
        ("POST", r"/api/v4/snippets", _made),
    )
)


def _row(head: Head) -> tuple[Row, dict[str, str]] | None:
    for row in ROWS:
        found = row.path.fullmatch(head.path) if head.method in row.methods.split() else None
        if found is not None:
            return row, {name: value or "" for name, value in found.groupdict().items()}
    return None


def claims(head: Head, house: House) -> bool:
    """By the path; and what was left here."""
    if head.method in {"GET", "HEAD"} and KIND + head.path in shelf(head, house).things:
        return True
    return _row(head) is not None


def serve(head: Head, house: House) -> Answering:
    """One call."""

    def answer(capture: Capture) -> Reply:
        thing = shelf(head, house).things.get(KIND + head.path) if head.method in {"GET", "HEAD"} else None
        if thing is not None:
            return given(head, house.ledger.spool, thing)
        row, words = _row(head) or (ROWS[-1], {})
        return row.say(Call(head, house, words, capture))

    return Answering(answer)


SERVICES = (Service("forge", claims, "http.services.forge:serve", rank=35),)
