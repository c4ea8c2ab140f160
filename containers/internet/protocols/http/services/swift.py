"""OpenStack's object storage: a token for any name and key (v1), containers, objects. Objects lie where S3's do."""

import re

from honeyweights.containers.internet.protocols.http.exchange import Fields, Head, Reply, Service
from honeyweights.containers.internet.protocols.http.objects.answers import base, shelf, short, told
from honeyweights.containers.internet.protocols.http.objects.codings import Summed
from honeyweights.containers.internet.protocols.http.objects.shelf import given, page, taken
from honeyweights.containers.internet.spool import Capture
from honeyweights.containers.internet.talk import House

_PLACE = re.compile(r"/v1/AUTH_[^/]+(?:/(?P<container>[^/]+)(?:/(?P<name>.+))?)?/?", re.DOTALL)


def claims(head: Head, _house: House) -> bool:
    """Whoever shows a name and a key, or a token and an account's path."""
    return {"x-auth-user", "x-auth-key"} <= head.headers.keys() or (
        "x-auth-token" in head.headers and _PLACE.fullmatch(head.path) is not None
    )


class Swift:
    """One request."""

    def __init__(self, head: Head, house: House) -> None:
        self.decoder = Summed()
        self._head, self._house, self._shelf = head, house, shelf(head, house)
        found = _PLACE.fullmatch(head.path)
        self._signs_in = found is None or "x-auth-key" in head.headers
        self._container = (found["container"] or "") if found else ""
        self._name = (found["name"] or "") if found else ""

    def answer(self, capture: Capture) -> Reply:
        """By what the path names."""
        if self._signs_in:
            token = f"AUTH_tk{short(self._head, self._house, 32)}"
            there = f"{base(self._head)}/v1/AUTH_{short(self._head, self._house)}"
            return Reply(200, "text/plain", extra=(("X-Storage-Url", there), ("X-Auth-Token", token), ("X-Storage-Token", token)))
        return self._object(capture) if self._name else self._listed()

    def _object(self, capture: Capture) -> Reply:
        key = f"s3/{self._container}/{self._name}"
        if self._head.method == "PUT":
            md5 = self.decoder.md5.hexdigest()
            self._shelf.folder(f"s3/{self._container}")
            self._shelf.put(key, taken(capture, md5, self._head.header("content-type")))
            return Reply(201, "text/html; charset=UTF-8", extra=(("Etag", md5),))
        if self._head.method == "DELETE":
            return Reply(204 if self._shelf.drop(key) else 404, "")
        thing = self._shelf.things.get(key)
        if self._head.method == "POST":
            return Reply(202 if thing else 404, "")
        return Reply(404, "text/html; charset=UTF-8") if thing is None else given(self._head, self._house.ledger.spool, thing)

    def _listed(self) -> Reply:
        """An account, or a container; what is made or changed there is done."""
        if self._head.method in {"PUT", "POST", "DELETE"}:
            self._shelf.folder(f"s3/{self._container}")
            return Reply({"PUT": 201}.get(self._head.method, 204), "text/html; charset=UTF-8")
        start = f"s3/{self._container}/" if self._container else "s3/"
        names = (name[len(start) :] for name in (self._shelf.things if self._container else self._shelf.folders) if name.startswith(start))
        counted: Fields = tuple((f"X-{kind}-{what}", "0") for kind in ("Container", "Account") for what in ("Object-Count", "Bytes-Used"))
        if self._head.method == "HEAD":
            return Reply(204, "", extra=(*counted, ("X-Account-Container-Count", "1"), ("X-Timestamp", "1704067200.00000")))
        found = page(names, prefix=self._head.query.get("prefix", ""), after=self._head.query.get("marker", ""))
        if self._head.query.get("format") != "json":
            return Reply(200, "text/plain; charset=utf-8", "".join(f"{name}\n" for name in found.names).encode("utf-8", "replace"))
        return told([self._row(name, start) for name in found.names])

    def _row(self, name: str, start: str) -> dict[str, object]:
        thing = self._shelf.things.get(start + name)
        if thing is None:
            return {"name": name, "count": 0, "bytes": 0}
        return {
            "name": name,
            "bytes": thing.size,
            "hash": thing.etag,
            "content_type": thing.kind,
            "last_modified": "2024-01-01T00:00:00.000000",
        }


def serve(head: Head, house: House) -> Swift:
    """One request."""
    return Swift(head, house)


SERVICES = (Service("swift", claims, "http.services.swift:serve", protocol="swift", rank=27),)
