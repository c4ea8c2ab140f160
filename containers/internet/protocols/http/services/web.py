"""The plain web server: a success that a person would believe. What was put is there to be got, in parts too.

At hosts that no story names a page is what such a host has (`fronts`); who asks for something by a query is told that all is well.
"""

import hashlib
import json
import re
from collections.abc import Callable
from email.utils import formatdate
from http import HTTPStatus

from honeyweights.containers.internet.files import Disk, File
from honeyweights.containers.internet.protocols.http import fronts
from honeyweights.containers.internet.protocols.http.exchange import LAST, Answering, Fields, Head, Reply, Service
from honeyweights.containers.internet.spool import Capture
from honeyweights.containers.internet.talk import House

FILE_LIKE = (
    ".gz",
    ".tgz",
    ".zip",
    ".tar",
    ".whl",
    ".deb",
    ".sh",
    ".py",
    ".safetensors",
    ".bin",
    ".pt",
    ".gguf",
    ".exe",
    ".iso",
    ".xz",
    ".zst",
)
"""Endings of what somebody would have to have uploaded: a page in its place would be found out."""
ALLOWED = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


def serve(head: Head, house: House) -> Answering:
    """Answers by the site's memory."""
    disk = head.disk(house)
    front = fronts.of(head, house)

    def answer(capture: Capture) -> Reply:
        if front is None or head.method not in {"GET", "HEAD"} or disk.path(head.path, "/") in disk.files:
            return _BY_METHOD.get(head.method, _accepted)(head, disk, capture)
        told = fronts.page(front, head, house)
        if head.path.lower().endswith(FILE_LIKE):
            return missing() if told.status == HTTPStatus.OK else told
        return _accepted(head, disk, capture) if "?" in head.target and told.status == HTTPStatus.NOT_FOUND else told

    return Answering(answer)


def _read(head: Head, disk: Disk, _capture: Capture) -> Reply:
    path = disk.path(head.path, "/")
    file = disk.files.get(path)
    if file is not None:
        return stored(head, disk, file)
    if path.lower().endswith(FILE_LIKE):
        return missing()
    title = head.host or "Welcome"
    page = f"<!DOCTYPE html>\n<html><head><title>{safe(title)}</title></head>\n<body><h1>{safe(title)}</h1></body></html>\n"
    return Reply(200, body=page.encode("ascii"))


def stored(head: Head, disk: Disk, file: File, kind: str = "application/octet-stream") -> Reply:
    """A file of the memory, or the part of it that `Range` asks for (RFC 9110, 14.2; of several parts the whole)."""
    extra: Fields = (
        ("Last-Modified", formatdate(file.modified, usegmt=True)),
        ("ETag", f'"{(file.sha256 or "0")[:32]}"'),
        ("Accept-Ranges", "bytes"),
    )
    first, last = 0, file.kept - 1
    asked = _RANGE.fullmatch(head.header("range").strip())
    if asked is None or asked.group() == "bytes=-":
        return Reply(200, kind, extra=extra, blocks=disk.span(file, 0, file.kept), length=file.kept)
    low, high = asked.groups()
    if low:
        first, last = int(low), min(last, int(high)) if high else last
    else:
        first = max(0, file.kept - int(high))
    if first > last:
        return Reply(416, extra=(("Content-Range", f"bytes */{file.kept}"),))
    extra += (("Content-Range", f"bytes {first}-{last}/{file.kept}"),)
    return Reply(206, kind, extra=extra, blocks=disk.span(file, first, last + 1), length=last + 1 - first)


def _put(head: Head, disk: Disk, capture: Capture) -> Reply:
    disk.keep(disk.path(head.path, "/"), capture)
    return Reply(201, "text/plain", extra=(("ETag", f'"{capture.sha256[:32]}"'),))


def _delete(head: Head, disk: Disk, _capture: Capture) -> Reply:
    return Reply(204) if disk.drop(disk.path(head.path, "/")) else missing()


def _refused(_head: Head, _disk: Disk, _capture: Capture) -> Reply:
    return Reply(405, extra=(("Allow", ALLOWED),))


def _accepted(head: Head, _disk: Disk, capture: Capture) -> Reply:
    mark = hashlib.sha256(f"{head.host}{head.target}{capture.sha256}".encode("utf-8", "surrogateescape")).hexdigest()
    body = {"status": "ok", "id": mark[:16], "size": capture.sent}
    return Reply(200, "application/json", (json.dumps(body) + "\n").encode("ascii"))


def missing() -> Reply:
    """There is no such file."""
    head = b"<html>\r\n<head><title>404 Not Found</title></head>\r\n<body>\r\n<center><h1>404 Not Found</h1></center>\r\n"
    return Reply(404, body=head + b"<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n")


def safe(text: str) -> str:
    """Fit to stand in a page: nothing that the client could inject."""
    return "".join(character if character.isascii() and (character.isalnum() or character in ".-: ") else "" for character in text[:100])


_BY_METHOD: dict[str, Callable[[Head, Disk, Capture], Reply]] = {
    "GET": _read,
    "HEAD": _read,
    "PUT": _put,
    "DELETE": _delete,
    "TRACE": _refused,
}
"""What is not here is accepted as a POST is."""
SERVICES = (Service("web", lambda _head, _house: True, "http.services.web:serve", rank=LAST),)
