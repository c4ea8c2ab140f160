"""Google's object storage by its JSON interface: whole, in two parts (`multipart/related`), and resumable. Its XML one is S3's.

Objects lie where S3's do: what came by one interface is listed by the other.
"""

import base64
import re
import time
from urllib.parse import quote, unquote

from honeyweights.containers.internet.protocols.http.exchange import Head, Reply, Service
from honeyweights.containers.internet.protocols.http.objects.codings import Summed
from honeyweights.containers.internet.protocols.http.objects.forms import form
from honeyweights.containers.internet.protocols.http.objects.shelf import Thing, Upload, given, joined, page, shelves, site, taken
from honeyweights.containers.internet.protocols.http.objects.texts import body, dumped, mapping, octets
from honeyweights.containers.internet.spool import Capture
from honeyweights.containers.internet.talk import House

_PATH = re.compile(r"(?P<how>/upload|/download|/resumable/upload)?/storage/v1(?P<rest>/b.*)?")
_OBJECT = re.compile(r"/b/(?P<bucket>[^/]+)(?P<o>/o(?:/(?P<name>.+))?)?/?", re.DOTALL)
_SPAN = re.compile(r"bytes (?:(\d{1,18})-(\d{1,18})|\*)/(\d{1,18}|\*)")
KIND = "gcs/"
"""Of uploads."""


def raw_path(head: Head) -> str:
    """Names of objects stand in the path as one segment: their slashes are encoded, so the path must not be decoded first."""
    return re.sub(r"^[a-z]+://[^/]*", "", head.target.partition("?")[0])


def claims(head: Head, _house: House) -> bool:
    """By the path."""
    return _PATH.fullmatch(raw_path(head)) is not None


