"""SFTP over a host's memory, by paramiko's server. One receipt for each file that is written, its bytes in the order in which they came.

Paths are the client's to fill as well: unusually many bytes of them are a payload of their own.
"""

import contextlib
import os
import stat
from typing import TYPE_CHECKING, Any

from paramiko import SFTPAttributes, SFTPHandle, SFTPServer, SFTPServerInterface
from paramiko.sftp import SFTP_FAILURE, SFTP_NO_SUCH_FILE, SFTP_OK

from honeyweights.containers.internet.files import Disk, File, Piece
from honeyweights.containers.internet.receipts import About, Transfer

if TYPE_CHECKING:
    from honeyweights.containers.internet.protocols.ssh.server import Conversation

USUAL = 2048
"""Bytes of paths in one session that nobody wonders at."""
MOST_PIECES = 20_000


class Subsystem(SFTPServer):
    """Paramiko's server, leaving as sftp-server does: `scp` fails where no exit status came."""

    def finish_subsystem(self) -> None:
        """Says goodbye, then tidies up."""
        with contextlib.suppress(OSError, EOFError):  # the client may be gone already
            if self.sock is not None:
                self.sock.send_exit_status(0)
        try:
            super().finish_subsystem()
        finally:  # it stops half way where the client is gone
            for handle in list(self.file_table.values()):
                handle.close()


class Sftp(SFTPServerInterface):
    """One session."""

    def __init__(self, server: "Conversation", *_more: Any) -> None:
        super().__init__(server)
        self._conversation = server
        self._disk = server.house.files.disk(server.remote.host or server.remote.address, server.home())
        self._paths = bytearray()
        self._ended: list[bool] = []

    def session_ended(self) -> None:
        """Puts down what the paths carried. Paramiko closes what the client left open after this: those files are not finished."""
        self._ended.append(True)
        if len(self._paths) > USUAL:
            about = About(channel="ssh", protocol="sftp-paths")
            self._conversation.house.ledger.whole(self._conversation.remote, about, self._paths)

    def _path(self, text: str) -> str:
        self._paths += text.encode("utf-8", "surrogateescape") + b"\n"
        return self._disk.path(text)

    def canonicalize(self, path: str) -> str:
        """The absolute path."""
        return self._path(path or ".")

    def open(self, path: str, flags: int, attr: SFTPAttributes) -> SFTPHandle | int:
        """A handle for reading or writing."""
        full = self._path(path)
        old = self._disk.files.get(full)
        if not flags & (os.O_WRONLY | os.O_RDWR):
            return SFTP_NO_SUCH_FILE if old is None else _Reading(self._disk, old)
        if full in self._disk.folders or (old is None and not flags & os.O_CREAT):
            return SFTP_FAILURE if full in self._disk.folders else SFTP_NO_SUCH_FILE
        about = About(channel="ssh", protocol="sftp", method="put", target=full)
        transfer = self._conversation.house.ledger.open(self._conversation.remote, about)
        mode = 0o644 if attr.st_mode is None else attr.st_mode & 0o7777
        base = File(mode=mode) if old is None or flags & os.O_TRUNC else old
        return _Writing(self._disk, full, base, transfer, ended=self._ended, append=bool(flags & os.O_APPEND))

    def list_folder(self, path: str) -> list[SFTPAttributes] | int:
        """A folder's entries."""
        full = self._path(path)
        if full not in self._disk.folders:
            return SFTP_NO_SUCH_FILE
        return [_attributes(self._disk, f"{full.rstrip('/')}/{name}", name) for name in self._disk.names(full)]

    def stat(self, path: str) -> SFTPAttributes | int:
        """What a path is."""
        full = self._path(path)
        there = full in self._disk.files or full in self._disk.folders
        return _attributes(self._disk, full, path) if there else SFTP_NO_SUCH_FILE

    lstat = stat

    def mkdir(self, path: str, attr: SFTPAttributes) -> int:  # noqa: ARG002  # paramiko's signature
        """Makes a folder."""
        return SFTP_OK if self._disk.mkdir(self._path(path), parents=False) else SFTP_FAILURE

    def rmdir(self, path: str) -> int:
        """Removes an empty folder."""
        full = self._path(path)
        if full not in self._disk.folders or self._disk.names(full):
            return SFTP_FAILURE
        self._disk.folders.discard(full)
        return SFTP_OK

    def remove(self, path: str) -> int:
        """Removes a file."""
        return SFTP_NO_SUCH_FILE if self._disk.files.pop(self._path(path), None) is None else SFTP_OK

    def rename(self, oldpath: str, newpath: str) -> int:
        """Moves a file, over another if need be."""
        old, new = self._path(oldpath), self._path(newpath)
        if old not in self._disk.files:
            return SFTP_NO_SUCH_FILE
        self._disk.put(new, self._disk.files.pop(old))
        return SFTP_OK

    posix_rename = rename

    def chattr(self, path: str, attr: SFTPAttributes) -> int:
        """Sets the mode; times stay as they are."""
        file = self._disk.files.get(self._path(path))
        return _change(file, attr) if file is not None else SFTP_OK

    def symlink(self, target_path: str, path: str) -> int:
        """Refused: a host without links."""
        self._path(target_path)
        self._path(path)
        return SFTP_FAILURE

    def readlink(self, path: str) -> int:
        """There are none."""
        self._path(path)
        return SFTP_NO_SUCH_FILE


