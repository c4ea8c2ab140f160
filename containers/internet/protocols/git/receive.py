"""The server's end of `git push` (gitprotocol-pack, "Pushing Data To a Server"): commands in, a pack in, a report out. No sockets.

What it is fed comes back without the commands: the bytes of the pack, which are the transfer's payload. The commands themselves (names of
branches, push options) are kept in `said`: an adversary can write what he likes into a name.
"""

import hashlib
from dataclasses import dataclass
from typing import NamedTuple

from honeyweights.containers.internet.protocols.git.packs import TRAILER
from honeyweights.containers.internet.protocols.git.pkt import FLUSH, Mark, NotPackets, Packet, Packets, band, line
from honeyweights.containers.internet.protocols.git.repositories import NONE, Repository, is_id
from honeyweights.containers.internet.spool import Capture

AGENT = "agent=git/2.43.0"
ABILITIES = f"report-status report-status-v2 delete-refs side-band-64k atomic ofs-delta no-thin push-options object-format=sha1 {AGENT}"
"""`ofs-delta` and `no-thin` have clients refer to objects by distance within the pack: each pack is whole in itself."""
LONGEST_SAID = 1 << 20
"""Bytes of commands beyond which nobody means a push."""
MOST_COMMANDS = 5_000
PIECES = 3
"""Words of a command: old object, new object, name."""


class Command(NamedTuple):
    """What shall become of a ref."""

    name: str
    old: str
    new: str


class Trailer:
    """Knows when a pack is whole without reading it: its last 20 bytes are the SHA-1 of all before them."""

    def __init__(self) -> None:
        self._digest = hashlib.sha1(usedforsecurity=False)
        self._tail = b""
        self._begins = b""

    def feed(self, data: bytes) -> None:
        """More of the pack."""
        if len(self._begins) < 4:  # noqa: PLR2004  # the magic
            self._begins += data[: 4 - len(self._begins)]
        held = self._tail + data
        self._digest.update(memoryview(held)[:-TRAILER])
        self._tail = held[-TRAILER:]

    @property
    def whole(self) -> bool:
        """All of it came, and nothing behind it."""
        return self._begins == b"PACK" and self._digest.copy().digest() == self._tail


@dataclass(kw_only=True)
class _Asked:
    commands: list[Command]
    able: frozenset[str]


class Receive:
    """One push."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._packets = Packets()
        self._asked = _Asked(commands=[], able=frozenset())
        self._trailer = Trailer()
        self._state = "commands"
        self.said = bytearray()
        """Commands, capabilities and push options, as they came."""
        self.broken = False
        """What came is no push; all of it is payload."""

    @property
    def done(self) -> bool:
        """All that the client will send has come: it waits for the report."""
        return self._state == "done" or self.broken or (self._state == "pack" and self._trailer.whole)

    @property
    def empty(self) -> bool:
        """Nothing was asked for: a client that only looks whether it may push."""
        return not self._asked.commands

    def feed(self, data: bytes) -> bytes:
        """The pack's bytes among these."""
        if self.broken:
            return data
        if self._state in {"pack", "done"}:
            return self._pack(data)
        self._packets.feed(data)
        try:
            self._read()
        except NotPackets:
            self.broken = True
        if not (self.broken or self._state in {"pack", "done"}):
            return b""
        rest = bytes(self._packets.rest)
        self._packets.rest.clear()
        return rest if self.broken else self._pack(rest)

    def held(self) -> bytes:
        """What no sense was made of before the client ended."""
        rest = bytes(self._packets.rest)
        self._packets.rest.clear()
        return rest

    def report(self, capture: Capture) -> bytes:
        """Changes the repository as asked, and says so.

        Args:
            capture: closed; the pack.
        """
        if self.broken or self.empty:
            return b""
        wanted = self._state == "pack"
        unpacked = not wanted or self._trailer.whole
        with self._repository.lock:
            refused = self._refused() if unpacked else {command.name: "unpacker error" for command in self._asked.commands}
            if unpacked and wanted:
                self._repository.take(capture)
            for command in self._asked.commands:
                if command.name not in refused:
                    self._repository.change(command.name, command.new)
        return self._worded("ok" if unpacked else "index-pack abnormal exit", refused)

    def _refused(self) -> dict[str, str]:
        problems = {command.name: self._repository.problem(*command) for command in self._asked.commands}
        refused = {name: why for name, why in problems.items() if why is not None}
        if refused and "atomic" in self._asked.able:
            return {name: why or "atomic push failure" for name, why in problems.items()}
        return refused

    def _worded(self, unpack: str, refused: dict[str, str]) -> bytes:
        if not self._asked.able & {"report-status", "report-status-v2"}:
            return b""
        told = line(f"unpack {unpack}\n")
        for command in self._asked.commands:
            why = refused.get(command.name)
            told += line(f"ok {command.name}\n" if why is None else f"ng {command.name} {why}\n")
        told += FLUSH
        return band(1, told) + FLUSH if "side-band-64k" in self._asked.able else told

    def _pack(self, data: bytes) -> bytes:
        if data:
            self._state = "pack"
            self._trailer.feed(data)
        return data

    def _read(self) -> None:
        while self._state in {"commands", "options"} and (packet := self._packets.next()) is not None:
            self.said += packet.value if isinstance(packet, Mark) else line(packet)
            if packet is Mark.FLUSH:
                self._flushed()
            elif self._state == "commands":
                self._command(packet)
            if len(self.said) > LONGEST_SAID:
                raise NotPackets("commands without end")

    def _flushed(self) -> None:
        if self._state == "commands" and "push-options" in self._asked.able:
            self._state = "options"
        elif all(command.new == NONE for command in self._asked.commands):
            self._state = "done"
        else:
            self._state = "pack"

    def _command(self, packet: Packet) -> None:
        if isinstance(packet, Mark):
            raise NotPackets("a mark among commands")
        text, _, able = packet.decode("utf-8", "surrogateescape").partition("\0")
        if not self._asked.commands and able:
            self._asked.able = frozenset(able.split())
        words = text.rstrip("\n").split(" ", PIECES - 1)
        if words[0] == "shallow":
            return
        if len(words) < PIECES or not is_id(words[0]) or not is_id(words[1]) or len(self._asked.commands) >= MOST_COMMANDS:
            raise NotPackets("no command")
        self._asked.commands.append(Command(words[2], words[0], words[1]))
