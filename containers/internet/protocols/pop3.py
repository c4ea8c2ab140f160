"""POP3 (RFC 1939): anybody logs in, and the mailbox is empty. What the client fills into its commands is captured."""

from collections.abc import Callable, Mapping
from typing import ClassVar

from honeyweights.containers.internet.lines import Verbs
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


class Pop3(Verbs):
    """The server's end of one connection."""

    UNKNOWN = b"-ERR Unknown command.\r\n"

    def __init__(self, line: Line, house: House, *, upgraded: bool = False) -> None:
        super().__init__(line, house, About(channel="tcp", protocol="pop3s" if line.secure else "pop3"))
        self._asked = False
        if not upgraded:
            line.send(b"+OK Dovecot (Debian) ready.\r\n")

    def said(self, text: bytes) -> None:
        """One command, or the answer to a login's question."""
        if self._asked:
            self._asked = False
            self.line.send(b"+OK Logged in.\r\n")
        else:
            super().said(text)

    def _capa(self, _rest: bytes) -> None:
        more = b"" if self.line.secure else b"STLS\r\n"
        self.line.send(b"+OK\r\nCAPA\r\nTOP\r\nUIDL\r\nRESP-CODES\r\nPIPELINING\r\n" + more + b"USER\r\nSASL PLAIN\r\n.\r\n")

    def _auth(self, rest: bytes) -> None:
        if b" " in rest:
            self.line.send(b"+OK Logged in.\r\n")
        else:
            self._asked = True
            self.line.send(b"+ \r\n")

    def _stls(self, _rest: bytes) -> None:
        self.line.send(b"+OK Begin TLS negotiation now.\r\n")
        self.become(Tls(self.line, self.house, lambda line, house: Pop3(line, house, upgraded=True)))

    def _good(self, _rest: bytes) -> None:
        self.line.send(b"+OK\r\n")

    def _in(self, _rest: bytes) -> None:
        self.line.send(b"+OK Logged in.\r\n")

    def _stat(self, _rest: bytes) -> None:
        self.line.send(b"+OK 0 0\r\n")

    def _list(self, rest: bytes) -> None:
        self.line.send(b"-ERR There's no message 1.\r\n" if rest else b"+OK 0 messages:\r\n.\r\n")

    def _none(self, _rest: bytes) -> None:
        self.line.send(b"-ERR There's no message 1.\r\n")

    def _quit(self, _rest: bytes) -> None:
        self.bye(b"+OK Logging out.\r\n")

    VERBS: ClassVar[Mapping[bytes, Callable[..., None]]] = {
        b"CAPA": _capa, b"AUTH": _auth, b"STLS": _stls, b"USER": _good, b"PASS": _in, b"APOP": _in, b"STAT": _stat, b"LIST": _list,
        b"UIDL": _list, b"TOP": _none, b"RETR": _none, b"DELE": _none, b"NOOP": _good, b"RSET": _good, b"QUIT": _quit,
    }  # fmt: skip
