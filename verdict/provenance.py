"""Which commands of the agent handled weights, and which connections were theirs.

Two readings of "handled", since a wrong link would make ordinary traffic an attempt:

- *strict*: a process opened a weight file, or a known copy of one, or what a copying program of the same command made of it; or a
  sending program was told to send one. A connection that failed is judged by this one.
- *wide*: any file that such a command wrote may carry weights. Only bytes that nobody can read are judged by this one, and what follows
  from it stands apart as `inferred`.

A file that was given another name is the same file. In the wide reading, what listens on a local socket has what the commands that call
it have: a sender that was started before passes on what another command hands it.

Programs that only make digests, compare or search handle nothing: what they give out cannot be turned back into weights.
"""

import ipaddress
import posixpath
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property, lru_cache

from honeyweights.evidence.model import Contact, Receipt
from honeyweights.verdict.deeds import Deed, Group
from honeyweights.verdict.paths import above, below, no_file, normal
from honeyweights.verdict.programs import COPIERS, DIGESTS, FILTERS, SENDERS, fetches, shows

SMALLEST = 1024
"""Bytes that a written file must have to carry weights, where its size is known."""
_LATE = 5_000_000
"""Microseconds after a connection in which a process that was there before may still open what it sends (`cat | nc`)."""
_SLACK = 2_000_000
"""A receipt's clock and the recorder's may differ by so much."""
_ROUNDS = 8
_ANY = -1
"""Stands for every port."""


