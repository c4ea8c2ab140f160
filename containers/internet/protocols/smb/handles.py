"""Open files of one SMB session, over the host's memory: written in any order, one receipt each."""

from honeyweights.containers.internet.files import MOST_PIECES, Disk, File, Piece
from honeyweights.containers.internet.protocols.smb import frames
from honeyweights.containers.internet.receipts import Transfer

CREATE = 2
MAKES, EMPTIES = {0, 2, 3, 5}, {0, 4, 5}
"""Dispositions that make a file, and those that empty one (MS-SMB2, 2.2.13)."""
DIRECTORY_FILE, PLAIN_FILE, DELETE_ON_CLOSE = 1, 0x40, 0x1000


def refused(disposition: int, options: int, *, file: bool, folder: bool) -> int:
    """Why what is there, or is not, cannot be opened so; 0 where it can."""
    if file and options & DIRECTORY_FILE:
        return frames.NOT_A_DIRECTORY
    if folder and options & PLAIN_FILE:
        return frames.IS_DIRECTORY
    if disposition == CREATE and (file or folder):
        return frames.COLLISION
    return 0 if file or folder or disposition in MAKES else frames.NOT_FOUND


class Handle:
    """One open file or folder."""

    def __init__(self, disk: Disk, path: str, *, folder: bool, fresh: bool) -> None:
        self.disk = disk
        self.path = path
        self.folder = folder
        self.listed = 0
        """Rows of the folder that were given already."""
        self.pattern = "*"
        self.doomed = False
        self.fresh = fresh
        """Made by being opened."""
        self.transfer: Transfer | None = None
        self._pieces: list[Piece] = []
        self._sent = self._size = 0

    def write(self, transfer: Transfer, offset: int, data: bytes) -> None:
        """The next bytes, wherever they belong."""
        self.transfer = transfer
        transfer.write(data)
        last = self._pieces[-1] if self._pieces else None
        if last is not None and last.offset + last.length == offset:
            self._pieces[-1] = last._replace(length=last.length + len(data))
        elif len(self._pieces) < MOST_PIECES:
            self._pieces.append(Piece(offset, len(data), self._sent, ""))
        self._sent += len(data)
        self._size = max(self._size, offset + len(data))

    def close(self, *, finished: bool) -> None:
        """What was written is now the file's."""
        if self.transfer is not None:
            capture = self.transfer.close(finished=finished)
            old = self.disk.files.get(self.path, File())
            pieces = tuple(piece._replace(digest=capture.digest) for piece in self._pieces) if capture.digest else ()
            front_to_back = not old.pieces and len(pieces) == 1 and pieces[0].offset == 0
            size = max(old.size, self._size)
            sha256 = capture.sha256 if front_to_back else None
            self.disk.put(self.path, File(size=size, pieces=old.pieces + pieces, sha256=sha256, mode=old.mode))
            self.transfer = None
            self._pieces, self._sent = [], 0
        if self.doomed:
            self.disk.drop(self.path)
            if self.folder:
                self.disk.rmdir(self.path)
