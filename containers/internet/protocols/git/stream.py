"""git over a stream: on an SSH channel (`serve`, which blocks as a thread may) and on its own port (`Git`, a talker)."""

import shlex
from collections.abc import Callable, Iterator
from typing import NamedTuple

from honeyweights.containers.internet.protocols.git.pkt import Mark, NotPackets, Packets
from honeyweights.containers.internet.protocols.git.receive import Receive
from honeyweights.containers.internet.protocols.git.repositories import Repositories, of
from honeyweights.containers.internet.protocols.git.upload import RECEIVE, SERVICES, Upload, advertised
from honeyweights.containers.internet.protocols.raw import Raw, leave
from honeyweights.containers.internet.receipts import About, Transfer
from honeyweights.containers.internet.talk import Data, House, Line, Remote, Talker

LONGEST_OPENING = 4096
"""Bytes within which a client of `git://` has said what it wants."""


class Asked(NamedTuple):
    """What somebody wants of a git host."""

    service: str
    """`git-receive-pack` or `git-upload-pack`."""
    path: str


def wanted(command: str) -> Asked | None:
    """What a remote command wants, when it is git's: `git-receive-pack 'group/name.git'`, also in two words or with a path before it."""
    try:
        words = shlex.split(command)
    except ValueError:
        return None
    if words[:1] and words[0].rpartition("/")[2] == "git":
        words = [f"git-{word}" for word in words[1:2]] + words[2:]
    paths = [word for word in words[1:] if not word.startswith("--")]
    name = words[0].rpartition("/")[2] if words else ""
    return Asked(name, paths[0]) if name in SERVICES and len(paths) == 1 else None


class Dialogue:
    """One conversation about one repository: fed what the client sends, gives what to answer; opens and closes its receipt."""

    def __init__(self, asked: Asked, remote: Remote, house: House, *, about: About, version: int) -> None:
        """`about` is of the receipt; its protocol, method and target are filled in here."""
        self._ledger, self._remote, self._asked = house.ledger, remote, asked
        self._about = about._replace(protocol="git", method=asked.service, target=asked.path)
        self._repositories: Repositories = of(house)
        self._site = remote.host or remote.address
        self._repository = self._repositories.get(self._site, asked.path)
        self._version = version
        self._push = Receive(self._repository) if asked.service == RECEIVE else None
        self._fetch = Upload(self._repository, version)
        self._transfer: Transfer | None = None
        self.done = False

    def begin(self) -> bytes:
        """What the server says first."""
        return advertised(self._repository, self._asked.service, self._version)

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The answer to these bytes."""
        if self.done:
            self._write(data)
            return iter(())
        if self._push is None:
            self._write(data)
            answer = self._fetch.feed(data)
            self.done = self._fetch.done
            return iter(answer)
        pack = self._push.feed(data)
        if pack:
            self._write(pack)
        return iter((self._report(),)) if self._push.done else iter(())

    def end(self) -> bytes:
        """The client sends no more: what there is to say to that. The receipt is closed."""
        said = b""
        if self._push is not None and not self.done:
            held = self._push.held()
            if held:
                self._write(held)
            finished = self._push.done or self._push.empty
            said = self._report()
        else:
            finished = not self._fetch.broken
        self._close(finished=finished)
        return said

    def broken(self) -> None:
        """The connection is gone."""
        if self._push is not None and not self.done:
            held = self._push.held()
            if held:
                self._write(held)
            self._commands()
        self._close(finished=self.done)

    def flush(self) -> None:
        """Puts down what came so far."""
        self._close(finished=False)

    def _report(self) -> bytes:
        assert self._push is not None  # noqa: S101  # asked of a push alone
        self.done = True
        self._commands()
        if self._transfer is None:
            self._transfer = self._ledger.open(self._remote, self._about)
        said = self._push.report(self._transfer.close(finished=self._push.done and not self._push.broken))
        if said:
            self._repositories.keep(self._site, self._asked.path, self._repository)
        return said

    def _commands(self) -> None:
        if self._push is not None and self._push.said:
            self._ledger.whole(self._remote, self._about._replace(protocol="git-commands"), bytes(self._push.said))
            self._push.said.clear()

    def _write(self, data: bytes) -> None:
        if self._transfer is None:
            self._transfer = self._ledger.open(self._remote, self._about)
        self._transfer.write(data)

    def _close(self, *, finished: bool) -> None:
        if self._transfer is not None:
            self._transfer.close(finished=finished)


def serve(
    asked: Asked,
    remote: Remote,
    house: House,
    read: Callable[[], bytes],
    write: Callable[[bytes], object],
    *,
    about: About,
    version: int = 0,
) -> int:
    """Speaks git on a stream until the client is content; blocks.

    Args:
        asked: what `wanted` found in the command.
        remote: whom the client speaks to, from the wire.
        house: where receipts and repositories are kept.
        read: the next bytes of the client; nothing at the end of its input. May raise `OSError` or `EOFError` when the client is gone.
        write: sends bytes to the client's standard output, all of them. May raise likewise.
        about: what else the receipt says: its channel, the command line as its head.
        version: of the protocol, as the client's environment variable `GIT_PROTOCOL` says (`version=2`); 0 when it says nothing.

    Returns:
        The command's exit status.
    """
    dialogue = Dialogue(asked, remote, house, about=about, version=version)
    ended = False
    try:
        write(dialogue.begin())
        while not dialogue.done:
            data = read()
            if not data:
                break
            for block in dialogue.feed(data):
                write(block)
        write(dialogue.end())
        ended = True
    finally:
        if not ended:
            dialogue.broken()
    return 0


def version_of(text: str) -> int:
    """The version that `GIT_PROTOCOL`, a header `Git-Protocol` or an opening's parameters ask for."""
    return max((int(word[8:]) for word in text.split(":") if word in {"version=0", "version=1", "version=2"}), default=0)


