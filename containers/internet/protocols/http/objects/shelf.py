"""What object stores remember: things under names, as pieces of captures in the spool. Nothing here becomes a path on a disk.

Everything is bounded for all sites together: what is beyond is captured and answered as any other, and not remembered.
"""

import hashlib
import re
import time
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from email.utils import formatdate
from itertools import count
from typing import NamedTuple

from honeyweights.containers.internet.protocols.http.exchange import Head, Reply
from honeyweights.containers.internet.protocols.http.objects.texts import octets
from honeyweights.containers.internet.spool import BLOCK, Capture, Spool
from honeyweights.containers.internet.talk import House

MOST_SITES, MOST_PIECES, MOST_UPLOADS = 2_000, 20_000, 500
"""Sites; pieces of things, of all sites; uploads in parts that have not ended, of all sites."""
LONGEST_NAME = 1024
"""Bytes of a name (S3, "Object key names")."""
LONGEST_PAGE = 1 << 17
"""Characters of the names on a page; a thousand usual names fit. Somebody who asks for a thousand pages and reads none costs little."""
LONGEST_EXTRA = 2048
"""Bytes of a thing's own fields."""
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")
_PLAIN = re.compile(r"[\x20-\x7e]*")


class Piece(NamedTuple):
    """Bytes of a capture."""

    digest: str
    start: int
    length: int


@dataclass(frozen=True, kw_only=True)
class Thing:
    """Something that was uploaded."""

    size: int
    pieces: tuple[Piece, ...] = ()
    etag: str = ""
    kind: str = "application/octet-stream"
    extra: tuple[tuple[str, str], ...] = ()
    """Fields that come back with it."""
    modified: float = field(default_factory=time.time)


@dataclass(kw_only=True)
class Upload:
    """A thing that comes in parts."""

    name: str
    kind: str = "application/octet-stream"
    extra: tuple[tuple[str, str], ...] = ()
    started: float = field(default_factory=time.time)
    parts: dict[str, Thing] = field(default_factory=dict)

    @property
    def pieces(self) -> int:
        """Pieces of all its parts."""
        return sum(1 + len(part.pieces) for part in self.parts.values())


@dataclass(kw_only=True)
class Shelf:
    """One site's things."""

    room: "Shelves"
    things: dict[str, Thing] = field(default_factory=dict)
    folders: dict[str, float] = field(default_factory=dict)
    """Buckets and containers, and when they came."""

    def put(self, name: str, thing: Thing) -> None:
        """Remembers, where there is room."""
        self.drop(name)
        cost = 1 + len(thing.pieces)
        if cost <= self.room.left and len(octets(name)) <= LONGEST_NAME:
            self.room.left -= cost
            self.things[name] = thing

    def drop(self, name: str) -> bool:
        """Forgets; gives whether there was something."""
        thing = self.things.pop(name, None)
        self.room.left += 0 if thing is None else 1 + len(thing.pieces)
        return thing is not None

    def folder(self, name: str) -> None:
        """A bucket or container is there."""
        if name not in self.folders and self.room.left > 0 and len(octets(name)) <= LONGEST_NAME:
            self.room.left -= 1
            self.folders[name] = time.time()

    def unfold(self, name: str) -> None:
        """A bucket or container is there no more."""
        self.room.left += self.folders.pop(name, 0.0) > 0


class Shelves:
    """All sites'."""

    def __init__(self) -> None:
        self.left = MOST_PIECES
        self._sites: dict[str, Shelf] = {}
        self._uploads: OrderedDict[str, Upload] = OrderedDict()
        self._numbers = count(1)

    def shelf(self, site: str) -> Shelf:
        """A site's."""
        if site not in self._sites and len(self._sites) >= MOST_SITES:
            return Shelf(room=self)
        return self._sites.setdefault(site, Shelf(room=self))

    def begin(self, mark: str, upload: Upload) -> None:
        """An upload in parts begins; the oldest is forgotten where there are too many."""
        if len(octets(mark)) + len(octets(upload.name)) > 4 * LONGEST_NAME:
            return
        while len(self._uploads) >= MOST_UPLOADS:
            self.end(next(iter(self._uploads)))
        self._uploads[mark] = Upload(
            name=upload.name, kind=plain(upload.kind) or "application/octet-stream", extra=upload.extra, parts=upload.parts
        )

    def upload(self, mark: str) -> Upload | None:
        """One that has begun."""
        return self._uploads.get(mark)

    def uploads(self) -> list[tuple[str, Upload]]:
        """All that have begun."""
        return list(self._uploads.items())

    def part(self, upload: Upload, number: str, thing: Thing) -> None:
        """Remembers a part, where there is room."""
        before = upload.parts.pop(number, None)
        self.left += 0 if before is None else 1 + len(before.pieces)
        cost = 1 + len(thing.pieces)
        if cost <= self.left and len(number) <= LONGEST_NAME:
            self.left -= cost
            upload.parts[number] = thing

    def end(self, mark: str) -> Upload | None:
        """An upload is over, completed or not."""
        upload = self._uploads.pop(mark, None)
        self.left += 0 if upload is None else upload.pieces
        return upload

    def mark(self, house: House, what: str) -> str:
        """A name for an upload or a thing, that nobody else has."""
        ticket = octets(f"{what}/{next(self._numbers)}")
        return hashlib.sha256(house.seed() + ticket).hexdigest()


