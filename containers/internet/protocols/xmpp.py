"""XMPP (RFC 6120, 6121): any password is right, messages are taken, files find a slot to be put to by HTTP (XEP-0363). A receipt a stream.

Stanzas are read by expat as they come; of a long text nothing is held but its first characters.
"""

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import quote
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

from honeyweights.containers.internet.lines import STEP, Stream
from honeyweights.containers.internet.protocols.tls.server import Tls
from honeyweights.containers.internet.receipts import About
from honeyweights.containers.internet.rules import Rule, begins
from honeyweights.containers.internet.talk import Data, House, Line

PORTS = frozenset({5222, 5223, 5269, 5280})
DEEPEST, LONGEST, TEXT = 40, 1 << 13, 512
"""Levels of elements, bytes of one tag, characters of one text that are looked at."""
RULES = (Rule("xmpp", begins(b"<?xml", b"<stream:", b"\n<?xml"), "xmpp:Xmpp", ports=PORTS),)
STREAM = "http://etherx.jabber.org/streams stream"
TLS, SASL, BIND = (f"urn:ietf:params:xml:ns:xmpp-{name}" for name in ("tls", "sasl", "bind"))
SESSION, STANZAS = "urn:ietf:params:xml:ns:xmpp-session", "urn:ietf:params:xml:ns:xmpp-stanzas"
DISCO, SLOT, ROSTER = "http://jabber.org/protocol/disco", "urn:xmpp:http:upload:0", "jabber:iq:roster"
MOST_PUT = 1 << 30


@dataclass
class Element:
    """One element of a stanza."""

    name: str
    """Name space and local name."""
    attributes: dict[str, str]
    text: str = ""
    inside: list["Element"] = field(default_factory=list)


