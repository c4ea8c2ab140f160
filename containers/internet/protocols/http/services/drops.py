"""File drops and pastes: whatever comes is answered with an address at which it is then found. Known by the host's name, or by a form.

An upload by PUT to a host of any other name is the plain web server's; forms are answered here on every host.
"""

import re
from urllib.parse import parse_qsl

from honeyweights.containers.internet.protocols.http.exchange import Answering, Head, Reply, Service
from honeyweights.containers.internet.protocols.http.objects.answers import address, kept, line, shelf, short, told
from honeyweights.containers.internet.protocols.http.objects.codings import Summed
from honeyweights.containers.internet.protocols.http.objects.forms import Form, Part, form
from honeyweights.containers.internet.protocols.http.objects.s3_objects import posted_form
from honeyweights.containers.internet.protocols.http.objects.s3_place import place
from honeyweights.containers.internet.protocols.http.objects.shelf import given, taken
from honeyweights.containers.internet.protocols.http.objects.texts import body
from honeyweights.containers.internet.spool import Capture
from honeyweights.containers.internet.talk import House

_NAMED = re.compile(r"transfer|drop|paste|share|upload|temp|file|send|(^|[-.\d])bin($|[-.])|bin\.|0x0")
_INTERFACE = re.compile(r"/(api|v\d+|rest|ajax|graphql)(/|$)|\.(json|php)$|upload_?file", re.IGNORECASE)
KIND = "drop"
LONGEST_PASTE, MOST_FIELDS = 1 << 22, 100
TEXTS = ("content", "text", "data", "paste", "api_paste_code", "code", "body", "f:1", "sprunge")
"""What fields of forms that hold a paste are called."""


def claims(head: Head, house: House) -> bool:
    """What was left here, forms anywhere, and on hosts of such a name all that comes without an account."""
    if head.method in {"GET", "HEAD", "DELETE"}:
        return KIND + head.path in shelf(head, house).things
    if head.method == "POST" and head.header("content-type").lower().startswith("multipart/form-data"):
        return True
    if head.method not in {"PUT", "POST"} or "json" in head.header("content-type"):
        return False
    if head.method == "POST" and head.path == "/documents":
        return True
    return "authorization" not in head.headers and _NAMED.search(head.host.rpartition(".")[0]) is not None and not _is_call(head)


def _is_call(head: Head) -> bool:
    return head.method == "POST" and _INTERFACE.search(head.path) is not None


class Drop:
    """One upload, or one look at it."""

    def __init__(self, head: Head, house: House) -> None:
        self.decoder = Summed()
        self._head, self._house = head, house
        self._spool = house.ledger.spool
        self._shelf = shelf(head, house)

    def answer(self, capture: Capture) -> Reply:
        """By method and kind of body."""
        head, kind = self._head, self._head.header("content-type").lower()
        if head.method in {"GET", "HEAD"}:
            return given(head, self._spool, self._shelf.things[KIND + head.path])
        if head.method == "DELETE":
            self._shelf.drop(KIND + head.path)
            return line("deleted")
        if kind.startswith("multipart/form-data"):
            return self._form(capture)
        if head.method == "PUT":
            return self._put(capture)
        return self._paste(capture, kind)

    def _put(self, capture: Capture) -> Reply:
        name = head_name(self._head)
        self._shelf.put(KIND + self._head.path, kept(capture, self._head.header("content-type")))
        path = f"/{short(self._head, self._house, 6)}/{name}"
        self._shelf.put(KIND + path, kept(capture, self._head.header("content-type")))
        where = address(self._head, path)
        extra = (("X-Url-Delete", f"{where}/{short(self._head, self._house, 12)}"),)
        return line(where)._replace(extra=extra)

    def _paste(self, capture: Capture, kind: str) -> Reply:
        pasted = self._field(capture) if "x-www-form-urlencoded" in kind else None
        thing = kept(pasted or capture, "text/plain")
        key = short(self._head, self._house)
        for path in (f"/{key}", f"/raw/{key}"):
            self._shelf.put(KIND + path, thing)
        if self._head.path == "/documents":
            return told({"key": key})
        return line(address(self._head, f"/{key}"))

    def _field(self, capture: Capture) -> Capture | None:
        """The paste within a form's fields, as a capture of its own; the longest where none has a name that one knows."""
        raw = body(self._spool, capture, LONGEST_PASTE)
        fields = dict(parse_qsl(raw.decode("latin-1"), keep_blank_values=True, encoding="latin-1")) if raw.count(b"&") < MOST_FIELDS else {}
        found = next((fields[name] for name in TEXTS if name in fields), max(fields.values(), key=len, default=""))
        if not found:
            return None
        own = self._spool.open()
        own.write(found.encode("latin-1", "replace"))
        own.close()
        return own

    def _form(self, capture: Capture) -> Reply:
        found = form(self._spool, capture, self._head.header("content-type"))
        if found is None:
            return told({"status": "ok"})
        if found.file is not None and {"policy", "key"} <= found.fields.keys():
            at = place(self._head, self._house)
            at.body = self.decoder
            return posted_form(at, capture, found)
        part = found.file or next((part for part in found.parts if part.field in TEXTS), None)
        return self._named(capture, found, part)

    def _named(self, capture: Capture, found: Form, part: Part | None) -> Reply:
        key = short(self._head, self._house)
        name = (part.name if part else "") or key
        path = f"/{key}/{name}" if part and part.name else f"/{key}"
        if part is not None:
            thing = taken(capture, capture.sha256[:32], part.kind or "text/plain", start=part.start, length=part.length)
            self._shelf.put(KIND + path, thing)
        where = address(self._head, path)
        if _NAMED.search(self._head.host.rpartition(".")[0]) and not _INTERFACE.search(self._head.path):
            return line(where)
        size = part.length if part else capture.sent
        row = {"id": key, "name": name, "size": size, "url": where}
        about = {
            "status": "ok",
            "success": True,
            "id": key,
            "key": key,
            "url": where,
            "link": where,
            "size": size,
            "files": [row],
            "data": row,
        }
        return told(about | {"fields": len(found.fields)})


def head_name(head: Head) -> str:
    """The last word of a path."""
    return head.path.rstrip("/").rpartition("/")[2] or "file"


def serve(head: Head, house: House) -> Answering:
    """One request."""
    found = Drop(head, house)
    return Answering(found.answer, found.decoder)


SERVICES = (Service("drops", claims, "http.services.drops:serve", rank=80),)
