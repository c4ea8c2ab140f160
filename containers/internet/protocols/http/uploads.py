"""Bodies of HTTP/2, past h2: frames that are nothing but a piece of a known request's body, joined, and the windows that they use up.

h2 makes a hundred calls of each frame, and a client sends sixty thousand of them for a gigabyte. What it does not see it does not count:
so the room that these frames took is given back here, frame by frame for frame, and to h2 the windows stay as wide as they were.
"""

from collections.abc import Mapping

from h2.connection import H2Connection

from honeyweights.containers.internet.protocols.http.visit import Visit

FRAME = 9
"""Bytes of a frame's header: length (3), type, flags, stream (4)."""
DATA = 0
USED = 1 << 15
"""Bytes of a window that are given back at once: a quarter of it. Fewer would be a packet for each frame."""
MANY = 256
"""Streams that are remembered before those that are over are forgotten."""
_UPDATE = b"\0\0\4\10\0"
"""Length, type and flags of WINDOW_UPDATE (RFC 9113, 6.9)."""


class Uploads:
    """Of one connection."""

    def __init__(self, visits: Mapping[int, Visit]) -> None:
        self._visits = visits
        self._stream = 0
        self._joined = bytearray()
        self._windows = bytearray()
        self._used: dict[int, int] = {}
        """Stream, or 0 for the connection -> bytes of its window that were used up and not given back yet."""

    def takes(self, held: bytearray, at: int, size: int) -> bool:
        """Whether the frame `held[at:at + size]` is such a piece; it is then taken."""
        stream = int.from_bytes(held[at + 5 : at + FRAME], "big")
        if held[at + 3] != DATA or held[at + 4] or stream not in self._visits:
            return False
        if stream != self._stream:
            self.put()
            self._stream = stream
        self._joined += held[at + FRAME : at + size]
        return True

    def put(self) -> None:
        """Gives the request what was joined: before h2 sees another frame, and when there is none."""
        if self._joined:
            for window in (0, self._stream):
                self._used[window] = self._used.get(window, 0) + len(self._joined)
                if self._used[window] >= USED:
                    self._windows += _UPDATE + window.to_bytes(4, "big") + self._used.pop(window).to_bytes(4, "big")
            if len(self._used) > MANY:
                self._used = {window: count for window, count in self._used.items() if not window or window in self._visits}
            self._visits[self._stream].write(self._joined)
            self._joined = bytearray()

    def said(self, h2: H2Connection) -> bytes:
        """What h2 has to say, and the frames that make room for more."""
        frames = h2.data_to_send() + self._windows
        self._windows.clear()
        return frames


def unmeasured(h2: H2Connection, stream: int) -> None:
    """Has h2 not hold a body against its announced length: it does not see all of it."""
    vars(h2.streams[stream])["_expected_content_length"] = None
