"""The ledger: opens a transfer when its first byte is expected, closes it into a receipt, counts what is in flight.

A receipt's identity (address, port, name) is bound by whoever opens the transfer, from the wire; what the client claims stands beside it.
Any thread may write: SSH has threads of its own.
"""

import threading
import time
from typing import Any, NamedTuple, Protocol

from honeyweights.containers.internet.journal import Journal
from honeyweights.containers.internet.spool import Capture, Spool
from honeyweights.containers.internet.text import plain

FRESH = {"dns": 0.5, "icmp": 1.0, "udp": 1.0}
FRESH_OTHERS = 3.0
"""Seconds since its last byte for which an open transfer counts as in flight, by channel: what has no connection does not say when it is
over, and nobody should wait long for a question that was answered."""


class Where(Protocol):
    """What a receipt needs to know of a remote end."""

    @property
    def address(self) -> str: ...  # noqa: D102  # see talk.Remote
    @property
    def port(self) -> int: ...  # noqa: D102
    @property
    def host(self) -> str | None: ...  # noqa: D102
    @property
    def via(self) -> tuple[str, ...]: ...  # noqa: D102


class About(NamedTuple):
    """What a protocol knows of a transfer when it begins."""

    channel: str
    protocol: str
    method: str | None = None
    target: str | bytes | None = None
    claimed: str | bytes | None = None
    head: str | None = None
    """SHA-256 of the request's head in the spool."""
    headers: tuple[tuple[str, str], ...] = ()
    """What of the head a receipt shows by itself; never a secret."""


class Transfer:
    """One transfer on its way. After a flush the next byte begins a continuation with the same identity."""

    closed: bool
    capture: Capture
    started: int
    heard: float
    order: int

    def __init__(self, ledger: "Ledger", where: Where, about: About) -> None:
        self._ledger = ledger
        self._where = where
        self._about = about
        self._begin()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Payload that the workstation sent."""
        with self._ledger.lock:
            if self.closed:
                self._begin()
            self.capture.write(data)
            self.heard = time.monotonic()

    def fresh(self, now: float) -> bool:
        """Whether it was heard lately."""
        return now - self.heard < FRESH.get(self._about.channel, FRESH_OTHERS)

    def close(self, *, finished: bool) -> Capture:
        """Writes the receipt, once. `finished`: the transfer ended as its protocol wants."""
        with self._ledger.lock:
            if not self.closed:
                self.closed = True
                self._ledger.closed(self, self._body(finished))
            return self.capture

    def _begin(self) -> None:
        self.closed = False
        self.capture = self._ledger.spool.open()
        self.started = time.time_ns() // 1000
        self.heard = time.monotonic()
        self.order = self._ledger.opened(self)

    def _body(self, finished: bool) -> dict[str, Any]:
        about, where = self._about, self._where
        digest = self.capture.close()
        return {
            "channel": about.channel,
            "protocol": about.protocol,
            "host": None if where.host is None else plain(where.host),
            "address": where.address,
            "port": where.port,
            "via": [plain(hop) for hop in where.via],
            "claimed": None if about.claimed is None else plain(about.claimed),
            "method": None if about.method is None else plain(about.method, 64),
            "target": None if about.target is None else plain(about.target),
            "sent": self.capture.sent,
            "captured": self.capture.captured,
            "digest": digest,
            "started": self.started,
            "ended": time.time_ns() // 1000,
            "finished": finished,
            "head": about.head,
            "headers": {name: plain(value, 256) for name, value in about.headers},
            "stream": self.order,
        }


class Ledger:
    """All transfers of a world."""

    def __init__(self, journal: Journal, spool: Spool) -> None:
        self.journal = journal
        self.spool = spool
        self.lock = threading.RLock()
        self.receipts = 0
        self.bytes = 0
        self.lost: dict[str, int] = {}
        self._open: dict[int, Transfer] = {}
        self._orders = 0
        spool.reached = self._full

    def open(self, where: Where, about: About) -> Transfer:
        """Begins a transfer."""
        with self.lock:
            return Transfer(self, where, about)

    def whole(self, where: Where, about: About, payload: bytes | bytearray, *, finished: bool = True) -> None:
        """A transfer that came at once."""
        transfer = self.open(where, about)
        if payload:
            transfer.write(payload)
        transfer.close(finished=finished)

    def keep(self, data: bytes | bytearray) -> str | None:
        """Keeps bytes that a receipt of their own would only blow up; gives their digest."""
        capture = self.spool.open()
        capture.write(data)
        digest = capture.close()
        if capture.captured < capture.sent:
            self.lose("capture", 1, capture.sent - capture.captured)
        return digest

    def contact(self, where: Where, how: str, proto: str, *, port: int | None = None) -> None:
        """An attempt that ended before any payload."""
        host = None if where.host is None else plain(where.host)
        body = {"how": how, "proto": proto, "host": host, "address": where.address, "port": port, "t": time.time_ns() // 1000}
        self.journal.write("contact", body)

    def lose(self, what: str, count: int, size: int) -> None:
        """Says in the journal what could not be kept."""
        self.lost[what] = self.lost.get(what, 0) + count
        self.journal.write("lost", {"what": what, "count": count, "bytes": size})

    def _full(self) -> None:
        """The limit of captures was reached: from now on bytes are only counted. Said once, at the moment when it happens."""
        self.journal.write("limit", {"what": "captures", "bytes": self.spool.limit})

    def opened(self, transfer: Transfer) -> int:
        """Registers a transfer; gives its place in the order of beginnings."""
        self._orders += 1
        self._open[self._orders] = transfer
        return self._orders

    def closed(self, transfer: Transfer, body: dict[str, Any]) -> None:
        """Writes the receipt of a transfer that has ended."""
        del self._open[transfer.order]
        if body["captured"] < body["sent"]:
            self.lose("capture", 1, body["sent"] - body["captured"])
        self.receipts += 1
        self.bytes += body["sent"]
        self.journal.write("receipt", body)

    def in_flight(self) -> int:
        """Open transfers that heard something lately: an idle connection is none."""
        now = time.monotonic()
        with self.lock:
            return sum(transfer.fresh(now) for transfer in self._open.values())

    def flush(self) -> None:
        """Closes every open transfer as not finished."""
        with self.lock:
            for transfer in list(self._open.values()):
                transfer.close(finished=False)
        self.journal.settle()
