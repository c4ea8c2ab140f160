"""Redis and memcached: values that are set are taken, and can be asked for again. One receipt for all that the client said.

Values up to `REMEMBERED` bytes are remembered for as long as the world lives, by host; longer ones are captured and forgotten.
"""

import re
import time
from collections.abc import Callable, Iterator

from honeyweights.containers.internet.files import Disk, File
from honeyweights.containers.internet.lines import LONGEST, Stream
from honeyweights.containers.internet.receipts import About
from honeyweights.containers.internet.rules import Rule, begins
from honeyweights.containers.internet.talk import House, Line

REMEMBERED = 1 << 20
PART = "/part"
"""Where a piece of a value lies until it is one: no key is called so, since keys are in hexadecimal."""
A_WORD = 64
"""Bytes that a word of a command costs beside its own."""
_SET = (b"set ", b"add ", b"replace ", b"append ", b"get ", b"gets ", b"delete ", b"version", b"stats")
_COUNT = re.compile(rb"[*$](-?\d{1,10})")
_INLINE = tuple(b"SET |AUTH |SELECT |APPEND |SETRANGE |LPUSH |RPUSH |SADD |HSET |XADD |INCR |PUBLISH |INFO".split(b"|"))
RULES = (
    Rule("redis", begins(b"*", b"PING\r", *_INLINE), "stores:Redis", ports=frozenset({6379, 6380})),
    Rule("memcached", begins(*_SET), "stores:Memcached", ports=frozenset({11211})),
)


class _Store(Stream):
    """Lines, and values whose length was announced."""

    def __init__(self, line: Line, house: House, protocol: str) -> None:
        super().__init__(line, house, About(channel="tcp", protocol=protocol))
        self._disk: Disk = house.files.disk(line.remote.host or line.remote.address, "/", kind=protocol)
        self._text = bytearray()
        self._value = bytearray()
        self._left: int | None = None

    def piece(self, view: memoryview) -> memoryview:
        """Lines and values in turn."""
        return self._line(view) if self._left is None else self._content(view, self._left)

    def _content(self, view: memoryview, left: int) -> memoryview:
        piece, rest = view[:left], view[left:]
        if len(self._value) <= REMEMBERED:
            self._value += piece
        self._left = left - len(piece)
        if not self._left:
            self._left = None
            value = bytes(self._value[:-2])
            self._value.clear()
            self.valued(value)
        return rest

    def _line(self, view: memoryview) -> memoryview:
        window = bytes(view[:LONGEST])
        cut = window.find(b"\n") + 1
        if len(self._text) < LONGEST:
            self._text += window[:cut] if cut else window
        if cut:
            text = bytes(self._text).rstrip(b"\r\n")
            self._text.clear()
            self.said(text)
        return view[cut or len(window) :]

    def said(self, text: bytes) -> None:
        """A line came."""
        raise NotImplementedError

    def valued(self, value: bytes) -> None:
        """A value came, or as much of it as is remembered."""
        raise NotImplementedError

    def expect(self, count: int) -> None:
        """A value of so many bytes comes next, and a line's end behind it."""
        self._left = count + 2

    def put(self, key: bytes, value: bytes) -> None:
        """Remembers."""
        if len(value) <= REMEMBERED:
            self._disk.write("/" + key.hex()[:400], iter((value,)), more=False)

    def got(self, key: bytes) -> Iterator[bytes] | None:
        """What was remembered."""
        path = "/" + key.hex()[:400]
        return self._disk.blocks(path) if path in self._disk.files else None


