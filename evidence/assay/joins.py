"""From captures to sources: what went to one host over one channel is read as one stream, in the order in which it went.

A gzip split in parts, or base64 cut in the middle of a quantum, only means something put together; and nothing is lost by it, because
scan and decoders find their bytes anywhere in a stream. Content that was sent twice stands in the stream once. Copies on the workstation's
disks are one stream, in the order of their names. Short streams share a source, with walls between them that no compressed stream reaches
over: ten thousand hosts cost no more than one.

What that leaves unread is put together once more (`again`): over all hosts and channels of a zone in the order in which it went, and in the
order of the numbers in its names, for parts that are sent side by side arrive in any order.

Law of this file: who sent what where is bound here, before any content is looked at, but for whether it is text.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from honeyweights.evidence.assay.budget import Budget
from honeyweights.evidence.assay.coverage import Ints
from honeyweights.evidence.assay.index import Bytes
from honeyweights.evidence.assay.request import Capture
from honeyweights.evidence.assay.texture import BLOCK, textual
from honeyweights.evidence.assay.trace import Owners

LARGEST_JOIN = 1 << 28
"""Bytes of several captures that are put together in memory; what is more begins a new source."""
_SHORT = 1 << 18
_POOL = 1 << 23
_WORTH = 1024
"""Unread bytes for which everything is put together once more."""
_SHARE = 20
"""A part counts as unread from one byte in so many on: what a file's header leaves unread tells nothing."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """Content that one or more captures hold."""

    path: str
    skip: int
    size: int
    captures: tuple[Capture, ...]
    """The first is the one that brought it."""
    wall: bool = False
    """It begins a stream, which no stream before it goes on in."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """Bytes that the search looks through as one body."""

    parts: tuple[Part, ...]

    @property
    def size(self) -> int:
        """Bytes."""
        return sum(part.size for part in self.parts)

    @property
    def walls(self) -> Ints:
        """Where one stream ends and the next one begins."""
        starts = np.cumsum([0, *(part.size for part in self.parts[:-1])])
        return np.array([start for start, part in zip(starts.tolist(), self.parts, strict=True) if part.wall and start], np.int64)

    def read(self) -> tuple[Bytes, Owners]:
        """The bytes, mapped if they are one file, and which part each belongs to.

        Raises:
            OSError: a file is gone or cannot be read.
        """
        ends = np.cumsum([part.size for part in self.parts])
        owners = Owners(np.concatenate(([0], ends[:-1])).astype(np.int64), np.arange(len(self.parts), dtype=np.int64))
        if len(self.parts) == 1:
            part = self.parts[0]
            return np.asarray(np.memmap(part.path, np.uint8, "r", part.skip, (part.size,))), owners
        data = np.zeros(self.size, np.uint8)
        for part, end in zip(self.parts, ends.tolist(), strict=True):
            with Path(part.path).open("rb") as file:
                file.seek(part.skip)
                file.readinto(data.data[end - part.size : end])
        return data, owners


def sources(captures: tuple[Capture, ...], budget: Budget) -> list[Source]:
    """All sources, the smallest first, so that what is cheap to look through is never starved."""
    streams: dict[tuple[object, ...], dict[tuple[str, int], Part]] = {}
    for capture in sorted(captures, key=lambda c: (c.order, c.id)):
        size = _size(capture, budget)
        if size <= 0:
            continue
        here = (capture.path, capture.skip)
        key = () if capture.is_copy else (capture.zone, capture.zones, capture.channel, capture.host)
        stream = streams.setdefault(key, {})
        seen = stream[here].captures if here in stream else ()
        stream[here] = Part(path=capture.path, skip=capture.skip, size=size, captures=(*seen, capture))
    long = [stream for stream in streams.values() if _held(stream) > _SHORT]
    short = [tuple(stream.values()) for stream in streams.values() if _held(stream) <= _SHORT]
    found = [source for stream in long for source in _sources(tuple(stream.values()), LARGEST_JOIN)]
    if len(found) > len(long):
        budget.give_up(f"what went to one place was put together in parts of {LARGEST_JOIN >> 20} MiB")
    pools = (
        [parts for parts in short if _written(parts) == text] for text in (False, True)
    )  # a short text between other bytes is hard to see
    found += [
        source for pool in pools for source in _sources(tuple(replace(p, wall=not i) for parts in pool for i, p in enumerate(parts)), _POOL)
    ]
    return sorted(found, key=lambda source: (source.size, source.parts[0].captures[0].id))


def again(parts: Sequence[tuple[Part, int]]) -> list[Source]:
    """Parts, with what of each is unread, in other orders than those of `sources`, where there are any."""
    groups: dict[tuple[object, ...], dict[tuple[str, int], tuple[Part, int]]] = {}
    for part, unread in sorted(parts, key=lambda row: _arrival(row[0])):
        first = part.captures[0]
        if not first.is_copy and first.channel != "tool_output":
            groups.setdefault((first.zone, first.zones), {}).setdefault((part.path, part.skip), (replace(part, wall=False), unread))
    worth = [list(group.values()) for group in groups.values() if len(group) > 1]
    telling = [rows for rows in worth if sum(unread for part, unread in rows if unread * _SHARE >= part.size) >= _WORTH]
    orders = [order for rows in telling for order in _orders([part for part, _ in rows])]
    return [source for order in orders for source in _sources(tuple(order), LARGEST_JOIN) if len(source.parts) > 1]


def _orders(parts: list[Part]) -> Iterator[list[Part]]:
    """By time, if they went to several places; by the numbers in their names, if these say something else."""
    firsts = [part.captures[0] for part in parts]
    if len({(first.host, first.channel) for first in firsts}) > 1:
        yield parts
    named = sorted(parts, key=lambda part: (_natural(part.captures[0].name), _arrival(part)))
    if len({first.name for first in firsts}) == len(firsts) and named != parts:
        yield named


def _arrival(part: Part) -> tuple[int, str]:
    return part.captures[0].order, part.captures[0].id


def _natural(name: str) -> tuple[tuple[str, int], ...]:
    """A key that sorts `part9` before `part10`."""
    return tuple((text, int(number[:18] or 0)) for text, number in re.findall(r"(\D*)(\d*)", name[-256:], re.ASCII))


def _written(parts: tuple[Part, ...]) -> bool:
    """Whether the first one begins with text."""
    try:
        with Path(parts[0].path).open("rb") as file:
            file.seek(parts[0].skip)
            return bool(textual(np.frombuffer(file.read(min(BLOCK, parts[0].size)), np.uint8)).all())
    except OSError:
        return False


def _held(stream: dict[tuple[str, int], Part]) -> int:
    return sum(part.size for part in stream.values())


def _sources(parts: tuple[Part, ...], most: int) -> list[Source]:
    groups: list[list[Part]] = [[]]
    held = 0
    for part in parts:
        if groups[-1] and held + part.size > most and (part.wall or most == LARGEST_JOIN):
            groups.append([])
            held = 0
        groups[-1].append(part)
        held += part.size
    return [Source(parts=tuple(group)) for group in groups if group]


def _size(capture: Capture, budget: Budget) -> int:
    try:
        return Path(capture.path).stat().st_size - capture.skip
    except OSError as error:
        budget.give_up(f"capture {capture.id} cannot be read: {error.strerror}")
        return 0
