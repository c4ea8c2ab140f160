"""What SMB tells of files, folders and the volume (MS-FSCC, 2.4 and 2.5)."""

import struct
from typing import NamedTuple

from honeyweights.containers.internet.files import Disk, File
from honeyweights.containers.internet.protocols.smb.frames import filetime, now

DIRECTORY, ARCHIVE = 0x10, 0x20
UNIT = 4096
TOTAL, FREE = 488_281_250, 201_443_027
"""Of the volume, in units."""


class Facts(NamedTuple):
    """Of one file or folder."""

    size: int
    when: int
    attributes: int

    @property
    def room(self) -> int:
        """Bytes on the volume."""
        return -(-self.size // UNIT) * UNIT

    @property
    def times(self) -> bytes:
        """Created, read, written, changed."""
        return struct.pack("<4Q", *(self.when,) * 4)


def facts(disk: Disk, path: str) -> Facts:
    """Of what lies at a path."""
    file: File | None = disk.files.get(path)
    return Facts(0, now(), DIRECTORY) if file is None else Facts(file.size, filetime(file.modified), ARCHIVE)


def of_file(kind: int, known: Facts, name: str) -> bytes | None:
    """A file's information of one class; None for those that nobody needs."""
    folder = known.attributes == DIRECTORY
    basic = known.times + struct.pack("<II", known.attributes, 0)
    standard = struct.pack("<QQIBBH", known.room, known.size, 1, 0, folder, 0)
    label = name.encode("utf-16-le", "replace")
    every = basic + standard + struct.pack("<QIIQIII", 1, 0, 0x1F01FF, 0, 0, 0, len(label)) + label
    network = known.times + struct.pack("<QQII", known.room, known.size, known.attributes, 0)
    return {4: basic, 5: standard, 6: struct.pack("<Q", 1), 7: b"\0" * 4, 18: every, 34: network}.get(kind)


def of_volume(kind: int, share: str) -> bytes | None:
    """The volume's information of one class."""
    label, system = share.encode("utf-16-le", "replace"), "NTFS".encode("utf-16-le")
    return {
        1: struct.pack("<QIIH", 0, 0x5EED1234, len(label), 0) + label,
        3: struct.pack("<QQII", TOTAL, FREE, 1, UNIT),
        4: struct.pack("<II", 7, 0x20),
        5: struct.pack("<III", 0x4006F, 255, len(system)) + system,
        7: struct.pack("<QQQII", TOTAL, FREE, FREE, 1, UNIT),
    }.get(kind)


def entry(kind: int, known: Facts, name: str) -> bytes | None:
    """One row of a folder's listing, without its link to the next; None for an unknown class."""
    label = name.encode("utf-16-le", "replace")
    head = struct.pack("<I", 0) + known.times + struct.pack("<QQII", known.size, known.room, known.attributes, len(label))
    between = {1: b"", 2: b"\0" * 4, 3: b"\0" * 30, 37: b"\0" * 32 + struct.pack("<Q", 1), 38: b"\0" * 8 + struct.pack("<Q", 1)}
    if kind == 12:  # noqa: PLR2004  # names alone
        return struct.pack("<II", 0, len(label)) + label
    return None if kind not in between else head + between[kind] + label


def listing(kind: int, rows: list[tuple[str, Facts]], room: int) -> tuple[bytes, int]:
    """As many rows as there is room for, each linked to the next, and how many they are."""
    out, count, start = b"", 0, 0
    for name, known in rows:
        row = entry(kind, known, name)
        padding = -len(out) % 8 if count else 0
        if row is None or len(out) + padding + 4 + len(row) > room:
            break
        at = len(out) + padding
        if count:
            out = out[:start] + struct.pack("<I", at - start) + out[start + 4 :] + b"\0" * padding
        out, start, count = out + b"\0" * 4 + row, at, count + 1
    return out, count
