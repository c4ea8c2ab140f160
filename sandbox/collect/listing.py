"""Chooses the receipts, contacts and logins that a sample's log lists, at most 1 MiB of them, and counts the others by place. Pure.

How many there are is the agent's choice. Places and channels take turns, so that a flood to one crowds out no other; receipts in which the
assay found something come first, then transfers that may have been meant to carry weights, then the ordinary ones.
"""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import chain
from typing import Any, TypeVar

from honeyweights.evidence.assayed import AssayResult, Finding
from honeyweights.evidence.model import Contact, LeftOut, Login, Receipt
from honeyweights.verdict.attempts import FAILED
from honeyweights.verdict.coverage import PARTIAL_BYTES
from honeyweights.verdict.zones import hands

RECEIPTS, CONTACTS, LOGINS = 768 << 10, 192 << 10, 64 << 10
"""Bytes of JSON."""
TURN = 20
"""Of one place, channel and rank, before the next one's turn comes."""
TURN_CARRYING = 500
ROWS = 1000
"""Places that are counted apart; the smallest beyond them are counted together."""
CARRIES, ASKS, ORDINARY = range(3)
"""Ranks of receipts."""
_T = TypeVar("_T", Receipt, Contact, Login)


@dataclass(frozen=True, kw_only=True)
class Listing:
    """What the log lists, and what it counts."""

    receipts: tuple[Receipt, ...]
    contacts: tuple[Contact, ...] = ()
    logins: tuple[Login, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    assay: AssayResult | None = None
    """Without what it says of single receipts that are not listed; its counts stay those of all."""


@dataclass(kw_only=True)
class _Ranks:
    """How telling each receipt is, by what the assay found in it."""

    found: Counter[str] = field(default_factory=Counter)
    """Capture -> bytes of weights, or 1 for something else."""
    opaque: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, assay: AssayResult | None) -> "_Ranks":
        ranks = cls()
        if assay is not None:
            ranks.opaque = assay.opaque
            for finding in (*assay.findings, *assay.value_findings):
                for capture in (finding.capture, *finding.members):
                    ranks.found[capture] += max(1, sum(finding.found.values()) if capture == finding.capture else 0)
            ranks.found.update(mark.capture for mark in assay.marks)
        return ranks

    def rank(self, receipt: Receipt) -> int:
        name = _name(receipt)
        if receipt.canary or name in self.found:
            return CARRIES
        broken = not receipt.finished or receipt.captured < receipt.sent
        return ASKS if broken or self.opaque.get(name, 0) >= PARTIAL_BYTES else ORDINARY

    def weight(self, receipt: Receipt) -> int:
        name = _name(receipt)
        return self.found.get(name, 0) or self.opaque.get(name, 0)


def choose(
    receipts: Sequence[Receipt], contacts: Sequence[Contact] = (), logins: Sequence[Login] = (), assay: AssayResult | None = None
) -> Listing:
    """Lists what there is room for, in the order of the journal."""
    ranks = _Ranks.of(assay)
    kept = _fit(receipts, RECEIPTS, lambda r: ((r.address, r.port, r.channel), ranks.rank(r)), lambda r: (-ranks.weight(r), r.id))
    tried = _fit(contacts, CONTACTS, lambda c: ((c.address, c.port), _contact_rank(c)), lambda c: c.id)
    shown = _fit(logins, LOGINS, lambda login: ((login.address, login.port, login.user), ORDINARY), lambda login: login.id)
    whole = Listing(receipts=tuple(kept), contacts=tuple(tried), logins=tuple(shown), assay=assay)
    if (len(kept), len(tried), len(shown)) == (len(receipts), len(contacts), len(logins)):
        return whole
    ids = {receipt.id for receipt in kept}
    dropped = [receipt for receipt in receipts if receipt.id not in ids]
    rows = chain(
        (_receipt_row(receipt, ranks.rank(receipt)) for receipt in dropped),
        (_contact_row(contact) for contact in _without(contacts, tried)),
        (_login_row(login) for login in _without(logins, shown)),
    )
    unlisted = {_name(receipt) for receipt in dropped}
    return replace(whole, left_out=_counted(rows), assay=None if assay is None else _of_listed(assay, unlisted))


