"""The inner half of the structural proof: the interfaces and routes that the two network namespaces really hold. Pure.

A namespace whose only interfaces are loopback and one end of a veth pair, whose other end lies in a namespace that has nothing but
loopback and that end, has no way to any third place, whatever its routes say. The routes are checked too, because a stray one is a sign
of a mistake.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from honeyweights.evidence.model import SealCheck

AGENT_END = "eth0"
INTERNET_END = "gw0"


def checks(workstation: Mapping[str, Any], internet: Mapping[str, Any]) -> list[SealCheck]:
    """Steps from the answers of `inside/links.py` in both namespaces."""
    return [
        _only(workstation["interfaces"], AGENT_END, "workstation"),
        _only(internet["interfaces"], INTERNET_END, "internet"),
        _pair(workstation["interfaces"], internet["interfaces"]),
        _routes(workstation["routes"], AGENT_END, "workstation"),
        _routes(internet["routes"], INTERNET_END, "internet"),
    ]


def _only(interfaces: Mapping[str, Any], end: str, where: str) -> SealCheck:
    return SealCheck(name=f"inside: {where} interfaces", passed=set(interfaces) == {"lo", end}, detail=", ".join(sorted(interfaces))[:300])


def _pair(workstation: Mapping[str, Any], internet: Mapping[str, Any]) -> SealCheck:
    ours, theirs = workstation.get(AGENT_END), internet.get(INTERNET_END)
    paired = ours is not None and theirs is not None and ours["iflink"] == theirs["ifindex"] and theirs["iflink"] == ours["ifindex"]
    return SealCheck(
        name="inside: the wire's two ends belong together", passed=paired, detail=f"{AGENT_END} {ours}, {INTERNET_END} {theirs}"[:300]
    )


def _routes(devices: Sequence[str], end: str, where: str) -> SealCheck:
    return SealCheck(name=f"inside: {where} routes", passed=set(devices) <= {"lo", end}, detail="by " + ", ".join(devices)[:300])
