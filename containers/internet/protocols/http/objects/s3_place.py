"""What a request to an object store is about: site, bucket and key, by path or by the host's name; and the words of its errors."""

from dataclasses import dataclass, field

from honeyweights.containers.internet.protocols.http.exchange import Head, Reply
from honeyweights.containers.internet.protocols.http.objects.codings import Signed, Summed
from honeyweights.containers.internet.protocols.http.objects.s3_shapes import shaped
from honeyweights.containers.internet.protocols.http.objects.shelf import Shelf, Shelves, plain, shelves, site
from honeyweights.containers.internet.protocols.http.objects.texts import DECLARATION, tag, text
from honeyweights.containers.internet.spool import Spool
from honeyweights.containers.internet.talk import House

LISTS = frozenset({"list-type", "prefix", "delimiter", "uploads", "location", "versioning", "versions", "max-keys", "marker", "delete"})
"""In a query: asked of a bucket, never of an object."""
COMES_BACK = ("cache-control", "content-disposition", "content-encoding", "content-language", "expires")
LONG = 3
"""Digits of the length of a body that configures a bucket."""
CHECKSUMS = ("crc32", "crc32c", "crc64nvme", "sha1", "sha256")


@dataclass(kw_only=True)
class Place:
    """One request, as the operations see it."""

    head: Head
    house: House
    shelves: Shelves
    shelf: Shelf
    bucket: str
    key: str
    body: Summed = field(default_factory=Summed)

    @property
    def spool(self) -> Spool:
        """Where bytes are."""
        return self.house.ledger.spool

    @property
    def name(self) -> str:
        """On the shelf."""
        return self.thing(self.key)

    def thing(self, key: str, bucket: str | None = None) -> str:
        """A key's name on the shelf."""
        return f"s3/{self.bucket if bucket is None else bucket}/{key}"

    def keys(self) -> list[str]:
        """All keys of the bucket."""
        start = self.thing("")
        return [name[len(start) :] for name in self.shelf.things if name.startswith(start)]

    def fields(self) -> list[tuple[str, str]]:
        """What of the request comes back with the object."""
        found = [
            (name, value)
            for name, value in self.head.headers.items()
            if name in COMES_BACK or name.startswith(("x-amz-meta-", "x-goog-meta-"))
        ]
        found = [(name, value.replace("aws-chunked", "").strip(", ")) for name, value in found]
        return [(name, value) for name, value in found if value]

    def sums(self) -> tuple[tuple[str, str], ...]:
        """The checksums that the client sent, as it wants to hear them again."""
        trailers = self.body.trailers if isinstance(self.body, Signed) else {}
        names = (f"x-amz-checksum-{kind}" for kind in CHECKSUMS)
        found = ((name, self.head.header(name) or trailers.get(name, "")) for name in names)
        return tuple((name, value) for name, value in found if value and plain(value) == value)


def place(head: Head, house: House) -> Place:
    """What a request is about. `bucket.s3.region.host` is the bucket of `s3.region.host`; any other host has its buckets in the path."""
    found = shelves(house)
    name, path = site(head), head.path.lstrip("/") if head.path.startswith("//") else head.path[1:]
    labels = head.host.split(".")
    cut = next((at for at in range(1, len(labels)) if shaped(labels[at])), 0)
    if cut:
        bucket, key, name = ".".join(labels[:cut]), path, ".".join(labels[cut:])
    else:
        bucket, _, key = path.partition("/")
        if bucket and not key and head.method == "PUT" and _has_body(head) and not LISTS & head.query.keys():
            bucket, key = "", bucket  # a bucket that has a host of its own, of which the name says nothing
    body = Signed() if _chunks(head) else Summed()
    return Place(head=head, house=house, shelves=found, shelf=found.shelf(name), bucket=bucket, key=key, body=body)


def _chunks(head: Head) -> bool:
    return "aws-chunked" in head.header("content-encoding") or head.header("x-amz-content-sha256").startswith("STREAMING-")


def _has_body(head: Head) -> bool:
    """More of one than a configuration of a bucket, or of another kind."""
    length, kind = head.header("content-length"), head.header("content-type")
    other = bool(kind) and "xml" not in kind and length != "0"
    return other or "transfer-encoding" in head.headers or len(length) > LONG


def xml(status: int, name: str, *inner: str, extra: tuple[tuple[str, str], ...] = ()) -> Reply:
    """An answer in XML. S3 has a space of names for its own, which is an address on the internet; no client needs it."""
    return Reply(status, "application/xml", (DECLARATION + tag(name, *inner)).encode("utf-8", "replace"), extra)


def error(at: Place, status: int, code: str, message: str) -> Reply:
    """An error as S3 words it."""
    inner = (
        text("Code", code),
        text("Message", message),
        text("Key", at.key),
        text("BucketName", at.bucket),
        text("Resource", at.head.path),
    )
    return xml(status, "Error", *inner, text("RequestId", request_id(at)))


def no_key(at: Place) -> Reply:
    """There is no such object."""
    return error(at, 404, "NoSuchKey", "The specified key does not exist.")


def request_id(at: Place) -> str:
    """Sixteen digits that nobody has seen."""
    return at.shelves.mark(at.house, "request")[:16].upper()
