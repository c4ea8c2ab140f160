"""Waits for descriptors in a thread, by `poll`: `select` knows none from 1,024 on, and each of thousands of connections is one."""

import select
from collections.abc import Iterable


def ready(reads: Iterable[int], writes: Iterable[int] = (), *, seconds: float | None = None) -> set[int]:
    """Those that can be read or written, or are at their end; none when the time is up."""
    waiting = select.poll()
    for file in reads:
        waiting.register(file, select.POLLIN)
    for file in writes:
        waiting.register(file, select.POLLOUT)
    return {file for file, _ in waiting.poll(None if seconds is None else seconds * 1000)}