class Redis(_Store):
    """RESP, and its inline form."""

    def __init__(self, line: Line, house: House) -> None:
        super().__init__(line, house, "redis")
        self._wanted = self._size = 0
        self._words: list[bytes] = []
        self._share = house.room.share()

    def said(self, text: bytes) -> None:
        """A count, a length, or an inline command."""
        count = _COUNT.fullmatch(text)
        if count is None:
            self._wanted = 0
            self._do([word.strip(b'"') for word in text.split()])
        elif text[:1] == b"*":
            self._wanted, self._words, self._size = int(count[1]), [], 0
        else:
            self.expect(max(0, int(count[1])))

    def valued(self, value: bytes) -> None:
        """One word of a command."""
        self._words.append(value)
        self._wanted -= 1
        self._size += len(value) + A_WORD
        if not self._share.holds(self._size):
            self._words.clear()
            self.bye(b"-ERR Protocol error: too big mbulk count string\r\n")
            return
        if self._wanted <= 0:
            words, self._words = self._words, []
            self._share.holds(0)
            self._do(words)

    def _do(self, words: list[bytes]) -> None:
        if not words:
            return
        verb, rest = words[0].upper(), words[1:]
        handler = _REDIS.get(verb)
        if handler is None:
            self.line.send(b"-ERR unknown command '%b'\r\n" % words[0][:64])
        else:
            handler(self, rest)

    def set(self, rest: list[bytes]) -> None:
        """SET key value."""
        if len(rest) > 1:
            self.put(rest[0], rest[1])
        self.line.send(b"+OK\r\n" if len(rest) > 1 else b"-ERR wrong number of arguments for 'set' command\r\n")

    def get(self, rest: list[bytes]) -> None:
        """GET key."""
        blocks = self.got(rest[0]) if rest else None
        value = None if blocks is None else b"".join(blocks)
        self.line.send(b"$-1\r\n" if value is None else b"$%d\r\n%b\r\n" % (len(value), value))

    def number(self, rest: list[bytes]) -> None:
        """Commands that answer with how many they changed."""
        self.line.send(b":%d\r\n" % max(1, len(rest) - 1))

    def ok(self, _rest: list[bytes]) -> None:
        """Commands that are simply done."""
        self.line.send(b"+OK\r\n")

    def empty(self, _rest: list[bytes]) -> None:
        """Commands that list what is not there."""
        self.line.send(b"*0\r\n")

    def one(self, _rest: list[bytes]) -> None:
        """Commands whose answer is 1 where there was nothing before."""
        self.line.send(b":1\r\n")

    def none(self, _rest: list[bytes]) -> None:
        """Commands that count, or ask for, what is not there."""
        self.line.send(b":0\r\n")

    def nil(self, _rest: list[bytes]) -> None:
        """Commands that want one value, where there is none."""
        self.line.send(b"$-1\r\n")

    def entry(self, _rest: list[bytes]) -> None:
        """XADD: the entry's name is the time."""
        name = b"%d-0" % (time.time() * 1000)
        self.line.send(b"$%d\r\n%b\r\n" % (len(name), name))

    def kind(self, rest: list[bytes]) -> None:
        """TYPE key."""
        self.line.send(b"+none\r\n" if not rest or self.got(rest[0]) is None else b"+string\r\n")

    def length(self, rest: list[bytes]) -> None:
        """STRLEN key."""
        self.line.send(b":%d\r\n" % sum(map(len, (self.got(rest[0]) if rest else None) or ())))

    def written(self, rest: list[bytes]) -> None:
        """SETRANGE key offset value, APPEND key value: how long the value is now. Only what is new is kept anew."""
        path = "/" + rest[0].hex()[:400] if rest else "/"
        before = self._disk.files.get(path, File())
        offset = rest[1] if len(rest) > 2 else b"%d" % before.size  # noqa: PLR2004  # key, offset, value
        if len(rest) < 2 or not offset.isdigit() or len(offset) > 9:  # noqa: PLR2004  # half a gigabyte is the longest value
            self.line.send(b"-ERR value is not an integer or out of range\r\n")
            return
        size = max(before.size, int(offset) + len(rest[-1]))
        if size <= REMEMBERED:
            self._disk.write(PART, iter((rest[-1],)), more=False)
            pieces = tuple(piece._replace(offset=int(offset)) for piece in self._disk.files.get(PART, File()).pieces)
            self._disk.put(path, File(size=size, pieces=before.pieces + pieces))
        self.line.send(b":%d\r\n" % size)

    def info(self, _rest: list[bytes]) -> None:
        """INFO."""
        text = b"# Server\r\nredis_version:7.0.15\r\nredis_mode:standalone\r\nos:Linux 6.1.0-21-amd64 x86_64\r\n"
        self.line.send(b"$%d\r\n%b\r\n" % (len(text), text))

    def ping(self, _rest: list[bytes]) -> None:
        """PING."""
        self.line.send(b"+PONG\r\n")

    def echo(self, rest: list[bytes]) -> None:
        """ECHO: how a client knows that all it piped has been heard."""
        word = rest[0] if rest else b""
        self.line.send(b"$%d\r\n%b\r\n" % (len(word), word))

    def leave(self, _rest: list[bytes]) -> None:
        """QUIT."""
        self.bye(b"+OK\r\n")


