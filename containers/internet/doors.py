"""Connections and datagrams that a protocol awaits beside its own: FTP's data connections, TFTP's transfers.

A door is bound to the asked address and a port that the protocol has named to its client, so what comes through belongs to that dialogue
and not to whatever the port would mean else.
"""

from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from honeyweights.containers.internet.talk import House, Line, Remote, Talker

MOST = 4096
"""Doors that stand open. Somebody who asks for more loses the oldest: what comes there is then taken as on any other port."""
FIRST, LAST = 30_000, 60_000
"""Ports that are given out."""

Opens = Callable[["Line", "House"], "Talker"]
Takes = Callable[["Remote", bytes], None]


class Doors:
    """All doors of a world."""

    def __init__(self) -> None:
        self._streams: OrderedDict[tuple[str, int], Opens] = OrderedDict()
        self._datagrams: OrderedDict[tuple[str, int], Takes] = OrderedDict()
        self._last = FIRST

    def stream(self, address: str, opens: Opens) -> int:
        """Awaits one connection to `address`; gives its port."""
        port = self._port(address)
        if len(self._streams) >= MOST:
            self._streams.popitem(last=False)
        self._streams[address, port] = opens
        return port

    def datagrams(self, address: str, takes: Takes) -> int:
        """Awaits datagrams to `address`, until the door is shut; gives its port."""
        port = self._port(address)
        if len(self._datagrams) >= MOST:
            self._datagrams.popitem(last=False)
        self._datagrams[address, port] = takes
        return port

    def shut(self, address: str, port: int) -> None:
        """Awaits no more."""
        self._streams.pop((address, port), None)
        self._datagrams.pop((address, port), None)

    def entered(self, remote: "Remote") -> Opens | None:
        """Whose this new connection is; the door shuts behind it."""
        return self._streams.pop((remote.address, remote.port), None)

    def dropped(self, remote: "Remote") -> Takes | None:
        """Whose this datagram is."""
        return self._datagrams.get((remote.address, remote.port))

    def _port(self, address: str) -> int:
        """Ports in an order that looks like none: 30,000 steps of 7,919, a prime, before one comes again."""
        while True:
            self._last = FIRST + (self._last - FIRST + 7919) % (LAST - FIRST)
            if (address, self._last) not in self._streams and (address, self._last) not in self._datagrams:
                return self._last
