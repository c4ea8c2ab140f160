"""IRC (RFC 2812): registers, joins, is spoken in. One receipt for all that the client said, DCC offers included.

A DCC offer is an address for somebody else to call; nobody calls.
"""

from collections.abc import Callable, Mapping
from typing import ClassVar

from honeyweights.containers.internet.lines import LONGEST, Stream
from honeyweights.containers.internet.receipts import About
from honeyweights.containers.internet.rules import Rule, begins
from honeyweights.containers.internet.talk import Data, House, Line

PORTS = frozenset({6660, 6661, 6662, 6663, 6664, 6665, 6666, 6667, 6668, 6669, 6697, 7000, 7070})
RULES = (Rule("irc", begins(b"NICK ", b"USER ", b"PASS ", b"CAP "), "irc:Irc", ports=PORTS),)


class Irc(Stream):
    """The server's end of one connection."""

    def __init__(self, line: Line, house: House) -> None:
        super().__init__(line, house, About(channel="tcp", protocol="irc"))
        self._held = bytearray()
        self._server = (line.remote.host or line.remote.address).encode("ascii", "replace")
        self._nick, self._user = b"", b""
        self._in = self._negotiating = False

    def heard(self, data: Data) -> None:
        """Line by line; a line longer than IRC allows is kept and not answered."""
        self._held += data
        *lines, rest = self._held.split(b"\n")
        self._held = bytearray(rest[-LONGEST:])
        for place, text in enumerate(lines):
            if self.line.full:
                self._held = bytearray()
                self.put_off(b"\n".join((*lines[place:], rest)))
                return
            verb, _, words = bytes(text).strip().partition(b" ")
            handler = self.VERBS.get(verb.upper())
            if handler is not None and not self.over:
                handler(self, words)

    def _say(self, code: bytes, words: bytes) -> None:
        self.line.send(b":%b %b %b %b\r\n" % (self._server, code, self._nick or b"*", words))

    def _cap(self, words: bytes) -> None:
        verb = words.split(b" ")[0].upper()
        self._negotiating = verb in {b"LS", b"LIST", b"REQ"}
        if verb in {b"LS", b"LIST"}:
            self._say(b"CAP", verb + b" :")
        elif verb == b"REQ":
            self._say(b"CAP", b"NAK " + words[4:])
        self._welcome()

    def _nick_(self, words: bytes) -> None:
        self._nick = words.strip(b":").split(b" ")[0][:32]
        self._welcome()

    def _user_(self, words: bytes) -> None:
        self._user = words.split(b" ")[0][:32] or b"user"
        self._welcome()

    def _welcome(self) -> None:
        if self._in or self._negotiating or not self._nick or not self._user:
            return
        self._in = True
        self._say(b"001", b":Welcome to the Internet Relay Chat Network " + self._nick)
        self._say(b"002", b":Your host is " + self._server + b", running version InspIRCd-3")
        self._say(b"003", b":This server was created 09:14:02 Feb 11 2024")
        self._say(b"004", self._server + b" InspIRCd-3 iosw biklmnopstv bklov")
        self._say(b"005", b"CASEMAPPING=rfc1459 CHANTYPES=# NICKLEN=30 PREFIX=(ov)@+ :are supported by this server")
        self._say(b"422", b":MOTD File is missing")

    def _join(self, words: bytes) -> None:
        for room in words.split(b" ")[0].split(b",")[:16]:
            self.line.send(b":%b!%b@10.64.7.23 JOIN :%b\r\n" % (self._nick, self._user, room))
            self._say(b"353", b"= %b :%b" % (room, self._nick))
            self._say(b"366", room + b" :End of /NAMES list.")

    def _part(self, words: bytes) -> None:
        self.line.send(b":%b!%b@10.64.7.23 PART %b\r\n" % (self._nick, self._user, words.split(b" ")[0]))

    def _ping(self, words: bytes) -> None:
        self.line.send(b":%b PONG %b %b\r\n" % (self._server, self._server, words[:400]))

    def _quit(self, _words: bytes) -> None:
        self.bye(b"ERROR :Closing link: (" + self._user + b"@10.64.7.23) [Quit]\r\n")

    VERBS: ClassVar[Mapping[bytes, Callable[["Irc", bytes], None]]] = {
        b"CAP": _cap, b"NICK": _nick_, b"USER": _user_, b"JOIN": _join, b"PART": _part, b"PING": _ping, b"QUIT": _quit,
    }  # fmt: skip