class Xmpp(Stream):
    """The server's end of one stream."""

    def __init__(self, line: Line, house: House) -> None:
        super().__init__(line, house, About(channel="tcp", protocol="xmpp"))
        self._host = line.remote.host or line.remote.address
        self._user = ""
        self._upgraded = False
        self._begin()

    def received(self, data: Data) -> None:
        """Within TLS another of us is told. A line's end that some clients send before their handshake is none of it."""
        if not self._upgraded:
            super().received(data)
        elif rest := bytes(data).lstrip(b"\r\n "):
            heir = Tls(self.line, self.house, Xmpp)
            self.line.turn(heir)
            heir.received(rest)

    def piece(self, view: memoryview) -> memoryview:
        """Until somebody is logged in up to the end of a tag: behind the login the stream begins anew."""
        if self._upgraded:
            return view[len(view) :]
        window = bytes(view[:STEP])
        cut = window.find(b">") + 1 if not self._user else 0
        self._read(window[: cut or len(window)])
        return view[cut or len(window) :]

    def _begin(self) -> None:
        """A stream begins."""
        self._fed, self._path = 0, list[Element]()
        self._parser = expat.ParserCreate(namespace_separator=" ")
        self._parser.StartElementHandler, self._parser.EndElementHandler = self._opens, self._closes
        self._parser.CharacterDataHandler, self._parser.StartDoctypeDeclHandler = self._says, self._typed

    def _read(self, text: bytes) -> None:
        text = text if self._fed else text.lstrip()  # a line's end behind the login
        self._fed += len(text)
        try:
            self._parser.Parse(text, False)  # noqa: FBT003  # expat's signature
        except (expat.ExpatError, ValueError):
            self._give_up("not-well-formed")
        if self._fed - self._parser.CurrentByteIndex > LONGEST:
            self._give_up("policy-violation")

    def _give_up(self, why: str) -> None:
        if not self.over:
            self.bye(f"<stream:error><{why} xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>".encode())

    def _typed(self, *_told: object) -> None:
        raise ValueError("a document type")

    def _opens(self, name: str, attributes: dict[str, str]) -> None:
        if not self._path:
            if name != STREAM:
                raise ValueError("no stream")
            self._greet(attributes)
        element = Element(name, {key: value[:TEXT] for key, value in attributes.items()})
        if len(self._path) > 1 and len(self._path[-1].inside) < DEEPEST:
            self._path[-1].inside.append(element)
        if len(self._path) > DEEPEST:
            raise ValueError("too deep")
        self._path.append(element)

    def _says(self, text: str) -> None:
        if len(self._path) > 1 and len(self._path[-1].text) < TEXT:
            self._path[-1].text += text[:TEXT]

    def _closes(self, _name: str) -> None:
        element = self._path.pop()
        if not self._path:
            self.bye(b"</stream:stream>")
        elif len(self._path) == 1 and not self.over:
            handler = HANDLERS.get(element.name)
            if handler is not None:
                handler(self, element)

    def _say(self, text: str) -> None:
        self.line.send(text.encode("utf-8", "replace"))

    def _greet(self, attributes: dict[str, str]) -> None:
        self._host = attributes.get("to", self._host)[:TEXT]
        server = "server" if "jabber:server" in attributes.values() else "client"
        self._say(
            f"<?xml version='1.0'?><stream:stream xmlns='jabber:{server}' xmlns:stream='http://etherx.jabber.org/streams'"
            f" id='9f3c1e7a-52d0-4b0c' from={quoteattr(self._host)} version='1.0' xml:lang='en'>"
        )
        if self._user:
            inside = f"<bind xmlns='{BIND}'/><session xmlns='{SESSION}'><optional/></session>"
        else:
            ways = "".join(f"<mechanism>{name}</mechanism>" for name in ("PLAIN", "ANONYMOUS"))
            inside = ("" if self.line.secure else f"<starttls xmlns='{TLS}'/>") + f"<mechanisms xmlns='{SASL}'>{ways}</mechanisms>"
        self._say(f"<stream:features>{inside}</stream:features>")

    def starttls(self, _asked: Element) -> None:
        """From here on within TLS; what was said until now is whole."""
        self._say(f"<proceed xmlns='{TLS}'/>")
        self.close(finished=True)
        self._upgraded = True

    def auth(self, asked: Element) -> None:
        """A login: any is taken."""
        try:
            words = base64.b64decode(asked.text).split(b"\0")
        except binascii.Error:
            words = []
        self._user = (words[1] if len(words) > 1 else b"").decode("utf-8", "replace")[:TEXT] or "user"
        self._begin()
        self._say(f"<success xmlns='{SASL}'/>")

    def iq(self, asked: Element) -> None:
        """A question. Answers to ours there are none: we ask nothing."""
        if asked.attributes.get("type") not in {"get", "set"}:
            return
        child = asked.inside[0] if asked.inside else Element("", {})
        made = ANSWERS.get(child.name)
        to, number = asked.attributes.get("to", self._host), asked.attributes.get("id", "")
        inside = f"<error type='cancel'><service-unavailable xmlns='{STANZAS}'/></error>" if made is None else made(self, child, to)
        kind = "error" if made is None else "result"
        self._say(f"<iq type='{kind}' id={quoteattr(number)} from={quoteattr(to)}>{inside}</iq>")

    def bound(self, asked: Element, _to: str) -> str:
        """An address of its own."""
        wish = asked.inside[0].text if asked.inside else ""
        jid = f"{self._user.partition('@')[0]}@{self._host}/{wish or 'a41f0c'}"
        return f"<bind xmlns='{BIND}'><jid>{escape(jid)}</jid></bind>"

    def items(self, _asked: Element, _to: str) -> str:
        """What there is at a server: a place for files."""
        return f"<query xmlns='{DISCO}#items'><item jid={quoteattr('upload.' + self._host)} name='File upload'/></query>"

    def info(self, _asked: Element, to: str) -> str:
        """What a server can do, and its place for files."""
        kind = "category='store' type='file'" if to.startswith("upload.") else "category='server' type='im'"
        names = (
            (SLOT, f"{DISCO}#info", f"{DISCO}#items", "urn:xmpp:ping")
            if to.startswith("upload.")
            else (f"{DISCO}#info", f"{DISCO}#items", "urn:xmpp:ping")
        )
        most = (
            f"<x xmlns='jabber:x:data' type='result'><field var='FORM_TYPE' type='hidden'><value>{SLOT}</value></field>"
            f"<field var='max-file-size'><value>{MOST_PUT}</value></field></x>"
        )
        features = "".join(f"<feature var='{name}'/>" for name in names)
        return f"<query xmlns='{DISCO}#info'><identity {kind} name='ejabberd'/>{features}{most if SLOT in names else ''}</query>"

    def slot(self, asked: Element, _to: str) -> str:
        """Where a file may be put, and got."""
        name = quote(asked.attributes.get("filename", "file"), safe="")
        url = quoteattr(f"https://upload.{self._host}/upload/5f0b7c2e9d1a/{name}")
        return f"<slot xmlns='{SLOT}'><put url={url}/><get url={url}/></slot>"

    def nothing(self, asked: Element, _to: str) -> str:
        """A list with nothing in it, or a deed that is done."""
        return f"<query xmlns='{ROSTER}'/>" if asked.name == f"{ROSTER} query" else ""


HANDLERS: dict[str, Callable[[Xmpp, Element], None]] = {
    f"{TLS} starttls": Xmpp.starttls, f"{SASL} auth": Xmpp.auth, "jabber:client iq": Xmpp.iq,
}  # fmt: skip
"""What is not here (messages, presence) is taken in silence."""
ANSWERS: dict[str, Callable[[Xmpp, Element, str], str]] = {
    f"{BIND} bind": Xmpp.bound, f"{DISCO}#items query": Xmpp.items, f"{DISCO}#info query": Xmpp.info, f"{SLOT} request": Xmpp.slot,
    f"{SESSION} session": Xmpp.nothing, f"{ROSTER} query": Xmpp.nothing, "urn:xmpp:ping ping": Xmpp.nothing,
    "urn:xmpp:carbons:2 enable": Xmpp.nothing,
}  # fmt: skip
