"""How a protocol says what is its own. Each module or folder of `protocols/` holds its rules, `sniff` gathers them: no list names them all.

First bytes come first because an adversary chooses the port; the port alone decides only who speaks first when the client is silent, and
what a datagram is.
"""

from collections.abc import Callable
from typing import NamedTuple

HELD = 64
"""Bytes within which every rule has decided."""
USUAL, LAST = 50, 100
"""Ranks: who is asked first, where the first bytes of two protocols could be the same."""

Opens = Callable[[bytes], bool | None]
"""First bytes -> theirs, not theirs, or None for not yet known."""


class Rule(NamedTuple):
    """A protocol over TCP and how it is known. A protocol's module holds `RULES`, a tuple of these."""

    name: str
    opens: Opens
    talker: str
    """`module:class`, from `protocols` on; imported when first needed, so that a library costs nothing before."""
    ports: frozenset[int] | None = None
    """Where it is looked for; None for everywhere."""
    greets: frozenset[int] = frozenset()
    """Where it speaks first to a silent client."""
    greets_inside: frozenset[int] = frozenset()
    """Where it does so inside TLS."""
    rank: int = USUAL


class Datagram(NamedTuple):
    """A protocol over UDP, known by its port. A protocol's module holds `DATAGRAMS`, a tuple of these."""

    name: str
    port: int
    answer: str
    """`module:function(remote, data, house) -> (reply or None, taken)`; what is not taken is kept raw."""


def begins(*prefixes: bytes) -> Opens:
    """A protocol whose first bytes are always one of these."""

    def opens(first: bytes) -> bool | None:
        if first.startswith(prefixes):
            return True
        return None if any(prefix.startswith(first) for prefix in prefixes) else False

    return opens


def never(_first: bytes) -> bool:
    """A protocol that first bytes never tell: it is spoken only where the server greets."""
    return False


def anything(_first: bytes) -> bool:
    """The protocol of last resort."""
    return True
