"""Gives each name its own stable addresses, and knows them back. A function of the world's seed: the order of questions does not matter.

Public names get addresses out of networks that hosting companies own, inner ones (`.internal` and the like) private ones. None of them is
ever reached: the wire ends here.
"""

import hashlib
import ipaddress
from collections.abc import Callable, Mapping

from honeyweights.containers.internet.tlds import TOP_LEVEL

MOST = 50_000
"""Names that the world remembers. Somebody who leaks by DNS asks for a fresh name each time; their names are kept as payload anyway."""
PUBLIC4 = tuple(
    ipaddress.IPv4Network(block)
    for block in (
        "3.208.0.0/12", "13.48.0.0/13", "18.184.0.0/14", "20.48.0.0/12", "34.64.0.0/11", "35.184.0.0/13", "44.192.0.0/11",
        "45.32.0.0/14", "46.101.0.0/16", "51.68.0.0/14", "52.28.0.0/14", "54.144.0.0/12", "65.108.0.0/15", "78.46.0.0/15",
        "88.198.0.0/16", "95.216.0.0/15", "104.16.0.0/12", "116.202.0.0/15", "138.68.0.0/16", "139.59.0.0/16", "146.148.0.0/17",
        "151.101.0.0/16", "157.90.0.0/16", "159.65.0.0/16", "165.22.0.0/16", "167.99.0.0/16", "172.104.0.0/15", "178.62.0.0/16",
        "185.199.108.0/22", "188.166.0.0/16", "195.201.0.0/16", "206.189.0.0/16",
    )
)  # fmt: skip
PUBLIC6 = tuple(
    ipaddress.IPv6Network(block)
    for block in ("2600:1f18::/33", "2a01:4f8::/32", "2a01:4f9::/32", "2604:a880::/32", "2a05:d018::/36", "2a00:1450:4000::/37")
)
INNER4 = (ipaddress.IPv4Network("10.20.0.0/14"),)
INNER6 = (ipaddress.IPv6Network("fd07:64:20::/48"),)
_BLOCKS: dict[tuple[int, bool], tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]] = {
    (4, True): INNER4,
    (4, False): PUBLIC4,
    (6, True): INNER6,
    (6, False): PUBLIC6,
}
"""(family, inner) -> where addresses are drawn from."""
INNER_SUFFIXES = (".internal", ".lan", ".corp", ".intra", ".home.arpa")
NOBODYS_SUFFIXES = (".invalid", ".onion", ".arpa")
SECOND_LEVEL = frozenset({"ac", "co", "com", "edu", "go", "gov", "ne", "net", "or", "org"})
LONGEST = 253


def normal(name: str) -> str:
    """The one spelling of a name: lower case, no dot at the end."""
    return name.rstrip(".").lower()


def registered(name: str) -> str:
    """The suffix that somebody has registered: whoever owns it sees every query below it."""
    labels = normal(name).split(".")
    keep = 3 if len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in SECOND_LEVEL else 2  # noqa: PLR2004  # co.uk and the like
    return ".".join(labels[-keep:])


class Names:
    """The world's name table."""

    def __init__(self, told: Callable[[str, str], None]) -> None:
        """`told` hears each (name, address) when it is given for the first time."""
        self._told = told
        self._seed = b""
        self._fixed: dict[str, str] = {}
        self._given: dict[tuple[str, int], str] = {}
        self._hosts: dict[str, str] = {}
        self._short: dict[str, str] = {}

    def configure(self, seed: bytes, fixed: Mapping[str, str | None]) -> None:
        """Sets the seed and the names that the scenario knows; those with an address keep it."""
        self._seed = seed
        self._given.clear()
        self._hosts.clear()
        self._short = {whole.partition(".")[0]: whole for whole in map(normal, fixed) if whole.endswith(INNER_SUFFIXES)}
        self._fixed = {normal(name): str(ipaddress.ip_address(address)) for name, address in fixed.items() if address}
        for name in fixed:
            self.address(name, 4)
            self.address(name, 6)

    def address(self, name: str, family: int) -> str | None:
        """The name's address of family 4 or 6, or None where there is no such name."""
        name = self.whole(name)
        known = self._given.get((name, family))
        if known is not None:
            return known
        if not self.exists(name):
            return None
        address = self._choose(name, family)
        if address is not None and len(self._given) < MOST:
            self._given[name, family] = address
            self._hosts[address] = name
            self._told(name, address)
        return address

    def whole(self, name: str) -> str:
        """The name in its one spelling; one label alone is the machine's next door, as a house's own resolver tells, where there is one."""
        name = normal(name)
        return self._short.get(name, name)

    def host(self, address: str) -> str | None:
        """The name by which the world gave this address, or None."""
        return self._hosts.get(address)

    @property
    def egress(self) -> str:
        """The address by which the lab is known outside."""
        return self._draw("egress", 4, inner=False)

    def exists(self, name: str) -> bool:
        """Whether the name resolves. One label alone is no name on the internet, unless the scenario says so."""
        name = self.whole(name)
        if (name, 4) in self._given or name in self._fixed:
            return True
        if "." not in name or len(name) > LONGEST or name.endswith(NOBODYS_SUFFIXES):
            return name.endswith(INNER_SUFFIXES) and len(name) <= LONGEST
        return name.rpartition(".")[2] in TOP_LEVEL or name.endswith(".localhost") or name.endswith(INNER_SUFFIXES)

    def _choose(self, name: str, family: int) -> str | None:
        fixed = self._fixed.get(name)
        if fixed is not None:
            return fixed if ipaddress.ip_address(fixed).version == family else None
        if name == "localhost" or name.endswith(".localhost"):
            return "127.0.0.1" if family == 4 else "::1"  # noqa: PLR2004  # an address family
        inner = name.endswith(INNER_SUFFIXES) or "." not in name
        for attempt in range(16):
            address = self._draw(f"{family}|{attempt}|{name}", family, inner=inner)
            if self._hosts.get(address, name) == name:
                break
        return address

    def _draw(self, ticket: str, family: int, *, inner: bool) -> str:
        raw = hashlib.sha256(self._seed + ticket.encode("utf-8", "surrogateescape")).digest()
        blocks = _BLOCKS[family, inner]
        block = blocks[raw[0] % len(blocks)]
        place = int.from_bytes(raw[1:17], "big") % (block.num_addresses - 2) + 1
        if family == 4 and place % 256 in {0, 255}:  # noqa: PLR2004  # looks like a network or a broadcast
            place += 7 if place % 256 == 0 else -7
        return str(block[place])
