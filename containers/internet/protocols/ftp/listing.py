"""How an FTP server writes down what is in a folder."""

import posixpath
import time
from collections.abc import Iterator

from honeyweights.containers.internet.files import Disk, File

_BITS = ((0o400, "r"), (0o200, "w"), (0o100, "x"), (0o40, "r"), (0o20, "w"), (0o10, "x"), (4, "r"), (2, "w"), (1, "x"))
HALF_A_YEAR = 180 * 86_400


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def stamp(file: File) -> str:
    """A time as MDTM and MLSD write it (RFC 3659, 2.3)."""
    return time.strftime("%Y%m%d%H%M%S", time.gmtime(file.modified))


def entries(disk: Disk, path: str) -> list[tuple[str, File | None]]:
    """The names at a path, and their files: a folder's, or the file itself."""
    if path in disk.files:
        return [(posixpath.basename(path), disk.files[path])]
    return [(name, disk.files.get(posixpath.join(path, name))) for name in disk.names(path)]


def long(disk: Disk, path: str) -> Iterator[bytes]:
    """As `ls -l` does."""
    for name, file in entries(disk, path):
        when = time.gmtime(time.time() if file is None else file.modified)
        old = time.time() - time.mktime(when) > HALF_A_YEAR
        date = time.strftime("%b %d  %Y" if old else "%b %d %H:%M", when)
        mode = "drwxr-xr-x" if file is None else "-" + "".join(letter if file.mode & bit else "-" for bit, letter in _BITS)
        yield _bytes(f"{mode}    1 1001     1001     {4096 if file is None else file.size:>8} {date} {name}\r\n")


def short(disk: Disk, path: str) -> Iterator[bytes]:
    """Names alone."""
    yield from (_bytes(f"{name}\r\n") for name, _file in entries(disk, path))


def fact(name: str, file: File | None) -> bytes:
    """One line for a machine to read (RFC 3659, 7)."""
    if file is None:
        return _bytes(f"type=dir;perm=flcdmpe;UNIX.mode=0755; {name}\r\n")
    return _bytes(f"type=file;size={file.size};modify={stamp(file)};perm=adfrw;UNIX.mode=0{file.mode:o}; {name}\r\n")


def facts(disk: Disk, path: str) -> Iterator[bytes]:
    """All of a folder."""
    yield from (fact(name, file) for name, file in entries(disk, path))
