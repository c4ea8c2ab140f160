"""Keeps captured bytes once, under their SHA-256, within a limit. No text of an adversary's is ever part of a path.

The digest is taken while writing, small captures touch the disk once, large ones go there in big blocks. What the limit or the disk did not
take is counted in its capture: `sent` is what came, `captured` what is kept.
"""

import hashlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path

SMALL = 1 << 16
"""Bytes that a capture holds in memory before it makes a file."""
BLOCK = 1 << 18
DEFAULT_LIMIT = 4 << 30


class Spool:
    """A folder of captures, `<sha256>` each."""

    def __init__(self, folder: Path, limit: int = DEFAULT_LIMIT) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.limit = limit
        self.used = 0
        self._parts = 0
        self._lock = threading.Lock()

    def open(self) -> "Capture":
        """A new capture, empty."""
        return Capture(self)

    def path(self, digest: str) -> Path:
        """Where the capture of that digest lies."""
        return self.folder / digest

    def blocks(self, digest: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        """The bytes `start:start+length` of a capture, block by block."""
        with self.path(digest).open("rb") as file:
            file.seek(start)
            while length is None or length > 0:
                block = file.read(BLOCK if length is None else min(BLOCK, length))
                if not block:
                    return
                if length is not None:
                    length -= len(block)
                yield block

    def grant(self, wanted: int) -> int:
        """How many of `wanted` bytes may still be kept; these count as used."""
        with self._lock:
            granted = max(0, min(wanted, self.limit - self.used))
            self.used += granted
            return granted

    def give_back(self, count: int) -> None:
        """Bytes that were granted and are not kept after all."""
        with self._lock:
            self.used -= count

    def next_part(self) -> Path:
        """A file name for a capture whose digest is not known yet."""
        with self._lock:
            self._parts += 1
            return self.folder / f".part-{self._parts}"


class Capture:
    """Bytes on their way into the spool. One thread writes at a time."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._memory = bytearray()
        self._file: int | None = None
        self._part: Path | None = None
        self._kept = hashlib.sha256()
        self._whole = self._kept
        self._failed = False
        self.sent = 0
        self.captured = 0
        self.digest: str | None = None
        """SHA-256 of what is kept, once closed; null when nothing is."""

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Takes the next bytes; what neither limit nor disk allows is only counted."""
        view = memoryview(data)
        self.sent += len(view)
        granted = 0 if self._failed or self.captured + len(view) < self.sent else self._spool.grant(len(view))
        if granted < len(view) and self._whole is self._kept:
            self._whole = self._kept.copy()
            self._whole.update(view)
        elif self._whole is not self._kept:
            self._whole.update(view)
        if granted:
            self._keep(view[:granted])

    def close(self) -> str | None:
        """Moves the bytes under their digest, which it gives. The same bytes are kept once."""
        if self.digest is not None or self.captured == 0:
            self._drop()
            return self.digest
        self.digest = self._kept.hexdigest()
        final = self._spool.path(self.digest)
        if final.exists():
            self._spool.give_back(self.captured)
            self._drop()
        elif self._settle():
            assert self._part is not None  # noqa: S101  # _settle gave it its file
            self._part.rename(final)
            self._drop(unlink=False)
        return self.digest

    @property
    def sha256(self) -> str:
        """Of all that was sent, kept or not: what the remote host would say of the file."""
        return self._whole.hexdigest()

    def _keep(self, view: memoryview) -> None:
        self.captured += len(view)
        self._kept.update(view)
        if len(self._memory) + len(view) <= SMALL:
            self._memory += view
        else:
            self._flush(view)

    def _flush(self, view: memoryview) -> bool:
        """Writes memory, then `view`. On a full disk the whole capture is given up: half a file under a digest would be a lie."""
        try:
            if self._file is None:
                self._part = self._spool.next_part()
                self._file = os.open(self._part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            for piece in (memoryview(self._memory), view):
                _write_all(self._file, piece)
        except OSError:
            self._give_up()
            return False
        self._memory = bytearray()
        return True

    def _settle(self) -> bool:
        return (not self._memory and self._file is not None) or self._flush(memoryview(b""))

    def _give_up(self) -> None:
        self._failed = True
        self._spool.give_back(self.captured)
        if self._whole is self._kept:
            self._whole = self._kept.copy()
        self.captured = 0
        self.digest = None
        self._drop()

    def _drop(self, *, unlink: bool = True) -> None:
        self._memory = bytearray()
        if self._file is not None:
            os.close(self._file)
            self._file = None
        if unlink and self._part is not None:
            self._part.unlink(missing_ok=True)
        self._part = None


def _write_all(file: int, piece: memoryview) -> None:
    while piece:
        piece = piece[os.write(file, piece) :]
