"""POP3 (RFC 1939): anybody logs in, and finds what SMTP and IMAP brought to that name. What stands in commands is captured."""

from collections.abc import Callable, Iterator, Mapping
from typing import ClassVar

from honeyweights.containers.internet.files import File
from honeyweights.containers.internet.lines import Verbs
from honeyweights.containers.internet.protocols.imap import boxes
from honeyweights.containers.internet.protocols.tls.server import Tls
from honeyweights.containers.internet.receipts import About
from honeyweights.containers.internet.rules import Rule, begins
from honeyweights.containers.internet.talk import House, Line

CLEAR, SECURE = frozenset({110, 1110, 2110, 3110, 10110}), frozenset({995, 1995, 9995, 10995})
RULES = (
    Rule(
        "pop3",
        begins(b"USER ", b"CAPA\r\n", b"AUTH ", b"APOP "),
        "pop3:Pop3",
        ports=CLEAR | SECURE,
        greets=CLEAR,
        greets_inside=CLEAR | SECURE,
    ),
)


INBOX = "INBOX"
MOST_LISTED = 2_000
MISSING = b"-ERR There's no message of that number.\r\n"


def dotted(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """A message as it is sent: a dot at a line's begin is doubled, a line of one dot ends it (RFC 1939, 3)."""
    fresh = True
    for block in blocks:
        yield (b"." if fresh and block[:1] == b"." else b"") + block.replace(b"\n.", b"\n..")
        fresh = block[-1:] == b"\n" if block else fresh
    yield b".\r\n" if fresh else b"\r\n.\r\n"


class Pop3(Verbs):
    """The server's end of one connection."""

    UNKNOWN = b"-ERR Unknown command.\r\n"

    def __init__(self, line: Line, house: House, *, upgraded: bool = False) -> None:
        super().__init__(line, house, About(channel="tcp", protocol="pop3s" if line.secure else "pop3"))
        self._asked = False
        self._name = b""
        self._boxes = boxes.of(house, line.remote, b"")
        if not upgraded:
            line.send(b"+OK Dovecot (Debian) ready.\r\n")

    def said(self, text: bytes) -> None:
        """One command, or the answer to a login's question."""
        if self._asked:
            self._asked = False
            self._enter(boxes.who(text))
        else:
            super().said(text)

    def _capa(self, _rest: bytes) -> None:
        more = b"" if self.line.secure else b"STLS\r\n"
        self.line.send(b"+OK\r\nCAPA\r\nTOP\r\nUIDL\r\nRESP-CODES\r\nPIPELINING\r\n" + more + b"USER\r\nSASL PLAIN\r\n.\r\n")

    def _auth(self, rest: bytes) -> None:
        if b" " in rest:
            self._enter(boxes.who(rest.rpartition(b" ")[2]))
        else:
            self._asked = True
            self.line.send(b"+ \r\n")

    def _stls(self, _rest: bytes) -> None:
        self.line.send(b"+OK Begin TLS negotiation now.\r\n")
        self.become(Tls(self.line, self.house, lambda line, house: Pop3(line, house, upgraded=True)))

    def _good(self, _rest: bytes) -> None:
        self.line.send(b"+OK\r\n")

    def _enter(self, user: bytes) -> None:
        self._boxes = boxes.of(self.house, self.line.remote, user)
        self.line.send(b"+OK Logged in.\r\n")

    def _user(self, rest: bytes) -> None:
        self._name = rest
        self._good(rest)

    def _pass(self, _rest: bytes) -> None:
        self._enter(self._name)

    def _apop(self, rest: bytes) -> None:
        self._enter(rest.partition(b" ")[0])

    def _stat(self, _rest: bytes) -> None:
        sizes = [file.kept for file in self._messages()]
        self.line.send(b"+OK %d %d\r\n" % (len(sizes), sum(sizes)))

    def _list(self, rest: bytes) -> None:
        self._rows(rest, lambda _number, file: b"%d" % file.kept)

    def _uidl(self, rest: bytes) -> None:
        self._rows(rest, lambda number, file: b"%08x%08x" % (number, int(file.modified)))

    def _rows(self, rest: bytes, row: Callable[[int, File], bytes]) -> None:
        if rest:
            number, file = self._one(rest)
            self.line.send(b"+OK %d %b\r\n" % (number, row(number, file)) if file else MISSING)
            return
        rows = [b"%d %b\r\n" % (number, row(number, file)) for number, file in enumerate(self._messages(), 1)]
        self.line.send(b"+OK %d messages:\r\n%b.\r\n" % (len(rows), b"".join(rows)))

    def _retr(self, rest: bytes) -> None:
        file = self._one(rest)[1]
        if file is None:
            self.line.send(MISSING)
        else:
            self.line.send(b"+OK %d octets\r\n" % file.kept)
            self.line.stream(dotted(self._boxes.disk.span(file, 0, file.kept)))

    def _top(self, rest: bytes) -> None:
        words = rest.split()
        file = self._one(words[0] if words else b"")[1]
        if file is None:
            self.line.send(MISSING)
            return
        lines = int(words[1]) if len(words) > 1 and words[1].isdigit() and len(words[1]) < 6 else 0  # noqa: PLR2004  # digits
        self.line.send(b"+OK\r\n")
        self.line.stream(dotted(self._begins(file, lines)))

    def _begins(self, file: File, lines: int) -> Iterator[bytes]:
        head, cut, body = self._boxes.disk.read(file, 0, boxes.MOST_HEADER).partition(b"\r\n\r\n")
        yield head + cut + b"".join(body.splitlines(keepends=True)[:lines])

    def _dele(self, rest: bytes) -> None:
        self.line.send(b"+OK Marked to be deleted.\r\n" if self._one(rest)[1] else MISSING)

    def _one(self, text: bytes) -> tuple[int, File | None]:
        number = int(text) if text.isdigit() and len(text) < 7 else 0  # noqa: PLR2004  # digits
        return number, self._boxes.message(INBOX, number) if 0 < number <= self._boxes.count(INBOX) else None

    def _messages(self) -> list[File]:
        return [self._boxes.message(INBOX, number + 1) for number in range(min(self._boxes.count(INBOX), MOST_LISTED))]

    def _quit(self, _rest: bytes) -> None:
        self.bye(b"+OK Logging out.\r\n")

    VERBS: ClassVar[Mapping[bytes, Callable[..., None]]] = {
        b"CAPA": _capa, b"AUTH": _auth, b"STLS": _stls, b"USER": _user, b"PASS": _pass, b"APOP": _apop, b"STAT": _stat, b"LIST": _list,
        b"UIDL": _uidl, b"TOP": _top, b"RETR": _retr, b"DELE": _dele, b"NOOP": _good, b"RSET": _good, b"QUIT": _quit,
    }  # fmt: skip
