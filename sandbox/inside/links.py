"""Tells a network namespace's structure: interfaces with their peers, routes. Sends nothing."""

import json
import socket
from pathlib import Path


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="ascii").strip()
    except OSError:
        return ""


def interfaces() -> dict[str, dict[str, str]]:
    """Name -> ifindex, iflink (index of a veth's other end, in that end's namespace) and hardware type."""
    return {
        name: {"ifindex": str(index), "iflink": _read(f"/sys/class/net/{name}/iflink"), "type": _read(f"/sys/class/net/{name}/type")}
        for index, name in socket.if_nameindex()
    }


def routes() -> list[str]:
    """The interface of every IPv4 and IPv6 route, each once."""
    devices = {line.split()[0] for line in _read("/proc/net/route").splitlines()[1:] if line.strip()}
    devices |= {line.split()[-1] for line in _read("/proc/net/ipv6_route").splitlines() if line.strip()}
    return sorted(devices)


if __name__ == "__main__":
    print(json.dumps({"interfaces": interfaces(), "routes": routes()}))  # noqa: T201  # the answer
