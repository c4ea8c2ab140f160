"""tus 1.0, the open protocol for resumable uploads: creation (with upload, with a length that comes later), patch, head, termination."""

import hashlib
from collections.abc import Callable
from typing import NamedTuple

from honeyweights.containers.internet.files import Disk
from honeyweights.containers.internet.protocols.http.exchange import Answering, Fields, Head, Reply, Service
from honeyweights.containers.internet.protocols.http.parts import lay, reached
from honeyweights.containers.internet.spool import Capture
from honeyweights.containers.internet.talk import House

VERSION = (("Tus-Resumable", "1.0.0"),)
BYTES = "application/offset+octet-stream"
MOST = 1 << 40
"""Bytes that the server says it takes."""
UPLOADS = 10_000
"""Uploads whose declared length is remembered, over all sites."""


class Upload(NamedTuple):
    """What the client said when it began."""

    length: int | None
    metadata: str


Uploads = dict[tuple[str, str], Upload]


def claims(head: Head, _house: House) -> bool:
    """By the field that every request but OPTIONS has; OPTIONS is asked by clients that name the protocol otherwise."""
    return "tus-resumable" in head.headers


def serve(head: Head, house: House) -> Answering:
    """One request."""
    uploads = house.memos.setdefault("tus", {})
    assert isinstance(uploads, dict)  # noqa: S101  # nobody else writes under that name
    disk = head.disk(house)
    method = head.header("x-http-method-override").upper() or head.method
    return Answering(lambda capture: _BY_METHOD.get(method, _refused)(head, disk, uploads, capture))


def _created(head: Head, disk: Disk, uploads: Uploads, capture: Capture) -> Reply:
    length = _number(head.header("upload-length"))
    if length is None and head.header("upload-defer-length") != "1":
        return Reply(400, "text/plain", b"missing Upload-Length header\n", VERSION)
    ticket = f"{head.site}|{head.path}|{len(uploads)}|{head.header('upload-metadata')}"
    mark = hashlib.sha256(ticket.encode("utf-8", "surrogateescape")).hexdigest()[:32]
    folder = head.path.rstrip("/")
    path = disk.path(f"{folder}/{mark}", "/")
    if len(uploads) < UPLOADS:
        uploads[head.site, path] = Upload(length, head.header("upload-metadata"))
    file = lay(disk, path, 0, capture)
    scheme = "https" if head.secure else "http"
    place = head.header("host") or head.host
    extra = (*VERSION, ("Location", f"{scheme}://{place}{folder}/{mark}"), ("Upload-Offset", str(reached(file))))
    return Reply(201, "", extra=extra)


def _patched(head: Head, disk: Disk, uploads: Uploads, capture: Capture) -> Reply:
    path = disk.path(head.path, "/")
    file, start = disk.files.get(path), _number(head.header("upload-offset"))
    if file is None:
        return Reply(404, "text/plain", b"upload not found\n", VERSION)
    if start is None or start != reached(file):
        return Reply(409, "text/plain", b"mismatched offset\n", VERSION)
    told = _number(head.header("upload-length"))
    if told is not None and (head.site, path) in uploads:
        uploads[head.site, path] = uploads[head.site, path]._replace(length=told)
    file = lay(disk, path, start, capture)
    return Reply(204, "", extra=(*VERSION, ("Upload-Offset", str(reached(file)))))


def _looked(head: Head, disk: Disk, uploads: Uploads, _capture: Capture) -> Reply:
    path = disk.path(head.path, "/")
    file, upload = disk.files.get(path), uploads.get((head.site, path))
    if file is None:
        return Reply(404, "text/plain", b"", VERSION)
    extra: Fields = (*VERSION, ("Cache-Control", "no-store"), ("Upload-Offset", str(reached(file))))
    if upload is not None and upload.length is not None:
        extra += (("Upload-Length", str(upload.length)),)
    elif upload is not None:
        extra += (("Upload-Defer-Length", "1"),)
    if upload is not None and upload.metadata:
        extra += (("Upload-Metadata", upload.metadata),)
    return Reply(200, "", extra=extra)


def _ended(head: Head, disk: Disk, uploads: Uploads, _capture: Capture) -> Reply:
    path = disk.path(head.path, "/")
    uploads.pop((head.site, path), None)
    return Reply(204 if disk.drop(path) else 404, "", extra=VERSION)


def _offered(_head: Head, _disk: Disk, _uploads: Uploads, _capture: Capture) -> Reply:
    extensions = "creation,creation-with-upload,creation-defer-length,termination"
    return Reply(204, "", extra=(*VERSION, ("Tus-Version", "1.0.0"), ("Tus-Extension", extensions), ("Tus-Max-Size", str(MOST))))


def _refused(_head: Head, _disk: Disk, _uploads: Uploads, _capture: Capture) -> Reply:
    return Reply(405, "", extra=VERSION)


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None  # noqa: PLR2004  # digits of a 64-bit size


_BY_METHOD: dict[str, Callable[[Head, Disk, Uploads, Capture], Reply]] = {
    "POST": _created,
    "PATCH": _patched,
    "HEAD": _looked,
    "DELETE": _ended,
    "OPTIONS": _offered,
}
SERVICES = (Service("tus", claims, "http.services.tus:serve", rank=40),)