class Git(Talker):
    """One connection of `git://` (port 9418)."""

    def __init__(self, line: Line, house: House) -> None:
        self._line = line
        self._house = house
        self._packets = Packets()
        self._dialogue: Dialogue | None = None

    def received(self, data: Data) -> None:
        """The opening, then the dialogue."""
        if self._dialogue is not None:
            self._tell(bytes(data))
            return
        self._packets.feed(bytes(data))
        try:
            opening = self._packets.next()
        except NotPackets:
            self._give_up()
            return
        if opening is None:
            if len(self._packets.rest) > LONGEST_OPENING:
                self._give_up()
            return
        self._open(opening.value if isinstance(opening, Mark) else opening)

    def ended(self) -> None:
        """A client that knows enough leaves."""
        if self._dialogue is None:
            self._give_up()
            self._line.shut()
        else:
            self._line.send(self._dialogue.end())
            leave(self._line, self._house)

    def broken(self) -> None:
        """The connection is gone."""
        if self._dialogue is None:
            self.flush()
        else:
            self._dialogue.broken()

    def flush(self) -> None:
        """Puts down what came."""
        if self._dialogue is not None:
            self._dialogue.flush()
        elif self._packets.rest:
            self._raw(bytes(self._packets.rest))
            self._packets.rest.clear()

    def _open(self, opening: bytes) -> None:
        words, _, parameters = opening.partition(b"\0")
        service, _, path = words.decode("utf-8", "surrogateescape").rstrip("\n").partition(" ")
        rest = bytes(self._packets.rest)
        self._packets.rest.clear()
        if service not in SERVICES:
            self._raw(opening + rest)
            leave(self._line, self._house)
            return
        if len(opening) > LONGEST_OPENING:
            self._raw(opening)
        more = parameters.decode("utf-8", "surrogateescape").split("\0")
        version = max(map(version_of, more))
        about = About(channel="tcp", protocol="git", claimed=self._line.claimed)
        self._dialogue = Dialogue(Asked(service, path), self._line.remote, self._house, about=about, version=version)
        self._line.send(self._dialogue.begin())
        if rest:
            self._tell(rest)

    def _tell(self, data: bytes) -> None:
        assert self._dialogue is not None  # noqa: S101  # the opening made it
        was = self._dialogue.done
        self._line.stream(self._dialogue.feed(data))
        if self._dialogue.done and not was:
            self._dialogue.end()
            leave(self._line, self._house)

    def _give_up(self) -> None:
        held = bytes(self._packets.rest)
        self._packets.rest.clear()
        leave(self._line, self._house)
        if held:
            self._raw(held)

    def _raw(self, data: bytes) -> None:
        raw = Raw(self._line, self._house, About(channel="tcp", protocol="git-malformed"))
        raw.received(data)
        raw.flush()
