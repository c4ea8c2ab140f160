"""A registry of images, to be pushed to (OCI distribution 1.1): blobs in one piece or several, manifests, and what was pushed back again.

What nobody has pushed is no business of it: the company's proxy refuses to fetch images (`sites/indexes.yaml`).
"""

import re

from honeyweights.containers.internet.protocols.http.exchange import Answering, Fields, Head, Reply, Service
from honeyweights.containers.internet.protocols.http.objects.answers import address, kept, shelf, told
from honeyweights.containers.internet.protocols.http.objects.shelf import Upload, given, joined, plain, shelves, taken
from honeyweights.containers.internet.spool import Capture
from honeyweights.containers.internet.talk import House

_PLACE = re.compile(r"/v2/(?P<name>.+)/(?P<what>blobs|manifests)/(?P<rest>uploads/(?P<mark>[^/]*)|[^/]+)", re.DOTALL)
_TAGS = re.compile(r"/v2/(?P<name>.+)/tags/list", re.DOTALL)
KIND = "registry/"
"""Of things and of uploads."""
VERSION = ("Docker-Distribution-Api-Version", "registry/2.0")


def claims(head: Head, house: House) -> bool:
    """Whatever pushes, asks whether it may, or asks for what was pushed."""
    if head.path in {"/v2/", "/v2"}:
        return head.method in {"GET", "HEAD"}
    known = shelf(head, house).things
    if tags := _TAGS.fullmatch(head.path):
        return any(name.startswith(f"{KIND}{tags['name']}/manifests/") for name in known)
    place = _PLACE.fullmatch(head.path)
    if place is None:
        return False
    if head.method == "HEAD" and place["what"] == "blobs":
        return True
    return head.method in {"POST", "PATCH", "PUT", "DELETE"} or KIND + head.path[4:] in known


class Call:
    """One request."""

    def __init__(self, head: Head, house: House) -> None:
        self._head, self._house = head, house
        self._known = shelf(head, house)
        self._place = _PLACE.fullmatch(head.path)

    def answer(self, capture: Capture) -> Reply:
        """By method and by what the path names."""
        if self._place is None:
            return self._said(self._tags())
        if self._head.method in {"GET", "HEAD"}:
            return self._said(self._got())
        if self._head.method == "DELETE":
            self._known.drop(KIND + self._head.path[4:])
            return self._said(Reply(202, ""))
        if self._place["mark"] is None:
            return self._said(self._put(capture))
        return self._said(self._uploaded(capture))

    def _tags(self) -> Reply:
        """Of a repository; of none, that pushing is possible."""
        asked = _TAGS.fullmatch(self._head.path)
        if asked is None:
            return told({})
        start = f"{KIND}{asked['name']}/manifests/"
        names = (name.removeprefix(start) for name in self._known.things if name.startswith(start))
        return told({"name": asked["name"], "tags": sorted(name for name in names if ":" not in name)})

    def _got(self) -> Reply:
        thing = self._known.things.get(KIND + self._head.path[4:])
        if thing is None:
            return told({"errors": [{"code": "BLOB_UNKNOWN", "message": "blob unknown to registry"}]}, 404)
        return given(self._head, self._house.ledger.spool, thing)

    def _put(self, capture: Capture) -> Reply:
        """A manifest, under its tag and under its digest."""
        assert self._place is not None  # noqa: S101  # of a path that was claimed
        digest = f"sha256:{capture.sha256}"
        thing = taken(capture, digest, self._head.header("content-type"), (("Docker-Content-Digest", digest),))
        for name in (self._place["rest"], digest):
            self._known.put(f"{KIND}{self._place['name']}/manifests/{name}", thing)
        return self._made(f"/v2/{self._place['name']}/manifests/{digest}", digest)

    def _uploaded(self, capture: Capture) -> Reply:
        """A blob, or a part of one. Its digest is the client's word."""
        assert self._place is not None  # noqa: S101  # as before
        all_of_them, name, mark = shelves(self._house), self._place["name"], self._place["mark"]
        if not mark:
            mark = all_of_them.mark(self._house, KIND)
            all_of_them.begin(KIND + mark, Upload(name=name))
        upload = all_of_them.upload(KIND + mark)
        if upload is None:
            return told({"errors": [{"code": "BLOB_UPLOAD_UNKNOWN", "message": "blob upload unknown to registry"}]}, 404)
        if capture.sent:
            all_of_them.part(upload, f"{len(upload.parts):09}", kept(capture))
        digest = plain(self._head.query.get("digest", ""))
        if digest:
            all_of_them.end(KIND + mark)
            parts = [upload.parts[number] for number in sorted(upload.parts)]
            self._known.put(f"{KIND}{name}/blobs/{digest}", joined(parts, digest, "application/octet-stream"))
            return self._made(f"/v2/{name}/blobs/{digest}", digest)
        have = sum(part.size for part in upload.parts.values())
        extra: Fields = (("Location", address(self._head, f"/v2/{name}/blobs/uploads/{mark}")), ("Docker-Upload-UUID", mark))
        return Reply(202, "", extra=(*extra, ("Range", f"0-{max(0, have - 1)}")))

    def _made(self, path: str, digest: str) -> Reply:
        return Reply(201, "", extra=(("Location", address(self._head, path)), ("Docker-Content-Digest", digest)))

    def _said(self, reply: Reply) -> Reply:
        return reply._replace(extra=(*reply.extra, VERSION))


def serve(head: Head, house: House) -> Answering:
    """One request."""
    return Answering(Call(head, house).answer)


SERVICES = (Service("registry", claims, "http.services.registry:serve", protocol="registry", rank=30),)
