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

MOST_FILES = 20_000
"""Files that all hosts together remember."""


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


class Disk:
    """One host's folders and files. Paths are absolute and normal."""

    def __init__(self, spool: Spool, home: str) -> None:
        self._spool = spool
        self.home = home
        self.folders = {"/", "/home", "/root", "/tmp", "/var", "/var/tmp", "/srv", "/opt", "/data", "/mnt"}  # noqa: S108  # of a fictional host
        self.files: dict[str, File] = {}
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

    def put(self, path: str, file: File) -> None:
        """Sets a file; its folders come with it."""
        if len(self.files) >= MOST_FILES and path not in self.files:
            return
        self.mkdir(posixpath.dirname(path), parents=True)
        self.files[path] = file

    def mkdir(self, path: str, *, parents: bool) -> bool:
        """Makes a folder; gives whether it could."""
        if path in self.files or (not parents and posixpath.dirname(path) not in self.folders):
            return False
        while path not in self.folders and len(self.folders) < MOST_FILES:
            self.folders.add(path)
            path = posixpath.dirname(path)
        return True

    def names(self, folder: str) -> list[str]:
        """The names in a folder, sorted."""
        inside = folder.rstrip("/") + "/"
        found = {
            path[len(inside) :].split("/", 1)[0] for path in (*self.files, *self.folders) if path.startswith(inside) and path != inside
        }
        return sorted(found - {""})

    def blocks(self, path: str) -> Iterator[bytes]:
        """A file's bytes."""
        file = self.files[path]
        for at in range(0, file.kept, BLOCK):
            yield self.read(file, at, min(BLOCK, file.kept - at))

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
        self._disks: dict[tuple[str, str], Disk] = {}

    def disk(self, host: str, home: str = "/root", kind: str = "disk") -> Disk:
        """The host's disk. What it serves by HTTP is another `kind`: an upload is no file in somebody's home."""
        key = (host, kind)
        if key not in self._disks:
            if len(self._disks) >= MOST_FILES:
                self._disks.pop(next(iter(self._disks)))
            self._disks[key] = Disk(self._spool, home)
        return self._disks[key]
