"""Joins packs into one in which no object comes twice (gitformat-pack): what a clone is given.

To see that two objects are the same, they must be read. An adversary wrote them, so reading is bounded in bytes, in depth and in number; a
pack that goes beyond is joined unread, and git decides itself what to make of it. Nothing here ever meets a disk but the spool.
"""

import contextlib
import hashlib
import mmap
import zlib
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from honeyweights.containers.internet.protocols.git.deltas import LARGEST_MADE, Unreadable, made
from honeyweights.containers.internet.spool import BLOCK, Spool

HEADER, TRAILER = 12, 20
"""Bytes of a pack before its objects and behind them."""
KINDS = {1: b"commit", 2: b"tree", 3: b"blob", 4: b"tag"}
BY_DISTANCE, BY_NAME = 6, 7
"""Kinds of objects that are a difference to another."""
MOST_READ = 1 << 30
"""Bytes of objects that a world reads in all."""
MOST_OBJECTS = 50_000
"""Of one pack that is read."""
DEEPEST = 64
"""Differences to differences."""
STEP = 1 << 20
EACH = 4096
"""What an object counts beside its bytes: knowing of it costs memory."""


class Pack(NamedTuple):
    """A pack in the spool."""

    digest: str
    size: int
    objects: int


class Entry(NamedTuple):
    """One object of a pack: where it is, what it is."""

    start: int
    body: int
    stop: int
    kind: int
    size: int
    base: int | bytes
    """Where the object lies that it is a difference to, or its name; 0 for a whole object."""
    name: bytes
    """SHA-1; empty where it was not read."""


@dataclass
class Budget:
    """How much may still be read."""

    left: int = MOST_READ
    refs: int = 0
    """Names and values of refs that may still be remembered."""
    read: dict[str, tuple[Entry, ...]] = field(default_factory=dict)
    """What was found, so that it is found once; empty for a pack that is unreadable."""

    def take(self, count: int) -> None:
        """Counts bytes.

        Raises:
            Unreadable: where that is too much.
        """
        if count > self.left:
            raise Unreadable("read enough")
        self.left -= count


def joined(spool: Spool, packs: tuple[Pack, ...], budget: Budget) -> tuple[int, int, Iterator[bytes]]:
    """One pack of everything: its size, its number of objects, its bytes."""
    plan, objects, place = [], 0, HEADER
    names: dict[bytes, int] = {}
    for pack in packs:
        entries = entries_of(spool, pack, budget) if len(packs) > 1 else ()
        if not entries:
            plan.append((pack.digest, b"", HEADER, pack.size - TRAILER))
            place, objects = place + pack.size - TRAILER - HEADER, objects + pack.objects
            continue
        moved: dict[int, int] = {}
        for entry in entries:
            if entry.name in names:
                moved[entry.start] = names[entry.name]
                continue
            moved[entry.start] = place
            if entry.name:
                names[entry.name] = place
            head = _head(entry, place - moved[entry.base] if isinstance(entry.base, int) and entry.base else 0)
            plan.append((pack.digest, head, entry.body, entry.stop))
            place, objects = place + len(head) + entry.stop - entry.body, objects + 1
    return place + TRAILER, objects, _bytes(spool, plan, objects)


def _bytes(spool: Spool, plan: list[tuple[str, bytes, int, int]], objects: int) -> Iterator[bytes]:
    digest = hashlib.sha1(usedforsecurity=False)
    held = bytearray(b"PACK\0\0\0\2" + objects.to_bytes(4, "big"))
    with contextlib.ExitStack() as stack:
        views = {name: stack.enter_context(_opened(spool, name)) for name in dict.fromkeys(row[0] for row in plan)}
        for name, head, start, stop in plan:
            held += head
            for at in range(start, stop, BLOCK):
                held += views[name][at : min(stop, at + BLOCK)]
                if len(held) >= BLOCK:
                    digest.update(held)
                    yield bytes(held)
                    held.clear()
    digest.update(held)
    yield bytes(held) + digest.digest()


@contextlib.contextmanager
def _opened(spool: Spool, digest: str) -> Iterator[mmap.mmap]:
    with spool.path(digest).open("rb") as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as view:
        yield view


def entries_of(spool: Spool, pack: Pack, budget: Budget) -> tuple[Entry, ...]:
    """The objects of a pack, each with its name; none where it can not be read."""
    if pack.digest not in budget.read:
        try:
            with _opened(spool, pack.digest) as view:
                budget.read[pack.digest] = tuple(_named(view, list(_entries(view, pack, budget)), budget))
        except (Unreadable, zlib.error, IndexError, KeyError):
            budget.read[pack.digest] = ()
    return budget.read[pack.digest]


