"""Room for what a protocol must hold until the rest of it is here: a head, a handshake, the words of a command.

Each may be long, and few are; thousands of long ones at once are somebody's flood. So the beginning of each is free, and beyond it all of
them share one room. Who finds none is answered as if it had said too much, and what it sent is kept.
"""

FREE = 1 << 16
"""Bytes that anybody may hold."""
MOST = 64 << 20
"""Bytes beyond those that all hold together."""


class Room:
    """Of a world."""

    def __init__(self, most: int = MOST) -> None:
        self.most = most
        self.taken = 0

    def share(self) -> "Share":
        """Somebody's part of it, nothing yet."""
        return Share(self)


class Share:
    """What one conversation holds. It ends with whoever has it, if not before."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._count = 0

    def holds(self, count: int) -> bool:
        """Whether it may hold so many bytes in all from now on; if not, it holds what it held."""
        more = max(0, count - FREE) - self._count
        if more > 0 and self._room.taken + more > self._room.most:
            return False
        self._room.taken += more
        self._count += more
        return True

    def __del__(self) -> None:
        self.holds(0)
