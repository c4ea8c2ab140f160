"""The channel's two framings, without a socket: the engine's multiplexed attach stream, and inside it the frames of `sessiond`.

The twin of this file is `containers/session/session.h`. Bytes go in, whole messages come out; a message may arrive in any pieces.
"""

import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, IntEnum

from honeyweights.sandbox.text import raw

VERSION = 1
WINDOW = 1 << 20
"""Bytes of a command's stdin that may be under way unacknowledged."""
CHUNK = 128 << 10
LARGEST = 16 << 20
_ENGINE = struct.Struct(">BxxxI")
_FRAME = struct.Struct("<IBI")
_REQUEST = struct.Struct("<BBIQ")
_EXIT = struct.Struct("<BIIBQQ")
_U32 = struct.Struct("<I")
_U64 = struct.Struct("<Q")


class Kind(IntEnum):
    """Type of a frame, named from the host's side: capitals go out, small letters come in."""

    EXEC = ord("E")
    INPUT = ord("I")
    CLOSE = ord("C")
    KILL = ord("K")
    PING = ord("P")
    HELLO = ord("h")
    STARTED = ord("s")
    OUT = ord("o")
    ERR = ord("e")
    CREDIT = ord("w")
    BROKEN = ord("b")
    EXIT = ord("x")
    LINE = ord("l")
    CHILD = ord("d")
    PONG = ord("p")


_KINDS = {int(kind): kind for kind in Kind}


class Operation(IntEnum):
    """What is asked for: a program, or the bytes of one file."""

    EXEC = 0
    READ = 1
    WRITE = 2


class Stage(IntEnum):
    """Where a command that never started was stopped."""

    NONE = 0
    USER = 1
    GROUP = 2
    FORK = 3
    IDENTITY = 4
    CWD = 5
    EXEC = 6
    OPEN = 7
    COPY = 8


class How(Enum):
    """How a command ended."""

    EXITED = 0
    KILLED = 1
    FAILED = 2


class Garbled(RuntimeError):  # noqa: N818  # what happened to the stream
    """Bytes that no engine and no `sessiond` sends."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """One command. `cwd` is absolute; `limit` counts bytes of each output stream (of the file, when one is read)."""

    argv: Sequence[str]
    user: str
    cwd: str
    operation: Operation = Operation.EXEC
    env: Mapping[str, str] | None = None
    has_input: bool = False
    timeout: float | None = None
    limit: int = 10 << 20

    def encode(self) -> bytes:
        """The payload of an EXEC frame.

        Raises:
            ValueError: a string with a null byte, which no program can be given.
        """
        env = [f"{key}={value}" for key, value in (self.env or {}).items()]
        milliseconds = min(max(1, round(self.timeout * 1000)), 2**32 - 1) if self.timeout is not None else 0
        head = _REQUEST.pack(self.operation, self.has_input, milliseconds, self.limit)
        return b"".join((head, _text(self.user), _text(self.cwd), _list(self.argv), _list(env)))


@dataclass(frozen=True, kw_only=True)
class Exit:
    """What an EXIT frame says: `value` is an exit code, a signal or an errno, as `how` tells."""

    how: How
    value: int
    stage: Stage
    timed_out: bool
    out_total: int
    err_total: int

    @classmethod
    def decode(cls, payload: bytes) -> "Exit":
        """Reads the payload."""
        how, value, stage, timed_out, out, err = _EXIT.unpack(payload)
        return cls(how=How(how), value=value, stage=Stage(stage), timed_out=bool(timed_out), out_total=out, err_total=err)


def _text(text: str) -> bytes:
    if "\0" in text:
        raise ValueError("a command cannot hold a null byte")
    return raw(text) + b"\0"


def _list(texts: Sequence[str]) -> bytes:
    return _U32.pack(len(texts)) + b"".join(map(_text, texts))


def frame(kind: Kind, command: int, payload: bytes | memoryview = b"") -> bytes:
    """One frame, ready to be sent."""
    return _FRAME.pack(len(payload), kind, command) + payload


def u32(payload: bytes) -> int:
    """The payload of STARTED, CREDIT and CHILD."""
    return int(_U32.unpack(payload)[0])


def clock(payload: bytes) -> int:
    """Microseconds since the epoch, in PONG and at the end of HELLO."""
    return int(_U64.unpack(payload[-8:])[0])


class Demultiplexer:
    """Takes the engine's stream apart into `(stream, bytes)`: 1 is stdout, 2 is stderr."""

    def __init__(self) -> None:
        self._stream = 0
        self._left = 0
        self._head = b""

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """Pieces as they are: what `sessiond` framed is put together again by `Frames`."""
        at = 0
        while at < len(data):
            if self._left:
                piece = data[at : at + self._left]
                self._left -= len(piece)
                at += len(piece)
                yield self._stream, piece
                continue
            need = _ENGINE.size - len(self._head)
            self._head += data[at : at + need]
            at += need
            if len(self._head) == _ENGINE.size:
                self._stream, self._left = _ENGINE.unpack(self._head)
                self._head = b""
                if self._stream not in (1, 2):
                    raise Garbled(f"the engine sent stream {self._stream}")


class Frames:
    """Puts `sessiond`'s frames together: `(kind, command, payload)`."""

    def __init__(self) -> None:
        self._held = bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[Kind, int, bytes]]:
        """All frames that are whole now. A kind that this version does not know is passed over."""
        self._held += data
        at = 0
        try:
            while len(self._held) - at >= _FRAME.size:
                length, kind, command = _FRAME.unpack_from(self._held, at)
                if length > LARGEST:
                    raise Garbled(f"a frame of {length} bytes")
                end = at + _FRAME.size + length
                if len(self._held) < end:
                    return
                payload = bytes(memoryview(self._held)[at + _FRAME.size : end])
                at = end
                if kind in _KINDS:
                    yield _KINDS[kind], command, payload
        finally:
            del self._held[:at]


class Tail:
    """The last `limit` bytes of what was written to it."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._held = bytearray()

    def write(self, data: bytes) -> None:
        """Appends; drops the front when twice the limit is held."""
        self._held += data
        if len(self._held) > 2 * self._limit:
            del self._held[: -self._limit or None]

    def value(self) -> bytes:
        """What is left."""
        return bytes(self._held[-self._limit :]) if self._limit else b""
