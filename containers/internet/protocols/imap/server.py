"""IMAP4rev1 as Dovecot speaks it (RFC 3501), with LITERAL+, UIDPLUS, SASL-IR, STARTTLS: enough to put mail down and to read it back.

Anybody may log in. One receipt for each message that is appended, its mailbox as the target.
"""

import re
from collections.abc import Callable, Mapping
from typing import ClassVar

from honeyweights.containers.internet.lines import LONGEST, Counted, Dialogue
from honeyweights.containers.internet.protocols.imap import boxes
from honeyweights.containers.internet.protocols.imap.boxes import fetched
from honeyweights.containers.internet.protocols.tls.server import Tls
from honeyweights.containers.internet.receipts import About, Transfer
from honeyweights.containers.internet.talk import House, Line

CAPABILITIES = b"IMAP4rev1 SASL-IR LOGIN-REFERRALS ID ENABLE IDLE LITERAL+ UIDPLUS NAMESPACE CHILDREN%b AUTH=PLAIN AUTH=LOGIN"
MOST_LISTED = 500
LONGEST_COMMAND = 1 << 16
"""Bytes of a command with all its literals."""
_LITERAL = re.compile(rb"\{(\d{1,18})(\+?)\}$")
_TOKEN = re.compile(rb'"((?:[^"\\]|\\.)*)"|([^\s"]+)')
FLAGS = b"\\Answered \\Flagged \\Deleted \\Seen \\Draft"


