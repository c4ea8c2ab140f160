"""A delay line before a socket: what is said arrives as late as the place is far, in order, and whoever speaks does not wait for it.

Windows that a far end opens arrive late too, but each by itself: an upload is as fast as its window and the way allow.
"""

import contextlib
import socket
import threading
import time
from collections import deque

from honeyweights.containers.internet.distance import Distance

MOST = 1 << 20
"""Bytes under way. Beyond it the speaker waits, as before a full socket."""


class Late:
    """One direction of a connection to a far place."""

    def __init__(self, bare: socket.socket, distance: Distance, address: str) -> None:
        self._bare = bare
        self._distance, self._address = distance, address
        self._changed = threading.Condition()
        self._waiting: deque[tuple[float, bytes]] = deque()
        self._size = 0
        self._due = 0.0
        self._over = self._dead = False
        self._thread = threading.Thread(target=self._run, daemon=True, name="ssh-late")
        self._thread.start()

    def send(self, data: bytes) -> int:
        """Takes all of it.

        Raises:
            OSError: nobody is there any more.
        """
        with self._changed:
            while self._size > MOST and not self._dead:
                self._changed.wait()
            if self._dead or self._over:
                raise OSError("nobody is there any more")
            self._due = max(self._due, time.monotonic() + self._distance.late(self._address))
            self._waiting.append((self._due, bytes(data)))
            self._size += len(data)
            self._changed.notify_all()
        return len(data)

    def close(self) -> None:
        """Ends this direction, behind what is under way."""
        with self._changed:
            self._over = True
            self._changed.notify_all()

    def stop(self) -> None:
        """Drops what is under way, and waits until the socket is nobody's."""
        with self._changed:
            self._dead = True
            self._changed.notify_all()
        with contextlib.suppress(OSError):
            self._bare.shutdown(socket.SHUT_RDWR)
        self._thread.join(5)

    def _next(self) -> bytes | None:
        """What is due, when it is."""
        with self._changed:
            while not self._dead:
                if self._waiting:
                    left = self._waiting[0][0] - time.monotonic()
                    if left <= 0:
                        data = self._waiting.popleft()[1]
                        self._size -= len(data)
                        self._changed.notify_all()
                        return data
                    self._changed.wait(left)
                elif self._over:
                    return None
                else:
                    self._changed.wait()
        return None

    def _run(self) -> None:
        try:
            while (data := self._next()) is not None:
                self._said(memoryview(data))
            self._bare.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # the client was faster
        finally:
            with self._changed:
                self._dead = True
                self._changed.notify_all()

    def _said(self, view: memoryview) -> None:
        while view and not self._dead:
            with contextlib.suppress(TimeoutError):  # the reader's, which has set one for itself
                view = view[self._bare.send(view) :]
