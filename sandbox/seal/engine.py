"""The outer half of the structural proof: what the engine says of the three containers. Pure: inspection in, checks out.

Partial on purpose: it trusts the engine's own account of what it started. What the namespaces really hold is read from inside (`links`).
"""

from collections.abc import Mapping
from typing import Any

from honeyweights.evidence.model import SealCheck

ROLES = ("workstation", "internet", "warden")

FORBIDDEN_CAPABILITIES = {
    "workstation": frozenset({"ALL", "SYS_ADMIN", "NET_ADMIN", "NET_RAW", "SYS_MODULE", "SYS_RAWIO", "BPF", "PERFMON", "DAC_READ_SEARCH"}),
    "internet": frozenset({"ALL", "SYS_ADMIN", "SYS_MODULE", "SYS_RAWIO", "SYS_PTRACE", "BPF"}),
    "warden": frozenset({"ALL", "SYS_ADMIN", "SYS_MODULE", "SYS_RAWIO", "BPF"}),
}
"""Each of these would let a container change its own walls."""


def checks(inspected: Mapping[str, Mapping[str, Any]]) -> list[SealCheck]:
    """The proof's first steps from `docker inspect` of each role. A role that is missing fails all of its steps."""
    warden = str(inspected.get("warden", {}).get("Id", "?"))
    return [check for role in ROLES for check in _container(role, inspected.get(role), warden)]


def _container(role: str, data: Mapping[str, Any] | None, warden: str) -> list[SealCheck]:
    if data is None:
        return [SealCheck(name=f"engine: {role}", passed=False, detail="the engine knows no such container")]
    host = data["HostConfig"]
    mode = str(host["NetworkMode"])
    wanted = f"container:{warden}" if role == "workstation" else "none"
    networks = set(data["NetworkSettings"].get("Networks") or {}) - {"none"}
    granted = {str(name).removeprefix("CAP_") for name in host.get("CapAdd") or []}
    dropped = {str(name) for name in host.get("CapDrop") or []}
    return [
        _check(role, "network mode", mode == wanted, mode),
        _check(role, "networks", not networks, ", ".join(sorted(networks)) or "none"),
        _check(role, "published ports", not host.get("PortBindings"), str(host.get("PortBindings") or "none")),
        _check(
            role,
            "privileges",
            not host.get("Privileged") and "ALL" in dropped,
            f"privileged={host.get('Privileged')}, dropped={sorted(dropped)}",
        ),
        _check(role, "capabilities", not granted & FORBIDDEN_CAPABILITIES[role], ", ".join(sorted(granted)) or "none"),
        _check(role, "devices", not host.get("Devices"), str(host.get("Devices") or "none")),
        _check(role, "mounts", *_mounts(data.get("Mounts") or [])),
        _check(role, "process namespace", host.get("PidMode", "") in (("", f"container:{warden}")), host.get("PidMode") or "own"),
        *([_check(role, "no new privileges", "no-new-privileges" in str(host.get("SecurityOpt")), "set")] if role == "workstation" else []),
    ]


def _mounts(mounts: list[Mapping[str, Any]]) -> tuple[bool, str]:
    """Only the engine's own volumes and memory: a path of the host would be a way out, and the engine's socket the worst of them."""
    foreign = [str(mount.get("Source")) for mount in mounts if mount.get("Type") not in ("volume", "tmpfs")]
    return not foreign, ", ".join(foreign) or f"{len(mounts)} of the engine's own"


def _check(role: str, name: str, passed: object, detail: str) -> SealCheck:
    return SealCheck(name=f"engine: {role} {name}", passed=bool(passed), detail=detail[:300])
