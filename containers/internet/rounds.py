"""What one round of the loop serves: a selector that gives a little of what is ready at a time. Thousands of uploads make no long round.

Three ranks. Listeners, datagrams and the harness are looked at in every round; then come a few connections that have not said much yet,
and fewer of those that have. Who was left out is first in the next round: the kernel's own list of what is ready goes round (epoll(7)).
"""

import math
import select
from collections.abc import Mapping
from contextlib import suppress
from selectors import EVENT_READ, EVENT_WRITE, BaseSelector, SelectorKey
from typing import Any

ALWAYS, NEW, MUCH = range(3)
"""Ranks. Whatever nobody ranks is served in every round."""
A_ROUND = (64, 16, 4)
"""Of each rank, how many are served in one round."""
A_LITTLE = 1 << 14
"""Bytes that a connection may say before it waits with those who say much."""
_MASKS = {EVENT_READ: select.EPOLLIN, EVENT_WRITE: select.EPOLLOUT, EVENT_READ | EVENT_WRITE: select.EPOLLIN | select.EPOLLOUT}


class Rounds(BaseSelector):
    """One epoll for each rank, and one that wakes up for any of them."""

    def __init__(self) -> None:
        self._keys: dict[int, SelectorKey] = {}
        self._ranks: dict[int, int] = {}
        self._said: dict[int, int] = {}
        self._polls = tuple(select.epoll() for _ in A_ROUND)
        self._any = select.epoll()
        for poll in self._polls:
            self._any.register(poll.fileno(), select.EPOLLIN)

    def rank(self, fd: int, rank: int) -> None:
        """From now on. Whoever gives a rank other than ALWAYS takes it back before the descriptor is closed: numbers come again."""
        before = self._ranks.pop(fd, ALWAYS)
        self._said.pop(fd, None)
        if rank != ALWAYS:
            self._ranks[fd] = rank
        if rank == NEW:
            self._said[fd] = 0
        if fd in self._keys and rank != before:
            self._polls[before].unregister(fd)
            self._polls[rank].register(fd, _MASKS[self._keys[fd].events])

    def heard(self, fd: int, count: int) -> None:
        """So many bytes came from one that was new: beyond a little it is not."""
        if fd in self._said:
            self._said[fd] += count
            if self._said[fd] > A_LITTLE:
                self.rank(fd, MUCH)

    def register(self, fileobj: Any, events: int, data: Any = None) -> SelectorKey:
        """As for any selector."""
        fd = _number(fileobj)
        if fd in self._keys:
            raise KeyError(f"{fileobj!r} is registered already")
        self._polls[self._ranks.get(fd, ALWAYS)].register(fd, _MASKS[events])
        self._keys[fd] = SelectorKey(fileobj, fd, events, data)
        return self._keys[fd]

    def unregister(self, fileobj: Any) -> SelectorKey:
        """As for any selector; a descriptor that is closed already left its epoll by itself."""
        key = self._keys.pop(_number(fileobj))
        with suppress(OSError):
            self._polls[self._ranks.get(key.fd, ALWAYS)].unregister(key.fd)
        return key

    def modify(self, fileobj: Any, events: int, data: Any = None) -> SelectorKey:
        """As for any selector."""
        key = self._keys[_number(fileobj)]
        if events != key.events:
            self._polls[self._ranks.get(key.fd, ALWAYS)].modify(key.fd, _MASKS[events])
        self._keys[key.fd] = key._replace(events=events, data=data)
        return self._keys[key.fd]

    def select(self, timeout: float | None = None) -> list[tuple[SelectorKey, int]]:
        """A round: what is ready, by ranks, and no more of it than a round serves."""
        wait = -1.0 if timeout is None else math.ceil(max(0.0, timeout) * 1e3) * 1e-3  # epoll counts milliseconds: never too early
        awake = {fd for fd, _ in self._any.poll(wait)}
        found = []
        for poll, most in zip(self._polls, A_ROUND, strict=True):
            for fd, event in poll.poll(0, most) if poll.fileno() in awake else ():
                key = self._keys[fd]
                happened = (EVENT_READ if event & ~select.EPOLLOUT else 0) | (EVENT_WRITE if event & ~select.EPOLLIN else 0)
                found.append((key, happened & key.events))
        return found

    def close(self) -> None:
        """As for any selector."""
        for poll in (self._any, *self._polls):
            poll.close()
        self._keys.clear()

    def get_key(self, fileobj: Any) -> SelectorKey:
        """As for any selector."""
        return self._keys[_number(fileobj)]

    def get_map(self) -> Mapping[Any, SelectorKey]:
        """As for any selector."""
        return {key.fileobj: key for key in self._keys.values()}


def _number(fileobj: Any) -> int:
    return fileobj if isinstance(fileobj, int) else int(fileobj.fileno())
