"""Azure's blobs, and its file systems over them: known by `x-ms-` fields, a shared access signature, or a label of the host's name."""

import base64
import re
import time
from email.utils import formatdate
from urllib.parse import unquote

from honeyweights.containers.internet.protocols.http.exchange import Head, Reply, Service
from honeyweights.containers.internet.protocols.http.objects.codings import Summed
from honeyweights.containers.internet.protocols.http.objects.shelf import Thing, Upload, given, joined, page, plain, shelves, site, taken
from honeyweights.containers.internet.protocols.http.objects.texts import DECLARATION, Strange, body, dumped, parsed, tag, text
from honeyweights.containers.internet.spool import Capture
from honeyweights.containers.internet.talk import House

_START = re.compile(r"bytes=(\d{1,18})-\d*")
SIGNED = frozenset({"sig", "sv"})
LABELS = frozenset({"blob", "dfs"})
KIND = "azure/"
VERSION = "2023-11-03"


def claims(head: Head, _house: House) -> bool:
    """By fields, query or the host's name."""
    return (
        any(name.startswith("x-ms-") for name in head.headers)
        or head.query.keys() >= SIGNED
        or bool(LABELS & set(head.host.split(".")[1:]))
    )


class Azure:
    """One request."""

    def __init__(self, head: Head, house: House) -> None:
        self.decoder = Summed()
        self._head, self._house = head, house
        self._shelves = shelves(house)
        self._site = site(head)
        self._shelf = self._shelves.shelf(self._site)
        self._name = KIND + head.path.strip("/")

    def answer(self, capture: Capture) -> Reply:
        """By method and query."""
        asked = self._head.query
        word = asked.get("comp") or asked.get("action") or asked.get("resource") or asked.get("restype") or ""
        run = {"PUT": self._put, "PATCH": self._patch, "GET": self._get, "HEAD": self._get, "DELETE": self._delete}.get(
            self._head.method, self._post
        )
        reply = run(word, capture)
        marks = (("Server", "Windows-Azure-Blob/1.0 Microsoft-HTTPAPI/2.0"), ("x-ms-request-id", self._mark()), ("x-ms-version", VERSION))
        return reply._replace(extra=(*marks, *reply.extra))

    def _put(self, word: str, capture: Capture) -> Reply:
        head = self._head
        if "x-ms-copy-source" in head.headers and word in {"", "block"}:
            return self._copied()
        if head.query.get("restype") == "container" or word in {"container", "filesystem", "directory"}:
            self._shelf.folder(self._name)
            return self._made("")
        ways = {"": self._whole, "file": self._whole, "block": self._block, "blocklist": self._listed}
        ways |= {"appendblock": self._written, "page": self._written}
        return ways.get(word, lambda _word, _capture: Reply(200, ""))(word, capture)  # others: metadata, properties, tier, lease, tags

    def _block(self, _word: str, capture: Capture) -> Reply:
        etag = self.decoder.md5.hexdigest()
        self._part(self._head.query.get("blockid", ""), taken(capture, etag))
        return self._made(etag)

    def _written(self, word: str, capture: Capture) -> Reply:
        start = _START.match(self._head.header("x-ms-range") or self._head.header("range")) if word == "page" else None
        at = self._size() if start is None else int(start[1])
        return self._added(f"{at:020}", taken(capture, self.decoder.md5.hexdigest()))

    def _whole(self, word: str, capture: Capture) -> Reply:
        head, etag = self._head, self.decoder.md5.hexdigest()
        empty = head.header("x-ms-blob-type") in {"AppendBlob", "PageBlob"} or word == "file"
        kind = head.header("x-ms-blob-content-type") or head.header("content-type")
        fields = [(name, value) for name, value in head.headers.items() if name.startswith("x-ms-meta-")]
        self._shelves.end(self._upload())
        self._shelf.put(self._name, Thing(size=0, kind=plain(kind) or "text/plain") if empty else taken(capture, etag, kind, fields))
        return self._made(etag, summed=not empty)

    def _patch(self, word: str, capture: Capture) -> Reply:
        if word == "append":
            position = self._head.query.get("position", "0")
            self._added(position.zfill(20)[:20], taken(capture, self.decoder.md5.hexdigest()))
            return Reply(202, "", extra=(("x-ms-request-server-encrypted", "true"),))
        return self._made("")._replace(status=200)

    def _get(self, word: str, _capture: Capture) -> Reply:
        if word == "list":
            return self._list() if self._head.query.get("restype") == "container" else self._containers()
        if word == "filesystem" and "recursive" in self._head.query:
            return self._paths()
        if word in {"container", "filesystem", "account", "properties", "acl"}:
            return self._made("")._replace(status=200)
        thing = self._shelf.things.get(self._name)
        if thing is None:
            return self._missing()
        if word == "blocklist":
            return _xml("BlockList", tag("CommittedBlocks"), tag("UncommittedBlocks"))
        return given(self._head, self._house.ledger.spool, thing, (("x-ms-blob-type", "BlockBlob"), ("x-ms-lease-status", "unlocked")))

    def _delete(self, word: str, _capture: Capture) -> Reply:
        if word in {"container", "filesystem"}:
            self._shelf.unfold(self._name)
            return Reply(202, "")
        self._shelves.end(self._upload())
        return Reply(202, "") if self._shelf.drop(self._name) else self._missing()

    def _post(self, _word: str, _capture: Capture) -> Reply:
        return Reply(200, "application/xml", DECLARATION.encode())

    def _listed(self, _word: str, capture: Capture) -> Reply:
        """Put Block List: the blob is these blocks, in this order."""
        upload = self._shelves.upload(self._upload())
        try:
            rows = parsed(body(self._house.ledger.spool, capture))
        except Strange:
            return self._error(400, "InvalidXmlDocument", "XML specified is not syntactically valid.")
        names = [name.strip() for path, name in rows if path.startswith("BlockList/")]
        have = {} if upload is None else upload.parts
        if any(name not in have for name in names):
            return self._error(400, "InvalidBlockList", "The specified block list is invalid.")
        parts = [have[name] for name in dict.fromkeys(names)]
        self._shelves.end(self._upload())
        etag = parts[0].etag if len(parts) == 1 else self._mark()
        self._shelf.put(self._name, joined(parts, etag, self._head.header("x-ms-blob-content-type") or "application/octet-stream"))
        return self._made(etag, summed=False)

    def _part(self, name: str, thing: Thing) -> Upload:
        upload = self._shelves.upload(self._upload())
        if upload is None:
            upload = Upload(name=self._name)
            self._shelves.begin(self._upload(), upload)
        self._shelves.part(upload, name, thing)
        return upload

    def _added(self, place: str, thing: Thing) -> Reply:
        """Appended blocks, pages, and what file systems append: the blob is what has come so far, in the order of its places."""
        before = self._size()
        upload = self._part(place, thing)
        whole = joined((upload.parts[at] for at in sorted(upload.parts)), self._mark(), "application/octet-stream")
        self._shelf.put(self._name, whole)
        extra = (("x-ms-blob-append-offset", str(before)), ("x-ms-blob-committed-block-count", str(len(upload.parts))))
        return self._made(whole.etag)._replace(extra=(*self._made(whole.etag).extra, *extra))

    def _size(self) -> int:
        thing = self._shelf.things.get(self._name)
        return 0 if thing is None else thing.size

    def _copied(self) -> Reply:
        named = re.sub(r"^[a-z]+://[^/]*/", "", self._head.header("x-ms-copy-source")).partition("?")[0]
        thing = self._shelf.things.get(KIND + unquote(named, errors="surrogateescape"))
        if thing is not None:
            self._shelf.put(self._name, thing)
        return self._made("")._replace(status=202, extra=(("x-ms-copy-id", self._mark()), ("x-ms-copy-status", "success")))

    def _list(self) -> Reply:
        asked = self._head.query
        start = self._name + "/"
        names = (name[len(start) :] for name in self._shelf.things if name.startswith(start))
        found = page(names, prefix=asked.get("prefix", ""), delimiter=asked.get("delimiter", ""), after=asked.get("marker", ""), most=5000)
        rows = [tag("Blob", text("Name", name), _properties(self._shelf.things[start + name])) for name in found.names]
        rows += [tag("BlobPrefix", text("Name", folder)) for folder in found.folders]
        return _xml("EnumerationResults", tag("Blobs", *rows), text("NextMarker", found.after))

    def _containers(self) -> Reply:
        known = [name[len(KIND) :] for name in self._shelf.folders if name.startswith(KIND)]
        return _xml(
            "EnumerationResults", tag("Containers", *(tag("Container", text("Name", name)) for name in known)), text("NextMarker", "")
        )

    def _paths(self) -> Reply:
        start = self._name + "/"
        found = page(
            (name[len(start) :] for name in self._shelf.things if name.startswith(start)), prefix=self._head.query.get("directory", "")
        )
        rows = [{"name": name, "contentLength": str(self._shelf.things[start + name].size)} for name in found.names]
        return Reply(200, "application/json", dumped({"paths": rows}))

    def _made(self, etag: str, *, summed: bool = True) -> Reply:
        extra = [("ETag", f'"0x{(etag or self._mark())[:15].upper()}"'), ("Last-Modified", formatdate(time.time(), usegmt=True))]
        if etag and summed:
            extra.append(("Content-MD5", base64.b64encode(self.decoder.md5.digest()).decode("ascii")))
        return Reply(201, "", extra=(*extra, ("x-ms-request-server-encrypted", "true")))

    def _missing(self) -> Reply:
        return self._error(404, "BlobNotFound", "The specified blob does not exist.")

    def _error(self, status: int, code: str, message: str) -> Reply:
        told = DECLARATION + tag("Error", text("Code", code), text("Message", message))
        return Reply(status, "application/xml", told.encode(), (("x-ms-error-code", code),))

    def _upload(self) -> str:
        return f"{KIND}{self._site}/{self._name}"

    def _mark(self) -> str:
        digits = self._shelves.mark(self._house, KIND)
        return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:32]}"


def _properties(thing: Thing) -> str:
    about = (text("Last-Modified", formatdate(thing.modified, usegmt=True)), text("Etag", thing.etag), text("Content-Length", thing.size))
    return tag("Properties", *about, text("Content-Type", thing.kind), text("BlobType", "BlockBlob"), text("AccessTier", "Hot"))


def _xml(name: str, *inner: str) -> Reply:
    return Reply(200, "application/xml", (DECLARATION + tag(name, *inner)).encode("utf-8", "replace"))


def serve(head: Head, house: House) -> Azure:
    """One request."""
    return Azure(head, house)


SERVICES = (Service("azure", claims, "http.services.azure:serve", protocol="azure", rank=32),)