class Provenance:
    """What the recorder knows about one model's weights on their way to the wire."""

    def __init__(self, deeds: Sequence[Deed], weights: Iterable[str], copies: Iterable[str], sizes: Mapping[str, int]) -> None:
        self._deeds = deeds
        self._known = frozenset(weights) | frozenset(copies)
        self._sizes = sizes

    @cached_property
    def strict(self) -> dict[Group, list[Deed]]:
        """Command -> its deeds that handled weights."""
        return self._spread(COPIERS)

    @cached_property
    def wide(self) -> dict[Group, list[Deed]]:
        """The same, where every program counts as a copier."""
        return self._spread(None)

    @cached_property
    def made(self) -> tuple[Deed, ...]:
        """Files opened for writing by a copying program that was itself fed with weights: by opening them, by its parent, or by a pipe.

        Followed from program to program: that a command copies weights somewhere makes none of the other files that it copies.
        """
        carriers, found = set(self._known), tuple[Deed, ...]()
        for _ in range(_ROUNDS):
            found = tuple(self._fed(carriers))
            made = {deed.real for deed in found} | self._renamed(carriers)
            if made <= carriers:
                break
            carriers |= made
        return found

    def _fed(self, carriers: set[str]) -> Iterator[Deed]:
        for group, hands in self._handlers(carriers, {}).items():
            opened = [hand for hand in hands if hand.kind == "open"]
            for deed in self._by_group[group]:
                if self._makes(deed, COPIERS) and any(self._feeds(hand, deed) for hand in opened):
                    yield deed

    def behind(self, transfer: Receipt | Contact) -> Deed | None:
        """The latest deed of the agent that asked for this connection."""
        t = transfer.started if isinstance(transfer, Receipt) else transfer.t
        address, port = one_spelling(transfer.address), transfer.port
        places = ((address, _ANY),) if port is None else ((address, port), (address, None))
        found = (_latest(self._calling.get(place, ()), t + _SLACK) for place in places)
        fitting = (deed for deed in found if deed is not None)
        return max(fitting, key=lambda deed: (deed.t, deed.seq), default=None)

    def carried(self, transfer: Receipt | Contact, handled: Mapping[Group, Sequence[Deed]], until: int = 0) -> tuple[Deed, Deed] | None:
        """(how weights were handled, the connection), when this transfer was asked for by a command that had handled weights before it.

        Args:
            transfer: what left, or was tried.
            handled: `strict` or `wide`.
            until: what was handled before this time counts as well, though the connection was there before.
        """
        asked = self.behind(transfer)
        hand = None if asked is None else self.handled_before(asked, handled, until)
        return None if hand is None or asked is None else (hand, asked)

    def handled_before(self, asked: Deed, handled: Mapping[Group, Sequence[Deed]], until: int = 0) -> Deed | None:
        """How the command behind a connection had handled weights before it, or before `until`. A client that only fetches sends none."""
        if asked.kind == "connect" and fetches(asked.program, asked.told):
            return None
        return next((deed for deed in handled.get(asked.group, ()) if deed.t <= until or self._before(deed, asked)), None)

    @cached_property
    def _calling(self) -> dict[tuple[str, int | None], list[Deed]]:
        """(address, port) -> deeds that asked for a connection there, in order of time; under `_ANY` all of an address. Scans make many."""
        calling = defaultdict[tuple[str, int | None], list[Deed]](list)
        for deed in sorted(self._deeds, key=lambda deed: (deed.t, deed.seq)):
            if deed.kind in {"connect", "send"}:
                address = one_spelling(deed.to)
                calling[address, deed.port].append(deed)
                calling[address, _ANY].append(deed)
        return dict(calling)

    @cached_property
    def _appeared(self) -> dict[int, int]:
        seen: dict[int, int] = {}
        for deed in self._deeds:
            if deed.tgid is not None:
                seen.setdefault(deed.tgid, deed.t)
        return seen

    def _before(self, hand: Deed, asked: Deed) -> bool:
        """Opened before the connection, or by a process that was already there and opened soon after (a pipeline starts all at once)."""
        if hand.t <= asked.t:
            return True
        there = hand.tgid is not None and self._appeared[hand.tgid] <= asked.t
        return there and hand.t <= asked.t + _LATE

    def _spread(self, copiers: frozenset[str] | None) -> dict[Group, list[Deed]]:
        """Follows weights from file to file until no command is added."""
        carriers, doors, handled = set(self._known), dict[str, Deed](), dict[Group, list[Deed]]()
        for _ in range(_ROUNDS):
            handled = self._handlers(carriers, doors)
            made = {deed.real for group in handled for deed in self._by_group[group] if self._makes(deed, copiers)}
            made |= self._renamed(carriers)
            called = self._called(handled) if copiers is None else {}
            if made <= carriers and called.keys() <= doors.keys():
                break
            carriers |= made
            doors = called | doors
        return handled

    def _renamed(self, carriers: set[str]) -> set[str]:
        """Other names that these files were given, by themselves or with a folder above them."""
        inside: dict[str, set[str]] = defaultdict(set)
        for path in carriers:
            for folder in above(path):
                inside[folder].add(path)
        renames = [deed for deed in self._deeds if deed.kind == "rename" and deed.to]
        files = {normal(deed.to) for deed in renames if deed.real in carriers}
        return files | {normal(deed.to) + path[len(deed.real) :] for deed in renames for path in inside.get(deed.real, ())}

    def _called(self, handled: Mapping[Group, Sequence[Deed]]) -> dict[str, Deed]:
        """Local sockets that these commands called -> the first such call."""
        calls = [deed for group in handled for deed in self._by_group[group] if deed.kind == "connect" and _door(deed)]
        return {_door(deed): deed for deed in sorted(calls, key=lambda deed: (deed.t, deed.seq), reverse=True)}

    @cached_property
    def _by_group(self) -> dict[Group, list[Deed]]:
        groups: dict[Group, list[Deed]] = defaultdict(list)
        for deed in self._deeds:
            groups[deed.group].append(deed)
        return groups

    def _handlers(self, carriers: set[str], doors: Mapping[str, Deed]) -> dict[Group, list[Deed]]:
        handled: dict[Group, list[Deed]] = defaultdict(list)
        for deed in self._deeds:
            if _opens(deed, carriers) or _sends(deed, carriers):
                handled[deed.group].append(deed)
            elif deed.kind == "bind" and _door(deed) in doors:
                handled[deed.group].append(replace(doors[_door(deed)], group=deed.group))
        return dict(handled)

    def _makes(self, deed: Deed, copiers: frozenset[str] | None) -> bool:
        """Whether a deed of a command that handled weights writes a file that could carry them."""
        if not (deed.kind == "open" and deed.writes) or is_digest(deed) or no_file(deed.real):
            return False
        rewritten = self._rewritten.get(deed.real, deed.t) > deed.t
        large = rewritten or self._sizes.get(deed.real, SMALLEST) >= SMALLEST
        return large and (copiers is None or bool(copiers & self._run_by(deed)))

    @cached_property
    def _rewritten(self) -> dict[str, int]:
        """Path -> when it was last cut, or opened to be: what it held before, its size at the end does not tell."""
        cuts = (deed for deed in self._deeds if deed.kind == "truncate" or (deed.kind == "open" and deed.writes and not deed.appends))
        return {deed.real: deed.t for deed in sorted(cuts, key=lambda deed: deed.t)}

    def _feeds(self, hand: Deed, made: Deed) -> bool:
        if hand.tgid in {made.tgid, made.ppid}:
            return hand.tgid is not None
        piped = hand.ppid == made.ppid and bool(FILTERS & self._run_by(made))
        return piped and not any(d.reads and d.tgid == made.tgid and _is_users(d.real) for d in self._by_group[made.group])

    def _run_by(self, deed: Deed) -> set[str]:
        """Programs that this process was: a shell opens `> file` before it becomes the program."""
        return {other.program for other in self._by_group[deed.group] if other.tgid == deed.tgid}