class _Reading(SFTPHandle):
    def __init__(self, disk: Disk, file: File) -> None:
        super().__init__()
        self._disk = disk
        self._file = file

    def read(self, offset: int, length: int) -> bytes:
        return self._disk.read(self._file, offset, min(length, 1 << 18))

    def stat(self) -> SFTPAttributes:
        return _file_attributes(self._file, "")


class _Writing(SFTPHandle):
    """Bytes go into the capture as they come; where they belong in the file is noted in pieces."""

    def __init__(self, disk: Disk, path: str, base: File, transfer: Transfer, *, ended: list[bool], append: bool) -> None:
        super().__init__()
        self._disk = disk
        self._path = path
        self._base = base
        self._transfer = transfer
        self._ended = ended
        self._append = append
        self._pieces: list[tuple[int, int, int]] = []
        self._size = base.size
        self._mode = base.mode
        self._came = 0

    def write(self, offset: int, data: bytes) -> int:  # type: ignore[override]  # bytes are what paramiko passes
        at = self._size if self._append else offset
        self._transfer.write(data)
        if self._pieces and self._pieces[-1][0] + self._pieces[-1][1] == at:
            first, length, start = self._pieces[-1]
            self._pieces[-1] = (first, length + len(data), start)
        elif len(self._pieces) < MOST_PIECES:
            self._pieces.append((at, len(data), self._came))
        self._came += len(data)
        self._size = max(self._size, at + len(data))
        return SFTP_OK

    def read(self, offset: int, length: int) -> bytes:
        return self._disk.read(self._base, offset, min(length, 1 << 18))

    def stat(self) -> SFTPAttributes:
        return _file_attributes(File(size=self._size, mode=self._mode), "")

    def chattr(self, attr: SFTPAttributes) -> int:
        if attr.st_mode is not None:
            self._mode = attr.st_mode & 0o7777
        return SFTP_OK

    def close(self) -> None:
        """The receipt, and the file as the host will remember it."""
        capture = self._transfer.close(finished=not self._ended)
        if not self._base.pieces and [piece[:1] for piece in self._pieces] in ([], [(0,)]):
            self._disk.keep(self._path, capture, mode=self._mode)
        elif capture.digest is not None:
            fresh = [Piece(at, min(length, capture.captured - start), start, capture.digest) for at, length, start in self._pieces]
            kept = (*self._base.pieces, *(piece for piece in fresh if piece.length > 0))
            self._disk.put(self._path, File(size=self._size, pieces=kept, mode=self._mode))


def _change(file: File, attr: SFTPAttributes) -> int:
    if attr.st_mode is not None:
        file.mode = attr.st_mode & 0o7777
    return SFTP_OK


def _attributes(disk: Disk, path: str, name: str) -> SFTPAttributes:
    file = disk.files.get(path)
    if file is not None:
        return _file_attributes(file, name)
    found = SFTPAttributes()
    found.filename = name
    found.st_mode, found.st_size = stat.S_IFDIR | 0o755, 4096
    found.st_uid = found.st_gid = found.st_atime = found.st_mtime = 0
    return found


def _file_attributes(file: File, name: str) -> SFTPAttributes:
    found = SFTPAttributes()
    found.filename = name
    found.st_mode, found.st_size = stat.S_IFREG | file.mode, file.size
    found.st_uid = found.st_gid = 0
    found.st_atime = found.st_mtime = int(file.modified)
    return found
