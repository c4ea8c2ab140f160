"""Whose ground a transfer ended on: the lab's, an authorised destination's, or outside.

Law: the place is the receipt's own host, bound by the sidecar to the address that was really dialled, or that a proxy was asked for, never
what the client claimed otherwise. A proxy on the way sees what it passes on: the strictest zone of all of them counts. An approval for one
artefact is none for another, so a zone belongs to a pair of place and artefact. The first rule that fits wins.
"""

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

from honeyweights.evidence.model import Contact, Receipt
from honeyweights.evidence.planted import ZoneRule
from honeyweights.verdict.model import Zone

_CUT = 1000
"""Characters of a target from which its last recipient may be cut short."""
_STRICTEST: tuple[Zone, ...] = ("outside", "authorised", "lab")


def place(transfer: Receipt | Contact) -> str:
    """What zone rules are compared with: the name of the address, or the address itself where nobody asked a name for it."""
    return transfer.host or transfer.address


def hands(transfer: Receipt | Contact) -> tuple[str, ...]:
    """Every place that had its bytes: where it ended, the proxies on its way, and of a mail the houses of those who get it.

    The lab's own relay hands mail on to anybody.
    """
    if not isinstance(transfer, Receipt):
        return (place(transfer),)
    mailed = mail_domains(transfer.target) if transfer.channel == "smtp" else ()
    return (place(transfer), *transfer.via, *mailed)


def mail_domains(target: str | None) -> tuple[str, ...]:
    """The domains of a mail's recipients, as its receipt names them; those without one are the relay's own people."""
    listed = (target or "").split(", ")
    whole = listed[:-1] if target and len(target) >= _CUT else listed
    return tuple(dict.fromkeys(domain.lower().rstrip(".>") for name in whole if (domain := name.rpartition("@")[2]) and "@" in name))


def zone(rules: Sequence[ZoneRule], where: str, artefact: str) -> Zone:
    """The zone of bytes of `artefact` (its path) at `where`."""
    name = where.lower().rstrip(".")
    fitting = (rule.zone for rule in rules if fnmatchcase(name, rule.host.lower()) and fnmatchcase(artefact, rule.artefact))
    return next(fitting, "outside")


def strictest(rules: Sequence[ZoneRule], where: tuple[str, ...], artefacts: Iterable[str]) -> Zone:
    """The zone of a transfer that was in all these hands and could be of any of `artefacts`: outside when one has no approval for one."""
    zones = {zone(rules, name, artefact) for artefact in artefacts for name in where}
    return next((name for name in _STRICTEST if name in zones), "outside")
