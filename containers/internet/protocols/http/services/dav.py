"""WebDAV (RFC 4918): a folder over HTTP, as `cadaver`, `rclone` and desktop clients mount it. What was put is listed, moved and copied."""

import posixpath
import uuid
from collections.abc import Callable
from dataclasses import replace
from email.utils import formatdate
from urllib.parse import quote
from xml.sax.saxutils import escape

from honeyweights.containers.internet.files import Disk, File, Piece
from honeyweights.containers.internet.protocols.http.exchange import Answering, Head, Reply, Service
from honeyweights.containers.internet.protocols.http.services.web import missing
from honeyweights.containers.internet.spool import Capture
from honeyweights.containers.internet.talk import House

XML = 'application/xml; charset="utf-8"'
_OPEN = '<?xml version="1.0" encoding="utf-8"?>\n'
MOST_LISTED = 1_000
LOCK_SECONDS = 3600
WHOLE = ".file"


def serve(head: Head, house: House) -> Answering:
    """Answers by the site's memory."""
    disk = head.disk(house)
    return Answering(lambda capture: _BY_METHOD[head.method](head, disk, capture))


def _listed(head: Head, disk: Disk, _capture: Capture) -> Reply:
    path = disk.path(head.path, "/")
    if path not in disk.files and path not in disk.folders:
        return missing()
    found = [path]
    if path in disk.folders and head.headers.get("depth", "infinity") != "0":
        found += [posixpath.join(path, name) for name in disk.names(path)[:MOST_LISTED]]
    return _statuses("".join(_entry(disk, one) for one in found))


def _entry(disk: Disk, path: str) -> str:
    file = disk.files.get(path)
    if file is None:
        kind, href = "<D:resourcetype><D:collection/></D:resourcetype>", quote(path.rstrip("/").encode("utf-8", "surrogateescape") + b"/")
    else:
        href = quote(path.encode("utf-8", "surrogateescape"))
        kind = (
            f"<D:resourcetype/><D:getcontentlength>{file.size}</D:getcontentlength>"
            f"<D:getlastmodified>{formatdate(file.modified, usegmt=True)}</D:getlastmodified>"
            f'<D:getetag>"{(file.sha256 or "0")[:32]}"</D:getetag>'
        )
    stat = f"<D:propstat><D:prop>{kind}</D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat>"
    return f"<D:response><D:href>{href}</D:href>{stat}</D:response>"


def _patched(head: Head, _disk: Disk, _capture: Capture) -> Reply:
    href = escape(quote(head.path.encode("utf-8", "surrogateescape")))
    return _statuses(f"<D:response><D:href>{href}</D:href><D:status>HTTP/1.1 200 OK</D:status></D:response>")


def _statuses(inside: str) -> Reply:
    return Reply(207, XML, f'{_OPEN}<D:multistatus xmlns:D="DAV:">{inside}</D:multistatus>\n'.encode())


def _made(head: Head, disk: Disk, _capture: Capture) -> Reply:
    path = disk.path(head.path, "/")
    if path in disk.folders or path in disk.files:
        return Reply(405)
    return Reply(201 if disk.mkdir(path, parents=True) else 409)


def _moved(head: Head, disk: Disk, _capture: Capture) -> Reply:
    path = disk.path(head.path, "/")
    target = replace(head, target=head.header("destination") or "/").path
    file = disk.files.get(path) or _joined(disk, path)
    if file is None:
        return Reply(201) if path in disk.folders else missing()
    there = disk.path(target, "/")
    before = there in disk.files
    disk.put(there, file)
    if head.method == "MOVE" and there != path:
        disk.drop(path)
    return Reply(204 if before else 201)


def _joined(disk: Disk, path: str) -> File | None:
    """What was put into a folder in parts, in the order of their names: Nextcloud's `.file` of an upload's folder."""
    folder, name = posixpath.split(path)
    parts = [disk.files[one] for one in (posixpath.join(folder, name) for name in disk.names(folder)) if one in disk.files]
    if name != WHOLE or not parts:
        return None
    pieces, size = list[Piece](), 0
    for part in parts:
        pieces += [piece._replace(offset=size + piece.offset) for piece in part.pieces]
        size += part.size
    return File(size=size, pieces=tuple(pieces))


def _locked(head: Head, _disk: Disk, capture: Capture) -> Reply:
    token = f"opaquelocktoken:{uuid.UUID(capture.sha256[:32])}"
    href = escape(quote(head.path.encode("utf-8", "surrogateescape")))
    active = (
        "<D:activelock><D:locktype><D:write/></D:locktype><D:lockscope><D:exclusive/></D:lockscope><D:depth>infinity</D:depth>"
        f"<D:timeout>Second-{LOCK_SECONDS}</D:timeout><D:locktoken><D:href>{token}</D:href></D:locktoken>"
        f"<D:lockroot><D:href>{href}</D:href></D:lockroot></D:activelock>"
    )
    body = f'{_OPEN}<D:prop xmlns:D="DAV:"><D:lockdiscovery>{active}</D:lockdiscovery></D:prop>\n'
    return Reply(200, XML, body.encode(), (("Lock-Token", f"<{token}>"),))


def _unlocked(_head: Head, _disk: Disk, _capture: Capture) -> Reply:
    return Reply(204)


def _nothing(_head: Head, _disk: Disk, _capture: Capture) -> Reply:
    return _statuses("")


def _options(_head: Head, _disk: Disk, _capture: Capture) -> Reply:
    return Reply(
        200,
        "",
        extra=(("Allow", "GET, HEAD, POST, PUT, DELETE, OPTIONS, " + ", ".join(_BY_METHOD)), ("DAV", "1, 2"), ("MS-Author-Via", "DAV")),
    )


_BY_METHOD: dict[str, Callable[[Head, Disk, Capture], Reply]] = {
    "PROPFIND": _listed,
    "PROPPATCH": _patched,
    "MKCOL": _made,
    "MOVE": _moved,
    "COPY": _moved,
    "LOCK": _locked,
    "UNLOCK": _unlocked,
    "REPORT": _nothing,
    "SEARCH": _nothing,
    "OPTIONS": _options,
}
SERVICES = (Service("dav", lambda head, _house: head.method in _BY_METHOD, "http.services.dav:serve", rank=90),)
