"""The server's end of `git fetch`, `git clone` and `git ls-remote`, in versions 0, 1 and 2 of the protocol. No sockets.

Everybody is given everything (see `repositories`): a depth, a filter and what the client has already change nothing but the words.
"""

from collections.abc import Iterator

from honeyweights.containers.internet.protocols.git.pkt import DATA, FLUSH, Mark, NotPackets, Packet, Packets, band, line
from honeyweights.containers.internet.protocols.git.receive import ABILITIES as RECEIVES
from honeyweights.containers.internet.protocols.git.receive import AGENT
from honeyweights.containers.internet.protocols.git.repositories import NONE, Repository

ABILITIES = f"side-band side-band-64k thin-pack ofs-delta shallow no-progress include-tag allow-tip-sha1-in-want object-format=sha1 {AGENT}"
SECOND = ("version 2\n", f"{AGENT}\n", "ls-refs=unborn\n", "fetch=shallow wait-for-done\n", "server-option\n", "object-format=sha1\n")
LONGEST_ASKED = 1 << 20
"""Bytes of one question beyond which nobody means a fetch."""
MOST_WORDS = 20_000
RECEIVE, UPLOAD = "git-receive-pack", "git-upload-pack"
SERVICES = (RECEIVE, UPLOAD)


def advertised(repository: Repository, service: str, version: int) -> bytes:
    """What the server says first."""
    if version == 2 and service == UPLOAD:  # noqa: PLR2004  # the protocol's version
        return b"".join(map(line, SECOND)) + FLUSH
    able = RECEIVES if service == RECEIVE else f"{ABILITIES} symref=HEAD:{repository.head}"
    refs = [row for row in repository.listed() if row[0] != "HEAD" or service == UPLOAD]
    rows = [f"{oid} {name}" for name, oid in refs] or [f"{NONE} capabilities^{{}}"]
    told = line("version 1\n") if version == 1 else b""
    told += line(f"{rows[0]}\0{able}\n")
    return told + b"".join(line(f"{row}\n") for row in rows[1:]) + FLUSH


class Answer:
    """Bytes to send, their number known before they are made."""

    def __init__(self, words: bytes = b"") -> None:
        self.length = len(words)
        self._parts: list[Iterator[bytes]] = [iter((words,))] if words else []

    def add(self, length: int, blocks: Iterator[bytes]) -> None:
        """Puts these behind."""
        self.length += length
        self._parts.append(blocks)

    def __iter__(self) -> Iterator[bytes]:
        for part in self._parts:
            yield from part


