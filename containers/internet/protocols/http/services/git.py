"""git by HTTP (gitprotocol-http): pushes end well, clones give back what was pushed. The dialogue itself is `protocols/git`.

The payload of a push is the pack; the commands before it have a receipt of their own, `git-commands`.
"""

import re
import zlib
from collections.abc import Iterator

from honeyweights.containers.internet.protocols.git.deltas import Unreadable
from honeyweights.containers.internet.protocols.git.pkt import FLUSH, line
from honeyweights.containers.internet.protocols.git.receive import Receive
from honeyweights.containers.internet.protocols.git.repositories import Repository, of
from honeyweights.containers.internet.protocols.git.stream import version_of
from honeyweights.containers.internet.protocols.git.upload import SERVICES as DIALOGUES
from honeyweights.containers.internet.protocols.git.upload import Upload, advertised
from honeyweights.containers.internet.protocols.http.exchange import Answering, Head, Reply, Service
from honeyweights.containers.internet.receipts import About
from honeyweights.containers.internet.spool import BLOCK, Capture
from honeyweights.containers.internet.talk import House

LONGEST_QUESTION = 1 << 20
"""Bytes of a fetch's question, packed or not."""
LARGEST_UNPACKED = 64 << 20
"""Bytes of a push that came by gzip, once unpacked: git itself packs questions alone, and the server waits for this."""
BAD = Reply(400, "text/plain", b"bad request\n")
_PLACE = re.compile(r"(?P<path>/.*)/(?P<what>info/refs|git-upload-pack|git-receive-pack|HEAD)", re.DOTALL)
NEVER = (("Cache-Control", "no-cache, max-age=0, must-revalidate"), ("Expires", "Fri, 01 Jan 1980 00:00:00 GMT"), ("Pragma", "no-cache"))


def claims(head: Head, _house: House) -> bool:
    """By path and query; `HEAD` and a bare `info/refs` only where the path says `.git`."""
    found = _PLACE.fullmatch(head.path)
    if found is None:
        return False
    if found["what"] in DIALOGUES:
        return head.method == "POST"
    return head.method == "GET" and (found["path"].endswith(".git") or head.query.get("service") in DIALOGUES)


class Pushed:
    """Takes the commands out of a push's body, and puts them down as a receipt of their own."""

    extras = b""

    def __init__(self, receive: Receive, head: Head, path: str, house: House) -> None:
        self.receive = receive
        self._head = head
        self._house = house
        channel = "https" if head.secure else "http"
        self._about = About(channel=channel, protocol="git-commands", method=head.method, target=path, claimed=head.host)

    def feed(self, data: bytes) -> bytes:
        """The pack's bytes among these."""
        return self.receive.feed(data)

    def end(self) -> bytes:
        """What was not even a command."""
        if self.receive.said:
            self._house.ledger.whole(self._head.remote, self._about, self.receive.said)
            self.receive.said.clear()
        return self.receive.held()

    def unpacked(self, capture: Capture, repository: Repository) -> Capture | None:
        """The pack of a body that came by gzip, for whoever clones; None where it holds none. The receipt has it as it came."""
        spool = self._house.ledger.spool
        pack = spool.open()
        try:
            for piece in _inflated(spool.blocks(capture.digest) if capture.digest else iter(())):
                repository.budget.take(len(piece))
                pack.write(self.feed(piece))
        except (zlib.error, Unreadable):
            return None
        finally:
            pack.write(self.end())
            pack.close()
        return pack


def _inflated(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """What gzip holds. Bounded: a body of nothing but zeros is a thousand times as long as it came.

    Raises:
        zlib.error: where it holds nothing, too much, or ends early.
    """
    inflater, left = zlib.decompressobj(31), LARGEST_UNPACKED
    for block in blocks:
        data = block
        while data and not inflater.eof:
            piece = inflater.decompress(data, BLOCK)
            data, left = inflater.unconsumed_tail, left - len(piece)
            if left < 0:
                raise zlib.error("too much")
            yield piece
    if not inflater.eof:
        raise zlib.error("the end is missing")


def _packed(head: Head) -> bool:
    return head.header("content-encoding").strip().lower() in {"gzip", "x-gzip"}


def serve(head: Head, house: House) -> Answering:
    """One request of git's."""
    found = _PLACE.fullmatch(head.path)
    assert found is not None  # noqa: S101  # it was claimed
    path, what = found["path"], found["what"]
    site = head.site or head.remote.host or head.remote.address
    repositories = of(house)
    repository = repositories.get(site, path)
    if what == "git-upload-pack":
        return Answering(lambda capture: _uploaded(head, repository, capture, house))
    if what != "git-receive-pack":
        return Answering(lambda _capture: _listed(head, repository, what))
    pushed = Pushed(Receive(repository), head, path, house)

    def answer(capture: Capture) -> Reply:
        pack = pushed.unpacked(capture, repository) if _packed(head) else capture
        report = b"" if pack is None else pushed.receive.report(pack)
        if pack is None or pushed.receive.broken:
            return BAD
        if report:
            repositories.keep(site, path, repository)
        return Reply(200, "application/x-git-receive-pack-result", report, NEVER)

    return Answering(answer, None if _packed(head) else pushed)


def _listed(head: Head, repository: Repository, what: str) -> Reply:
    service = head.query.get("service", "")
    if what == "HEAD":
        return Reply(200, "text/plain", f"ref: {repository.head}\n".encode("utf-8", "surrogateescape"), NEVER)
    if service not in DIALOGUES:
        rows = "".join(f"{oid}\t{name}\n" for name, oid in repository.listed() if name != "HEAD")
        return Reply(200, "text/plain", rows.encode("utf-8", "surrogateescape"), NEVER)
    told = line(f"# service={service}\n") + FLUSH + advertised(repository, service, version_of(head.header("git-protocol")))
    return Reply(200, f"application/x-{service}-advertisement", told, NEVER)


def _uploaded(head: Head, repository: Repository, capture: Capture, house: House) -> Reply:
    asked = b"" if capture.digest is None else b"".join(house.ledger.spool.blocks(capture.digest, 0, LONGEST_QUESTION))
    if _packed(head):
        try:
            asked = zlib.decompressobj(31).decompress(asked, LONGEST_QUESTION)
        except zlib.error:
            return BAD
    upload = Upload(repository, version_of(head.header("git-protocol")))
    answer = upload.feed(asked)
    if upload.broken:
        return BAD
    return Reply(200, "application/x-git-upload-pack-result", extra=NEVER, blocks=iter(answer), length=answer.length)


SERVICES = (Service("git", claims, "http.services.git:serve", protocol="git", rank=20),)
