"""SMTP as Postfix speaks it (RFC 5321), with STARTTLS, AUTH, PIPELINING, CHUNKING, 8BITMIME, SMTPUTF8; LMTP where the client says LHLO.

One receipt for each message: the message is the payload, its recipients the target, the envelope's lines the head. Everybody may send
anything to anybody, of any size.

aiosmtpd was considered: it speaks to an asyncio transport, knows no BDAT, holds a whole message in memory, throws away lines that are too
long, and begins TLS by replacing the transport. Here a message of any size goes to the spool as it comes, and no byte is thrown away.
"""

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from typing import ClassVar

from honeyweights.containers.internet.lines import Counted, Dotted, Verbs
from honeyweights.containers.internet.protocols.imap import boxes
from honeyweights.containers.internet.protocols.tls.server import Tls
from honeyweights.containers.internet.receipts import About, Transfer
from honeyweights.containers.internet.talk import House, Line

EXTENSIONS = (b"PIPELINING", b"SIZE", b"VRFY", b"ETRN", b"STARTTLS", b"AUTH PLAIN LOGIN CRAM-MD5", b"ENHANCEDSTATUSCODES", b"8BITMIME",
              b"DSN", b"SMTPUTF8", b"CHUNKING")  # fmt: skip
_ADDRESS = re.compile(rb"(?:FROM|TO):\s*<?([^\s<>]*)>?", re.IGNORECASE)
MOST_RECIPIENTS = 1000
MOST_DELIVERED = 20
"""Recipients who find a message when they log in to the same host."""
"""Those whom a receipt's target has room for are named there; the lines of all are in its head."""
LONGEST_BDAT = 19
"""Digits."""


