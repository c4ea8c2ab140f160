"""What git hosts remember: branches and tags, and the packs as they were pushed.

Packs are kept as they came, and joined into one when somebody clones (`packs`). A push is only copied: it costs no memory, an adversary's
deltas and streams are not looked into, and nothing of a repository ever lies on a disk as a file of git's own: there is no hook and no
configuration that could run. git itself, or a library of it, would have to be kept from all that.
"""

import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

from honeyweights.containers.internet.protocols.git import packs
from honeyweights.containers.internet.protocols.git.packs import HEADER, Budget, Pack
from honeyweights.containers.internet.spool import Capture, Spool
from honeyweights.containers.internet.talk import House

MOST_REPOSITORIES, MOST_REFS, MOST_PACKS = 200, 20_000, 500
"""Of all hosts; of all repositories; of one. What is beyond is said to be taken, is captured, and is not remembered."""
LONGEST_NAME = 1024
NONE = "0" * 40
"""No object: the old value of a new ref, the new one of a deleted ref."""
_ID = re.compile(r"[0-9a-f]{40}")
_BAD_NAME = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|/\.|\.lock(/|$)|[./]$")


@dataclass(kw_only=True)
class Repository:
    """One repository. Bare, with no objects of its own: only what came."""

    spool: Spool
    lock: threading.Lock
    budget: Budget
    refs: dict[str, str] = field(default_factory=dict)
    packs: list[Pack] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)
    """Every value that a ref ever had: whoever names one has what came with it."""
    head: str = "refs/heads/main"

    def listed(self) -> list[tuple[str, str]]:
        """(ref, object) of all refs, `HEAD` first where its branch is there."""
        with self.lock:
            first = [("HEAD", self.refs[self.head])] if self.head in self.refs else []
            return first + sorted(self.refs.items())

    def problem(self, name: str, old: str, new: str) -> str | None:
        """Why a ref can not be changed so, in git's own words."""
        if not name.startswith("refs/") or _BAD_NAME.search(name) or len(name) > LONGEST_NAME:
            return "funny refname"
        if old != self.refs.get(name, NONE) and not (new == NONE and name not in self.refs):
            return "failed to update ref"
        return None

    def change(self, name: str, new: str) -> None:
        """Sets or deletes a ref; the first branch that comes becomes the default."""
        if new == NONE:
            self.budget.refs += self.refs.pop(name, None) is not None
            return
        if self.budget.refs < len({name} - self.refs.keys()) + len({new} - self.seen):
            return
        self.budget.refs -= len({name} - self.refs.keys()) + len({new} - self.seen)
        if not self.refs and name.startswith("refs/heads/"):
            self.head = name
        self.refs[name] = new
        self.seen.add(new)

    def take(self, capture: Capture) -> None:
        """Remembers a closed capture that holds a pack, whole."""
        if capture.digest is None or capture.captured < capture.sent or len(self.packs) >= MOST_PACKS:
            return
        header = b"".join(self.spool.blocks(capture.digest, 0, HEADER))
        pack = Pack(capture.digest, capture.captured, int.from_bytes(header[8:12], "big"))
        if pack.objects and pack not in self.packs:
            self.packs.append(pack)

    def joined(self) -> tuple[int, int, Iterator[bytes]]:
        """One pack of everything: its size, its number of objects, its bytes."""
        return packs.joined(self.spool, tuple(self.packs), self.budget)


class Repositories:
    """All repositories of all hosts. One that nobody pushed to is there and empty: somebody will have made it on the host's pages."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._lock = threading.Lock()
        self._budget = Budget(refs=MOST_REFS)
        self._known: dict[tuple[str, str], Repository] = {}

    def get(self, host: str, path: str) -> Repository:
        """The repository at a path of a host, however the path is spelled."""
        key = (host, plain_path(path))
        with self._lock:
            return self._known.get(key) or Repository(spool=self._spool, lock=self._lock, budget=self._budget)

    def keep(self, host: str, path: str, repository: Repository) -> None:
        """Remembers one that was pushed to."""
        key = (host, plain_path(path))
        with self._lock:
            if len(key[1]) <= LONGEST_NAME and len(self._known) < MOST_REPOSITORIES:
                self._known.setdefault(key, repository)


def of(house: House) -> Repositories:
    """The house's."""
    found = house.memos.setdefault("git", Repositories(house.ledger.spool))
    assert isinstance(found, Repositories)  # noqa: S101  # nobody else uses that name
    return found


def plain_path(path: str) -> str:
    """`/~user/group/name.git/` and `group/name` are the same repository."""
    return re.sub(r"^[~/]+", "", path.strip().rstrip("/")).removesuffix(".git").rstrip("/")


def is_id(text: str) -> bool:
    """Whether it names an object."""
    return _ID.fullmatch(text) is not None
