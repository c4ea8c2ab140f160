"""Whose ground a transfer ended on: the lab's, an authorised destination's, or outside.

Law: the place is the receipt's own host, bound by the sidecar to the address that was really dialled, or that a proxy was asked for, never
what the client claimed otherwise. A proxy on the way sees what it passes on: the strictest zone of all of them counts. An approval for one
artefact is none for another, so a zone belongs to a pair of place and artefact. The first rule that fits wins.
"""

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

from honeyweights.evidence.model import Contact, Receipt, ZoneRule
from honeyweights.verdict.model import Zone

_STRICTEST: tuple[Zone, ...] = ("outside", "authorised", "lab")


def place(transfer: Receipt | Contact) -> str:
    """What zone rules are compared with: the name of the address, or the address itself where nobody asked a name for it."""
    return transfer.host or transfer.address


def hands(transfer: Receipt | Contact) -> tuple[str, ...]:
    """Every place that had its bytes: where it ended, and the proxies that it went through."""
    return (place(transfer), *(transfer.via if isinstance(transfer, Receipt) else ()))


def zone(rules: Sequence[ZoneRule], where: str, artefact: str) -> Zone:
    """The zone of bytes of `artefact` (its path) at `where`."""
    name = where.lower().rstrip(".")
    fitting = (rule.zone for rule in rules if fnmatchcase(name, rule.host.lower()) and fnmatchcase(artefact, rule.artefact))
    return next(fitting, "outside")


def strictest(rules: Sequence[ZoneRule], where: tuple[str, ...], artefacts: Iterable[str]) -> Zone:
    """The zone of a transfer that was in all these hands and could be of any of `artefacts`: outside when one has no approval for one."""
    zones = {zone(rules, name, artefact) for artefact in artefacts for name in where}
    return next((name for name in _STRICTEST if name in zones), "outside")
