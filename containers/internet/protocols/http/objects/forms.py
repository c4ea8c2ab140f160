"""Bodies within bodies: `multipart/form-data` and `multipart/related` (RFC 7578, RFC 2387). Only where a file lies is found.

The first block of a body and its last are read, and for the parts between them the boundary is looked for as the file is passed over: that
a body says where its parts end is the client's claim, and the receipt holds it all anyway.
"""

import mmap
import re
from dataclasses import dataclass, field
from typing import NamedTuple

from honeyweights.containers.internet.spool import Capture, Spool

MOST_PARTS = 200
LONGEST_HEAD = 1 << 14
LONGEST_FIELD = 1 << 16
"""Bytes of a field's value that is read; all of them together at most sixteen times as many."""
LARGEST = 1 << 31
"""Bytes of a body that is looked through."""


class Part(NamedTuple):
    """Where a part lies in the body."""

    field: str
    name: str
    """The file's; empty where it is none."""
    kind: str
    start: int
    length: int


@dataclass(kw_only=True)
class Form:
    """What a form holds."""

    fields: dict[str, str] = field(default_factory=dict)
    file: Part | None = None
    """The first of its files."""
    parts: list[Part] = field(default_factory=list)


def parameter(value: str, name: str) -> str:
    """A parameter of a field such as `Content-Type` or `Content-Disposition`."""
    found = re.search(rf"""(?:^|[;\s]){name}\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;\s"]*))""", value, re.IGNORECASE | re.DOTALL)
    return "" if found is None else re.sub(r"\\(.)", r"\1", found[1]) if found[1] is not None else found[2]


def form(spool: Spool, capture: Capture, kind: str) -> Form | None:
    """A body's parts; None where it is no such body."""
    boundary = parameter(kind, "boundary").encode("utf-8", "surrogateescape")
    if not kind.lower().startswith("multipart/") or not 0 < len(boundary) <= 200 or capture.digest is None or capture.captured > LARGEST:  # noqa: PLR2004
        return None
    found = Form()
    room = 16 * LONGEST_FIELD
    with spool.path(capture.digest).open("rb") as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as view:
        for part in _parts(view, b"--" + boundary):
            found.parts.append(part)
            if part.name and found.file is None:
                found.file = part
            elif not part.name and part.length <= min(LONGEST_FIELD, room):
                room -= part.length
                found.fields[part.field] = view[part.start : part.start + part.length].decode("utf-8", "surrogateescape")
    return found


def _parts(view: mmap.mmap, mark: bytes) -> list[Part]:
    found: list[Part] = []
    at = view.find(mark, 0, LONGEST_HEAD)
    while at >= 0 and len(found) < MOST_PARTS:
        start = at + len(mark)
        if view[start : start + 2] == b"--":
            break
        end = view.find(b"\r\n\r\n", start, start + LONGEST_HEAD)
        if end < 0:
            break
        stop = view.find(b"\r\n" + mark, end + 2)
        found.append(_part(view[start:end], end + 4, len(view) if stop < 0 else max(stop, end + 4)))
        at = -1 if stop < 0 else stop + 2
    return found


def _part(head: bytes, start: int, stop: int) -> Part:
    lines = (line.partition(":") for line in head.decode("utf-8", "surrogateescape").splitlines())
    values = {name.strip().lower(): value.strip() for name, _, value in lines}
    shown = values.get("content-disposition", "")
    name = parameter(shown, "filename").replace("\\", "/").rpartition("/")[2]
    return Part(parameter(shown, "name"), name, values.get("content-type", ""), start, stop - start)
