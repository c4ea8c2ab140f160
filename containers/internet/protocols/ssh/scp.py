"""The old scp protocol, as `scp -O` and older clients speak it inside a command: bytes in, acknowledgements out, no channel.

`Sink` is what `scp -t PATH` does on the remote host, `Source` what `scp -f PATH` does. One receipt for each file.
"""

import posixpath
import re
from collections.abc import Callable, Iterator

from honeyweights.containers.internet.files import Disk
from honeyweights.containers.internet.receipts import Transfer

OK = b"\0"
_NUMBERS = re.compile(rb"[0-7]{3,5} [0-9]{1,18}")
LONGEST_LINE = 1 << 16
NOT_KNOWN = b"\x01scp: protocol error: unexpected message\n"
Opened = Callable[[str, bytes], Transfer]
"""(remote path, the line that announced it) -> where its bytes go."""


class Sink:
    """Takes files in."""

    def __init__(self, disk: Disk, goal: str, opened: Opened) -> None:
        self._disk = disk
        self._goal = goal
        self._folders: list[str] = []
        self._opened = opened
        self._line = bytearray()
        self._left = 0
        self._transfer: Transfer | None = None
        self._path = ""
        self._mode = 0o644
        self.broken = False
        """What comes is not the protocol (any more); the caller keeps `rest` and all that follows."""
        self.rest = b""

    def feed(self, data: bytes) -> bytes:
        """The acknowledgements for these bytes."""
        replies = bytearray()
        view = memoryview(data)
        while view and not self.broken:
            view = self._content(view, replies) if self._transfer is not None else self._announced(view, replies)
        if self.broken:
            self.rest += bytes(view)
        return bytes(replies)

    def stop(self) -> None:
        """No more comes."""
        if self._transfer is not None:
            self._transfer.close(finished=False)
            self._transfer = None
        self.rest += bytes(self._line)
        self._line.clear()

    def _content(self, view: memoryview, replies: bytearray) -> memoryview:
        assert self._transfer is not None  # noqa: S101  # feed saw it
        if self._left:
            piece, view = view[: self._left], view[self._left :]
            self._left -= len(piece)
            self._transfer.write(piece)
            return view
        view = view[1:]  # the client's own "all sent"
        self._disk.keep(self._path, self._transfer.close(finished=True), mode=self._mode)
        self._transfer = None
        replies += OK
        return view

    def _announced(self, view: memoryview, replies: bytearray) -> memoryview:
        window = bytes(view)
        cut = window.find(b"\n")
        self._line += window if cut < 0 else window[: cut + 1]
        if cut >= 0:
            line = bytes(self._line)
            self._line.clear()
            if self._take(line):
                replies += OK
            else:
                self._break(line, replies)
            return view[cut + 1 :]
        if len(self._line) > LONGEST_LINE:
            self._break(bytes(self._line), replies)
            self._line.clear()
        return view[len(view) :]

    def _break(self, line: bytes, replies: bytearray) -> None:
        self.broken = True
        self.rest = line
        replies += NOT_KNOWN

    def _take(self, line: bytes) -> bool:
        kind, words = line[:1], line[1:].rstrip(b"\n").split(b" ", 2)
        if kind in {b"T", b"E"}:
            return kind == b"T" or (bool(self._folders) and bool(self._folders.pop()))
        if kind not in {b"C", b"D"} or len(words) != 3 or not _NUMBERS.fullmatch(b" ".join(words[:2])):  # noqa: PLR2004  # mode, size, name
            return False
        mode, size = int(words[0], 8), int(words[1])
        path = self._place(words[2].decode("utf-8", "surrogateescape"))
        if kind == b"D":
            self._folders.append(path)
            return self._disk.mkdir(path, parents=True) or path in self._disk.folders
        self._path, self._mode, self._left = path, mode & 0o7777, size
        self._transfer = self._opened(path, line)
        return True

    def _place(self, name: str) -> str:
        into = self._folders[-1] if self._folders else self._goal
        return posixpath.normpath(posixpath.join(into, name)) if into in self._disk.folders else into


class Source:
    """Gives files out: each step waits for one acknowledgement."""

    def __init__(self, disk: Disk, paths: list[str]) -> None:
        self._steps = self._all(disk, paths)
        self.done = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        """What to send for these acknowledgements."""
        for answer in data:
            step = next(self._steps, None) if answer == 0 else None
            if step is None:
                self.done = True
                return
            yield from step

    @staticmethod
    def _all(disk: Disk, paths: list[str]) -> Iterator[Iterator[bytes]]:
        for path in paths:
            file = disk.files.get(path)
            name = posixpath.basename(path).encode("utf-8", "surrogateescape")
            if file is None:
                yield iter((b"\x01scp: " + path.encode("utf-8", "surrogateescape") + b": No such file or directory\n",))
                continue
            yield iter((b"C%04o %d %b\n" % (file.mode, file.kept, name),))
            yield _with_end(disk.blocks(path))


def _with_end(blocks: Iterator[bytes]) -> Iterator[bytes]:
    yield from blocks
    yield OK