def shelves(house: House) -> Shelves:
    """The house's."""
    found = house.memos.setdefault("objects", Shelves())
    assert isinstance(found, Shelves)  # noqa: S101  # nobody else uses that name
    return found


def site(head: Head) -> str:
    """Whose shelf a request means."""
    return head.site or head.remote.host or head.remote.address


def taken(capture: Capture, etag: str, kind: str = "", extra: Iterable[tuple[str, str]] = (), *, start: int = 0, length: int = -1) -> Thing:
    """A thing of a closed capture, or of a part of it."""
    size = capture.sent - start if length < 0 else length
    kept = max(0, min(size, capture.captured - start))
    pieces = () if capture.digest is None or not kept else (Piece(capture.digest, start, kept),)
    return Thing(size=size, pieces=pieces, etag=etag, kind=plain(kind) or "application/octet-stream", extra=fields(extra))


def joined(parts: Iterable[Thing], etag: str, kind: str, extra: tuple[tuple[str, str], ...] = ()) -> Thing:
    """The thing that parts make."""
    parts = list(parts)
    return Thing(
        size=sum(part.size for part in parts),
        pieces=tuple(piece for part in parts for piece in part.pieces),
        etag=etag,
        kind=kind,
        extra=extra,
    )


def cut(thing: Thing, start: int, stop: int) -> Thing:
    """A part of a thing; its tag is not that of its bytes, which nobody has read again."""
    at, pieces = 0, []
    for piece in thing.pieces:
        low, high = max(start, at), min(stop, at + piece.length)
        if low < high:
            pieces.append(Piece(piece.digest, piece.start + low - at, high - low))
        at += piece.length
    size = max(0, min(stop, thing.size) - start)
    tag = hashlib.md5(f"{thing.etag}/{start}/{stop}".encode(), usedforsecurity=False).hexdigest()
    return Thing(size=size, pieces=tuple(pieces), etag=tag, kind=thing.kind)


def plain(value: str) -> str:
    """A value that may stand in a field of ours; nothing where it may not."""
    return value[:LONGEST_EXTRA] if _PLAIN.fullmatch(value) else ""


def fields(extra: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Those of the client's own fields that come back."""
    found, room = [], LONGEST_EXTRA
    for name, value in extra:
        room -= len(name) + len(value)
        if room >= 0 and plain(value) == value and plain(name) == name:
            found.append((name, value))
    return tuple(found)


def blocks(spool: Spool, thing: Thing, start: int, stop: int) -> Iterator[bytes]:
    """The bytes `start:stop` of a thing."""
    at = 0
    for piece in thing.pieces:
        low, high = max(start, at), min(stop, at + piece.length)
        if low < high:
            yield from spool.blocks(piece.digest, piece.start + low - at, high - low)
        at += piece.length


def kept(thing: Thing) -> int:
    """Bytes that can be read back."""
    return sum(piece.length for piece in thing.pieces)


def read(spool: Spool, thing: Thing, most: int = BLOCK) -> bytes:
    """The first bytes of a thing."""
    return b"".join(blocks(spool, thing, 0, min(most, kept(thing))))


def given(head: Head, spool: Spool, thing: Thing, extra: tuple[tuple[str, str], ...] = ()) -> Reply:
    """A thing, or the part of it that `Range` asks for (RFC 9110, 14.2)."""
    own = (("Last-Modified", formatdate(thing.modified, usegmt=True)), ("Accept-Ranges", "bytes"), *thing.extra, *extra)
    if thing.etag:
        own = (("ETag", f'"{thing.etag}"'), *own)
    if thing.etag and head.header("if-none-match").strip('" ') == thing.etag:
        return Reply(304, "", extra=own)
    size = kept(thing)
    found = _RANGE.fullmatch(head.header("range").strip())
    if found is None or found.group() == "bytes=-":
        return Reply(200, thing.kind, extra=own, blocks=blocks(spool, thing, 0, size), length=size)
    low, high = found.groups()
    first = int(low) if low else max(0, size - int(high))
    last = min(size - 1, int(high)) if low and high else size - 1
    if first > last:
        return Reply(416, "", extra=(("Content-Range", f"bytes */{size}"),))
    own = (*own, ("Content-Range", f"bytes {first}-{last}/{size}"))
    return Reply(206, thing.kind, extra=own, blocks=blocks(spool, thing, first, last + 1), length=last + 1 - first)


class Page(NamedTuple):
    """One page of a list of names."""

    names: list[str]
    folders: list[str]
    """Common prefixes."""
    after: str
    """Where the next page begins; empty where there is none."""


def page(names: Iterable[str], *, prefix: str = "", delimiter: str = "", after: str = "", most: int = 1000) -> Page:
    """Names below a prefix, those that share one up to the delimiter as one."""
    found: list[str] = []
    folders: list[str] = []
    last, room = "", LONGEST_PAGE
    for name in sorted(name for name in names if name.startswith(prefix)):
        cut = name.find(delimiter, len(prefix)) if delimiter else -1
        shown = name if cut < 0 else name[: cut + len(delimiter)]
        if (shown <= after) or (cut >= 0 and folders and folders[-1] == shown):
            continue
        if len(found) + len(folders) >= most or room <= 0:
            return Page(found, folders, last)
        last, room = shown, room - len(shown)
        (found if cut < 0 else folders).append(shown)
    return Page(found, folders, "")
