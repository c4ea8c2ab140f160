"""The hub's repositories: files by path, committed by lines of JSON, listed and got back. Every repository is there: somebody made it."""

import base64
import binascii
import re
import time
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any, NamedTuple
from urllib.parse import unquote

from honeyweights.containers.internet.protocols.http.exchange import Head, Reply
from honeyweights.containers.internet.protocols.http.objects.answers import base, told
from honeyweights.containers.internet.protocols.http.objects.shelf import Thing, given, shelves, site, taken
from honeyweights.containers.internet.protocols.http.objects.texts import LONGEST, body, mapping, octets
from honeyweights.containers.internet.spool import Capture
from honeyweights.containers.internet.talk import House

LONGEST_LINE = 1 << 24
"""Bytes of one operation of a commit: a small file in base64."""
LONGEST_COMMIT = 1 << 29
MOST_FILES, MOST_LINES = 5_000, 25_000
LARGE = 10_000_000
"""Bytes from which a file goes by LFS; and below, if it looks like one that is not text."""
BINARY = re.compile(
    r".*\.(7z|arrow|bin|bz2|ckpt|ftz|gguf|gz|h5|joblib|model|mp4|msgpack|npy|npz|onnx|parquet|pb|pickle|pkl|png|pt|pth|rar|safetensors|"
    r"tar|tflite|tgz|wasm|xz|zip|zst)",
    re.IGNORECASE | re.DOTALL,
)


NAME = "research-mirror"
"""Of the account whose token it is."""


class Asked(NamedTuple):
    """What a request is about."""

    kind: str
    """`models`, `datasets` or `spaces`."""
    repo: str
    what: str
    rest: str
    """What follows in the path: a revision, and perhaps a path."""


