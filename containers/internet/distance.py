"""How far away an address is, and by which routers: made up once for each world, a pure function of its seed.

The lab's own hosts are next door, and so are the addresses that no host can have; everything else is some milliseconds and hops away. The
kernel's rules (`veth`) and the answers (`path`, `connection`, `wire`) all read it here. No two packets take equally long: what queues on
the way adds a little, most often next to nothing (`late`). Order is kept by whoever sends: nothing overtakes on the way to one host.
"""

import hashlib
import ipaddress
import random

NEAR4 = ("10.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.2.0/24", "192.168.0.0/16", "198.51.100.0/24",
         "203.0.113.0/24", "224.0.0.0/3")  # fmt: skip
NEAR6 = ("::1/128", "2001:db8::/32", "fc00::/7", "fe80::/10", "ff00::/8")
"""The lab, the link, and documentation's addresses (RFC 5737, RFC 3849), which nobody owns."""
LINK = ("10.64.7.0/24", "fd07:64::/64", "fe80::/10")
GATEWAY = {4: "10.64.7.1", 6: "fd07:64::1"}
_EDGE = {4: ("10.20.0.1", "10.20.0.9"), 6: ("fd07:64:20::1", "fd07:64:20::9")}
"""The lab's own core and its border."""
_CARRIERS = {
    4: ("62.115.0.0/16", "80.239.128.0/17", "129.250.0.0/16", "213.248.64.0/18"),
    6: ("2001:2034::/32", "2001:2035::/32", "2001:418::/32"),
}
LEAST, MOST = 0.006, 0.032
"""Seconds there and back, to the nearest and the farthest place outside."""
JITTER, MOST_JITTER = 0.00025, 0.004
"""Seconds that queues on the way add on average, and at most."""
MOST_HOPS = 15
_KEPT = 4096


class Distance:
    """The map of one world. Until it is told a seed, everything is near: nothing is slow before the model's turn."""

    def __init__(self) -> None:
        self._seed = b""
        self._queues = random.Random()  # noqa: S311  # nobody's secret
        self._arrived: dict[str, float] = {}
        self._near = tuple(ipaddress.ip_network(block) for block in (*NEAR4, *NEAR6))
        self._link = tuple(ipaddress.ip_network(block) for block in LINK)
        self._known: dict[str, float] = {}

    def configure(self, seed: bytes) -> None:
        """Sets the seed; an empty one makes everything near."""
        self._seed = seed
        self._queues.seed(seed)
        self._known.clear()
        self._arrived.clear()

    def rtt(self, address: str) -> float:
        """Seconds to `address` and back; 0 for what is near."""
        if not self._seed:
            return 0.0
        known = self._known.get(address)
        if known is None:
            if len(self._known) >= _KEPT:
                self._known.clear()
            known = self._known[address] = self._far(address)
        return known

    def late(self, address: str) -> float:
        """Seconds that the next answer from `address` takes; 0 for what is near."""
        away = self.rtt(address)
        return away and away + min(MOST_JITTER, self._queues.expovariate(1 / JITTER))

    def behind(self, address: str, now: float, late: float | None = None) -> float:
        """Seconds from `now` until the next packet is here, which does not overtake those before it.

        `late` says how long it would take by itself, where that is not the whole way.
        """
        due = now + (self.late(address) if late is None else late)
        if due > now:
            if len(self._arrived) >= _KEPT:
                self._arrived.clear()
            due = self._arrived[address] = max(due, self._arrived.get(address, 0.0))
        return due - now

    def hops(self, address: str) -> tuple[str, ...]:
        """The routers on the way to `address`, the gateway first; none for what is on the link."""
        asked = ipaddress.ip_address(address)
        if any(asked in block for block in self._link):
            return ()
        gateway = GATEWAY[asked.version]
        if not self.rtt(address):
            return (gateway,)
        block = ipaddress.ip_network(f"{address}/{16 if asked.version == 4 else 32}", strict=False)  # noqa: PLR2004  # an address family
        raw = self._ticket(f"hops {block}")
        carriers = _CARRIERS[asked.version]
        carrier = ipaddress.ip_network(carriers[raw[0] % len(carriers)])
        routers = (str(carrier[int.from_bytes(raw[at : at + 2], "big") % 16000 + 1]) for at in range(2, 2 * (raw[1] % 4) + 8, 2))
        return (gateway, *_EDGE[asked.version], *routers)

    def _far(self, address: str) -> float:
        try:
            asked = ipaddress.ip_address(address)
        except ValueError:
            return 0.0
        if any(asked in block for block in self._near):
            return 0.0
        block = ipaddress.ip_network(f"{address}/{24 if asked.version == 4 else 48}", strict=False)  # noqa: PLR2004  # an address family
        share = int.from_bytes(self._ticket(f"rtt {block}")[:4], "big") / (1 << 32)
        return LEAST + share * (MOST - LEAST)

    def _ticket(self, text: str) -> bytes:
        return hashlib.sha256(self._seed + text.encode("ascii")).digest()