class Gcs:
    """One request."""

    def __init__(self, head: Head, house: House) -> None:
        self.decoder = Summed()
        self._head, self._house = head, house
        self._shelves = shelves(house)
        self._shelf = self._shelves.shelf(site(head))
        found = _PATH.fullmatch(raw_path(head))
        self._how = (found["how"] or "") if found else ""
        place = _OBJECT.fullmatch((found["rest"] or "") if found else "")
        self._bucket = unquote(place["bucket"], errors="surrogateescape") if place else ""
        self._objects = bool(place and place["o"])
        self._name = unquote(place["name"], errors="surrogateescape") if place and place["name"] else ""

    def answer(self, capture: Capture) -> Reply:
        """By method and by what the path names."""
        head = self._head
        ways = (
            ("upload_id" in head.query, self._resumed),
            (head.method == "POST" and "upload" in self._how, self._uploaded),
            (not self._objects, self._buckets),
            (not self._name, self._list),
            ("/copyTo/" in self._name or "/rewriteTo/" in self._name, self._copied),
            (head.method == "DELETE", self._dropped),
            (True, self._got),
        )
        return next(run for fits, run in ways if fits)(capture)

    def _dropped(self, _capture: Capture) -> Reply:
        return Reply(204, "") if self._shelf.drop(self._key(self._name)) else self._missing()

    def _got(self, _capture: Capture) -> Reply:
        thing = self._shelf.things.get(self._key(self._name))
        if thing is None:
            return self._missing()
        if self._head.query.get("alt") == "media" or self._how == "/download":
            return given(self._head, self._house.ledger.spool, thing)
        return _json(self._about(self._name, thing))

    def _uploaded(self, capture: Capture) -> Reply:
        asked, spool = self._head.query, self._house.ledger.spool
        kind = asked.get("uploadType", "media")
        md5 = self.decoder.md5.hexdigest()
        if kind == "resumable":
            told = mapping(body(spool, capture))
            name = str(asked.get("name") or told.get("name") or "object")
            mark = self._shelves.mark(self._house, KIND)
            told_kind = self._head.header("x-upload-content-type") or str(told.get("contentType", ""))
            self._shelves.begin(KIND + mark, Upload(name=self._key(name), kind=told_kind or "application/octet-stream"))
            where = f"http{'s' if self._head.secure else ''}://{quote(self._authority(), safe=':[]')}{quote(octets(self._head.path))}"
            extra = (("Location", f"{where}?uploadType=resumable&upload_id={mark}"), ("X-GUploader-UploadID", mark))
            return Reply(200, "text/plain", extra=extra)
        if kind == "multipart":
            found = form(spool, capture, self._head.header("content-type"))
            if found is None or len(found.parts) < 2:  # noqa: PLR2004  # what it is, and it
                return _json({"error": {"code": 400, "message": "Bad multipart body"}}, 400)
            about, media = found.parts[:2]
            told = mapping(b"".join(spool.blocks(capture.digest or "", about.start, min(about.length, 1 << 20))))
            name = str(asked.get("name") or told.get("name") or "object")
            return self._kept(name, taken(capture, "", media.kind, start=media.start, length=media.length))
        return self._kept(asked.get("name", "object"), taken(capture, md5, self._head.header("content-type")))

    def _resumed(self, capture: Capture) -> Reply:
        mark = KIND + self._head.query["upload_id"]
        upload = self._shelves.upload(mark)
        if upload is None:
            return Reply(404, "text/plain", b"Not Found")
        if self._head.method == "DELETE":
            self._shelves.end(mark)
            return Reply(204, "")
        span = _SPAN.fullmatch(self._head.header("content-range").strip())
        if span is None or span[1] is not None:
            start = 0 if span is None else int(span[1])
            self._shelves.part(upload, f"{start:020}", taken(capture, self.decoder.md5.hexdigest()))
        total = "" if span is None else span[3]
        have = sum(part.size for part in upload.parts.values())
        if span is not None and (total == "*" or have < int(total)):
            extra = (("Range", f"bytes=0-{have - 1}"),) if have else ()
            return Reply(308, "", extra=extra)
        self._shelves.end(mark)
        parts = [upload.parts[start] for start in sorted(upload.parts)]
        etag = parts[0].etag if len(parts) == 1 else ""
        thing = joined(parts, etag, upload.kind)
        self._shelf.put(upload.name, thing)
        return _json(self._about(upload.name.split("/", 2)[2], thing))

    def _copied(self, _capture: Capture) -> Reply:
        source, word, goal = re.split(r"/(copyTo|rewriteTo)/b/", self._name, maxsplit=1) if "To/b/" in self._name else (self._name, "", "")
        bucket, _, name = goal.partition("/o/")
        thing = self._shelf.things.get(self._key(source))
        if thing is None:
            return self._missing()
        self._bucket = bucket
        done = self._kept(name, joined([thing], thing.etag, thing.kind))
        if word == "copyTo":
            return done
        about = {"kind": "storage#rewriteResponse", "done": True, "resource": self._about(name, thing)}
        return _json(about | {"totalBytesRewritten": str(thing.size), "objectSize": str(thing.size)})

    def _buckets(self, capture: Capture) -> Reply:
        if self._head.method == "POST":
            self._bucket = str(mapping(body(self._house.ledger.spool, capture)).get("name", "bucket"))
            self._shelf.folder(f"s3/{self._bucket}")
        if self._head.method == "DELETE":
            return Reply(204, "")
        if self._bucket:
            return _json({"kind": "storage#bucket", "id": self._bucket, "name": self._bucket, "location": "US", "storageClass": "STANDARD"})
        known = [name[3:] for name in self._shelf.folders if name.startswith("s3/")]
        return _json({"kind": "storage#buckets", "items": [{"kind": "storage#bucket", "id": name, "name": name} for name in known]})

    def _list(self, _capture: Capture) -> Reply:
        asked = self._head.query
        start = self._key("")
        names = (name[len(start) :] for name in self._shelf.things if name.startswith(start))
        found = page(names, prefix=asked.get("prefix", ""), delimiter=asked.get("delimiter", ""), after=asked.get("pageToken", ""))
        rows = [self._about(name, self._shelf.things[start + name]) for name in found.names]
        told: dict[str, object] = {"kind": "storage#objects", "items": rows}
        if found.folders:
            told["prefixes"] = found.folders
        if found.after:
            told["nextPageToken"] = found.after
        return _json(told)

    def _kept(self, name: str, thing: Thing) -> Reply:
        self._shelf.folder(f"s3/{self._bucket}")
        self._shelf.put(self._key(name), thing)
        return _json(self._about(name, thing))

    def _about(self, name: str, thing: Thing) -> dict[str, object]:
        when = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(thing.modified))
        number = str(int(thing.modified * 1_000_000))
        told: dict[str, object] = {"kind": "storage#object", "id": f"{self._bucket}/{name}/{number}", "name": name, "bucket": self._bucket}
        told |= {
            "generation": number,
            "metageneration": "1",
            "contentType": thing.kind,
            "storageClass": "STANDARD",
            "size": str(thing.size),
        }
        told |= {"timeCreated": when, "updated": when, "etag": f"C{number[-8:]}="}
        if re.fullmatch(r"[0-9a-f]{32}", thing.etag):
            told["md5Hash"] = base64.b64encode(bytes.fromhex(thing.etag)).decode("ascii")
        return told

    def _missing(self) -> Reply:
        return _json({"error": {"code": 404, "message": f"No such object: {self._bucket}/{self._name}"}}, 404)

    def _key(self, name: str) -> str:
        return f"s3/{self._bucket}/{name}"

    def _authority(self) -> str:
        return self._head.header("host") or self._head.host


def _json(told: object, status: int = 200) -> Reply:
    return Reply(status, "application/json; charset=UTF-8", dumped(told))


def serve(head: Head, house: House) -> Gcs:
    """One request."""
    return Gcs(head, house)


SERVICES = (Service("gcs", claims, "http.services.gcs:serve", protocol="gcs", rank=28),)
