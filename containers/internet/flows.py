"""Joins what has no connection (datagrams, pings, DNS questions) into transfers: same key, same transfer, until it is idle."""

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable

from honeyweights.containers.internet.receipts import Transfer

IDLE = 5.0
"""Seconds of silence that end a flow."""
MOST = 4096
"""Open flows. An adversary who uses a port a datagram ends the oldest ones early, nothing else."""


class Flows:
    """Open flows, the one heard longest ago first."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._open: OrderedDict[Hashable, Transfer] = OrderedDict()

    def __len__(self) -> int:
        return len(self._open)

    def write(self, key: Hashable, data: bytes | bytearray | memoryview, begin: Callable[[], Transfer]) -> bool:
        """Adds to the flow of that key, which `begin` opens where there is none; gives whether it was opened now."""
        flow = self._open.get(key)
        fresh = flow is None
        if flow is None:
            if len(self._open) >= MOST:
                self._open.popitem(last=False)[1].close(finished=True)
            flow = self._open[key] = begin()
        self._open.move_to_end(key)
        flow.write(data)
        flow.heard = self._clock()
        return fresh

    def sweep(self) -> None:
        """Closes the flows that were silent for `IDLE` seconds."""
        now = self._clock()
        while self._open:
            key, flow = next(iter(self._open.items()))
            if now - flow.heard < IDLE:
                return
            del self._open[key]
            flow.close(finished=True)

    def end(self) -> None:
        """Closes all flows. A datagram arrives whole or not at all: there is nothing about a flow that could have been broken off."""
        while self._open:
            self._open.popitem(last=False)[1].close(finished=True)
