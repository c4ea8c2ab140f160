"""What remote hosts remember: files that came to them, by host and path, as pieces of captures in the spool. A fiction with a memory.

No file here ever becomes a path on the sidecar's disk.
"""

import posixpath
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import NamedTuple

from honeyweights.containers.internet.spool import BLOCK, Capture, Spool

MOST_ENTRIES = 40_000
"""Files, folders, and pieces of files that all hosts together remember. What is beyond is captured and answered, and not found again."""
MOST_DISKS = 2_000
MOST_PIECES = 4_096
"""Of one file."""
LONGEST_PATH, DEEPEST = 1_024, 40
"""Characters of a path that is remembered, and its folders: one request can name a hundred thousand."""


class Piece(NamedTuple):
    """`length` bytes at `offset` of a file, found at `start` of a capture."""

    offset: int
    length: int
    start: int
    digest: str


@dataclass(kw_only=True)
class File:
    """A remote file: pieces of captures. Later pieces lie over earlier ones, holes are zeros."""

    size: int = 0
    pieces: tuple[Piece, ...] = ()
    sha256: str | None = None
    """Of the bytes that were sent, kept or not, where they came from front to back."""
    mode: int = 0o644
    modified: float = field(default_factory=time.time)

    @property
    def kept(self) -> int:
        """Bytes that can be read back; less than `size` only where the capture was cut."""
        return max((piece.offset + piece.length for piece in self.pieces), default=0)


@dataclass
class Room:
    """What may still be remembered."""

    left: int = MOST_ENTRIES


class Disk:
    """One host's folders and files. Paths are absolute and normal. `files` and `folders` are for reading."""

    def __init__(self, spool: Spool, home: str, room: Room | None = None) -> None:
        self._spool = spool
        self._room = room or Room()
        self.home = home
        self.folders = {"/", "/home", "/root", "/tmp", "/var", "/var/tmp", "/srv", "/opt", "/data", "/mnt"}  # noqa: S108  # of a fictional host
        self.files: dict[str, File] = {}
        self._inside: dict[str, dict[str, None]] = {}
        for folder in sorted(self.folders - {"/"}):
            self._enter(folder)
        self.mkdir(home, parents=True)

    def path(self, text: str, cwd: str | None = None) -> str:
        """The absolute path that a remote user means."""
        text = self.home + text[1:] if text == "~" or text.startswith("~/") else text
        return posixpath.normpath(posixpath.join("/", cwd or self.home, text)).replace("//", "/")

    def keep(self, path: str, capture: Capture, mode: int = 0o644) -> None:
        """A file came from front to back: its bytes are a closed capture."""
        pieces = () if capture.digest is None else (Piece(0, capture.captured, 0, capture.digest),)
        self.put(path, File(size=capture.sent, pieces=pieces, sha256=capture.sha256, mode=mode))

    def write(self, path: str, blocks: Iterator[bytes], *, more: bool) -> None:
        """Bytes that did not come as one capture become one; `more` puts them behind the file as it is."""
        capture = self._spool.open()
        for block in chain(self.blocks(path) if more and path in self.files else (), blocks):
            capture.write(block)
        capture.close()
        self.keep(path, capture)

    def captured(self, capture: Capture) -> Iterator[bytes]:
        """The bytes of a closed capture."""
        return iter(()) if capture.digest is None else self._spool.blocks(capture.digest)

    def put(self, path: str, file: File) -> bool:
        """Sets a file, where there is room; its folders come with it. Gives whether it is remembered."""
        before = self.files.get(path)
        cost = _cost(file) - (0 if before is None else _cost(before))
        if not _sound(path) or cost > self._room.left or len(file.pieces) > MOST_PIECES or not self._mkdirs(posixpath.dirname(path)):
            return False
        self._room.left -= cost
        self.files[path] = file
        self._enter(path)
        return True

    def drop(self, path: str) -> File | None:
        """Forgets a file; gives what it was."""
        file = self.files.pop(path, None)
        if file is not None:
            self._room.left += _cost(file)
            self._leave(path)
        return file

    def mkdir(self, path: str, *, parents: bool) -> bool:
        """Makes a folder; gives whether it could."""
        if path in self.files or (not parents and posixpath.dirname(path) not in self.folders):
            return False
        return _sound(path) and self._mkdirs(path)

    def rmdir(self, path: str) -> bool:
        """Forgets an empty folder; gives whether it could."""
        if path not in self.folders or self._inside.get(path) or path == "/":
            return False
        self.folders.discard(path)
        self._room.left += 1
        self._leave(path)
        return True

    def names(self, folder: str) -> list[str]:
        """The names in a folder, sorted."""
        return sorted(self._inside.get(folder, ()))

    def count(self, folder: str) -> int:
        """How many names there are in a folder."""
        return len(self._inside.get(folder, ()))

    def blocks(self, path: str) -> Iterator[bytes]:
        """A file's bytes."""
        return self.span(self.files[path], 0, self.files[path].kept)

    def span(self, file: File, start: int, stop: int) -> Iterator[bytes]:
        """The bytes `start:stop` of a file, block by block."""
        for at in range(start, stop, BLOCK):
            yield self.read(file, at, min(BLOCK, stop - at))

    def _mkdirs(self, path: str) -> bool:
        missing = []
        while path not in self.folders:
            missing.append(path)
            path = posixpath.dirname(path)
        if len(missing) > self._room.left:
            return False
        self._room.left -= len(missing)
        for folder in reversed(missing):
            self.folders.add(folder)
            self._enter(folder)
        return True

    def _enter(self, path: str) -> None:
        folder, name = posixpath.split(path)
        self._inside.setdefault(folder, {})[name] = None

    def _leave(self, path: str) -> None:
        folder, name = posixpath.split(path)
        self._inside[folder].pop(name, None)

    def read(self, file: File, offset: int, length: int) -> bytes:
        """At most `length` bytes from `offset`; fewer at the end only."""
        length = min(length, file.kept - offset)
        if length <= 0:
            return b""
        out = bytearray(length)
        for piece in file.pieces:
            low, high = max(offset, piece.offset), min(offset + length, piece.offset + piece.length)
            if low < high:
                got = b"".join(self._spool.blocks(piece.digest, piece.start + low - piece.offset, high - low))
                out[low - offset : low - offset + len(got)] = got
        return bytes(out)


class Memory:
    """The disks of all hosts; a host is its name, or its address where it has none."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._room = Room()
        self._disks: dict[tuple[str, str], Disk] = {}

    def disk(self, host: str, home: str = "/root", kind: str = "disk") -> Disk:
        """The host's disk. What it serves by HTTP is another `kind`: an upload is no file in somebody's home."""
        key = (host, kind)
        if key not in self._disks and len(self._disks) >= MOST_DISKS:
            return Disk(self._spool, "/", Room(0))
        if key not in self._disks:
            self._disks[key] = Disk(self._spool, home, self._room)
        return self._disks[key]


def _cost(file: File) -> int:
    return 1 + len(file.pieces)


def _sound(path: str) -> bool:
    return len(path) <= LONGEST_PATH and path.count("/") <= DEEPEST