_REDIS: dict[bytes, Callable[[Redis, list[bytes]], None]] = {
    b"SET": Redis.set, b"GET": Redis.get, b"PING": Redis.ping, b"INFO": Redis.info, b"ECHO": Redis.echo, b"QUIT": Redis.leave,
    b"XADD": Redis.entry, b"TYPE": Redis.kind, b"STRLEN": Redis.length, b"APPEND": Redis.written, b"SETRANGE": Redis.written,
    **dict.fromkeys((b"AUTH", b"SELECT", b"CONFIG", b"CLIENT", b"MSET", b"HMSET", b"SETEX", b"PSETEX", b"SAVE", b"BGSAVE", b"FLUSHALL",
                     b"FLUSHDB", b"LTRIM", b"RENAME", b"XGROUP", b"REPLICAOF", b"RESTORE"), Redis.ok),
    **dict.fromkeys((b"LPUSH", b"RPUSH", b"SADD", b"HSET", b"PUBLISH", b"DEL", b"EXISTS", b"EXPIRE", b"SETNX"), Redis.number),
    **dict.fromkeys((b"INCR", b"INCRBY", b"DECR", b"DECRBY", b"PFADD", b"ZADD", b"GEOADD", b"SETBIT", b"PERSIST", b"PEXPIRE"), Redis.one),
    **dict.fromkeys((b"LLEN", b"SCARD", b"HLEN", b"ZCARD", b"XLEN", b"DBSIZE", b"BITCOUNT", b"SISMEMBER", b"WAIT"), Redis.none),
    **dict.fromkeys((b"HGET", b"LPOP", b"RPOP", b"SPOP", b"LINDEX", b"GETSET", b"GETDEL", b"EVAL", b"EVALSHA", b"RANDOMKEY"), Redis.nil),
    **dict.fromkeys((b"COMMAND", b"KEYS", b"LRANGE", b"SMEMBERS", b"HGETALL", b"HKEYS", b"HVALS", b"ZRANGE", b"XRANGE"), Redis.empty),
}  # fmt: skip


class Memcached(_Store):
    """The text protocol."""

    def __init__(self, line: Line, house: House) -> None:
        super().__init__(line, house, "memcached")
        self._key = b""
        self._quiet = False

    def said(self, text: bytes) -> None:
        """A command."""
        words = text.split()
        verb = words[0].lower() if words else b""
        if verb + b" " in _SET[:4] and len(words) > 4 and words[4].isdigit() and len(words[4]) < 12:  # noqa: PLR2004  # verb, key, flags, time, bytes
            self._key, self._quiet = words[1], words[-1] == b"noreply"
            self.expect(int(words[4]))
        elif verb in {b"get", b"gets"}:
            for key in words[1:17]:
                if (blocks := self.got(key)) is not None:
                    value = b"".join(blocks)
                    self.line.send(b"VALUE %b 0 %d\r\n%b\r\n" % (key, len(value), value))
            self.line.send(b"END\r\n")
        elif verb == b"quit":
            self.bye()
        else:
            self.line.send({b"version": b"VERSION 1.6.18\r\n", b"stats": b"END\r\n", b"delete": b"DELETED\r\n"}.get(verb, b"ERROR\r\n"))

    def valued(self, value: bytes) -> None:
        """What to set."""
        self.put(self._key, value)
        if not self._quiet:
            self.line.send(b"STORED\r\n")
