"""What goes into a program on a remote host, as receipts: for those that speak a protocol of files, one for each file.

It is watched from outside: the program itself (`scp`, `sftp-server`, `rsync`, `git`) is the real one, in its jail. An adversary may send
what the program throws away: what fits no rule is kept as it came.
"""

import posixpath
import re
import shlex
from collections.abc import Callable
from typing import NamedTuple

from honeyweights.containers.internet.receipts import About, Ledger, Transfer, Where

LONGEST_LINE = 1 << 16


class Watch:
    """One program's input, kept whole as one transfer. Subclasses know more."""

    def __init__(self, ledger: Ledger, where: Where, about: About, home: str = "/") -> None:
        self.ledger = ledger
        self.where = where
        self.about = about
        self._home = home
        self._whole: Transfer | None = None

    def client(self, data: bytes) -> None:
        """The workstation sent this."""
        self.aside(data)

    def server(self, data: bytes) -> None:
        """The program answered this."""

    def end(self, *, finished: bool) -> None:
        """Nothing more comes."""
        if self._whole is not None:
            self._whole.close(finished=finished)
            self._whole = None

    def path(self, text: str) -> str:
        """The absolute path that the client means."""
        text = self._home + text[1:] if text == "~" or text.startswith("~/") else text
        return posixpath.normpath(posixpath.join(self._home, text))

    def aside(self, data: bytes) -> None:
        """Keeps what belongs to no file."""
        if self._whole is None:
            self._whole = self.ledger.open(self.where, self.about)
        self._whole.write(data)


class Stream(Watch):
    """Input that always has its receipt, be it empty: a command was run."""

    def __init__(self, ledger: Ledger, where: Where, about: About, home: str = "/") -> None:
        super().__init__(ledger, where, about, home)
        self.aside(b"")


class Scp(Watch):
    """`scp -t`: lines that announce, content that follows once the other side said yes."""

    _NUMBERS = re.compile(rb"[CD][0-7]{3,5} [0-9]{1,18} .+\n", re.DOTALL)
    _FOLDER = re.compile(rb"(E|T[0-9 ]+)\n")

    def __init__(self, ledger: Ledger, where: Where, about: About, home: str = "/") -> None:
        super().__init__(ledger, where, about, home)
        self._line = bytearray()
        self._folders: list[str] = []
        self._into = any(re.fullmatch(r"-[a-zA-Z]*[rd][a-zA-Z]*", word) for word in words_of(_text(about.target))[1:])
        self._goal = goal(_text(about.target))
        self._left = 0
        self._file: Transfer | None = None
        self._odd = False
        self._untold = 0
        """Bytes of the current file that came."""

    def client(self, data: bytes) -> None:
        """Lines and content."""
        view = memoryview(data)
        while view:
            if self._odd:
                self.aside(bytes(view))
                return
            view = self._content(view) if self._file is not None else self._announced(view)

    def server(self, data: bytes) -> None:
        """A complaint while nothing of a file has come: it was refused."""
        if data[:1] in {b"\1", b"\2"} and self._file is not None and not self._untold:
            self._file.close(finished=False)
            self._file = None

    def end(self, *, finished: bool) -> None:
        """What is open was broken off."""
        if self._file is not None:
            self._file.close(finished=False)
            self._file = None
        if self._line:
            self.aside(bytes(self._line))
            self._line.clear()
        super().end(finished=finished and not self._odd)

    def _content(self, view: memoryview) -> memoryview:
        assert self._file is not None  # noqa: S101  # client saw it
        if self._left:
            piece, view = view[: self._left], view[self._left :]
            self._left -= len(piece)
            self._untold += len(piece)
            self._file.write(piece)
            return view
        self._file.close(finished=view[0] == 0)
        self._file = None
        return view[1:] if view[0] == 0 else view

    def _announced(self, view: memoryview) -> memoryview:
        window = bytes(view)
        cut = window.find(b"\n") + 1
        self._line += window[:cut] if cut else window
        if not cut:
            self._odd = len(self._line) > LONGEST_LINE
        elif self._NUMBERS.fullmatch(self._line):
            self._begin(bytes(self._line))
        elif self._FOLDER.fullmatch(self._line):
            if self._line[:1] == b"E" and self._folders:
                self._folders.pop()
        else:
            self._odd = True
        if cut or self._odd:
            if self._odd:
                self.aside(bytes(self._line))
            self._line.clear()
        return view[cut or len(view) :]

    def _begin(self, line: bytes) -> None:
        _mode, size, name = line.rstrip(b"\n").split(b" ", 2)
        parts = [*self._folders, name.decode("utf-8", "surrogateescape")]
        path = self.path("/".join([self._goal, *(parts if self._into or self._goal.endswith(("/", ".")) else ())]))
        if line[:1] == b"D":
            self._folders.append(name.decode("utf-8", "surrogateescape"))
            return
        about = self.about._replace(method="put", target=path, head=self.ledger.keep(line))
        self._left, self._untold = int(size), 0
        self._file = self.ledger.open(self.where, about)


class Kind(NamedTuple):
    """How a command is watched."""

    protocol: str
    watch: Callable[[Ledger, Where, About, str], Watch]


def words_of(command: str) -> list[str]:
    """The command's words, as a shell would split them; none where it could not."""
    try:
        return shlex.split(command)
    except ValueError:
        return []


def goal(command: str) -> str:
    """The path that an scp command ends with."""
    return next(iter(words_of(command)[-1:]), "")


def kind(command: str) -> Kind:
    """By the command's first word: the rest is the client's to fill."""
    words = words_of(command)
    name = words[0].rpartition("/")[2] if words else ""
    if name == "scp" and any(re.fullmatch(r"-[a-zA-Z]*t[a-zA-Z]*", word) for word in words[1:]):
        return Kind("scp", Scp)
    if name == "git" and len(words) > 1:
        name = f"git-{words[1]}"
    return Kind(PROTOCOLS.get(name, "ssh-exec"), Stream)


def _text(text: str | bytes | None) -> str:
    return text.decode("utf-8", "surrogateescape") if isinstance(text, bytes) else text or ""


PROTOCOLS = {
    "scp": "scp", "rsync": "rsync", "git-receive-pack": "git", "git-upload-pack": "git", "git-upload-archive": "git",
    "sftp-server": "sftp", "internal-sftp": "sftp",
}  # fmt: skip
"""First word -> protocol; any other command is `ssh-exec`."""