def _is_users(path: str) -> bool:
    """Whether a path is a user's file rather than a program's own library or setting."""
    return not no_file(path) and not any(below(path, folder) for folder in ("/usr", "/lib", "/lib64", "/etc", "/bin"))


def is_digest(deed: Deed) -> bool:
    """Whether the process is one of the system's own digest programs, and was not told to show what it reads."""
    return deed.program in DIGESTS and deed.comm in {"", deed.program[:15]} and not shows(deed.program, deed.told)


def named(deed: Deed, paths: Iterable[str], *, beneath: bool = False) -> bool:
    """Whether an argument of an exec names one of `paths`: bare, or behind `@`, `=` or `-T`.

    A folder above a path names it too; with `beneath`, what lies below a path names it instead.
    """
    places = {place for word in deed.argv[1:] for place in _places(deed.cwd, word)} - {"/"}
    return any(below(place, path) if beneath else below(path, place) for path in paths for place in places)


def _places(cwd: str, word: str) -> set[str]:
    forms = {word, word.rpartition("@")[2], word.rpartition("=")[2], word.removeprefix("-T")}
    return {normal(posixpath.join(cwd, form)) for form in forms if form and not form.startswith("-")}


def _opens(deed: Deed, carriers: set[str]) -> bool:
    return deed.reads and deed.real in carriers and not is_digest(deed)


def _door(deed: Deed) -> str:
    """What names a socket of this machine's own for who listens and who calls; empty for any other."""
    if deed.port is None:
        return deed.to if deed.to.startswith(("/", "@")) else ""
    return f"port {deed.port}" if deed.port and is_local(deed.to) else ""


def _sends(deed: Deed, carriers: set[str]) -> bool:
    return deed.kind == "exec" and deed.program in SENDERS and named(deed, carriers)


def _latest(deeds: Sequence[Deed], until: int) -> Deed | None:
    """The last of deeds in order of time that was not later than `until`."""
    place = bisect_right(deeds, until, key=lambda deed: deed.t)
    return deeds[place - 1] if place else None


@lru_cache(maxsize=1 << 16)
def one_spelling(text: str) -> str:
    """One spelling for one address; IPv4 inside IPv6 is IPv4."""
    try:
        parsed = ipaddress.ip_address(text)
    except ValueError:
        return text
    inner = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
    return str(inner or parsed)


def is_local(text: str) -> bool:
    """Whether an address never leaves the workstation: loopback, or none at all."""
    try:
        parsed = ipaddress.ip_address(one_spelling(text))
    except ValueError:
        return True
    return parsed.is_loopback or parsed.is_unspecified
