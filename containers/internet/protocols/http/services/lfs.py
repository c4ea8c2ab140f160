"""Git LFS (its batch API, with the transfers `basic` and the hub's own `multipart`): large files beside a repository, by their SHA-256.

Objects belong to the site, not to a repository, as a server that keeps each once would have it.
"""

import re
from typing import Any
from urllib.parse import quote

from honeyweights.containers.internet.protocols.http.exchange import Answering, Head, Reply, Service
from honeyweights.containers.internet.protocols.http.objects.answers import base
from honeyweights.containers.internet.protocols.http.objects.codings import Summed
from honeyweights.containers.internet.protocols.http.objects.shelf import Shelf, Upload, given, joined, shelves, site, taken
from honeyweights.containers.internet.protocols.http.objects.texts import body, dumped, mapping, octets
from honeyweights.containers.internet.spool import Capture
from honeyweights.containers.internet.talk import House

_PLACE = re.compile(
    r"(?P<repository>/.+)/info/lfs/(?P<what>objects/batch|objects/[0-9a-f]{64}|verify|complete/[0-9a-f]{64}|locks(/.*)?)", re.DOTALL
)
_ID = re.compile(r"[0-9a-f]{64}")
KIND = "application/vnd.git-lfs+json"
MOST_OBJECTS = 2_000
"""Of one question."""
PART = 32 << 20
"""Bytes of a part, where the client can send parts and the object is larger than two."""
MOST_PARTS = 10_000


def claims(head: Head, _house: House) -> bool:
    """By the path."""
    return _PLACE.fullmatch(head.path) is not None


class Lfs:
    """One request."""

    def __init__(self, head: Head, house: House) -> None:
        self.decoder = Summed()
        self._head, self._house = head, house
        self._shelves = shelves(house)
        self._shelf: Shelf = self._shelves.shelf(site(head))
        found = _PLACE.fullmatch(head.path)
        assert found is not None  # noqa: S101  # it was claimed
        self._repository, self._what = found["repository"], found["what"]

    def answer(self, capture: Capture) -> Reply:
        """By method and by what the path names."""
        kind, _, oid = self._what.partition("/")
        if self._what == "objects/batch":
            return self._batch(mapping(body(self._house.ledger.spool, capture)))
        if kind == "objects":
            return self._put(oid, capture) if self._head.method in {"PUT", "POST"} else self._get(oid)
        if kind == "complete":
            return self._complete(oid)
        return _told({"ours": [], "theirs": []} if oid == "verify" else {"locks": []} if kind == "locks" else {})

    def _batch(self, asked: dict[str, Any]) -> Reply:
        transfers = asked.get("transfers")
        parts = isinstance(transfers, list) and "multipart" in transfers
        rows = asked.get("objects")
        objects = [row for row in rows[:MOST_OBJECTS] if isinstance(row, dict)] if isinstance(rows, list) else []
        way = self._upload if asked.get("operation") == "upload" else self._download
        found = [way(str(row.get("oid", "")), row.get("size"), parts=parts) for row in objects]
        chosen = "multipart" if any("chunk_size" in str(row) for row in found) else "basic"
        return _told({"transfer": chosen, "objects": found, "hash_algo": "sha256"})

    def _upload(self, oid: str, size: object, *, parts: bool) -> dict[str, Any]:
        told: dict[str, Any] = {"oid": oid, "size": size if isinstance(size, int) else 0, "authenticated": True}
        if not _ID.fullmatch(oid):
            return told | {"error": {"code": 422, "message": "invalid oid"}}
        known = self._shelf.things.get(f"lfs/{oid}")
        if known is not None and known.size == size:
            return told
        href = f"{self._base()}/objects/{oid}"
        upload: dict[str, Any] = {"href": href, "expires_in": 86400}
        if parts and 2 * PART < told["size"] <= MOST_PARTS * PART:
            numbers = range(1, -(-told["size"] // PART) + 1)
            upload = {"href": f"{self._base()}/complete/{oid}", "header": {"chunk_size": str(PART)}}
            upload["header"] |= {f"{number:05}": f"{href}?part={number}" for number in numbers}
        return told | {"actions": {"upload": upload, "verify": {"href": f"{self._base()}/verify", "expires_in": 86400}}}

    def _download(self, oid: str, size: object, *, parts: bool) -> dict[str, Any]:  # noqa: ARG002  # as for an upload
        told: dict[str, Any] = {"oid": oid, "size": size if isinstance(size, int) else 0, "authenticated": True}
        if f"lfs/{oid}" not in self._shelf.things:
            return told | {"error": {"code": 404, "message": "Object does not exist"}}
        return told | {"actions": {"download": {"href": f"{self._base()}/objects/{oid}", "expires_in": 86400}}}

    def _put(self, oid: str, capture: Capture) -> Reply:
        thing = taken(capture, self.decoder.md5.hexdigest())
        number = self._head.query.get("part", "")
        if not number.isascii() or not number.isdigit() or len(number) > 5:  # noqa: PLR2004  # digits
            self._shelf.put(f"lfs/{oid}", thing)
        else:
            upload = self._shelves.upload(self._mark(oid))
            if upload is None:
                upload = Upload(name=f"lfs/{oid}")
                self._shelves.begin(self._mark(oid), upload)
            self._shelves.part(upload, number.zfill(5), thing)
        return Reply(200, "", extra=(("ETag", f'"{thing.etag}"'),))

    def _get(self, oid: str) -> Reply:
        thing = self._shelf.things.get(f"lfs/{oid}")
        return _told({"message": "Not found"}, 404) if thing is None else given(self._head, self._house.ledger.spool, thing)

    def _complete(self, oid: str) -> Reply:
        upload = self._shelves.end(self._mark(oid))
        if upload is not None:
            parts = [upload.parts[number] for number in sorted(upload.parts)]
            self._shelf.put(f"lfs/{oid}", joined(parts, oid[:32], "application/octet-stream"))
        return _told({"success": True})

    def _mark(self, oid: str) -> str:
        return f"lfs/{site(self._head)}/{oid}"

    def _base(self) -> str:
        return f"{base(self._head)}{quote(octets(self._repository))}/info/lfs"


def _told(told: object, status: int = 200) -> Reply:
    return Reply(status, KIND, dumped(told))


def serve(head: Head, house: House) -> Answering:
    """One request."""
    found = Lfs(head, house)
    return Answering(found.answer, found.decoder)


SERVICES = (Service("lfs", claims, "http.services.lfs:serve", protocol="git-lfs", rank=19),)
