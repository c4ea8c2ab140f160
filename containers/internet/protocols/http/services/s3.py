"""S3, and what speaks like it (GCS's XML interface too): known by how a request is signed and shaped, never by whose name it names.

What the operations do is in `objects/s3_*`; here stands which request is theirs.
"""

import re

from honeyweights.containers.internet.protocols.http.exchange import Head, Service
from honeyweights.containers.internet.protocols.http.objects.shelf import shelves, site
from honeyweights.containers.internet.talk import House

_SCOPE = re.compile(r"Credential=[^/,\s]*/[^/,\s]*/[^/,\s]*/([^/,\s]*)/aws4_request")
_LABEL = re.compile(r"s3(-[a-z0-9-]+)?|s3express-[a-z0-9-]+")
OBJECTS = frozenset({"s3", "s3express", "s3-outposts", "s3-object-lambda", "storage"})
"""Services that sign as object stores do."""
NOT_OURS = ("x-amz-target", "x-amz-user-agent")
PRESIGNED = ("X-Amz-Signature", "X-Amz-Algorithm", "X-Goog-Signature", "X-Goog-Algorithm", "GoogleAccessId", "AWSAccessKeyId")


def scope(head: Head) -> str:
    """The service for which a request is signed; nothing where it does not say."""
    found = _SCOPE.search(head.header("authorization")) or _SCOPE.search("Credential=" + head.query.get("X-Amz-Credential", ""))
    return found[1] if found else ""


def shaped(host: str) -> bool:
    """Whether a host's name says that it keeps objects as S3 does: a label of its own, wherever it stands."""
    return any(_LABEL.fullmatch(label) for label in host.split("."))


def claims(head: Head, house: House) -> bool:
    """By signature, by fields and query that only these clients send, by the host's name, or because the bucket is known here."""
    signed = scope(head)
    if signed:
        return signed in OBJECTS
    if head.header("authorization").startswith(("AWS ", "AWS4-", "GOOG1 ", "GOOG4-")) or any(name in head.query for name in PRESIGNED):
        return "x-amz-target" not in head.headers
    if any(name.startswith(("x-amz-", "x-goog-")) and name not in NOT_OURS for name in head.headers):
        return "x-amz-target" not in head.headers and not head.path.startswith(("/storage/v1/", "/upload/storage/", "/resumable/upload"))
    if head.query.get("list-type") == "2" or {"uploadId", "partNumber"} <= head.query.keys() or shaped(head.host):
        return True
    folder = head.path.lstrip("/").partition("/")[0]
    asks = head.method in {"GET", "HEAD", "DELETE"} or head.header("content-type").startswith("multipart/form-data")
    return asks and bool(folder) and f"s3/{folder}" in shelves(house).shelf(site(head)).folders


SERVICES = (Service("s3", claims, "http.objects.s3:serve", channel="s3", protocol="s3", rank=30),)
