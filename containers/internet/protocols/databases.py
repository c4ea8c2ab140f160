"""MySQL and PostgreSQL: outside, any password is right and every statement succeeds. All that the client said is one receipt.

In the lab the login is heard out, and refused as a database refuses a stranger. Statements are not parsed: their first word says which
answer a client waits for, and whether it is to send a file (`COPY ... FROM STDIN`, `LOAD DATA LOCAL INFILE`). Tables are empty.
"""

import re

from honeyweights.containers.internet.lines import Framed
from honeyweights.containers.internet.names import INNER_SUFFIXES
from honeyweights.containers.internet.receipts import About
from honeyweights.containers.internet.rules import Rule, never
from honeyweights.containers.internet.talk import House, Line

MYSQL, POSTGRES = frozenset({3306, 3307, 13306, 33306}), frozenset({5432, 5433, 6432, 15432})
VERSION = b"8.0.36-0ubuntu0.22.04.1"
GREETING = (
    b"\x0a"
    + VERSION
    + b"\0\x2a\1\0\0"
    + b"q7Gk2(fA"
    + b"\0\xff\xf7\xff\2\0\x3f\0\x15"
    + b"\0" * 10
    + b"x9Tz4:wQ1mLp\0"
    + b"mysql_native_password\0"
)
"""Protocol 10: version, thread, challenge, capabilities (no TLS; old ends of rows), the challenge's other half."""
DENIED = b"\xff\x15\x04#28000Access denied for user"
DONE = b"\0\1\0\2\0\0\0"
NOT_PREPARED = b"\xff\x0f\x05#HY000This command is not supported in the prepared statement protocol yet"
NO_ROWS = (b"\1", b"\3def\0\0\0\6result\0\x0c\x2d\0\0\1\0\0\xfd\0\0\0\0\0", b"\xfe\0\0\2\0", b"\xfe\0\0\2\0")
"""One column, and nothing in it."""
QUIT, QUERY, PREPARE = 1, 3, 22
CUT = 0xFFFFFF
"""A packet of this length goes on in the next one."""
LOADS = re.compile(rb"\s*load\s+data\b.*?\blocal\s+infile\s+['\"]([^'\"]{1,255})['\"]", re.IGNORECASE | re.DOTALL)
SSL_ASKED, GSS_ASKED, STARTUP = b"\0\0\0\x08\x04\xd2\x16\x2f", b"\0\0\0\x08\x04\xd2\x16\x30", b"\0\3\0\0"
ASKS_PASSWORD, REFUSED = b"R\0\0\0\x08\0\0\0\3", b"SFATAL\0VFATAL\0C28P01\0Mpassword authentication failed\0\0"
COPIES = re.compile(rb"\s*copy\b.*\bfrom\s+stdin\b", re.IGNORECASE | re.DOTALL)
WORD = re.compile(rb"\s*([A-Za-z]{1,16})(?:\s+([A-Za-z]{1,16}))?")


def postgres(first: bytes) -> bool | None:
    """A length, then a request for TLS, for GSS, or version 3."""
    if len(first) < 8:  # noqa: PLR2004  # length and code
        return None if first[:1] in {b"", b"\0"} else False
    return first[:8] in {SSL_ASKED, GSS_ASKED} or first[4:8] == STARTUP


RULES = (
    Rule("mysql", never, "databases:Mysql", ports=MYSQL, greets=MYSQL),
    Rule("postgres", postgres, "databases:Postgres", ports=POSTGRES),
)


def _ours(line: Line) -> bool:
    return (line.remote.host or "").endswith(INNER_SUFFIXES)