class Smtp(Verbs):
    """The server's end of one connection."""

    UNKNOWN = b"500 5.5.2 Error: command not recognized\r\n"

    def __init__(self, line: Line, house: House, *, upgraded: bool = False) -> None:
        super().__init__(line, house, About(channel="smtp", protocol="smtps" if line.secure else "smtp"))
        self._name = (line.remote.host or "mail").encode("ascii", "replace")
        self._local = False
        self._envelope = bytearray()
        self._sender: bytes | None = None
        self._recipients: list[bytes] = []
        self._message: Transfer | None = None
        self._dotted: Dotted | None = None
        self._login: list[Callable[[bytes], None]] = []
        self._count = 0
        if not upgraded:
            line.send(b"220 " + self._name + b" ESMTP Postfix (Debian/GNU)\r\n")

    def said(self, text: bytes) -> None:
        """One command, or one line of a login."""
        if self._login:
            self._login.pop(0)(text)
        else:
            super().said(text)

    def close(self, *, finished: bool) -> None:
        """A message that has not ended yet never will."""
        if self._message is not None:
            if self._dotted is not None:
                self._dotted.rest()
            self._message.close(finished=False)
        super().close(finished=finished)

    def _reset(self) -> None:
        self._sender, self._recipients, self._message, self._dotted = None, [], None, None
        self._envelope.clear()

    # -- who

    def _helo(self, rest: bytes) -> None:
        self._reset()
        self._envelope += b"HELO " + rest + b"\r\n"
        self.line.send(b"250 " + self._name + b"\r\n")

    def _ehlo(self, rest: bytes) -> None:
        self._reset()
        self._envelope += b"EHLO " + rest + b"\r\n"
        offered = [self._name, *(word for word in EXTENSIONS if word != b"STARTTLS" or not self.line.secure)]
        self.line.send(b"".join(b"250-" + word + b"\r\n" for word in offered[:-1]) + b"250 " + offered[-1] + b"\r\n")

    def _lhlo(self, rest: bytes) -> None:
        self._local = True
        self._ehlo(rest)

    def _starttls(self, _rest: bytes) -> None:
        if self.line.secure:
            self.senseless(b"503 5.5.1 Error: TLS already active\r\n")
            return
        self.line.send(b"220 2.0.0 Ready to start TLS\r\n")
        self.become(Tls(self.line, self.house, lambda line, house: Smtp(line, house, upgraded=True)))

    def _auth(self, rest: bytes) -> None:
        how, _, first = rest.partition(b" ")
        steps = _LOGINS.get(how.upper())
        if steps is None:
            self.line.send(b"535 5.7.8 Error: authentication failed: Invalid authentication mechanism\r\n")
            return
        self._ask(steps[1:] if first else steps)

    def _ask(self, steps: tuple[bytes, ...]) -> None:
        if not steps:
            self.line.send(b"235 2.7.0 Authentication successful\r\n")
            return
        self.line.send(b"334 " + base64.b64encode(steps[0]) + b"\r\n")
        self._login.append(lambda text: self._answered(text, steps[1:]))

    def _answered(self, text: bytes, steps: tuple[bytes, ...]) -> None:
        if text == b"*":
            self.line.send(b"501 5.7.0 Authentication aborted\r\n")
            return
        try:
            base64.b64decode(text, validate=True)
        except binascii.Error:
            self.line.send(b"535 5.7.8 Error: authentication failed: Invalid base64 data\r\n")
            return
        self._ask(steps)

    # -- what

    def _mail(self, rest: bytes) -> None:
        found = _ADDRESS.match(rest)
        if found is None:
            self.senseless(b"501 5.5.4 Syntax: MAIL FROM:<address>\r\n")
            return
        self._sender = found[1]
        self._envelope += b"MAIL " + rest + b"\r\n"
        self.line.send(b"250 2.1.0 Ok\r\n")

    def _rcpt(self, rest: bytes) -> None:
        found = _ADDRESS.match(rest)
        if found is None or not found[1]:
            self.senseless(b"501 5.5.4 Syntax: RCPT TO:<address>\r\n")
        elif self._sender is None:
            self.line.send(b"503 5.5.1 Error: need MAIL command\r\n")
        elif len(self._recipients) >= MOST_RECIPIENTS:
            self.line.send(b"452 4.5.3 Error: too many recipients\r\n")
        else:
            self._recipients.append(found[1])
            self._envelope += b"RCPT " + rest + b"\r\n"
            self.line.send(b"250 2.1.5 Ok\r\n")

    def _began(self) -> Transfer | None:
        """The message's transfer; None, said why, where there is nobody to send it to."""
        if self._message is None and self._recipients:
            self.about = self.about._replace(head=self.house.ledger.keep(self._envelope))
            self._message = self.open(b", ".join(self._recipients), "MAIL")
        return self._message

    def _data(self, _rest: bytes) -> None:
        message = self._began()
        if message is None:
            self.line.send(b"503 5.5.1 Error: need RCPT command\r\n")
            return
        self.line.send(b"354 End data with <CR><LF>.<CR><LF>\r\n")
        self.reader = self._dotted = Dotted(message.write, self._sent)

    def _bdat(self, rest: bytes) -> None:
        words = rest.split()
        if not words or not words[0].isdigit() or len(words[0]) > LONGEST_BDAT:
            self.senseless(b"501 5.5.4 Syntax: BDAT count [LAST]\r\n")
            return
        count, last = int(words[0]), words[-1].upper() == b"LAST"
        message = self._began()
        takes = self.keep if message is None else message.write
        done = self._sent if last and message is not None else lambda: self._chunk(count, known=message is not None)
        self.reader = Counted(count, takes, done)
        if not count:
            done()

    def _chunk(self, count: int, *, known: bool) -> None:
        self.reader = None
        answer = b"250 2.0.0 Ok: %d bytes\r\n" % count if known else b"503 5.5.1 Error: need RCPT command\r\n"
        self.line.send(answer)

    def _sent(self) -> None:
        assert self._message is not None  # noqa: S101  # content begins with its transfer
        self.reader = None
        capture = self._message.close(finished=True)
        self._count += 1
        for recipient in self._recipients[:MOST_DELIVERED]:
            boxes.of(self.house, self.line.remote, recipient).add("INBOX", capture)
        name = f"4{capture.sha256[:10].upper()}z{self._count:X}".encode("ascii")
        recipients = self._recipients if self._local else [b""]
        self._reset()
        for _ in recipients:
            self.line.send(b"250 2.0.0 Ok: queued as " + name + b"\r\n")

    # -- the rest

    def _rset(self, _rest: bytes) -> None:
        if self._message is not None:
            self._message.close(finished=False)
        self._reset()
        self.line.send(b"250 2.0.0 Ok\r\n")

    def _noop(self, _rest: bytes) -> None:
        self.line.send(b"250 2.0.0 Ok\r\n")

    def _vrfy(self, rest: bytes) -> None:
        self.line.send(b"252 2.0.0 " + (rest[:200] or b"user") + b"\r\n")

    def _help(self, _rest: bytes) -> None:
        self.line.send(b"502 5.5.1 Error: command not implemented\r\n")

    def _quit(self, _rest: bytes) -> None:
        self.bye(b"221 2.0.0 Bye\r\n")

    VERBS: ClassVar[Mapping[bytes, Callable[..., None]]] = {
        b"HELO": _helo, b"EHLO": _ehlo, b"LHLO": _lhlo, b"STARTTLS": _starttls, b"AUTH": _auth, b"MAIL": _mail, b"RCPT": _rcpt,
        b"DATA": _data, b"BDAT": _bdat, b"RSET": _rset, b"NOOP": _noop, b"VRFY": _vrfy, b"EXPN": _help, b"ETRN": _help,
        b"HELP": _help, b"QUIT": _quit,
    }  # fmt: skip


_CHALLENGE = b"<1896.697170952@mail>"
_LOGINS: dict[bytes, tuple[bytes, ...]] = {b"PLAIN": (b"",), b"LOGIN": (b"Username:", b"Password:"), b"CRAM-MD5": (_CHALLENGE,)}
"""Mechanism -> what is asked, in turn; the first is not asked where the client answered it beforehand."""
