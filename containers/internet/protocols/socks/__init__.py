"""SOCKS 4, 4a and 5: how a proxy's client begins.

A client says a few bytes and waits, so elsewhere than on the usual ports a beginning is one only when nothing follows it.
"""

from honeyweights.containers.internet.rules import Rule

PORTS = frozenset({1080, 1081, 1086, 2080, 7890, 7891, 9050, 9150, 10808})
METHODS = frozenset({0, 1, 2, 3, 5, 6, 7, 8, 9})
"""Ways to log in that have been given a number (RFC 1928 and its registry)."""
MOST_METHODS = 10


def usual(first: bytes) -> bool | None:
    """The version, and a number of methods or a command."""
    if len(first) < 2:  # noqa: PLR2004  # both
        return None if first in {b"", b"\4", b"\5"} else False
    return (first[0] == 5 and 0 < first[1] <= MOST_METHODS) or (first[0] == 4 and first[1] in {1, 2})  # noqa: PLR2004  # versions, commands


def alone(first: bytes) -> bool | None:
    """A whole beginning, and nothing behind it."""
    known = usual(first)
    if not known:
        return known
    if first[0] == 5:  # noqa: PLR2004  # the version
        methods = first[2:]
        if not METHODS.issuperset(methods) or len(methods) > first[1]:
            return False
        return True if len(methods) == first[1] else None
    strings = 2 if first[4:7] == b"\0\0\0" and first[7:8] != b"\0" else 1
    ended = first[8:].count(b"\0")
    if len(first) < 9 or ended < strings:  # noqa: PLR2004  # a user's name and its end
        return None
    return ended == strings and first.endswith(b"\0")


RULES = (
    Rule("socks", usual, "socks.server:Socks", ports=PORTS, rank=40),
    Rule("socks-anywhere", alone, "socks.server:Socks", rank=60),
)
