"""A user's mailboxes over a host's memory, and what FETCH says of their messages."""

import base64
import binascii
import re
from collections.abc import Iterator
from urllib.parse import quote, unquote

from honeyweights.containers.internet.files import Disk, File
from honeyweights.containers.internet.spool import Capture
from honeyweights.containers.internet.talk import House, Remote

ALWAYS = ("INBOX", "Drafts", "Sent", "Trash")
MOST_HEADER = 1 << 18
MOST_RANGES = 500
_RANGE = re.compile(rb"(\d{1,9}|\*)(?::(\d{1,9}|\*))?")
_BODY = re.compile(rb"BODY(?:\.PEEK)?\[([^\]]*)\](?:<\d+(?:\.\d+)?>)?|RFC822(?:\.HEADER|\.TEXT)?(?![.\w])")


class Boxes:
    """One user's."""

    def __init__(self, disk: Disk, user: str) -> None:
        """`user` as somebody logs in, or as mail is addressed: `name` and `name@anywhere` are the same."""
        self.disk = disk
        self._root = "/" + (_plain(user.partition("@")[0])[:200] or "nobody")

    def create(self, box: str) -> None:
        """Makes a mailbox."""
        self.disk.mkdir(self._folder(box), parents=True)

    def names(self) -> list[str]:
        """Of all mailboxes."""
        return [
            *ALWAYS,
            *(name for found in self.disk.names(self._root) if (name := unquote(found, errors="surrogateescape")) not in ALWAYS),
        ]

    def add(self, box: str, capture: Capture) -> None:
        """A message came."""
        self.disk.keep(f"{self._folder(box)}/{self.count(box) + 1:06}", capture)

    def count(self, box: str) -> int:
        """How many messages there are."""
        return self.disk.count(self._folder(box))

    def message(self, box: str, number: int) -> File:
        """One of them, from 1 on in the order in which they came."""
        return self.disk.files[f"{self._folder(box)}/{number:06}"]

    def _folder(self, box: str) -> str:
        box = "INBOX" if box.upper() == "INBOX" else box
        return f"{self._root}/{_plain(box)[:400] or 'INBOX'}"


def _plain(name: str) -> str:
    return quote(name.encode("utf-8", "surrogateescape"), safe="")


def of(house: House, remote: Remote, user: bytes) -> Boxes:
    """A user's of a mail host: what SMTP and IMAP put down is what IMAP and POP3 give back."""
    disk = house.files.disk(remote.host or remote.address, "/", kind="mail")
    return Boxes(disk, user.decode("utf-8", "surrogateescape"))


def who(answer: bytes) -> bytes:
    """The name that a login by SASL shows: `PLAIN` has it between zero bytes, `LOGIN` alone; nothing where there is none."""
    try:
        words = base64.b64decode(answer, validate=True).split(b"\0")
    except binascii.Error:
        return b""
    return words[1] if len(words) > 1 else words[0]


def numbers(text: bytes, count: int) -> list[int]:
    """The numbers of a sequence set that exist (RFC 3501, 9)."""
    found: set[int] = set()
    for low, high in _RANGE.findall(text)[:MOST_RANGES]:
        ends = [count if end == b"*" else int(end) for end in (low, high or low)]
        found |= set(range(max(1, min(ends)), min(count, max(ends)) + 1))
    return sorted(found)


def fetched(boxes: Boxes, box: str, which: bytes, items: bytes) -> Iterator[bytes]:
    """FETCH's answers: what was asked for of each message."""
    items = items.upper()
    for number in numbers(which, boxes.count(box)):
        file = boxes.message(box, number)
        yield b"* %d FETCH (UID %d FLAGS (\\Seen) RFC822.SIZE %d" % (number, number, file.kept)
        if b"INTERNALDATE" in items:
            yield b' INTERNALDATE "17-Jun-2024 09:12:44 +0000"'
        for asked in _BODY.finditer(items):
            yield from _part(boxes, file, asked[0].replace(b".PEEK", b""))
        yield b")\r\n"


def _part(boxes: Boxes, file: File, name: bytes) -> Iterator[bytes]:
    head = boxes.disk.read(file, 0, MOST_HEADER)
    cut = head.find(b"\r\n\r\n") + 4
    if b"HEADER" in name:
        yield b" %b {%d}\r\n" % (name, cut if cut > 3 else 0)  # noqa: PLR2004  # not found
        yield head[:cut] if cut > 3 else b""  # noqa: PLR2004  # likewise
        return
    start = cut if b"TEXT" in name and cut > 3 else 0  # noqa: PLR2004  # likewise
    yield b" %b {%d}\r\n" % (name, file.kept - start)
    yield from boxes.disk.span(file, start, file.kept)