def _entries(view: mmap.mmap, pack: Pack, budget: Budget) -> Iterator[Entry]:
    if pack.objects > MOST_OBJECTS:
        raise Unreadable("too many objects")
    at = HEADER
    for _ in range(pack.objects):
        budget.take(EACH)
        start = at
        byte = view[at]
        at += 1
        kind, size, shift = byte >> 4 & 7, byte & 15, 4
        while byte & 128:
            byte = view[at]
            at += 1
            size |= (byte & 127) << shift
            shift += 7
        base: int | bytes = 0
        if kind == BY_NAME:
            base, at = view[at : at + 20], at + 20
        elif kind == BY_DISTANCE:
            distance, at = _distance(view, at)
            base = start - distance
        elif kind not in KINDS:
            raise Unreadable("an object of no kind")
        digest = hashlib.sha1(KINDS.get(kind, b"") + b" %d\0" % size, usedforsecurity=False)
        stop = _inflated(view, at, size, budget, digest.update)
        yield Entry(start, at, stop, kind, size, base, digest.digest() if kind in KINDS else b"")
        at = stop


def _inflated(view: mmap.mmap, at: int, size: int, budget: Budget, each: Callable[[bytes], object]) -> int:
    """Tells `each` what an object holds; gives where it ends in the pack."""
    inflater, count, data, step = zlib.decompressobj(), 0, b"", 1 << 12
    while not inflater.eof:
        if not data:
            data, at, step = view[at : at + step], min(len(view), at + step), BLOCK
        piece = inflater.decompress(data, STEP)
        if not data:
            raise Unreadable("the pack ends within an object")
        data = inflater.unconsumed_tail
        count += len(piece)
        budget.take(len(piece) + 64)
        if count > size:
            raise Unreadable("an object longer than it says")
        each(piece)
    return at - len(inflater.unused_data)


def _distance(view: mmap.mmap | bytes, at: int) -> tuple[int, int]:
    byte = view[at]
    found = byte & 127
    while byte & 128:
        at += 1
        byte = view[at]
        found = ((found + 1) << 7) | (byte & 127)
    return found, at + 1


def _head(entry: Entry, distance: int) -> bytes:
    """The bytes before an object's content, in its new place."""
    byte, size = entry.kind << 4 | entry.size & 15, entry.size >> 4
    head = bytearray()
    while size:
        head.append(byte | 128)
        byte, size = size & 127, size >> 7
    head.append(byte)
    if isinstance(entry.base, bytes):
        return bytes(head) + entry.base
    if entry.kind == BY_DISTANCE:
        back = [distance & 127]
        while distance := distance >> 7:
            distance -= 1
            back.append(128 | distance & 127)
        head += bytes(reversed(back))
    return bytes(head)


def _named(view: mmap.mmap, entries: list[Entry], budget: Budget) -> Iterator[Entry]:
    """The entries, those that are differences named too."""
    by_start = {entry.start: entry for entry in entries}
    kinds: dict[int, int] = {}
    depths: dict[int, int] = {}
    held: OrderedDict[int, bytes] = OrderedDict()
    room = [2 * LARGEST_MADE]

    def content(entry: Entry) -> bytes:
        found = held.get(entry.start)
        if found is None:
            own = bytearray()
            _inflated(view, entry.body, entry.size, budget, own.extend)
            found = bytes(own) if entry.kind in KINDS else made(content(by_start[_base(entry)]), own)
            budget.take(len(found))
            held[entry.start] = found
            room[0] -= len(found)
            while room[0] < 0 and len(held) > 1:
                room[0] += len(held.popitem(last=False)[1])
        return found

    for entry in entries:
        if entry.kind in KINDS:
            kinds[entry.start], depths[entry.start] = entry.kind, 0
            yield entry
            continue
        base = by_start.get(entry.base) if isinstance(entry.base, int) else None
        if base is None or base.size > LARGEST_MADE or entry.size > LARGEST_MADE or depths.get(base.start, DEEPEST) >= DEEPEST:
            yield entry
            continue
        whole = content(entry)
        kinds[entry.start], depths[entry.start] = kinds[base.start], depths[base.start] + 1
        head = KINDS[kinds[entry.start]] + b" %d\0" % len(whole)
        yield entry._replace(name=hashlib.sha1(head + whole, usedforsecurity=False).digest())


def _base(entry: Entry) -> int:
    if not isinstance(entry.base, int):
        raise Unreadable("a difference to another pack's object")
    return entry.base
