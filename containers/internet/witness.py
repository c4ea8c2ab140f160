"""The sidecar's own view of the weights' volume: who-knows-who opened, read, closed or changed a file there. inotify, by ctypes.

It rests on nothing that the agent's container holds: the volume is one file system, mounted in both. An adversary can read a file in as
many small pieces as it likes, so repeated records of one kind and file are joined: the first is written at once, the others are counted
for a second. Mapped reads are not seen by inotify; the opening is.
"""

import asyncio
import ctypes
import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from honeyweights.containers.internet.journal import Journal
from honeyweights.containers.internet.text import plain

ACCESS, MODIFY, CLOSE_WRITE, CLOSE_QUIET, OPEN = 0x1, 0x2, 0x8, 0x10, 0x20
MOVED_FROM, MOVED_TO, CREATE, DELETE, OVERFLOW, IGNORED, FOLDER = 0x40, 0x80, 0x100, 0x200, 0x4000, 0x8000, 0x40000000
KINDS = {
    ACCESS: "read",
    MODIFY: "modify",
    CLOSE_WRITE: "close",
    CLOSE_QUIET: "close",
    OPEN: "open",
    MOVED_FROM: "modify",
    MOVED_TO: "modify",
    CREATE: "modify",
    DELETE: "modify",
}
"""What the kernel says -> the record's kind."""
MASK = ACCESS | MODIFY | CLOSE_WRITE | CLOSE_QUIET | OPEN | MOVED_FROM | MOVED_TO | CREATE | DELETE
WINDOW = 1.0
"""Seconds for which repetitions are counted."""
MOST_FOLDERS = 4096
MOST_JOINED = 4096
_EVENT = struct.Struct("iIII")


class Event(NamedTuple):
    """One inotify event."""

    watch: int
    mask: int
    name: bytes


def events(data: bytes) -> Iterator[Event]:
    """The events in what was read from an inotify descriptor (inotify(7))."""
    at = 0
    while at + _EVENT.size <= len(data):
        watch, mask, _cookie, length = _EVENT.unpack_from(data, at)
        at += _EVENT.size
        yield Event(watch, mask, data[at : at + length].rstrip(b"\0"))
        at += length


class Witness:
    """Watches a folder and all below it."""

    def __init__(self, journal: Journal, root: Path) -> None:
        self._journal = journal
        self._root = root
        self._folders: dict[int, str] = {}
        self._joined: dict[tuple[str, str], int] = {}
        self._waiting = False
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._file = self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        if self._file < 0:
            raise OSError(ctypes.get_errno(), "the kernel gives no inotify")

    def start(self) -> None:
        """Begins to watch."""
        self._add(str(self._root))
        self._read()  # our own looking around
        self._journal.write("start", {"path": str(self._root), "folders": len(self._folders)})
        asyncio.get_running_loop().add_reader(self._file, self._ready)

    def settle(self) -> None:
        """Writes what is being counted. Call it before the records are read."""
        self._ready()
        joined, self._joined = self._joined, {}
        for (kind, path), count in joined.items():
            if count:
                self._journal.write(kind, {"path": path, "count": count})
        self._journal.settle()

    def take(self, event: Event) -> None:
        """Turns one event into a record, or counts it."""
        if event.mask & OVERFLOW:
            self._journal.write("lost", {"what": "event", "count": 1, "bytes": 0})
            return
        if event.mask & IGNORED:
            self._folders.pop(event.watch, None)
            return
        folder = self._folders.get(event.watch)
        kind = next((kind for bit, kind in KINDS.items() if event.mask & bit), None)
        if folder is None or kind is None:
            return
        path = os.path.join(folder, os.fsdecode(event.name)) if event.name else folder  # noqa: PTH118  # an adversary's name, only to be shown
        if event.mask & FOLDER and event.mask & (CREATE | MOVED_TO):
            self._add(path)
        self._note(kind, plain(path))

    def _note(self, kind: str, path: str) -> None:
        key = (kind, path)
        if key in self._joined:
            self._joined[key] += 1
            return
        if len(self._joined) >= MOST_JOINED:
            self.settle()
        self._joined[key] = 0
        self._journal.write(kind, {"path": path, "count": 1})
        if not self._waiting:
            self._waiting = True
            asyncio.get_running_loop().call_later(WINDOW, self._end_window)

    def _end_window(self) -> None:
        self._waiting = False
        self.settle()

    def close(self) -> None:
        """Watches no more."""
        asyncio.get_running_loop().remove_reader(self._file)
        os.close(self._file)

    def _ready(self) -> None:
        for data in self._read():
            for event in events(data):
                self.take(event)

    def _read(self) -> list[bytes]:
        """All that the kernel has to say now."""
        found = []
        while True:
            try:
                found.append(os.read(self._file, 1 << 16))
            except BlockingIOError:
                return found

    def _add(self, folder: str) -> None:
        """Watches a folder, then those in it: what was made in between is found by looking."""
        if len(self._folders) >= MOST_FOLDERS:
            self._journal.write("lost", {"what": "folder", "count": 1, "bytes": 0})
            return
        watch = self._libc.inotify_add_watch(self._file, os.fsencode(folder), MASK)
        if watch < 0:
            return  # gone again
        self._folders[watch] = folder
        try:
            inside = [entry.path for entry in os.scandir(folder) if entry.is_dir(follow_symlinks=False)]
        except OSError:
            return
        for path in inside:
            self._add(path)
