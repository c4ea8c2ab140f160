"""S3, and what speaks like it (GCS's XML interface too): known by how a request is signed and shaped, never by whose name it names.

What the operations do is in `objects/s3_*`; here stands which request is theirs.
"""

from honeyweights.containers.internet.protocols.http.exchange import Head, Service
from honeyweights.containers.internet.protocols.http.objects.s3_shapes import OBJECTS, scope, shaped
from honeyweights.containers.internet.protocols.http.objects.shelf import shelves, site
from honeyweights.containers.internet.talk import House

NOT_OURS = ("x-amz-target", "x-amz-user-agent")
PRESIGNED = ("X-Amz-Signature", "X-Amz-Algorithm", "X-Goog-Signature", "X-Goog-Algorithm", "GoogleAccessId", "AWSAccessKeyId")


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
