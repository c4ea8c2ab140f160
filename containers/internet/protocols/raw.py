"""Keeps whatever comes, whole: the protocol of last resort, which every other one hands over to."""

import sys

from honeyweights.containers.internet.receipts import About, Transfer
from honeyweights.containers.internet.rules import LAST, Rule, anything
from honeyweights.containers.internet.talk import Data, House, Line, Talker

BANNERS = {5900: "RFB 003.008\n", 6600: "OK MPD 0.23.5\n"}
"""What a server says first where the server speaks first."""
RULES = (Rule("raw", anything, "raw:Raw", greets=frozenset(BANNERS), rank=LAST),)
PLAIN = About(channel="tcp", protocol="raw-tcp")


class Raw(Talker):
    """One receipt for all that comes; a connection that brings nothing is a contact."""

    def __init__(self, line: Line, house: House, about: About = PLAIN, *, tail: bool = False) -> None:
        """`tail`: what comes behind another protocol's last word, where silence is the rule."""
        self._line = line
        self._house = house
        self._about = about._replace(claimed=about.claimed or line.claimed)
        self._tail = tail
        self._transfer: Transfer | None = None
        banner = BANNERS.get(line.remote.port)
        if banner is not None and about is PLAIN and not tail and not line.secure:
            line.send(banner.format(host=line.remote.host or "mail").encode("ascii", "replace"))

    def received(self, data: Data) -> None:
        """Keeps."""
        if self._transfer is None:
            self._transfer = self._house.ledger.open(self._line.remote, self._about)
        self._transfer.write(data)

    def ended(self) -> None:
        """The whole of it came; the server has nothing to say."""
        self._close(finished=True)
        self._line.shut()

    def broken(self) -> None:
        """The rest will never come."""
        self._close(finished=False)

    def flush(self) -> None:
        """Closes the receipt as it stands; more of the stream begins another."""
        self._close(finished=False)

    def _close(self, *, finished: bool) -> None:
        if self._transfer is not None:
            self._transfer.close(finished=finished)
            self._transfer = None
        elif not self._tail:
            self._house.ledger.contact(self._line.remote, "empty", "tcp", port=self._line.remote.port)
        self._tail = True


def confused(line: Line, house: House, fault: Exception, data: Data) -> None:
    """A protocol that an adversary's bytes have confused must not cost us the bytes: what came and comes is kept raw.

    What it had held is lost, and counted as of unknown size.
    """
    print(f"confused by {line.remote}: {fault!r}", file=sys.stderr)  # noqa: T201  # for an operator; evidence is the next line
    house.ledger.lose("conversation", 1, 0)
    heir = Raw(line, house, tail=True)
    line.turn(heir)
    if len(data):
        heir.received(data)


def unheard(line: Line, house: House, held: Data) -> None:
    """What a talker had put off and will not be told any more is kept as it came."""
    raw = Raw(line, house, tail=True)
    line.turn(raw)
    raw.received(held)
    raw.flush()


def leave(line: Line, house: House) -> None:
    """Says no more on this line. What the client sends all the same is kept."""
    line.turn(Raw(line, house, tail=True))
    line.shut()
