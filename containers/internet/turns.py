"""Whose turn it is: work that can wait, of all connections, one piece in each round of the loop, so that a round is never long.

Whoever has just said something is heard at once; whoever has asked for more than a turn's work waits here with all others of that kind.
"""

import asyncio
from collections import deque
from collections.abc import Callable

TURN = 0.02
"""Seconds for which one connection is served while others wait."""
FIRST_TURN = 0.002
"""Seconds for a connection that was just heard, while others wait here: thousands may be heard in the same round."""


class Turns:
    """The queue."""

    def __init__(self) -> None:
        self._waiting: deque[Callable[[], None]] = deque()

    def ask(self, call: Callable[[], None]) -> None:
        """Calls when it is its turn."""
        self._waiting.append(call)
        if len(self._waiting) == 1:
            asyncio.get_running_loop().call_soon(self._next)

    def first(self) -> float:
        """Seconds for somebody who was just heard."""
        return FIRST_TURN if self._waiting else TURN

    def _next(self) -> None:
        try:
            self._waiting[0]()
        finally:
            self._waiting.popleft()
            if self._waiting:
                asyncio.get_running_loop().call_soon(self._next)