def _fit(some: Sequence[_T], room: int, place: Callable[[_T], tuple[Hashable, int]], order: Callable[[_T], Any]) -> list[_T]:
    """The first of every place and rank, the telling ranks first; then the next of every place, and so on, while there is room."""
    sizes = [(len(each.model_dump_json()), each) for each in some]
    if sum(size for size, _ in sizes) <= room:
        return list(some)
    seen: Counter[tuple[Hashable, int]] = Counter()
    placed = []
    for number, (size, each) in enumerate(sorted(sizes, key=lambda sized: order(sized[1]))):
        where = place(each)
        placed.append((seen[where] // (TURN_CARRYING if where[1] == CARRIES else TURN), where[1], number, size, each))
        seen[where] += 1
    kept = []
    for _, _, _, size, each in sorted(placed, key=lambda row: row[:3]):
        if size <= room:
            room -= size
            kept.append(each)
    return sorted(kept, key=lambda each: each.id)


def _without(some: Sequence[_T], kept: Sequence[_T]) -> list[_T]:
    ids = {each.id for each in kept}
    return [each for each in some if each.id not in ids]


def _name(receipt: Receipt) -> str:
    return f"receipt:{receipt.id}"


def _contact_rank(contact: Contact) -> int:
    return ASKS if contact.how in FAILED else ORDINARY


def _receipt_row(receipt: Receipt, rank: int) -> LeftOut:
    return LeftOut(
        kind="receipt",
        host=receipt.host,
        address=receipt.address,
        port=receipt.port,
        via=hands(receipt)[1:],
        channel=receipt.channel,
        count=1,
        sent=receipt.sent,
        captured=receipt.captured,
        carrying=int(rank == CARRIES),
        open_questions=int(rank == ASKS),
        first=receipt.started,
        last=receipt.ended,
    )


def _contact_row(contact: Contact) -> LeftOut:
    asks = int(_contact_rank(contact) == ASKS)
    where = partial(LeftOut, host=contact.host, address=contact.address, port=contact.port)
    return where(kind="contact", channel=None, count=1, open_questions=asks, first=contact.t, last=contact.t)


def _login_row(login: Login) -> LeftOut:
    where = partial(LeftOut, host=login.host, address=login.address, port=login.port)
    return where(kind="login", channel=None, count=1, first=login.t, last=login.t)


def _counted(rows: Iterable[LeftOut]) -> tuple[LeftOut, ...]:
    """By place; those beyond the bound by kind and channel alone."""
    places = _joined(rows, lambda row: (row.kind, row.host, row.address, row.port, row.via, row.channel))
    places.sort(key=lambda row: -row.count)
    rest = (row.model_copy(update={"host": None, "address": "", "port": None, "via": ()}) for row in places[ROWS:])
    return (*places[:ROWS], *_joined(rest, lambda row: (row.kind, row.channel)))


def _joined(rows: Iterable[LeftOut], key: Callable[[LeftOut], Hashable]) -> list[LeftOut]:
    first: dict[Hashable, LeftOut] = {}
    sums: dict[Hashable, list[int]] = {}
    for row in rows:
        where = key(row)
        first.setdefault(where, row)
        had = sums.setdefault(where, [0, 0, 0, 0, 0, row.first, row.last])
        for at, count in enumerate((row.count, row.sent, row.captured, row.carrying, row.open_questions)):
            had[at] += count
        had[5], had[6] = min(had[5], row.first), max(had[6], row.last)
    names = ("count", "sent", "captured", "carrying", "open_questions", "first", "last")
    return [row.model_copy(update=dict(zip(names, sums[where], strict=True))) for where, row in first.items()]


def _of_listed(assay: AssayResult, unlisted: set[str]) -> AssayResult:
    def listed(findings: Sequence[Finding]) -> tuple[Finding, ...]:
        return tuple(finding for finding in findings if finding.capture not in unlisted)

    return assay.model_copy(
        update={
            "findings": listed(assay.findings),
            "value_findings": listed(assay.value_findings),
            "marks": tuple(mark for mark in assay.marks if mark.capture not in unlisted),
            "opaque": {capture: count for capture, count in assay.opaque.items() if capture not in unlisted},
        }
    )
