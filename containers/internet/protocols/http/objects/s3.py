"""S3's operations on services and buckets, and which request is which operation. Those on objects are in `s3_objects`.

Buckets are made by whoever first names them: every bucket is there, and the caller's own.
"""

import time
from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import quote

from honeyweights.containers.internet.protocols.http.exchange import Answering, Head, Reply
from honeyweights.containers.internet.protocols.http.objects import s3_objects as objects
from honeyweights.containers.internet.protocols.http.objects.s3_place import Place, error, place, request_id, xml
from honeyweights.containers.internet.protocols.http.objects.shelf import page
from honeyweights.containers.internet.protocols.http.objects.texts import Strange, body, octets, parsed, tag, text, values
from honeyweights.containers.internet.spool import Capture
from honeyweights.containers.internet.talk import House

OWNER = tag("Owner", text("ID", "75aa57f09aa0c8caeab4f8c24e99d10f8e7faeebf76c078efc7c6caea54ba06a"), text("DisplayName", "storage"))
MOST_KEYS = 1000
NOTHING = {
    "policy",
    "cors",
    "tagging",
    "lifecycle",
    "encryption",
    "website",
    "replication",
    "publicAccessBlock",
    "object-lock",
    "ownershipControls",
}
"""What a bucket could be configured with, and is not."""


def iso(when: float) -> str:
    """As S3 writes a time."""
    return time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(when))


def _buckets(at: Place, _capture: Capture) -> Reply:
    rows = [
        tag("Bucket", text("Name", name[3:]), text("CreationDate", iso(when)))
        for name, when in at.shelf.folders.items()
        if name[:3] == "s3/"
    ]
    return xml(200, "ListAllMyBucketsResult", OWNER, tag("Buckets", *rows))


def _make(at: Place, _capture: Capture) -> Reply:
    at.shelf.folder(f"s3/{at.bucket}")
    return Reply(200, "", extra=(("Location", f"/{quote(octets(at.bucket))}"),))


def _look(_at: Place, _capture: Capture) -> Reply:
    return Reply(200, "application/xml", extra=(("x-amz-bucket-region", "us-east-1"),))


def _unmake(at: Place, _capture: Capture) -> Reply:
    if at.keys():
        return error(at, 409, "BucketNotEmpty", "The bucket you tried to delete is not empty")
    at.shelf.unfold(f"s3/{at.bucket}")
    return Reply(204, "")


def _where(_at: Place, _capture: Capture) -> Reply:
    return xml(200, "LocationConstraint")


def _versioning(_at: Place, _capture: Capture) -> Reply:
    return xml(200, "VersioningConfiguration")


def _grants(_at: Place, _capture: Capture) -> Reply:
    grant = tag("Grant", OWNER.replace("Owner>", "Grantee>"), text("Permission", "FULL_CONTROL"))
    return xml(200, "AccessControlPolicy", OWNER, tag("AccessControlList", grant))


def _unset(at: Place, _capture: Capture) -> Reply:
    return error(at, 404, "NoSuchConfiguration", "The specified configuration does not exist")


def _set(_at: Place, _capture: Capture) -> Reply:
    return Reply(200, "")


def _list(at: Place, _capture: Capture) -> Reply:
    asked = at.head.query
    second = asked.get("list-type") == "2"
    after = asked.get("continuation-token") or asked.get("start-after", "") if second else asked.get("marker", "")
    digits = asked.get("max-keys", "")
    most = min(MOST_KEYS, int(digits)) if digits.isascii() and digits.isdigit() and len(digits) < 9 else MOST_KEYS  # noqa: PLR2004
    encoded = asked.get("encoding-type") == "url"
    shown: Callable[[str], str] = (lambda name: quote(octets(name), safe="/~")) if encoded else str
    found = page(at.keys(), prefix=asked.get("prefix", ""), delimiter=asked.get("delimiter", ""), after=after, most=most)
    rows = [text("Name", at.bucket), text("Prefix", shown(asked.get("prefix", ""))), text("MaxKeys", most)]
    if asked.get("delimiter"):
        rows.append(text("Delimiter", shown(asked["delimiter"])))
    if encoded:
        rows.append(text("EncodingType", "url"))
    rows.append(text("IsTruncated", "true" if found.after else "false"))
    if second:
        rows.append(text("KeyCount", len(found.names) + len(found.folders)))
    else:
        rows.append(text("Marker", shown(after)))
    if found.after:
        rows.append(text("NextContinuationToken" if second else "NextMarker", shown(found.after)))
    rows += [_row(at, key, shown) for key in found.names]
    rows += [tag("CommonPrefixes", text("Prefix", shown(folder))) for folder in found.folders]
    return xml(200, "ListBucketResult", *rows)