class Mysql(Framed):
    """Greets, hears the login, then takes statements."""

    def __init__(self, line: Line, house: House) -> None:
        super().__init__(line, house, About(channel="tcp", protocol="mysql"))
        self._known = self._loading = self._goes_on = False
        self._say(0, GREETING)

    def size(self, held: bytes) -> int | None:
        """Three bytes of length, one of number."""
        return 4 + int.from_bytes(held[:3], "little") if len(held) >= 4 else None  # noqa: PLR2004  # as it says

    def message(self, held: bytes, size: int) -> None:
        """The login, a statement, or a piece of a file; the rest of a longer packet is no message of its own."""
        number, body, goes_on, self._goes_on = held[3] + 1, held[4:], self._goes_on, size - 4 == CUT
        if not self._known:
            self._known = True
            if _ours(self.line):
                self.bye(_packet(number, DENIED))
            else:
                self._say(number, DONE)
        elif self._loading:
            self._loading = bool(body)
            if not body:
                self._say(number, DONE)
        elif body[:1] == bytes([QUIT]):
            self.bye()
        elif not goes_on:
            self._asked(number, body)

    def _asked(self, number: int, body: bytes) -> None:
        loads = LOADS.match(body[1:]) if body[:1] == bytes([QUERY]) else None
        word = WORD.match(body[1:])
        if loads is not None:
            self._loading = True
            self._say(number, b"\xfb" + loads[1])
        elif body[:1] == bytes([PREPARE]):
            self._say(number, NOT_PREPARED)
        elif body[:1] == bytes([QUERY]) and word is not None and word[1].lower() in {b"select", b"show", b"describe", b"desc", b"explain"}:
            self._say(number, *NO_ROWS)
        else:
            self._say(number, DONE)

    def _say(self, number: int, *bodies: bytes) -> None:
        self.line.send(b"".join(_packet(number + at, body) for at, body in enumerate(bodies)))


def _packet(number: int, body: bytes) -> bytes:
    return len(body).to_bytes(3, "little") + bytes([number & 255]) + body


class Postgres(Framed):
    """No TLS; a password, please; then statements."""

    def __init__(self, line: Line, house: House) -> None:
        super().__init__(line, house, About(channel="tcp", protocol="postgres"))
        self._asked = self._known = False

    def size(self, held: bytes) -> int | None:
        """Behind the first message, each has a letter before its length."""
        at = int(self._asked)
        return at + max(4, int.from_bytes(held[at : at + 4], "big")) if len(held) >= at + 4 else None

    def message(self, held: bytes, size: int) -> None:  # noqa: ARG002  # its beginning says all
        """A request for TLS, the beginning, the password, or a message of the conversation."""
        if not self._asked and held in {SSL_ASKED, GSS_ASKED}:
            self.line.send(b"N")
        elif not self._asked:
            self._asked = True
            self.line.send(ASKS_PASSWORD)
        elif not self._known and _ours(self.line):
            self.bye(_message(b"E", REFUSED))
        elif not self._known:
            self._known = True
            about = ((b"server_version", b"14.11"), (b"client_encoding", b"UTF8"), (b"standard_conforming_strings", b"on"))
            told = [_message(b"S", b"%b\0%b\0" % pair) for pair in about]
            self.line.send(_message(b"R", b"\0" * 4) + b"".join(told) + _message(b"K", b"\0\0\x4a\x1c\x5b\x02\x91\x7e") + READY)
        elif held[:1] == b"X":
            self.bye()
        elif held[:1] == b"Q":
            self.line.send(_done(held[5:]))
        else:
            self.line.send(SAYS.get(held[:1], b""))


def _message(letter: bytes, body: bytes) -> bytes:
    return letter + (len(body) + 4).to_bytes(4, "big") + body


READY = _message(b"Z", b"I")
SAYS = {
    b"c": _message(b"C", b"COPY 1\0") + READY,
    b"f": _message(b"E", b"SERROR\0VERROR\0C57014\0MCOPY from stdin failed\0\0") + READY,
    b"P": _message(b"1", b""),
    b"B": _message(b"2", b""),
    b"C": _message(b"3", b""),
    b"D": _message(b"n", b""),
    b"E": _message(b"C", b"INSERT 0 1\0"),
    b"S": READY,
}
"""Letter of a message of the conversation -> the answer; none where none is waited for."""


def _done(statement: bytes) -> bytes:
    """What a statement's client waits for."""
    if COPIES.match(statement):
        return _message(b"G", b"\0\0\0")
    found = WORD.match(statement)
    word = found[1].upper() if found else b""
    if word in {b"SELECT", b"SHOW", b"EXPLAIN", b"WITH", b"VALUES", b"TABLE"}:
        return _message(b"T", b"\0\0") + _message(b"C", b"SELECT 0\0") + READY
    tag = {b"INSERT": b"INSERT 0 1", b"UPDATE": b"UPDATE 1", b"DELETE": b"DELETE 1"}.get(word)
    if found and word in {b"CREATE", b"DROP", b"ALTER"}:
        tag = word + b" " + (found[2] or b"TABLE").upper()
    return _message(b"C", (tag or word) + b"\0") + READY
