"""What stands at a host outside that no story names: one of the ordinary kinds, drawn by the world's seed, the same for the sample's life.

The kinds are data (`sites/fronts.yaml`). Hosts that the scenario names, and the lab's own, have the pages of `web` or rows of their own.
"""

import hashlib
from dataclasses import dataclass
from functools import cache
from typing import Any

from honeyweights.containers.internet.names import INNER_SUFFIXES
from honeyweights.containers.internet.protocols.http import sites
from honeyweights.containers.internet.protocols.http.exchange import Head, Reply
from honeyweights.containers.internet.talk import House


@dataclass(frozen=True, kw_only=True)
class Front:
    """A kind of host: the keys are told in the file."""

    weight: int
    server: str
    bare: bool = False
    rows: tuple[sites.Site, ...]


@cache
def shipped() -> tuple[Front, ...]:
    """The kinds of the file. Read when the first request needs them."""
    import yaml  # noqa: PLC0415  # as in `sites`

    told: list[dict[str, Any]] = yaml.safe_load((sites.FOLDER / sites.FRONTS).read_text(encoding="utf-8"))["fronts"]
    return tuple(Front(**row | {"rows": sites.read(row["rows"])}) for row in told)


def of(head: Head, house: House) -> Front | None:
    """The kind of the host that is asked; None where a story, or the lab, says what it is."""
    site = head.site or head.remote.host or head.remote.address
    if site in house.hosts or site.endswith(INNER_SUFFIXES):
        return None
    bare = head.remote.host is None
    kinds = [front for front in shipped() if front.bare or not bare]
    drawn = int.from_bytes(hashlib.sha256(b"front" + house.seed() + site.encode("utf-8", "surrogateescape")).digest()[:8], "big")
    drawn %= sum(front.weight for front in kinds)
    for front in kinds:
        drawn -= front.weight
        if drawn < 0:
            return front
    raise AssertionError("weights are their sum")


def page(front: Front, head: Head, house: House) -> Reply:
    """What it says at a path."""
    row = next((row for row in front.rows if row.fits(head)), front.rows[-1])
    return row.reply(head, house.names.egress)


def dressed(answer: Reply, head: Head, house: House) -> Reply:
    """An answer as the host's own server gives it, where no service is a server of another make."""
    if any(name.lower() == "server" for name, _ in answer.extra):
        return answer
    front = of(head, house)
    return answer if front is None else answer._replace(extra=(*answer.extra, ("Server", front.server)))
