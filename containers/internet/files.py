"""What remote hosts remember: files that came to them, by host and path, as pieces of captures in the spool. A fiction with a memory.

No file here ever becomes a path on the sidecar's disk.
"""

import hashlib
import posixpath
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from honeyweights.containers.internet.spool import Capture, Spool

MOST_FILES = 20_000
"""Files that all hosts together remember."""


class Piece(NamedTuple):
    """`length` bytes at `offset` of a file, found at `start` of the capture."""

    offset: int
    length: int
    start: int


@dataclass(kw_only=True)
class File:
    """A remote file. One without a capture is empty."""

    size: int = 0
    kept: int = 0
    """Bytes that can be read back; less than `size` only where the capture was cut."""
    digest: str | None = None
    """Capture that holds its bytes."""
    sha256: str = hashlib.sha256(b"").hexdigest()  # noqa: RUF009  # a constant
    """Of the bytes that were sent, kept or not."""
    pieces: tuple[Piece, ...] = ()
    """Where it was written out of order; empty for a file that was written from front to back."""
    mode: int = 0o644
    modified: float = field(default_factory=time.time)


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

    def keep(self, path: str, capture: Capture, pieces: tuple[Piece, ...] = (), mode: int = 0o644) -> None:
        """A file was written: its bytes are a closed capture."""
        size = max((piece.offset + piece.length for piece in pieces), default=capture.sent)
        kept = size if pieces else capture.captured
        self.put(path, File(size=size, kept=kept, digest=capture.digest, sha256=capture.sha256, pieces=pieces, mode=mode))

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
        found = {path[len(inside) :].split("/", 1)[0] for path in (*self.files, *self.folders) if path.startswith(inside) and path != inside}
        return sorted(found - {""})

    def blocks(self, path: str) -> Iterator[bytes]:
        """A file's bytes; holes are zeros, what was not kept is missing."""
        file = self.files[path]
        if file.digest is None:
            return
        if not file.pieces:
            yield from self._spool.blocks(file.digest)
            return
        at = 0
        while at < file.size:
            block = self.read(path, at, 1 << 18)
            if not block:
                return
            at += len(block)
            yield block

    def read(self, path: str, offset: int, length: int) -> bytes:
        """At most `length` bytes from `offset`; later pieces lie over earlier ones."""
        file = self.files[path]
        if file.digest is None or offset >= file.size:
            return b""
        if not file.pieces:
            return b"".join(self._spool.blocks(file.digest, offset, length))
        length = min(length, file.size - offset)
        out = bytearray(length)
        for piece in file.pieces:
            low, high = max(offset, piece.offset), min(offset + length, piece.offset + piece.length)
            if low < high:
                got = b"".join(self._spool.blocks(file.digest, piece.start + low - piece.offset, high - low))
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
