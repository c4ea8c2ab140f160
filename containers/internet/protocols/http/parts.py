"""Files that come in parts, in any order: what has been laid down, and how far it reaches without a hole."""

from honeyweights.containers.internet.files import Disk, File, Piece
from honeyweights.containers.internet.spool import Capture


def lay(disk: Disk, path: str, start: int, capture: Capture) -> File:
    """Puts a closed capture at `start` of a file, over what was there; gives the file."""
    before = disk.files.get(path) or File()
    pieces = before.pieces
    if capture.digest is not None:
        pieces = (*pieces, Piece(start, capture.captured, 0, capture.digest))
    whole = capture.sha256 if start == 0 and not before.pieces else None
    file = File(size=max(before.size, start + capture.sent), pieces=pieces, sha256=whole)
    disk.put(path, file)
    return file


def reached(file: File | None) -> int:
    """Bytes from the front without a hole."""
    end = 0
    for piece in sorted(file.pieces if file else ()):
        if piece.offset > end:
            break
        end = max(end, piece.offset + piece.length)
    return end
