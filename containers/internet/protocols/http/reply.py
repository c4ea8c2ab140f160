"""What a web server says: a success that a person would believe. A pure function of the request and of what the host remembers."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from email.utils import formatdate
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from honeyweights.containers.internet.files import Disk

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


@dataclass(kw_only=True)
class Request:
    """A request whose body has been captured."""

    method: str
    target: str
    host: str
    sent: int = 0
    """Bytes of the body."""
    sha256: str = ""
    """Of the body."""


class Reply(NamedTuple):
    """Status, content type, body; a file of the host's memory instead of a body where `blocks` is set."""

    status: int
    kind: str = "text/html"
    body: bytes = b""
    extra: tuple[tuple[str, str], ...] = ()
    blocks: Iterator[bytes] | None = None
    length: int = 0
    """Of `blocks`."""


def path_of(target: str) -> str:
    """The path of a request's target, without query, in origin or absolute form."""
    bare = target.split("?", 1)[0].split("#", 1)[0]
    if "://" in bare[:16]:
        bare = "/" + bare.split("://", 1)[1].partition("/")[2]
    return unquote_to_bytes(bare).decode("utf-8", "surrogateescape") or "/"


def reply(request: Request, disk: Disk) -> Reply:
    """The answer to a request."""
    if request.method in {"GET", "HEAD"}:
        return _read(request, disk)
    if request.method == "PUT":
        return Reply(201, "text/plain", extra=(("ETag", f'"{request.sha256[:32]}"'),))
    if request.method == "OPTIONS":
        return Reply(204, extra=(("Allow", "GET, HEAD, POST, PUT, DELETE, OPTIONS"),))
    if request.method == "DELETE":
        gone = disk.files.pop(disk.path(path_of(request.target), "/"), None)
        return Reply(204) if gone else _missing()
    return _accepted(request)


def _read(request: Request, disk: Disk) -> Reply:
    path = disk.path(path_of(request.target), "/")
    file = disk.files.get(path)
    if file is not None:
        length = file.kept
        extra = (("Last-Modified", formatdate(file.modified, usegmt=True)), ("ETag", f'"{(file.sha256 or "0")[:32]}"'))
        return Reply(200, "application/octet-stream", extra=extra, blocks=disk.blocks(path), length=length)
    if path.lower().endswith(FILE_LIKE):
        return _missing()
    title = request.host or "Welcome"
    page = f"<!DOCTYPE html>\n<html><head><title>{_safe(title)}</title></head>\n<body><h1>{_safe(title)}</h1></body></html>\n"
    return Reply(200, body=page.encode("ascii"))


def _accepted(request: Request) -> Reply:
    mark = hashlib.sha256(f"{request.host}{request.target}{request.sha256}".encode("utf-8", "surrogateescape")).hexdigest()
    body = {"status": "ok", "id": mark[:16], "size": request.sent}
    return Reply(200, "application/json", (json.dumps(body) + "\n").encode("ascii"))


def _missing() -> Reply:
    head = b"<html>\r\n<head><title>404 Not Found</title></head>\r\n<body>\r\n<center><h1>404 Not Found</h1></center>\r\n"
    return Reply(404, body=head + b"<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n")


def _safe(text: str) -> str:
    return "".join(character if character.isascii() and (character.isalnum() or character in ".-: ") else "" for character in text[:100])
