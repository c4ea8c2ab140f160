"""Keeps captured bytes once, under their SHA-256, within a limit. No text of an adversary's is ever part of a path.

The digest is taken while writing, small captures touch the disk once, large ones go there in big blocks. What the limit or the disk did not
take is counted in its capture: `sent` is what came, `captured` what is kept. Thousands of captures may be open at once: together they hold
no more than `MOST_HELD` in memory, and no file descriptor between two writes.
"""

import errno
import hashlib
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

SMALL = 1 << 16
"""Bytes that a capture holds in memory before it makes a file."""
BLOCK = 1 << 16
"""Bytes that are read back at once: they wait in memory for whoever reads slowly."""
DEFAULT_LIMIT = 4 << 30
MOST_HELD = 48 << 20
"""Bytes that all open captures hold in memory together; beyond it each is written as it comes."""
RESERVE = 256 << 20
"""Bytes of the disk that captures leave free: the journal has to go on when they cannot."""
LOOK = 16 << 20
"""Bytes granted between two looks at how much is free."""
TINY = 1 << 12
"""Bytes below which a capture costs the disk more than it has: a block and an inode each."""
MOST_TINY = 200_000
"""Tiny captures that are kept: one for the payload and one for the head of every receipt that the journal has room for."""
SPARE_TINY = 64


def _nothing() -> None:
    """What is called where nobody listens."""


class Spool:
    """A folder of captures, `<sha256>` each."""

    def __init__(self, folder: Path, limit: int = DEFAULT_LIMIT) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.limit = limit
        self.used = 0
        self.held = 0
        self.reached: Callable[[], None] = _nothing
        """Called once, when the limit is reached for the first time."""
        self._tiny, self._most_tiny = 0, MOST_TINY
        self._look_at = 0
        self._full = False
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
            if self.used >= self._look_at:
                self._look_at = self.used + LOOK
                disk = os.statvfs(self.folder)
                self._full = disk.f_bavail * disk.f_frsize < RESERVE
            granted = 0 if self._full else max(0, min(wanted, self.limit - self.used))
            self.used += granted
        if granted < wanted:
            reached, self.reached = self.reached, _nothing
            reached()
        return granted

    def spare(self, count: int) -> None:
        """Lets `count` bytes more in, whatever was reached: the harness's own proof of life must not depend on what an adversary filled."""
        with self._lock:
            self.limit = max(self.limit, self.used) + count
            self._full, self._look_at = False, self.used + LOOK
            self._most_tiny = max(self._most_tiny, self._tiny + SPARE_TINY)

    def place(self, digest: str, data: bytearray) -> bool:
        """Writes a small capture under its digest at one go; gives whether it was new.

        Raises:
            OSError: it could not be kept, and nothing of it was.
        """
        path = f"{self.folder}/{digest}"
        with self._lock:  # nobody finds half of it
            try:
                file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            except FileExistsError:
                return False
            try:
                if len(data) < TINY:
                    self._count_tiny()
                _write_all(file, memoryview(data))
            except OSError:
                Path(path).unlink()
                raise
            finally:
                os.close(file)
        return True

    def _count_tiny(self) -> None:
        if self._tiny >= self._most_tiny:
            raise OSError(errno.EDQUOT, "too many tiny captures")
        self._tiny += 1

    def hold(self, count: int) -> bool:
        """Whether `count` more bytes may wait in memory; negative ones are given back."""
        with self._lock:
            if count > 0 and self.held + count > MOST_HELD:
                return False
            self.held += count
            return True

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
        if self._part is None:
            self._place(self.digest)
        else:
            self._move(self._part, self._spool.path(self.digest))
        return self.digest

    def _place(self, digest: str) -> None:
        """What is still in memory as a whole."""
        try:
            if not self._spool.place(digest, self._memory):
                self._spool.give_back(self.captured)
        except OSError:
            self._give_up()
            return
        self._forget()

    def _move(self, part: Path, final: Path) -> None:
        if final.exists():
            self._spool.give_back(self.captured)
            self._drop()
        elif not self._memory or self._flush(memoryview(b"")):
            part.rename(final)
            self._drop(unlink=False)

    @property
    def sha256(self) -> str:
        """Of all that was sent, kept or not: what the remote host would say of the file."""
        return self._whole.hexdigest()

    def _keep(self, view: memoryview) -> None:
        self.captured += len(view)
        self._kept.update(view)
        if len(self._memory) + len(view) <= SMALL and self._spool.hold(len(view)):
            self._memory += view
        else:
            self._flush(view)

    def _flush(self, view: memoryview) -> bool:
        """Writes memory, then `view`. On a full disk the whole capture is given up: half a file under a digest would be a lie."""
        flags = os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC
        if self._part is None:
            self._part, flags = self._spool.next_part(), flags | os.O_CREAT | os.O_EXCL
        try:
            file = os.open(self._part, flags, 0o600)
            try:
                for piece in (memoryview(self._memory), view):
                    _write_all(file, piece)
            finally:
                os.close(file)
        except OSError:
            self._give_up()
            return False
        self._forget()
        return True

    def _give_up(self) -> None:
        self._failed = True
        self._spool.give_back(self.captured)
        if self._whole is self._kept:
            self._whole = self._kept.copy()
        self.captured = 0
        self.digest = None
        self._drop()

    def _forget(self) -> None:
        """Memory's content lies on disk now, or nowhere."""
        self._spool.hold(-len(self._memory))
        self._memory = bytearray()

    def _drop(self, *, unlink: bool = True) -> None:
        self._forget()
        if unlink and self._part is not None:
            self._part.unlink(missing_ok=True)
        self._part = None


def _write_all(file: int, piece: memoryview) -> None:
    while piece:
        piece = piece[os.write(file, piece) :]
