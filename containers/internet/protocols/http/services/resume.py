"""Uploads in parts by `Content-Range` (RFC 9110, 14.4, as resumable uploads use it): 308 and how far it reaches until the whole is there.

Each part is a receipt; the file that they make can be read back. A part without bytes (`bytes */N`) asks how far the upload got.
"""

import re
from typing import NamedTuple

from honeyweights.containers.internet.protocols.http.exchange import Answering, Head, Reply, Service
from honeyweights.containers.internet.protocols.http.parts import lay, reached
from honeyweights.containers.internet.spool import Capture
from honeyweights.containers.internet.talk import House

METHODS = frozenset({"PUT", "POST", "PATCH"})
_RANGE = re.compile(r"bytes\s+(?:(\d{1,18})-(\d{1,18})|\*)/(\d{1,18}|\*)", re.IGNORECASE)


class Part(NamedTuple):
    """What a `Content-Range` says."""

    start: int | None
    """None: the client only asks."""
    total: int | None
    """None: not yet known."""


def part(field: str) -> Part | None:
    """Reads the field; None for what is none."""
    found = _RANGE.fullmatch(field.strip())
    if found is None or (found[1] is not None and int(found[2]) < int(found[1])):
        return None
    return Part(None if found[1] is None else int(found[1]), None if found[3] == "*" else int(found[3]))


def claims(head: Head, _house: House) -> bool:
    """By the field."""
    return head.method in METHODS and "content-range" in head.headers and part(head.headers["content-range"]) is not None


def serve(head: Head, house: House) -> Answering:
    """One part."""
    disk, said = head.disk(house), part(head.header("content-range"))
    path = disk.path(head.path, "/")

    def answer(capture: Capture) -> Reply:
        file = disk.files.get(path)
        if said is not None and said.start is not None:
            file = lay(disk, path, said.start, capture)
        whole = reached(file)
        if said is not None and said.total is not None and whole >= said.total:
            return Reply(200, "application/json", f'{{"status": "ok", "size": {whole}}}\n'.encode())
        return Reply(308, "", extra=(("Range", f"bytes=0-{whole - 1}"),) if whole else ())

    return Answering(answer)


SERVICES = (Service("resume", claims, "http.services.resume:serve", rank=60),)
