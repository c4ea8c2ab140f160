"""What the assay may spend on one sample, and the account of everything that it gave up on.

Law of this file: an exhausted budget never changes what was found, only whether it is a lower bound. Produced bytes and depth are
deterministic; seconds are a last stop, and a result that they cut short says so. They are the processor's own: a busy machine says no less
than a quiet one.
"""

import time

from honeyweights.evidence.assay.request import Budgets

_HEADS = 8
_PATIENCE = 4.0
"""The clock's seconds for each of the processor's, at most: whoever waits for the answer does not wait for ever."""


class Budget:
    """Spends `Budgets` over the sources of one run. Each source gets an equal share of what is left, so none can starve those after it."""

    def __init__(self, limits: Budgets) -> None:
        self.depth = limits.depth
        self.expansion = limits.expansion
        self._bytes_left = limits.produced_bytes
        self._began = time.process_time(), time.monotonic()
        self._stop = limits.seconds
        self._share_bytes = self._bytes_left
        self._share_stop = self._stop
        self._heads = 0
        self._gave_up: dict[str, None] = {}

    @property
    def gave_up(self) -> tuple[str, ...]:
        """One sentence for each thing that was not looked at to the end; not empty means a lower bound."""
        return tuple(self._gave_up)

    def share(self, sources_left: int) -> None:
        """Opens the next source's account: its part of what is left, in bytes and in seconds."""
        now = self._spent()
        self._share_bytes = self._bytes_left // max(1, sources_left)
        self._share_stop = now + max(0.0, self._stop - now) / max(1, sources_left)

    def take(self, size: int) -> bool:
        """Spends `size` produced bytes; false, and nothing spent, when the share does not hold them."""
        if size > self._share_bytes:
            self.give_up("decoding stopped at the limit of produced bytes")
            return False
        self._share_bytes -= size
        self._bytes_left -= size
        return True

    def head(self) -> bool:
        """Counts a place with no magic at which every secret is tried as a key; false when there were too many of these."""
        self._heads += 1
        if self._heads <= _HEADS:
            return True
        self.give_up(f"raw keys were tried at the first {_HEADS} unread beginnings only")
        return False

    def late(self) -> bool:
        """The share's seconds are over."""
        if time.monotonic() - self._began[1] < self._share_stop or self._spent() < self._share_stop:
            return False  # one thread's processor time is never more than the clock's, which is quicker to ask
        self.give_up("the assay stopped at the limit of seconds")
        return True

    def _spent(self) -> float:
        """Seconds since it was made."""
        processor, clock = self._began
        return max(time.process_time() - processor, (time.monotonic() - clock) / _PATIENCE)

    def give_up(self, sentence: str) -> None:
        """Makes the result a lower bound, and says why; at most 32 different reasons are kept."""
        if len(self._gave_up) < 32:  # noqa: PLR2004  # said in the docstring
            self._gave_up[sentence] = None
