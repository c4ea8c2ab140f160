"""Decides which protocol a connection speaks: by its first bytes, then by the port it was meant for.

A new protocol is one new module or folder in `protocols/`, which holds its own rules (see `rules`); here they are gathered, and nothing
here knows any of them but the last resort.
"""

import pkgutil
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any

from honeyweights.containers.internet import protocols
from honeyweights.containers.internet.protocols.raw import Raw
from honeyweights.containers.internet.receipts import About
from honeyweights.containers.internet.rules import HELD, Datagram, Rule
from honeyweights.containers.internet.talk import Data, House, Line, Remote, Talker

RAW_UDP = About(channel="udp", protocol="raw-udp")
QUIC = 443
"""Its datagrams never come here by themselves: the kernel refuses them, and tells us."""
PATIENCE = 0.2
"""Seconds for which a silent client is given the first word, where the port's protocol would have the server greet."""


def load(name: str) -> Callable[..., Any]:
    """What `module:attribute` names in `protocols/`."""
    module, _, attribute = name.partition(":")
    found: Callable[..., Any] = getattr(import_module(f"{protocols.__name__}.{module}"), attribute)
    return found


def _gathered(kind: str) -> tuple[Any, ...]:
    modules = [import_module(f"{protocols.__name__}.{found.name}") for found in pkgutil.iter_modules(protocols.__path__)]
    return tuple(row for module in modules for row in getattr(module, kind, ()))


RULES: tuple[Rule, ...] = tuple(sorted(_gathered("RULES"), key=lambda rule: (rule.rank, rule.name)))
DATAGRAMS: tuple[Datagram, ...] = _gathered("DATAGRAMS")
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


def talker(rule: Rule, line: Line, house: House) -> Talker:
    """The rule's protocol on this line."""
    made = load(rule.talker)(line, house)
    assert isinstance(made, Talker)  # noqa: S101  # RULES says so, and a test reads RULES
    return made


def datagram(remote: Remote, data: Data, house: House) -> tuple[bytes | None, bool]:
    """The answer to a datagram, and whether its protocol has taken it into the ledger."""
    takes = house.doors.dropped(remote)
    if takes is not None and len(data):
        takes(remote, bytes(data))
        return None, True
    row = _BY_PORT.get(remote.port)
    if row is None:
        return None, False
    answered: tuple[bytes | None, bool] = load(row.answer)(remote, bytes(data), house)
    return answered


def arrived(remote: Remote, data: Data, house: House) -> bytes | None:
    """A datagram is where it was meant to go: what nobody takes is kept raw; gives the answer.

    One to a place that is closed got that far on the proxy's word alone: it is kept, and nobody answers.
    """
    how = house.closed.get((remote.address, remote.port)) if remote.via else None
    try:
        reply, taken = datagram(remote, data, house) if how is None else (None, False)
    except Exception as fault:  # noqa: BLE001  # a protocol that an adversary's bytes have confused must not cost us the bytes
        print(f"confused by a datagram to {remote}: {fault!r}", file=sys.stderr)  # noqa: T201  # for an operator
        reply, taken = None, False
    if not taken and len(data):
        about = RAW_UDP._replace(protocol="quic") if remote.via and remote.port == QUIC else RAW_UDP
        house.flows.write(("udp", remote), data, lambda: house.ledger.open(remote, about))
    if how is not None or not len(data):
        house.ledger.contact(remote, how or "empty", "udp", port=remote.port)
    return reply


def first(line: Line, house: House) -> Talker:
    """Whoever is told first what comes on a new connection, or in a tunnel: the dialogue that awaits it, or a sniffer."""
    return (house.doors.entered(line.remote) or Sniffer)(line, house)


class Sniffer(Talker):
    """Holds a connection's first bytes until a row knows them."""

    def __init__(self, line: Line, house: House) -> None:
        self._line = line
        self._house = house
        self._port = line.remote.port
        self._held = bytearray()
        self._greeters = [rule for rule in RULES if self._port in (rule.greets_inside if line.secure else rule.greets)]
        if self._greeters:
            line.later(PATIENCE, self._greet)
        self._decided = False

    def received(self, data: Data) -> None:
        """Decides, or waits for more."""
        if self._held:
            self._held += data
            data = bytes(self._held)
        rule = find(bytes(data[:HELD]), self._port)
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
