"""Old ways to somebody else's terminal: telnet (RFC 854), rlogin (RFC 1282), rsh and rexec. One receipt for all that the client said.

Anybody may log in; behind the login is a prompt that knows no command. What is fed to a remote command is taken to its end.
"""

import re
from collections.abc import Callable

from honeyweights.containers.internet.lines import LONGEST, Stream
from honeyweights.containers.internet.protocols.raw import Raw
from honeyweights.containers.internet.receipts import About
from honeyweights.containers.internet.rules import Rule, begins
from honeyweights.containers.internet.talk import Data, House, Line, Talker

TELNET, RLOGIN, RSH, REXEC = frozenset({23, 2023, 2323, 8023, 10023}), 513, 514, 512
_PORT = re.compile(rb"\d{0,5}\0")
NEGOTIATION = b"\xff\xfd\x18\xff\xfd\x20\xff\xfd\x23\xff\xfd\x27"
"""DO: terminal type, speed, display, environment."""
WILL_ECHO, WONT_ECHO = b"\xff\xfb\x01", b"\xff\xfc\x01"


def back_port(first: bytes) -> bool | None:
    """The port for a second channel, as a number that ends with a zero byte: what rsh and rexec begin with."""
    if _PORT.match(first):
        return True
    return None if first.isdigit() and len(first) < 6 else (None if not first else False)  # noqa: PLR2004  # digits of a port


RULES = (
    Rule("telnet", begins(b"\xff\xfb", b"\xff\xfd"), "terminal:Telnet", ports=TELNET, greets=TELNET),
    Rule("rlogin", begins(b"\0"), "terminal:Rlogin", ports=frozenset({RLOGIN})),
    Rule("rsh", back_port, "terminal:Rsh", ports=frozenset({RSH, REXEC})),
)


class Telnet(Stream):
    """A login, then a prompt."""

    def __init__(self, line: Line, house: House) -> None:
        super().__init__(line, house, About(channel="tcp", protocol="telnet"))
        self._name = (line.remote.host or "localhost").split(".")[0].encode("ascii", "replace")
        self._typed = bytearray()
        self._steps: list[Callable[[bytes], bytes]] = [self._user, self._password]
        line.send(NEGOTIATION + b"Debian GNU/Linux 12\r\n" + self._name + b" login: ")

    def heard(self, data: Data) -> None:
        """Line by line."""
        self._typed += spoken(bytes(data)) if len(self._typed) < LONGEST else b""
        while (end := re.search(rb"\r[\n\0]?|\n", self._typed)) is not None:
            text = bytes(self._typed[: end.start()])
            del self._typed[: end.end()]
            step = self._steps.pop(0) if self._steps else self._command
            said = step(text)
            if self.over:
                return
            self.line.send(said)

    def _user(self, text: bytes) -> bytes:
        self._name = text[:32] + b"@" + self._name
        return WILL_ECHO + b"Password: "

    def _password(self, _text: bytes) -> bytes:
        return WONT_ECHO + b"\r\nLinux 6.1.0-21-amd64 #1 SMP PREEMPT_DYNAMIC Debian 6.1.90-1 (2024-05-03) x86_64\r\n" + self._prompt()

    def _command(self, text: bytes) -> bytes:
        word = text.strip().split(b" ")[0][:200]
        if word in {b"exit", b"logout"}:
            self.bye(b"logout\r\n")
            return b""
        return (b"-bash: " + word + b": command not found\r\n" if word else b"") + self._prompt()

    def _prompt(self) -> bytes:
        return self._name + b":~$ "


class Rlogin(Stream):
    """Three names, then a prompt (RFC 1282)."""

    def __init__(self, line: Line, house: House) -> None:
        super().__init__(line, house, About(channel="tcp", protocol="rlogin"))
        self._head = bytearray()
        self._known = False

    def heard(self, data: Data) -> None:
        """The names; then lines."""
        self._head += bytes(data[:LONGEST]) if len(self._head) < LONGEST else b""
        if not self._known and self._head.count(0) >= 4:  # noqa: PLR2004  # before, between and behind three names
            self._known = True
            self._head = self._head.split(b"\0", 4)[4]
            self.line.send(b"\0Password: ")
        if self._known and b"\r" in self._head:
            self._head.clear()
            self.line.send(b"\r\nlogin: Login incorrect\r\nPassword: ")


class Rsh(Stream):
    """A port for errors, names, a command, and its input."""

    def __init__(self, line: Line, house: House) -> None:
        rexec = line.remote.port == REXEC
        super().__init__(line, house, About(channel="tcp", protocol="rexec" if rexec else "rsh"))
        self._head = bytearray()
        self._known = self._gone = False
        self._second: Line | None = None

    def heard(self, data: Data) -> None:
        """Says yes once the command is whole."""
        if self._known:
            return
        self._head += data[:LONGEST]
        if b"\0" in self._head:
            self._call_back()
        self._known = self._head.count(0) >= 4 or len(self._head) > LONGEST  # noqa: PLR2004  # port, two names or name and password, command
        if self._known:
            self.line.send(b"\0")

    def _call_back(self) -> None:
        """Opens the second channel that the client asked for: it says who it is only then."""
        end = self._head.index(0)
        port = int(self._head[:end]) if self._head[:end].isdigit() and end < 6 else 0  # noqa: PLR2004  # digits of a port
        if 0 < port < 1 << 16:
            remote = self.line.remote._replace(port=1022, source=(self.line.remote.source[0], port))
            self.house.dial(remote, self._errors, lambda: None)
        del self._head[:end]

    def _errors(self, line: Line, house: House) -> Talker:
        """A channel by which nothing is ever said; the client waits for its end all the same."""
        self._second = line
        if self._gone:
            line.shut()
        return Raw(line, house, About(channel="tcp", protocol="rsh-errors"), tail=True)

    def close(self, *, finished: bool) -> None:
        """Both channels end together."""
        super().close(finished=finished)
        self._gone = True
        if self._second is not None:
            self._second.shut()


def spoken(data: bytes) -> bytes:
    """What was typed: without Telnet's own words, as far as they are whole."""
    return re.sub(rb"\xff(?:[\xfb-\xfe].|\xfa.*?\xff\xf0|[^\xfa-\xff])", b"", data, flags=re.DOTALL)