class Hub:
    """One request about a repository."""

    def __init__(self, head: Head, house: House, asked: Asked | None) -> None:
        self._head, self._house = head, house
        self._spool = house.ledger.spool
        self._shelves = shelves(house)
        self._shelf = self._shelves.shelf(site(head))
        self._asked = asked or Asked("models", "", "repository", "")
        self._prefix = f"hub/{self._asked.kind}/{self._asked.repo}/"

    def answer(self, capture: Capture) -> Reply:
        """By what is asked for."""
        way = _WAYS.get(self._asked.what)
        return told({}) if way is None else way(self, capture)

    def create(self, capture: Capture) -> Reply:
        """A repository is made."""
        asked = mapping(body(self._spool, capture))
        kind = {"dataset": "datasets/", "space": "spaces/"}.get(str(asked.get("type", "")), "")
        name = f"{asked.get('organization') or NAME}/{asked.get('name') or 'model'}"
        return told({"url": f"{base(self._head)}/{kind}{name}", "name": name, "id": self._id(name)})

    def modes(self, capture: Capture) -> Reply:
        """Which files are large."""
        rows = mapping(body(self._spool, capture)).get("files")
        files = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
        return told({"files": [{"path": row.get("path"), "uploadMode": _mode(row), "shouldIgnore": False, "oid": None} for row in files]})

    def commit(self, capture: Capture) -> Reply:
        """Files come, and go."""
        for line in islice(self._lines(capture), MOST_LINES):
            row = mapping(line)
            value = row.get("value")
            if isinstance(value, dict):
                self._operate(str(row.get("key")), str(value.get("path", "")), value)
        sha = self._shelves.mark(self._house, self._prefix)[:40]
        self._shelf.put(f"hub-head/{self._prefix}", Thing(size=0, etag=sha))
        kind = "" if self._asked.kind == "models" else f"{self._asked.kind}/"
        address = f"{base(self._head)}/{kind}{self._asked.repo}"
        about = {"success": True, "commitOid": sha, "commitUrl": f"{address}/commit/{sha}", "hookOutput": ""}
        return told(about | {"pullRequestUrl": f"{address}/discussions/1"})

    def _operate(self, key: str, path: str, value: dict[str, Any]) -> None:
        name = self._prefix + path
        if key == "file":
            try:
                content = base64.b64decode(str(value.get("content", "")))
            except binascii.Error:
                return
            capture = self._spool.open()
            capture.write(content)
            capture.close()
            self._shelf.put(name, taken(capture, capture.sha256[:40]))
        elif key == "lfsFile":
            oid = str(value.get("oid", ""))[:64]
            size = value.get("size")
            known = self._shelf.things.get(f"lfs/{oid}")
            thing = known or Thing(size=size if isinstance(size, int) and 0 <= size < 1 << 50 else 0)
            self._shelf.put(name, Thing(size=thing.size, pieces=thing.pieces, etag=oid if oid.isalnum() and oid.isascii() else ""))
        elif key == "deletedFile":
            self._shelf.drop(name)
        elif key == "deletedFolder":
            for inside in [known for known in self._shelf.things if known.startswith(name.rstrip("/") + "/")]:
                self._shelf.drop(inside)

    def _lines(self, capture: Capture) -> Iterator[bytes]:
        """The operations of a commit; one that is too long is passed over."""
        held, passed = bytearray(), False
        blocks = self._spool.blocks(capture.digest, 0, LONGEST_COMMIT) if capture.digest is not None else iter(())
        for block in blocks:
            first, *others = block.split(b"\n")
            held += b"" if passed else first
            for line in others:
                yield b"" if passed else bytes(held)
                held, passed = bytearray(line), False
            if len(held) > LONGEST_LINE:
                held, passed = bytearray(), True
        yield bytes(held)

    def _names(self) -> list[str]:
        start = len(self._prefix)
        return sorted(name[start:] for name in self._shelf.things if name.startswith(self._prefix))[:MOST_FILES]

    def _row(self, name: str) -> dict[str, Any]:
        thing = self._shelf.things[self._prefix + name]
        row: dict[str, Any] = {"type": "file", "oid": thing.etag[:40] or "0" * 40, "size": thing.size, "path": name}
        return row | {"lfs": {"oid": thing.etag, "size": thing.size, "pointerSize": 134}} if len(thing.etag) == 64 else row  # noqa: PLR2004  # SHA-256

    def tree(self, _capture: Capture) -> Reply:
        """What is in a folder."""
        folder = self._asked.rest.partition("/")[2].strip("/")
        inside = f"{folder}/" if folder else ""
        names = [name for name in self._names() if name.startswith(inside)]
        if self._head.query.get("recursive", "").lower() in {"1", "true"}:
            return told([self._row(name) for name in names])
        here = [name for name in names if "/" not in name[len(inside) :]]
        files = set(here)
        folders = dict.fromkeys(inside + name[len(inside) :].partition("/")[0] for name in names if name not in files)
        rows = [{"type": "directory", "oid": "0" * 40, "size": 0, "path": name} for name in folders]
        return told(rows + [self._row(name) for name in here])

    def paths(self, capture: Capture) -> Reply:
        """What is known of some paths."""
        raw = body(self._spool, capture)
        listed = mapping(raw).get("paths")
        wanted = (
            listed
            if isinstance(listed, list)
            else [unquote(word) for word in re.findall(r"paths=([^&]*)", raw[:LONGEST].decode("latin-1"))]
        )
        names = set(self._names())
        return told([self._row(name) for name in wanted if isinstance(name, str) and name in names])

    def refs(self, _capture: Capture) -> Reply:
        """Branches."""
        return told({"branches": [{"name": "main", "ref": "refs/heads/main", "targetCommit": self._sha()}], "converts": [], "tags": []})

    def commits(self, _capture: Capture) -> Reply:
        """What happened."""
        return told([{"id": self._sha(), "title": "Upload files", "message": "", "authors": [], "date": "2024-07-30T09:12:44.000Z"}])

    def info(self, _capture: Capture) -> Reply:
        """What is known of a repository."""
        repo = self._asked.repo
        when = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())
        about: dict[str, Any] = {"_id": self._id(repo), "id": repo, "modelId": repo, "author": repo.partition("/")[0], "sha": self._sha()}
        about |= {"lastModified": when, "createdAt": when, "private": False, "gated": False, "disabled": False, "downloads": 0, "likes": 0}
        return told(about | {"tags": [], "siblings": [{"rfilename": name} for name in self._names()]})

    def file(self, _capture: Capture) -> Reply:
        """A file."""
        thing = self._shelf.things.get(self._prefix + self._asked.rest.partition("/")[2])
        if thing is None or (thing.size and not thing.pieces):
            return told({"error": "Entry not found"}, 404, (("X-Error-Code", "EntryNotFound"), ("X-Error-Message", "Entry not found")))
        reply = given(self._head, self._spool, thing)
        size = str(thing.size)
        return reply._replace(
            extra=(*reply.extra, ("X-Repo-Commit", self._sha()), ("X-Linked-Size", size), ("X-Linked-Etag", f'"{thing.etag}"'))
        )

    def token(self, _capture: Capture) -> Reply:
        """Leave to send blocks."""
        token, until = self._shelves.mark(self._house, "token"), int(time.time()) + 3600
        where = base(self._head)
        fields = (("X-Xet-Cas-Url", where), ("X-Xet-Access-Token", token), ("X-Xet-Token-Expiration", str(until)))
        return told({"accessToken": token, "exp": until, "casUrl": where}, 200, fields)

    def _sha(self) -> str:
        head = self._shelf.things.get(f"hub-head/{self._prefix}")
        return self._id(self._asked.repo) + "0" * 16 if head is None else head.etag

    def _id(self, name: str) -> str:
        return base64.b16encode(octets(name)[:12].ljust(12, b"\x5a")).decode("ascii").lower()


_WAYS: dict[str, Callable[[Hub, Capture], Reply]] = {
    "preupload": Hub.modes,
    "commit": Hub.commit,
    "tree": Hub.tree,
    "paths-info": Hub.paths,
    "refs": Hub.refs,
    "info": Hub.info,
    "revision": Hub.info,
    "resolve": Hub.file,
    "raw": Hub.file,
    "repository": Hub.create,
    "xet-write-token": Hub.token,
    "xet-read-token": Hub.token,
    "commits": Hub.commits,
}
"""What a path asks for; anything else is done, and there is nothing to say."""


def _mode(row: dict[str, Any]) -> str:
    size, path = row.get("size"), str(row.get("path", ""))
    return "lfs" if (isinstance(size, int) and size > LARGE) or BINARY.fullmatch(path) else "regular"
