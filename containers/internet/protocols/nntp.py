"""NNTP (RFC 3977): news that is posted is a receipt; nothing else is there to read."""

import re
from collections.abc import Callable, Mapping
from typing import ClassVar

from honeyweights.containers.internet.lines import Dotted, Verbs
from honeyweights.containers.internet.protocols.tls.server import Tls
from honeyweights.containers.internet.receipts import About, Transfer
from honeyweights.containers.internet.rules import Rule, begins
from honeyweights.containers.internet.talk import House, Line

CLEAR, SECURE = frozenset({119}), frozenset({563})
RULES = (
    Rule("nntp", begins(b"CAPABILITIES", b"MODE READER"), "nntp:Nntp", ports=CLEAR | SECURE, greets=CLEAR, greets_inside=CLEAR | SECURE),
)
ASKED, TAKEN = {b"POST": b"340 Input article\r\n", b"IHAVE": b"335 Send it\r\n"}, {b"POST": 240, b"IHAVE": 235, b"TAKETHIS": 239}
_GROUP = re.compile(rb"[\w.+-]{1,200}")


class Nntp(Verbs):
    """The server's end of one connection."""

    UNKNOWN = b"500 What?\r\n"

    def __init__(self, line: Line, house: House, *, upgraded: bool = False) -> None:
        super().__init__(line, house, About(channel="tcp", protocol="nntps" if line.secure else "nntp"))
        self._article: Transfer | None = None
        self._dotted: Dotted | None = None
        if not upgraded:
            line.send(b"200 " + (line.remote.host or "news").encode("ascii", "replace") + b" InterNetNews NNRP server INN 2.7.0 ready\r\n")

    def close(self, *, finished: bool) -> None:
        """An article without its last dot is not whole."""
        if self._article is not None and self._dotted is not None:
            self._dotted.rest()
            self._article.close(finished=False)
        super().close(finished=finished)

    def _capabilities(self, _rest: bytes) -> None:
        self.line.send(b"101 Capability list:\r\nVERSION 2\r\nREADER\r\nIHAVE\r\nSTREAMING\r\nPOST\r\nAUTHINFO USER\r\nSTARTTLS\r\n.\r\n")

    def _take(self, method: bytes, target: bytes) -> None:
        article = self._article = self.open(target or None, method.decode("ascii"))
        self.line.send(ASKED.get(method, b""))

        def done() -> None:
            self.reader = self._article = None
            article.close(finished=True)
            self.line.send(b"%d %b\r\n" % (TAKEN[method], target or b"Article received"))

        self.reader = self._dotted = Dotted(article.write, done)

    def _post(self, _rest: bytes) -> None:
        self._take(b"POST", b"")

    def _ihave(self, rest: bytes) -> None:
        self._take(b"IHAVE", rest)

    def _takethis(self, rest: bytes) -> None:
        self._take(b"TAKETHIS", rest)

    def _check(self, rest: bytes) -> None:
        self.line.send(b"238 " + rest + b"\r\n")

    def _mode(self, rest: bytes) -> None:
        self.line.send(b"203 Streaming OK\r\n" if rest.upper() == b"STREAM" else b"200 Posting allowed\r\n")

    def _authinfo(self, rest: bytes) -> None:
        self.line.send(b"381 Enter password\r\n" if rest[:4].upper() == b"USER" else b"281 Authentication succeeded\r\n")

    def _group(self, rest: bytes) -> None:
        self.line.send(b"211 0 1 0 " + rest + b"\r\n" if _GROUP.fullmatch(rest) else b"411 No such group\r\n")

    def _list(self, _rest: bytes) -> None:
        self.line.send(b'215 Newsgroups in form "group high low status"\r\nmisc.test 0000000000 0000000001 y\r\n.\r\n')

    def _none(self, _rest: bytes) -> None:
        self.line.send(b"430 No such article\r\n")

    def _starttls(self, _rest: bytes) -> None:
        self.line.send(b"382 Begin TLS negotiation now\r\n")
        self.become(Tls(self.line, self.house, lambda line, house: Nntp(line, house, upgraded=True)))

    def _quit(self, _rest: bytes) -> None:
        self.bye(b"205 Bye!\r\n")

    VERBS: ClassVar[Mapping[bytes, Callable[..., None]]] = {
        b"CAPABILITIES": _capabilities, b"MODE": _mode, b"POST": _post, b"IHAVE": _ihave, b"TAKETHIS": _takethis, b"CHECK": _check,
        b"AUTHINFO": _authinfo, b"GROUP": _group, b"LIST": _list, b"ARTICLE": _none, b"HEAD": _none, b"BODY": _none, b"STAT": _none,
        b"STARTTLS": _starttls, b"QUIT": _quit,
    }  # fmt: skip
