"""Decides which protocol a connection speaks: by its first bytes, then by the port it was meant for.

A new protocol is one row here and one file in `protocols/`. First bytes come first because an adversary chooses the port; the port alone
decides only who speaks first when the client is silent, and what a datagram is.
"""

from collections.abc import Callable
from importlib import import_module
from typing import Any, NamedTuple

from honeyweights.containers.internet.protocols.raw import Raw
from honeyweights.containers.internet.talk import Data, House, Line, Remote, Talker

PATIENCE = 0.2
"""Seconds for which a silent client is given the first word, where the port's protocol would have the server greet."""
HELD = 64
"""Bytes within which every row has decided."""
METHODS = (b"GET", b"HEAD", b"POST", b"PUT", b"DELETE", b"OPTIONS", b"PATCH", b"TRACE", b"CONNECT", b"PROPFIND", b"PROPPATCH", b"MKCOL",
           b"MOVE", b"COPY", b"LOCK", b"UNLOCK", b"REPORT", b"SEARCH", b"PURGE")  # fmt: skip

Opens = Callable[[bytes], bool | None]
"""First bytes -> theirs, not theirs, or None for not yet known."""


class Rule(NamedTuple):
    """A protocol over TCP and how it is known."""

    name: str
    opens: Opens
    talker: str
    """`module:class` in `protocols/`; imported when first needed."""
    ports: frozenset[int] | None = None
    """Where it is looked for; None for everywhere."""
    greets: frozenset[int] = frozenset()
    """Where it speaks first to a silent client."""


class Datagram(NamedTuple):
    """A protocol over UDP: known by its port."""

    name: str
    port: int
    answer: str
    """`module:function(remote, data, house) -> (reply or None, taken)`; what is not taken is kept raw."""


def begins(prefix: bytes) -> Opens:
    """A protocol whose first bytes are always the same."""

    def opens(first: bytes) -> bool | None:
        if first.startswith(prefix):
            return True
        return None if prefix.startswith(first) else False

    return opens


def http_request(first: bytes) -> bool | None:
    """A method that is spoken on the web and the beginning of a target (RFC 9112, 3)."""
    method, space, target = first.partition(b" ")
    if not space:
        return None if any(known.startswith(method) for known in METHODS) else False
    if method not in METHODS:
        return False
    return None if not target else method == b"CONNECT" or target[:1] in b"/hH*"


def dns_question(first: bytes) -> bool | None:
    """A length, then the header of a question: QR 0 and one question (RFC 1035, 4.2.2)."""
    if len(first) < 8:  # noqa: PLR2004  # length, id, flags, number of questions
        return None
    return int.from_bytes(first[:2], "big") > 16 and not first[4] & 0x80 and first[6:8] == b"\0\1"  # noqa: PLR2004  # header and shortest question


RULES: tuple[Rule, ...] = (
    Rule("tls", begins(b"\x16\x03"), "tls:Tls"),
    Rule("ssh", begins(b"SSH-"), "ssh:Ssh", greets=frozenset({22, 2222})),
    Rule("http", http_request, "http:Http"),
    Rule("dns", dns_question, "dns:DnsOverTcp", ports=frozenset({53, 853})),
    Rule("raw", lambda _first: True, "raw:Raw", greets=frozenset({21, 25, 110, 143, 587})),
)
DATAGRAMS: tuple[Datagram, ...] = (
    Datagram("dns", 53, "dns:answer"),
    Datagram("ntp", 123, "ntp:answer"),
)
_BY_PORT = {row.port: row for row in DATAGRAMS}


def find(first: bytes, port: int) -> Rule | None:
    """The first row that knows these bytes, or None while a row may still come to know them."""
    for rule in RULES:
        if rule.ports is not None and port not in rule.ports:
            continue
        known = rule.opens(first)
        if known is None and len(first) < HELD:
            return None
        if known:
            return rule
    return RULES[-1]


def load(name: str) -> Callable[..., Any]:
    """What `module:attribute` names in `protocols/`."""
    module, _, attribute = name.partition(":")
    found: Callable[..., Any] = getattr(import_module(f"honeyweights.containers.internet.protocols.{module}"), attribute)
    return found


def talker(rule: Rule, line: Line, house: House) -> Talker:
    """The rule's protocol on this line."""
    made = load(rule.talker)(line, house)
    assert isinstance(made, Talker)  # noqa: S101  # RULES says so, and a test reads RULES
    return made


def datagram(remote: Remote, data: Data, house: House) -> tuple[bytes | None, bool]:
    """The answer to a datagram, and whether its protocol has taken it into the ledger."""
    row = _BY_PORT.get(remote.port)
    if row is None:
        return None, False
    answered: tuple[bytes | None, bool] = load(row.answer)(remote, bytes(data), house)
    return answered


class Sniffer(Talker):
    """Holds a connection's first bytes until a row knows them."""

    def __init__(self, line: Line, house: House) -> None:
        self._line = line
        self._house = house
        self._held = bytearray()
        self._greeters = [rule for rule in RULES if line.remote.port in rule.greets]
        if self._greeters:
            line.later(PATIENCE, self._greet)
        self._decided = False

    def received(self, data: Data) -> None:
        """Decides, or waits for more."""
        if self._held:
            self._held += data
            data = bytes(self._held)
        rule = find(bytes(data[:HELD]), self._line.remote.port)
        if rule is None:
            self._held[:] = data
        else:
            self._hand_over(rule, data)

    def ended(self) -> None:
        """Nobody will know these few bytes any more: they are raw."""
        self._raw().ended()

    def broken(self) -> None:
        """As for `ended`."""
        self._raw().broken()

    def flush(self) -> None:
        """As for `ended`, but the connection lives on."""
        self._raw().flush()

    def _raw(self) -> Talker:
        raw = Raw(self._line, self._house)
        self._line.turn(raw)
        self._decided = True
        if self._held:
            raw.received(bytes(self._held))
        return raw

    def _greet(self) -> None:
        if not self._held and not self._decided:
            self._hand_over(self._greeters[0], b"")

    def _hand_over(self, rule: Rule, data: Data) -> None:
        self._decided = True
        heir = talker(rule, self._line, self._house)
        self._line.turn(heir)
        if data:
            heir.received(data)
