"""IMAP: mail that is kept on a server."""

import re

from honeyweights.containers.internet.rules import HELD, Rule

CLEAR, SECURE = frozenset({143, 1143, 2143, 3143, 10143}), frozenset({993, 1993, 9993, 10993})
_TAGGED = re.compile(rb"[\w.$*-]{1,16} (?:CAPABILITY|LOGIN|AUTHENTICATE|STARTTLS|ID|NOOP)\b", re.IGNORECASE)


def tagged(first: bytes) -> bool | None:
    """A tag and one of the commands that a client begins with."""
    if _TAGGED.match(first):
        return True
    return False if len(first) >= HELD or b"\n" in first or not first[:1].isalnum() else None


RULES = (Rule("imap", tagged, "imap.server:Imap", ports=CLEAR | SECURE, greets=CLEAR, greets_inside=CLEAR | SECURE),)