class Imap(Dialogue):
    """The server's end of one connection."""

    def __init__(self, line: Line, house: House, *, upgraded: bool = False) -> None:
        super().__init__(line, house, About(channel="tcp", protocol="imaps" if line.secure else "imap"))
        self._gathering = bytearray()
        self._message: Transfer | None = None
        self._box = ""
        self._pending: list[Callable[[bytes], None]] = []
        self._boxes = boxes.of(house, line.remote, b"")
        if not upgraded:
            line.send(b"* OK [CAPABILITY " + self._offered() + b"] Dovecot (Debian) ready.\r\n")

    def said(self, text: bytes) -> None:
        """A line: a whole command, or a part of one that a literal goes on."""
        if self._pending:
            self._pending.pop(0)(text)
            return
        self._gathering += text
        if len(self._gathering) > LONGEST_COMMAND:
            self._gathering.clear()
            self.senseless(b"* BAD Command line too long\r\n")
            return
        literal = _LITERAL.search(text)
        if literal is not None:
            self._literal(int(literal[1]), wait=not literal[2])
            return
        command = bytes(self._gathering)
        self._gathering.clear()
        tag, _, rest = command.partition(b" ")
        verb, _, arguments = rest.partition(b" ")
        if verb.upper() == b"UID":
            verb, _, arguments = arguments.partition(b" ")
            verb = b"UID " + verb
        handler = self.VERBS.get(verb.upper())
        if handler is None:
            self.senseless((tag[:64] or b"*") + b" BAD Error in IMAP command received by server.\r\n")
        else:
            handler(self, tag, arguments)

    def close(self, *, finished: bool) -> None:
        """A message that was cut short."""
        if self._message is not None:
            self._message.close(finished=False)
        super().close(finished=finished)

    def _literal(self, count: int, *, wait: bool) -> None:
        if wait:
            self.line.send(b"+ OK\r\n")
        words = _words(bytes(self._gathering))
        if len(words) > 3 and words[1].upper() == b"APPEND":  # noqa: PLR2004  # tag, verb, mailbox, and the literal itself
            self._box = words[2].decode("utf-8", "surrogateescape")
            message = self._message = self.open(words[2], "APPEND")
            self.reader = Counted(count, message.write, lambda: self._appended(message))
        else:
            cut = self._gathering.rindex(b"{")
            del self._gathering[cut:]
            self._gathering += b'"'
            self.reader = Counted(count, self._gather, self._gathered)
        if not count:
            self.reader(memoryview(b""))

    def _gather(self, piece: memoryview) -> None:
        self.keep(piece)
        if len(self._gathering) < LONGEST:
            self._gathering += bytes(piece).replace(b'"', b"'")

    def _gathered(self) -> None:
        self.reader = None
        self._gathering += b'"'

    def _appended(self, message: Transfer) -> None:
        self.reader = self._message = None
        self._boxes.add(self._box, message.close(finished=True))

    def _offered(self) -> bytes:
        return CAPABILITIES % (b"" if self.line.secure else b" STARTTLS")

    def _ok(self, tag: bytes, words: bytes) -> None:
        self.line.send(tag + b" OK " + words + b"\r\n")

    # -- who

    def _capability(self, tag: bytes, _rest: bytes) -> None:
        self.line.send(b"* CAPABILITY " + self._offered() + b"\r\n")
        self._ok(tag, b"Pre-login capabilities listed, post-login capabilities have more.")

    def _login(self, tag: bytes, rest: bytes) -> None:
        words = _words(rest)
        self._enter(tag, words[0] if words else b"")

    def _enter(self, tag: bytes, user: bytes) -> None:
        self._boxes = boxes.of(self.house, self.line.remote, user)
        self._ok(tag, b"[CAPABILITY " + self._offered() + b"] Logged in")

    def _authenticate(self, tag: bytes, rest: bytes) -> None:
        words = rest.split()
        self._prove(tag, words[1:], 2 if words and words[0].upper() == b"LOGIN" else 1)

    def _prove(self, tag: bytes, answers: list[bytes], asked: int) -> None:
        if len(answers) >= asked:
            self._enter(tag, boxes.who(answers[0]))
            return
        self.line.send(b"+ UGFzc3dvcmQ6\r\n" if answers else b"+ \r\n")
        self._pending.append(lambda text: self._prove(tag, [*answers, text], asked))

    def _starttls(self, tag: bytes, _rest: bytes) -> None:
        self._ok(tag, b"Begin TLS negotiation now.")
        self.become(Tls(self.line, self.house, lambda line, house: Imap(line, house, upgraded=True)))

    # -- mailboxes

    def _list(self, tag: bytes, rest: bytes) -> None:
        words = _words(rest)
        if words and not words[-1]:
            self.line.send(b'* LIST (\\Noselect) "." ""\r\n')
        else:
            names = self._boxes.names()[:MOST_LISTED]
            self.line.send(b"".join(b'* LIST (\\HasNoChildren) "." %b\r\n' % _quoted(name) for name in names))
        self._ok(tag, b"List completed.")

    def _namespace(self, tag: bytes, _rest: bytes) -> None:
        self.line.send(b'* NAMESPACE (("" ".")) NIL NIL\r\n')
        self._ok(tag, b"Namespace completed.")

    def _status(self, tag: bytes, rest: bytes) -> None:
        words = _words(rest)
        box = words[0].decode("utf-8", "surrogateescape") if words else "INBOX"
        count = self._boxes.count(box)
        known = {b"MESSAGES": count, b"RECENT": 0, b"UIDNEXT": count + 1, b"UIDVALIDITY": 1718000000, b"UNSEEN": 0}
        wanted = re.findall(rb"[A-Z]+", rest.rpartition(b"(")[2].upper())
        items = b" ".join(b"%b %d" % (item, known[item]) for item in wanted if item in known)
        self.line.send(b"* STATUS " + _quoted(box) + b" (" + items + b")\r\n")
        self._ok(tag, b"Status completed.")

    def _select(self, tag: bytes, rest: bytes) -> None:
        words = _words(rest)
        self._box = words[0].decode("utf-8", "surrogateescape") if words else "INBOX"
        count = self._boxes.count(self._box)
        self.line.send(
            b"* FLAGS (%b)\r\n* OK [PERMANENTFLAGS (%b \\*)] Flags permitted.\r\n* %d EXISTS\r\n* 0 RECENT\r\n"
            b"* OK [UIDVALIDITY 1718000000] UIDs valid\r\n* OK [UIDNEXT %d] Predicted next UID\r\n" % (FLAGS, FLAGS, count, count + 1)
        )
        self._ok(tag, b"[READ-WRITE] Select completed.")

    def _create(self, tag: bytes, rest: bytes) -> None:
        for word in _words(rest)[:1]:
            self._boxes.create(word.decode("utf-8", "surrogateescape"))
        self._ok(tag, b"Create completed.")

    def _append(self, tag: bytes, _rest: bytes) -> None:
        self._ok(tag, b"[APPENDUID 1718000000 %d] Append completed." % self._boxes.count(self._box))

    # -- messages

    def _fetch(self, tag: bytes, rest: bytes, *, uid: bool = False) -> None:
        numbers, _, items = rest.partition(b" ")
        self.line.stream(fetched(self._boxes, self._box, numbers, items + (b" UID" if uid else b"")))
        self._ok(tag, b"Fetch completed.")

    def _uid_fetch(self, tag: bytes, rest: bytes) -> None:
        self._fetch(tag, rest, uid=True)

    def _search(self, tag: bytes, _rest: bytes) -> None:
        count = self._boxes.count(self._box)
        self.line.stream(b"* SEARCH%b\r\n" % b"".join(b" %d" % (number + 1) for number in range(count)) for _ in range(1))
        self._ok(tag, b"Search completed.")

    def _idle(self, tag: bytes, _rest: bytes) -> None:
        self.line.send(b"+ idling\r\n")
        self._pending.append(lambda _text: self._ok(tag, b"Idle completed."))

    def _done(self, tag: bytes, _rest: bytes) -> None:
        self._ok(tag, b"Completed.")

    def _logout(self, tag: bytes, _rest: bytes) -> None:
        self.bye(b"* BYE Logging out\r\n" + tag + b" OK Logout completed.\r\n")

    VERBS: ClassVar[Mapping[bytes, Callable[..., None]]] = {
        b"CAPABILITY": _capability, b"LOGIN": _login, b"AUTHENTICATE": _authenticate, b"STARTTLS": _starttls, b"LIST": _list,
        b"LSUB": _list, b"XLIST": _list, b"NAMESPACE": _namespace, b"STATUS": _status, b"SELECT": _select, b"EXAMINE": _select,
        b"CREATE": _create, b"APPEND": _append, b"FETCH": _fetch, b"UID FETCH": _uid_fetch, b"SEARCH": _search, b"UID SEARCH": _search,
        b"IDLE": _idle, b"LOGOUT": _logout,
        **dict.fromkeys((b"NOOP", b"CHECK", b"ID", b"ENABLE", b"CLOSE", b"EXPUNGE", b"SUBSCRIBE", b"UNSUBSCRIBE", b"STORE", b"UID STORE",
                         b"DELETE", b"RENAME", b"COPY", b"UID COPY"), _done),
    }  # fmt: skip


def _words(text: bytes) -> list[bytes]:
    return [plain or re.sub(rb"\\(.)", rb"\1", quoted) for quoted, plain in _TOKEN.findall(text)]


def _quoted(name: str) -> bytes:
    return b'"' + name.encode("utf-8", "surrogateescape").replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'
