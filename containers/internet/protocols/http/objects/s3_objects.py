"""S3's operations on objects: whole, in parts, copied, from a form; got back as they were put."""

import hashlib
import re
import time
from urllib.parse import quote, unquote

from honeyweights.containers.internet.protocols.http.exchange import Reply
from honeyweights.containers.internet.protocols.http.objects.forms import Form, form
from honeyweights.containers.internet.protocols.http.objects.s3_place import CHECKSUMS, Place, error, no_key, xml
from honeyweights.containers.internet.protocols.http.objects.shelf import Thing, Upload, cut, fields, given, joined, taken
from honeyweights.containers.internet.protocols.http.objects.texts import DECLARATION, Strange, body, octets, parsed, tag, text, values
from honeyweights.containers.internet.spool import Capture

MOST_PARTS = 10_000
"""Of an upload (S3, "Multipart upload limits")."""
LONGEST_KEY = 1024
KIND = "s3/"
"""Of uploads: nobody names another service's."""
_NUMBER = re.compile(r"[1-9][0-9]{0,4}")
_SLICE = re.compile(r"bytes=(\d{1,18})-(\d{1,18})")
NO_UPLOAD = "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed."


def put(at: Place, capture: Capture) -> Reply:
    """PutObject, CopyObject."""
    if len(octets(at.key)) > LONGEST_KEY:
        return error(at, 400, "KeyTooLongError", "Your key is too long")
    source = _source(at)
    if source is not None:
        return _copied(at, source)
    if at.head.header("if-none-match") == "*" and at.name in at.shelf.things:
        return error(at, 412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold")
    thing = taken(capture, at.body.md5.hexdigest(), at.head.header("content-type") or "binary/octet-stream", [*at.fields(), *at.sums()])
    at.shelf.folder(f"s3/{at.bucket}")
    at.shelf.put(at.name, thing)
    return Reply(200, "", extra=(("ETag", f'"{thing.etag}"'), *at.sums()))


def get(at: Place, _capture: Capture) -> Reply:
    """GetObject, HeadObject. Checksums come only to who asks for them, as with S3 itself."""
    thing = at.shelf.things.get(at.name)
    if thing is None:
        return Reply(404, "application/xml") if at.head.method == "HEAD" else no_key(at)
    asked = at.head.header("x-amz-checksum-mode").upper() == "ENABLED" and "range" not in at.head.headers
    extra = tuple(row for row in thing.extra if asked or not row[0].startswith("x-amz-checksum-"))
    kind = at.head.query.get("response-content-type", "")
    shown = Thing(size=thing.size, pieces=thing.pieces, etag=thing.etag, kind=thing.kind, extra=extra, modified=thing.modified)
    reply = given(at.head, at.spool, shown)
    return reply._replace(kind=kind) if kind and fields([("kind", kind)]) and reply.kind else reply


def delete(at: Place, _capture: Capture) -> Reply:
    """DeleteObject, of what never was too."""
    at.shelf.drop(at.name)
    return Reply(204, "")


def tags(_at: Place, _capture: Capture) -> Reply:
    """GetObjectTagging: none."""
    return xml(200, "Tagging", tag("TagSet"))


def attributes(at: Place, _capture: Capture) -> Reply:
    """GetObjectAttributes."""
    thing = at.shelf.things.get(at.name)
    if thing is None:
        return no_key(at)
    inner = (text("ETag", thing.etag), text("ObjectSize", thing.size), text("StorageClass", "STANDARD"))
    return xml(200, "GetObjectAttributesResponse", *inner)


def begin(at: Place, _capture: Capture) -> Reply:
    """CreateMultipartUpload."""
    mark = at.shelves.mark(at.house, at.name)
    kind = at.head.header("content-type") or "binary/octet-stream"
    at.shelves.begin(KIND + mark, Upload(name=f"{id(at.shelf)}/{at.name}", kind=kind, extra=fields(at.fields())))
    inner = (text("Bucket", at.bucket), text("Key", at.key), text("UploadId", mark))
    algorithm = at.head.header("x-amz-checksum-algorithm").lower()
    extra = (("x-amz-checksum-algorithm", algorithm.upper()),) if algorithm in CHECKSUMS else ()
    return xml(200, "InitiateMultipartUploadResult", *inner, extra=extra)


def part(at: Place, capture: Capture) -> Reply:
    """UploadPart, UploadPartCopy. A part of an upload that nobody began is taken all the same: presigned addresses outlive much."""
    number = at.head.query.get("partNumber", "")
    if not _NUMBER.fullmatch(number) or int(number) > MOST_PARTS:
        return error(at, 400, "InvalidArgument", "Part number must be an integer between 1 and 10000, inclusive")
    mark = KIND + at.head.query["uploadId"]
    upload = at.shelves.upload(mark)
    if upload is None and len(mark) <= LONGEST_KEY:
        upload = Upload(name=f"{id(at.shelf)}/{at.name}")
        at.shelves.begin(mark, upload)
    if upload is None:
        return error(at, 404, "NoSuchUpload", NO_UPLOAD)
    source = _source(at)
    thing = taken(capture, at.body.md5.hexdigest(), extra=at.sums()) if source is None else source
    at.shelves.part(upload, number, thing)
    if source is not None:
        return xml(200, "CopyPartResult", text("LastModified", _now()), text("ETag", f'"{thing.etag}"'))
    return Reply(200, "", extra=(("ETag", f'"{thing.etag}"'), *at.sums()))


def parts(at: Place, _capture: Capture) -> Reply:
    """ListParts."""
    upload = at.shelves.upload(KIND + at.head.query["uploadId"])
    if upload is None:
        return error(at, 404, "NoSuchUpload", NO_UPLOAD)
    after = at.head.query.get("part-number-marker", "0")
    first = int(after) if after.isascii() and after.isdigit() and len(after) < 9 else 0  # noqa: PLR2004  # digits
    numbers = [number for number in sorted(map(int, upload.parts)) if number > first]
    shown = [(number, upload.parts[str(number)]) for number in numbers[:1000]]
    rows = [tag("Part", text("PartNumber", number), *_shown(thing), text("Size", thing.size)) for number, thing in shown]
    more = len(numbers) > len(shown)
    about = [text("Bucket", at.bucket), text("Key", at.key), text("UploadId", at.head.query["uploadId"]), text("MaxParts", 1000)]
    about += [text("IsTruncated", "true" if more else "false"), text("NextPartNumberMarker", shown[-1][0] if shown else 0)]
    return xml(200, "ListPartsResult", *about, *rows)


def _shown(thing: Thing) -> tuple[str, str]:
    return text("LastModified", _now(thing.modified)), text("ETag", f'"{thing.etag}"')


def complete(at: Place, capture: Capture) -> Reply:
    """CompleteMultipartUpload: the parts that the client names, in its order; its tag is that of the parts' tags."""
    mark = KIND + at.head.query["uploadId"]
    upload = at.shelves.upload(mark)
    try:
        rows = parsed(body(at.spool, capture))
    except Strange:
        return error(at, 400, "MalformedXML", "The XML you provided was not well-formed")
    if upload is None:
        return error(at, 404, "NoSuchUpload", NO_UPLOAD)
    named = [number.strip().lstrip("0") for number in values(rows, "Part/PartNumber")][:MOST_PARTS]
    if not named or any(number not in upload.parts for number in named):
        return error(at, 400, "InvalidPart", "One or more of the specified parts could not be found.")
    at.shelves.end(mark)
    chosen = [upload.parts[number] for number in dict.fromkeys(named)]
    whole = hashlib.md5(b"".join(bytes.fromhex(thing.etag.partition("-")[0]) for thing in chosen), usedforsecurity=False).hexdigest()
    thing = joined(chosen, f"{whole}-{len(chosen)}", upload.kind, (*upload.extra, *at.sums()))
    at.shelf.folder(f"s3/{at.bucket}")
    at.shelf.put(at.name, thing)
    inner = (text("Location", _address(at)), text("Bucket", at.bucket), text("Key", at.key), text("ETag", f'"{thing.etag}"'))
    told = tuple(text("Checksum" + name.rpartition("-")[2].upper(), value) for name, value in at.sums())
    return xml(200, "CompleteMultipartUploadResult", *inner, *told)


def abort(at: Place, _capture: Capture) -> Reply:
    """AbortMultipartUpload."""
    return Reply(204, "") if at.shelves.end(KIND + at.head.query["uploadId"]) else error(at, 404, "NoSuchUpload", NO_UPLOAD)


def uploads(at: Place, _capture: Capture) -> Reply:
    """ListMultipartUploads."""
    start = f"{id(at.shelf)}/{at.thing('')}"
    rows = [
        tag("Upload", text("Key", upload.name[len(start) :]), text("UploadId", mark[len(KIND) :]), text("Initiated", _now(upload.started)))
        for mark, upload in at.shelves.uploads()
        if mark.startswith(KIND) and upload.name.startswith(start)
    ]
    return xml(200, "ListMultipartUploadsResult", text("Bucket", at.bucket), text("IsTruncated", "false"), *rows)


def posted(at: Place, capture: Capture) -> Reply:
    """An upload from a page's form (S3, "POST Object"): the fields before the file say what it is."""
    found = form(at.spool, capture, at.head.header("content-type"))
    if found is None or found.file is None:
        return error(at, 412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold")
    return posted_form(at, capture, found)


def posted_form(at: Place, capture: Capture, found: Form) -> Reply:
    """The answer to such a form."""
    assert found.file is not None  # noqa: S101  # asked by who looked
    key = found.fields.get("key", found.file.name).replace("${filename}", found.file.name)
    at.bucket, at.key = at.bucket or found.fields.get("bucket", ""), key
    etag = at.body.md5.hexdigest()
    at.shelf.folder(f"s3/{at.bucket}")
    at.shelf.put(at.name, taken(capture, etag, found.file.kind, start=found.file.start, length=found.file.length))
    extra = (("ETag", f'"{etag}"'), ("Location", _address(at)))
    status = found.fields.get("success_action_status", "204")
    if status == "201":
        inner = (text("Location", _address(at)), text("Bucket", at.bucket), text("Key", key), text("ETag", f'"{etag}"'))
        return Reply(201, "application/xml", (DECLARATION + tag("PostResponse", *inner)).encode("utf-8", "replace"), extra)
    return Reply(200 if status == "200" else 204, "", extra=extra)


def _source(at: Place) -> Thing | None:
    """What `x-amz-copy-source` names, or the part of it that its range names. What is not there is empty."""
    named = at.head.header("x-amz-copy-source") or at.head.header("x-goog-copy-source")
    if not named:
        return None
    bucket, _, key = unquote(named.partition("?")[0], errors="surrogateescape").lstrip("/").partition("/")
    nothing = Thing(size=0, etag=hashlib.md5(b"", usedforsecurity=False).hexdigest())
    found = at.shelf.things.get(at.thing(key, bucket), nothing)
    asked = _SLICE.fullmatch(at.head.header("x-amz-copy-source-range"))
    return found if asked is None else cut(found, int(asked[1]), int(asked[2]) + 1)


def _copied(at: Place, source: Thing) -> Reply:
    if not source.pieces and source.size == 0 and not source.extra:
        return no_key(at)
    at.shelf.folder(f"s3/{at.bucket}")
    at.shelf.put(at.name, joined([source], source.etag, source.kind, source.extra))
    return xml(200, "CopyObjectResult", text("LastModified", _now()), text("ETag", f'"{source.etag}"'))


def _address(at: Place) -> str:
    path = quote(octets(f"{at.bucket}/{at.key}".strip("/")))
    return f"http{'s' if at.head.secure else ''}://{quote(at.head.host)}/{path}"


def _now(when: float | None = None) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(when))