class Upload:
    """One conversation, or of a stateless one (HTTP) one question. Fed what the client sends, it gives what to answer."""

    def __init__(self, repository: Repository, version: int) -> None:
        self._repository = repository
        self._packets = Packets()
        self._second = version == 2  # noqa: PLR2004  # the protocol's version
        self._asked: list[str] = []
        self._size = 0
        self._wants: list[str] = []
        self._able: frozenset[str] = frozenset()
        self._haves = self._deep = False
        self._common = ""
        self.done = False
        """Nothing more is expected of the client."""
        self.broken = False
        """What came is no question of git's."""

    def feed(self, data: bytes) -> Answer:
        """The answer to these bytes."""
        said = Answer()
        self._packets.feed(data)
        try:
            while not self.done and (packet := self._packets.next()) is not None:
                self._count(packet)
                answer = self._take_second(packet) if self._second else self._take(packet)
                said.add(answer.length, iter(answer))
        except NotPackets:
            self.done = self.broken = True
        return said

    def _count(self, packet: Packet) -> None:
        self._size += 0 if isinstance(packet, Mark) else len(packet)
        if self._size > LONGEST_ASKED or len(self._asked) > MOST_WORDS:
            raise NotPackets("a question without end")

    def _take(self, packet: Packet) -> Answer:
        text = "" if isinstance(packet, Mark) else packet.decode("utf-8", "surrogateescape").rstrip("\n")
        if not self._haves:
            return self._want(packet, text)
        if packet is Mark.FLUSH:
            return Answer() if self._common else Answer(line("NAK\n"))
        if text == "done":
            self.done = True
            return self._pack(Answer() if self._common else Answer(line("NAK\n")))
        oid = text.removeprefix("have ")
        if not self._common and oid in self._repository.seen:
            self._common = oid
            return Answer(line(f"ACK {oid}\n"))
        return Answer()

    def _want(self, packet: Packet, text: str) -> Answer:
        if packet is Mark.FLUSH:
            self._haves = True
            self.done = not self._wants
            return Answer(FLUSH) if self._deep and self._wants else Answer()
        word, _, rest = text.partition(" ")
        if word == "want":
            oid, _, able = rest.partition(" ")
            self._wants.append(oid)
            self._able |= frozenset(able.split())
        elif word.startswith("deepen"):
            self._deep = True
        elif word not in {"shallow", "filter"}:
            raise NotPackets("no want")
        return Answer()

    def _take_second(self, packet: Packet) -> Answer:
        if packet is not Mark.FLUSH:
            self._asked.append("" if isinstance(packet, Mark) else packet.decode("utf-8", "surrogateescape").rstrip("\n"))
            return Answer()
        asked, self._asked, self._size = self._asked, [], 0
        if not asked:
            self.done = True
            return Answer()
        if asked[0] == "command=ls-refs":
            return self._refs(asked)
        if asked[0] == "command=fetch":
            return self._fetch(asked)
        raise NotPackets("no command")

    def _refs(self, asked: list[str]) -> Answer:
        prefixes = tuple(word.removeprefix("ref-prefix ") for word in asked if word.startswith("ref-prefix ")) or ("",)
        refs = self._repository.listed()
        told = b""
        if "unborn" in asked and (not refs or refs[0][0] != "HEAD") and "HEAD".startswith(prefixes):
            told += line(f"unborn HEAD symref-target:{self._repository.head}\n")
        for name, oid in refs:
            if name.startswith(prefixes):
                points = f" symref-target:{self._repository.head}" if name == "HEAD" and "symrefs" in asked else ""
                told += line(f"{oid} {name}{points}\n")
        return Answer(told + FLUSH)

    def _fetch(self, asked: list[str]) -> Answer:
        self._wants = [word.removeprefix("want ") for word in asked if word.startswith("want ")]
        self._able = frozenset({"side-band-64k", *asked})
        said = Answer()
        if "done" not in asked:
            common = [word.removeprefix("have ") for word in asked if word.removeprefix("have ") in self._repository.seen]
            words = [f"ACK {oid}\n" for oid in common] or ["NAK\n"]
            said = Answer(b"".join(map(line, ("acknowledgments\n", *words))))
            if not common or "wait-for-done" in asked:
                return Answer(b"".join(said) + FLUSH)
            said = Answer(b"".join(said) + line("ready\n") + Mark.DELIMITER.value)
        return self._pack(said, before=line("packfile\n"))

    def _pack(self, said: Answer, before: bytes = b"") -> Answer:
        strange = next((oid for oid in self._wants if oid not in self._repository.seen), None)
        if strange is not None or not self._wants:
            self.done = True
            words = line(f"ERR upload-pack: not our ref {strange or ''}\n")
            return Answer(words)
        size, objects, blocks = self._repository.joined()
        said.add(len(before), iter((before,)))
        if not self._able & {"side-band-64k", "side-band"}:
            said.add(size, blocks)
            return said
        largest = DATA if "side-band-64k" in self._able else 995
        said.add(size + 5 * -(-size // largest), _banded(blocks, largest))
        seen = (
            b""
            if "no-progress" in self._able
            else band(2, b"Total %d (delta 0), reused %d (delta 0), pack-reused 0\n" % (objects, objects))
        )
        said.add(len(seen) + len(FLUSH), iter((seen + FLUSH,)))
        return said


def _banded(blocks: Iterator[bytes], largest: int) -> Iterator[bytes]:
    """The pack in packets of equal size, so that their number is known before."""
    held = bytearray()
    for block in blocks:
        held += block
        while len(held) >= largest:
            yield line(b"\1" + bytes(held[:largest]))
            del held[:largest]
    if held:
        yield line(b"\1" + bytes(held))
