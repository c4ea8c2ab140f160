"""TFTP (RFC 1350) with options (RFC 2347 to 2349, 7440): files are put and got, each transfer from a port of its own.

One receipt for each file that is written. A block that comes twice is written once; the request, which is the client's to fill, is the
receipt's head.
"""

from collections.abc import Iterator

from honeyweights.containers.internet.files import Disk
from honeyweights.containers.internet.receipts import About, Transfer
from honeyweights.containers.internet.rules import Datagram
from honeyweights.containers.internet.talk import House, Remote

DATAGRAMS = (Datagram("tftp", 69, "tftp:answer"),)
READ, WRITE, DATA, ACK, ERROR, OACK = range(1, 7)
BLOCK, WIDEST = 512, 65_464
ROOT = "/srv/tftp"
NOT_FOUND, ILLEGAL = b"\0\5\0\1File not found\0", b"\0\5\0\4Illegal TFTP operation\0"


def answer(remote: Remote, data: bytes, house: House) -> tuple[bytes | None, bool]:
    """A request opens a transfer; anything else is kept raw."""
    words = data[2:].split(b"\0")
    if len(words) < 3 or data[:2] not in {b"\0\1", b"\0\2"}:  # noqa: PLR2004  # name, mode, and the empty end
        return (ILLEGAL if len(data) >= 2 else None), False  # noqa: PLR2004  # an opcode's bytes
    asked = dict(zip((word.lower() for word in words[2::2]), words[3::2], strict=False))
    disk = house.files.disk(remote.host or remote.address, "/", kind="tftp")
    name = words[0].decode("utf-8", "surrogateescape")
    path = disk.path(name, "/") if name.startswith(ROOT) else disk.path(ROOT + "/" + name, "/")
    kind = Reading if data[1] == READ else Writing
    kind(remote, house, disk, path).begin(_options(asked), data, asked)
    return None, True


def _options(asked: dict[bytes, bytes]) -> dict[bytes, int]:
    """Those that are understood, within their bounds."""
    bounds = {b"blksize": (8, WIDEST), b"timeout": (1, 255), b"tsize": (0, 1 << 62), b"windowsize": (1, 64)}
    found = {word: int(value) for word, value in asked.items() if word in bounds and value.isdigit() and len(value) < 19}  # noqa: PLR2004  # digits of a length
    return {word: min(value, bounds[word][1]) for word, value in found.items() if value >= bounds[word][0]}


class _Side:
    """What both directions share: a port of their own, and the client who has it."""

    def __init__(self, remote: Remote, house: House, disk: Disk, path: str) -> None:
        self._house = house
        self._disk = disk
        self._path = path
        self._asked = remote
        self._port = house.doors.datagrams(remote.address, self.takes)
        self._remote = remote._replace(port=self._port)
        self._size = BLOCK
        self._window = 1

    def takes(self, remote: Remote, data: bytes) -> None:
        """A datagram to this transfer's port. Somebody else's is no business of it, but is kept."""
        if remote.source != self._remote.source or not self.told(data):
            about = About(channel="udp", protocol="tftp-stray")
            self._house.flows.write(("tftp", remote), data, lambda: self._house.ledger.open(remote, about))

    def told(self, data: bytes) -> bool:
        """Whether this was understood."""
        raise NotImplementedError

    def _say(self, data: bytes) -> None:
        self._house.answer(self._remote, data)

    def _agree(self, options: dict[bytes, int]) -> bytes:
        self._size = options.get(b"blksize", BLOCK)
        self._window = options.get(b"windowsize", 1)
        return b"\0\6" + b"".join(b"%b\0%d\0" % pair for pair in options.items())

    def _shut(self) -> None:
        self._house.doors.shut(self._remote.address, self._port)


class Writing(_Side):
    """A file comes."""

    _transfer: Transfer
    _last = 0
    _done = False

    def begin(self, options: dict[bytes, int], request: bytes, _asked: dict[bytes, bytes]) -> None:
        """Says that it may."""
        head = self._house.ledger.keep(request)
        about = About(channel="udp", protocol="tftp", method="WRQ", target=self._path, head=head)
        self._transfer = self._house.ledger.open(self._asked, about)
        self._say(self._agree(options) if options else b"\0\4\0\0")

    def told(self, data: bytes) -> bool:
        """The next block, or one that was heard before."""
        if data[:2] == b"\0\5":
            self._transfer.close(finished=False)
            self._shut()
            return len(data) < 64  # noqa: PLR2004  # an ordinary error's words
        if len(data) < 4 or data[1] != DATA:  # noqa: PLR2004  # opcode and number
            return False
        number, block = int.from_bytes(data[2:4], "big"), data[4:]
        if number != (self._last + 1) & 0xFFFF:
            self._say(b"\0\4" + (self._last & 0xFFFF).to_bytes(2, "big"))
            return number == self._last & 0xFFFF
        if self._done:
            return False
        self._transfer.write(block)
        self._last += 1
        self._done = len(block) < self._size
        if self._done:
            self._disk.keep(self._path, self._transfer.close(finished=True))
        if self._done or self._last % self._window == 0:
            self._say(b"\0\4" + data[2:4])
        return True


class Reading(_Side):
    """A file goes."""

    _blocks: Iterator[bytes]
    _sent = 0
    _now: list[bytes]
    _over = False

    def begin(self, options: dict[bytes, int], request: bytes, asked: dict[bytes, bytes]) -> None:
        """Looks for it; the question itself is payload."""
        about = About(channel="udp", protocol="tftp", method="RRQ", target=self._path)
        self._house.ledger.whole(self._asked, about, request)
        file = self._disk.files.get(self._path)
        self._now = []
        if file is None:
            self._house.answer(self._asked, NOT_FOUND)
            self._shut()
            return
        if b"tsize" in options:
            options[b"tsize"] = file.size
        agreed = self._agree(options)
        step = self._size
        kept = file.kept
        self._blocks = (self._disk.read(file, at, step) for at in range(0, kept + 1, step))
        if options and asked:
            self._say(agreed)
        else:
            self._next()

    def told(self, data: bytes) -> bool:
        """An acknowledgement sends the next blocks; an old one, the same again."""
        if data[:2] != b"\0\4" or len(data) > 4:  # noqa: PLR2004  # opcode and number
            return data[:2] == b"\0\5" and len(data) < 64  # noqa: PLR2004  # an ordinary error's words
        if int.from_bytes(data[2:4], "big") == self._sent & 0xFFFF:
            self._next()
        else:
            for block in self._now:
                self._say(block)
        return True

    def _next(self) -> None:
        if self._over:
            self._shut()
            return
        self._now = []
        for _ in range(self._window):
            block = next(self._blocks, b"")
            self._sent += 1
            self._now.append(b"\0\3" + (self._sent & 0xFFFF).to_bytes(2, "big") + block)
            if len(block) < self._size:
                self._over = True
                break
        for packet in self._now:
            self._say(packet)