def _row(at: Place, key: str, shown: Callable[[str], str]) -> str:
    thing = at.shelf.things[at.thing(key)]
    about = (
        text("LastModified", iso(thing.modified)),
        text("ETag", f'"{thing.etag}"'),
        text("Size", thing.size),
        text("StorageClass", "STANDARD"),
    )
    return tag("Contents", text("Key", shown(key)), *about, OWNER)


def _versions(at: Place, _capture: Capture) -> Reply:
    found = page(at.keys(), prefix=at.head.query.get("prefix", ""), most=MOST_KEYS)
    rows = [_row(at, key, str) for key in found.names]
    rows = [
        row.replace("Contents>", "Version>").replace("</Key>", "</Key><VersionId>null</VersionId><IsLatest>true</IsLatest>", 1)
        for row in rows
    ]
    return xml(200, "ListVersionsResult", text("Name", at.bucket), text("IsTruncated", "false"), *rows)


def _delete_many(at: Place, capture: Capture) -> Reply:
    try:
        rows = parsed(body(at.spool, capture))
    except Strange:
        return malformed(at)
    keys = values(rows, "Object/Key")[:MOST_KEYS]
    for key in keys:
        at.shelf.drop(at.thing(key))
    quiet = values(rows, "Quiet") == ["true"]
    return xml(200, "DeleteResult", *(tag("Deleted", text("Key", key)) for key in keys if not quiet))


def malformed(at: Place) -> Reply:
    """What the client sent is no XML, or not what it should be."""
    return error(at, 400, "MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema")


class Operation(NamedTuple):
    """Which requests are one operation's; the first row that fits has it."""

    method: str
    level: str
    word: str
    """In the query; empty for any."""
    run: Callable[[Place, Capture], Reply]


OPERATIONS = (
    Operation("GET", "service", "", _buckets),
    Operation("GET", "bucket", "location", _where),
    Operation("GET", "bucket", "versioning", _versioning),
    Operation("GET", "bucket", "acl", _grants),
    Operation("GET", "bucket", "uploads", objects.uploads),
    Operation("GET", "bucket", "versions", _versions),
    *(Operation("GET", "bucket", word, _unset) for word in sorted(NOTHING)),
    Operation("GET", "bucket", "", _list),
    Operation("HEAD", "bucket", "", _look),
    *(
        Operation("PUT", "bucket", word, _set)
        for word in sorted({*NOTHING, "acl", "versioning", "logging", "notification", "requestPayment"})
    ),
    Operation("PUT", "bucket", "", _make),
    *(Operation("DELETE", "bucket", word, lambda _at, _capture: Reply(204, "")) for word in sorted(NOTHING)),
    Operation("DELETE", "bucket", "", _unmake),
    Operation("POST", "bucket", "delete", _delete_many),
    Operation("POST", "bucket", "", objects.posted),
    Operation("POST", "service", "", objects.posted),
    Operation("PUT", "object", "uploadId", objects.part),
    Operation("PUT", "object", "acl", _set),
    Operation("PUT", "object", "tagging", _set),
    Operation("PUT", "object", "retention", _set),
    Operation("PUT", "object", "legal-hold", _set),
    Operation("PUT", "object", "", objects.put),
    Operation("POST", "object", "uploads", objects.begin),
    Operation("POST", "object", "uploadId", objects.complete),
    Operation("POST", "object", "", objects.posted),
    Operation("GET", "object", "uploadId", objects.parts),
    Operation("GET", "object", "acl", _grants),
    Operation("GET", "object", "tagging", objects.tags),
    Operation("GET", "object", "attributes", objects.attributes),
    Operation("GET", "object", "", objects.get),
    Operation("HEAD", "object", "", objects.get),
    Operation("DELETE", "object", "uploadId", objects.abort),
    Operation("DELETE", "object", "", objects.delete),
)


def serve(head: Head, house: House) -> Answering:
    """Any one of them."""
    at = place(head, house)
    level = "object" if at.key else "bucket" if at.bucket else "service"
    fits = (row for row in OPERATIONS if (row.method, row.level) == (head.method, level) and (not row.word or row.word in head.query))
    found = next(fits, None)

    def answer(capture: Capture) -> Reply:
        if found is None:
            return error(at, 405, "MethodNotAllowed", "The specified method is not allowed against this resource.")
        return _signed(at, found.run(at, capture))

    return Answering(answer, at.body)


def _signed(at: Place, reply: Reply) -> Reply:
    return reply._replace(
        extra=(("Server", "AmazonS3"), ("x-amz-request-id", request_id(at)), ("x-amz-id-2", request_id(at) * 4), *reply.extra)
    )
