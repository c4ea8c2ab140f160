"""A git repository with its history, written without git, so that one seed gives the same object names on every machine.

Formats: gitformat-pack(5), gitformat-index(5). Objects lie in one pack, as after a clone or a `gc`.
"""

import hashlib
import struct
import zlib
from collections.abc import Iterator, Mapping

BRANCH = "main"
_TYPES = {"commit": 1, "tree": 2, "blob": 3}
_MODE, _PROGRAM = 0o100644, 0o100755


def _name(kind: str, body: bytes) -> bytes:
    return hashlib.sha1(f"{kind} {len(body)}\0".encode() + body, usedforsecurity=False).digest()


class Repository:
    """Objects and the files of the last commit, grown by `commit`."""

    def __init__(self) -> None:
        self.objects: dict[bytes, tuple[str, bytes]] = {}
        self.files: dict[str, bytes] = {}
        self.head: bytes | None = None
        self.commits: list[tuple[str, str, int]] = []
        """(object name, first line, seconds since the epoch), oldest first."""

    def commit(self, author: str, mail: str, when: int, message: str, changes: Mapping[str, bytes]) -> None:
        """One more commit. `changes`: path -> new content; a path that ends in `.sh` is a program."""
        self.files |= changes
        who = f"{author} <{mail}> {when} +0000"
        parent = f"parent {self.head.hex()}\n" if self.head else ""
        body = f"tree {self._tree(self.files).hex()}\n{parent}author {who}\ncommitter {who}\n\n{message}\n"
        self.head = self._keep("commit", body.encode())
        self.commits.append((self.head.hex(), message.splitlines()[0], when))

    def _keep(self, kind: str, body: bytes) -> bytes:
        name = _name(kind, body)
        self.objects[name] = (kind, body)
        return name

    def _tree(self, files: Mapping[str, bytes]) -> bytes:
        entries: dict[str, tuple[int, bytes]] = {}
        below: dict[str, dict[str, bytes]] = {}
        for path, content in files.items():
            first, slash, rest = path.partition("/")
            if slash:
                below.setdefault(first, {})[rest] = content
            else:
                entries[first] = (mode(path), self._keep("blob", content))
        for first, inner in below.items():
            entries[first] = (0o40000, self._tree(inner))
        ordered = sorted(entries.items(), key=lambda entry: entry[0] + ("/" if entry[1][0] == 0o40000 else ""))  # noqa: PLR2004  # a tree's mode
        body = b"".join(f"{found:o} {name}\0".encode() + digest for name, (found, digest) in ordered)
        return self._keep("tree", body)

    def pack(self) -> dict[str, bytes]:
        """The pack and its index, by their paths below `objects/`."""
        names = sorted(self.objects)
        data = bytearray(struct.pack(">4sII", b"PACK", 2, len(names)))
        placed = []
        for name in names:
            kind, body = self.objects[name]
            entry = _header(_TYPES[kind], len(body)) + zlib.compress(body)
            placed.append((len(data), zlib.crc32(entry)))
            data += entry
        trailer = hashlib.sha1(data, usedforsecurity=False).digest()
        fanout = (sum(name[0] <= first for name in names) for first in range(256))
        index = b"\377tOc" + struct.pack(">I256I", 2, *fanout) + b"".join(names)
        index += struct.pack(f">{len(names)}I", *(crc for _, crc in placed)) + struct.pack(f">{len(names)}I", *(at for at, _ in placed))
        index += trailer
        index += hashlib.sha1(index, usedforsecurity=False).digest()
        stem = f"pack/pack-{trailer.hex()}"
        return {f"{stem}.pack": bytes(data) + trailer, f"{stem}.idx": index}

    def bare(self) -> dict[str, bytes]:
        """The files of a bare repository, by their paths in it."""
        head = self.commits[-1][0]
        return {
            "HEAD": f"ref: refs/heads/{BRANCH}\n".encode(),
            "config": b"[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = true\n\tsharedRepository = group\n",
            "description": b"Unnamed repository; edit this file 'description' to name the repository.\n",
            "packed-refs": f"# pack-refs with: peeled fully-peeled sorted \n{head} refs/heads/{BRANCH}\n".encode(),
            **{f"objects/{path}": data for path, data in self.pack().items()},
        }

    def clone(self, origin: str, who: str, when: int) -> dict[str, bytes]:
        """The files of a clone of `origin`, work tree included."""
        head = self.commits[-1][0]
        config = "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = false\n\tlogallrefupdates = true\n"
        config += f'[remote "origin"]\n\turl = {origin}\n\tfetch = +refs/heads/*:refs/remotes/origin/*\n'
        config += f'[branch "{BRANCH}"]\n\tremote = origin\n\tmerge = refs/heads/{BRANCH}\n'
        log = f"{'0' * 40} {head} {who} {when} +0000\tclone: from {origin}\n".encode()
        inner = {
            "HEAD": f"ref: refs/heads/{BRANCH}\n".encode(),
            "config": config.encode(),
            "description": b"Unnamed repository; edit this file 'description' to name the repository.\n",
            "packed-refs": f"# pack-refs with: peeled fully-peeled sorted \n{head} refs/remotes/origin/{BRANCH}\n".encode(),
            f"refs/heads/{BRANCH}": f"{head}\n".encode(),
            "refs/remotes/origin/HEAD": f"ref: refs/remotes/origin/{BRANCH}\n".encode(),
            "logs/HEAD": log,
            f"logs/refs/heads/{BRANCH}": log,
            "index": self._index(),
            **{f"objects/{path}": data for path, data in self.pack().items()},
        }
        return {f".git/{path}": data for path, data in inner.items()} | self.files

    def _index(self) -> bytes:
        """Without any stat of the files: git looks at each once, and finds it unchanged."""
        whole = struct.pack(">4sII", b"DIRC", 2, len(self.files))
        for path, content in sorted(self.files.items()):
            name = path.encode()
            entry = struct.pack(">10I20sH", 0, 0, 0, 0, 0, 0, mode(path), 0, 0, len(content), _name("blob", content), len(name)) + name
            whole += entry + b"\0" * (8 - len(entry) % 8)
        return whole + hashlib.sha1(whole, usedforsecurity=False).digest()


def mode(path: str) -> int:
    """Of a file in a commit."""
    return _PROGRAM if path.endswith(".sh") else _MODE


def _header(kind: int, size: int) -> bytes:
    first, size = kind << 4 | size & 15, size >> 4
    return bytes(_varint(first, size))


def _varint(first: int, size: int) -> Iterator[int]:
    while size:
        yield first | 0x80
        first, size = size & 0x7F, size >> 7
    yield first
