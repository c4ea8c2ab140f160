"""MySQL and PostgreSQL: the login is heard out, and refused as a database refuses a stranger. All that the client said is one receipt."""

from honeyweights.containers.internet.lines import LONGEST, Stream
from honeyweights.containers.internet.receipts import About
from honeyweights.containers.internet.rules import Rule, never
from honeyweights.containers.internet.talk import Data, House, Line

MYSQL, POSTGRES = frozenset({3306, 3307, 13306, 33306}), frozenset({5432, 5433, 6432, 15432})
VERSION = b"8.0.36-0ubuntu0.22.04.1"
GREETING = (
    b"\x0a"
    + VERSION
    + b"\0\x2a\1\0\0"
    + b"q7Gk2(fA"
    + b"\0\xff\xff\xff\2\0\xff\xdf\x15"
    + b"\0" * 10
    + b"x9Tz4:wQ1mLp\0"
    + b"mysql_native_password\0"
)
"""Protocol 10: version, thread, challenge, capabilities, the challenge's other half."""
DENIED = b"\xff\x15\x04#28000Access denied for user"
SSL_ASKED, GSS_ASKED, STARTUP = b"\0\0\0\x08\x04\xd2\x16\x2f", b"\0\0\0\x08\x04\xd2\x16\x30", b"\0\3\0\0"
ASKS_PASSWORD, REFUSED = b"R\0\0\0\x08\0\0\0\3", b"SFATAL\0VFATAL\0C28P01\0Mpassword authentication failed\0\0"


def postgres(first: bytes) -> bool | None:
    """A length, then a request for TLS, for GSS, or version 3."""
    if len(first) < 8:  # noqa: PLR2004  # length and code
        return None if first[:1] in {b"", b"\0"} else False
    return first[:8] in {SSL_ASKED, GSS_ASKED} or first[4:8] == STARTUP


RULES = (
    Rule("mysql", never, "databases:Mysql", ports=MYSQL, greets=MYSQL),
    Rule("postgres", postgres, "databases:Postgres", ports=POSTGRES),
)


class Mysql(Stream):
    """Greets, asks, refuses."""

    def __init__(self, line: Line, house: House) -> None:
        super().__init__(line, house, About(channel="tcp", protocol="mysql"))
        self._held = bytearray()
        line.send(len(GREETING).to_bytes(3, "little") + b"\0" + GREETING)

    def heard(self, data: Data) -> None:
        """One packet is the login."""
        self._held += data[:LONGEST]
        if len(self._held) >= 4 + int.from_bytes(self._held[:3], "little") or len(self._held) > LONGEST:
            self.bye(len(DENIED).to_bytes(3, "little") + bytes([(self._held[3] + 1) & 255]) + DENIED)


class Postgres(Stream):
    """No TLS; a password, please; no."""

    def __init__(self, line: Line, house: House) -> None:
        super().__init__(line, house, About(channel="tcp", protocol="postgres"))
        self._held = bytearray()
        self._asked = False

    def heard(self, data: Data) -> None:
        """Message by message; behind the first, each has a letter before its length."""
        self._held += data[:LONGEST]
        while not self.over:
            at = int(self._asked)
            size = at + int.from_bytes(self._held[at : at + 4], "big")
            if len(self._held) < at + 4 or (len(self._held) < size and len(self._held) <= LONGEST):
                return
            self._message(bytes(self._held[:size]))
            del self._held[: max(at + 4, size)]

    def _message(self, message: bytes) -> None:
        if self._asked:
            self.bye(b"E" + (len(REFUSED) + 4).to_bytes(4, "big") + REFUSED)
        elif message in {SSL_ASKED, GSS_ASKED}:
            self.line.send(b"N")
        else:
            self._asked = True
            self.line.send(ASKS_PASSWORD)
