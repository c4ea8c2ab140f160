"""From captures to sources: what went to one host over one channel is read as one stream, in the order in which it went.

A gzip split in parts, or base64 cut in the middle of a quantum, only means something put together; and nothing is lost by it, because
scan and decoders find their bytes anywhere in a stream. Content that was sent twice stands in the stream once. Copies on the workstation's
disks are one stream, in the order of their names. Short streams share a source, with walls between them that no compressed stream reaches
over: ten thousand hosts cost no more than one.

Law of this file: who sent what where is bound here, before any content is looked at.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from honeyweights.evidence.assay.budget import Budget
from honeyweights.evidence.assay.coverage import Ints
from honeyweights.evidence.assay.index import Bytes
from honeyweights.evidence.assay.request import Capture
from honeyweights.evidence.assay.trace import Owners

LARGEST_JOIN = 1 << 28
"""Bytes of several captures that are put together in memory; what is more begins a new source."""
_SHORT = 1 << 18
_POOL = 1 << 23


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
    short = [stream for stream in streams.values() if _held(stream) <= _SHORT]
    found = [source for stream in long for source in _sources(tuple(stream.values()), LARGEST_JOIN)]
    found += _sources(tuple(replace(part, wall=not place) for stream in short for place, part in enumerate(stream.values())), _POOL)
    return sorted(found, key=lambda source: (source.size, source.parts[0].captures[0].id))


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
