"""The upgrade to WebSocket (RFC 6455, 4.2): no extension is agreed to, of the client's subprotocols the first."""

import base64
import hashlib
import re

from honeyweights.containers.internet import sniff
from honeyweights.containers.internet.protocols.http.exchange import Answering, Fields, Head, Reply, Service, Upgrade
from honeyweights.containers.internet.protocols.http.fields import noted
from honeyweights.containers.internet.receipts import About
from honeyweights.containers.internet.spool import Capture
from honeyweights.containers.internet.talk import House, Line, Talker

VERSION = "13"
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")


def claims(head: Head, _house: House) -> bool:
    """By the key that no other upgrade has."""
    wanted = {token.strip().lower() for token in head.header("upgrade").split(",")}
    return head.method == "GET" and head.version == "1.1" and "websocket" in wanted and "sec-websocket-key" in head.headers


def serve(head: Head, house: House) -> Answering:
    """Agrees."""
    channel = "https" if head.secure else "http"
    about = About(channel, "websocket", method="message", target=head.target, claimed=head.host or None, headers=noted(head.headers))

    def talker(line: Line) -> Talker:
        made = sniff.load("http.websocket:WebSocket")(line, house, about)
        assert isinstance(made, Talker)  # noqa: S101  # loaded by name: wsproto is imported only where somebody speaks it
        return made

    def answer(_capture: Capture) -> Reply | Upgrade:
        if head.header("sec-websocket-version") != VERSION:
            return Reply(426, "text/plain", b"Upgrade Required\n", (("Sec-WebSocket-Version", VERSION),))
        token = accepted(head.header("sec-websocket-key"))
        extra: Fields = (("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Accept", token))
        first = head.header("sec-websocket-protocol").partition(",")[0].strip()
        if _TOKEN.fullmatch(first):
            extra += (("Sec-WebSocket-Protocol", first),)
        return Upgrade(101, extra, talker)

    return Answering(answer)


def accepted(key: str) -> str:
    """What proves that we understood (RFC 6455, 4.2.2)."""
    return base64.b64encode(hashlib.sha1(key.encode("latin-1") + GUID, usedforsecurity=False).digest()).decode("ascii")


SERVICES = (Service("websocket", claims, "http.services.upgrade:serve", protocol="websocket", rank=20),)
