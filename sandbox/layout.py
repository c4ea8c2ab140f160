"""What the engine is told to make for one world. Pure: names, labels and the three containers as the engine's API wants them.

This is where the walls are: no container has a network, none has a path of the host, and capabilities are listed, not inherited. The
seal proof reads them back from the engine; nothing here is believed because it is written here.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from honeyweights.sandbox.config import Role, WorldConfig
from honeyweights.sandbox.profile import seccomp_profile

GATEWAY = "10.64.7.1"
"""The internet's end of the wire, which is the workstation's resolver and way out."""
WIRE, RECORD, MODELS, REMOTE = "/run/wire", "/run/rec", "/srv/models", "/srv/remote"
LISTENER = "s"
"""The recorder's socket in its volume; the container runtime connects to it from the engine's host."""
VolumeName = Literal["wire", "rec", "models", "home", "tmp", "srv", "run", "log", "spool", "vartmp", "audit", "remote"]
VOLUMES: tuple[VolumeName, ...] = ("wire", "rec", "models", "home", "tmp", "srv", "run", "log", "spool", "vartmp", "audit", "remote")


@dataclass(frozen=True, kw_only=True)
class Area:
    """A folder in which the workstation's user, or a daemon at that user's bidding, can write.

    No engine bounds a container's own layer everywhere, so each lies in a volume of its own in memory, whose size is a part of
    `WorldConfig.writable_mib`.
    """

    path: str
    sixteenths: int
    """Of all that may be written."""
    inodes: int = 32_768
    kib: int | None = None
    """A size of its own, in place of a share; too small to count."""
    mode: str = "0755"
    """What the image has there replaces it (`skeleton`)."""


AREAS: Mapping[VolumeName, Area] = {
    "home": Area(path="/home", sixteenths=6, inodes=65_536),
    "tmp": Area(path="/tmp", sixteenths=4, inodes=65_536, mode="1777"),  # noqa: S108  # a path in the workstation
    "srv": Area(path="/srv", sixteenths=2),
    "run": Area(path="/run", sixteenths=1),
    "log": Area(path="/var/log", sixteenths=1),
    "spool": Area(path="/var/spool", sixteenths=1),
    "vartmp": Area(path="/var/tmp", sixteenths=1, mode="1777"),  # noqa: S108  # a path in the workstation
    "audit": Area(path="/etc/hr-audit", sixteenths=0, kib=1024, inodes=256),
}
"""Nothing else of the workstation can be written to by its user."""
_SHORT: Mapping[Role, str] = {"workstation": "ws", "internet": "net", "warden": "warden"}
_MIB = 1 << 20
_CAPABILITIES: Mapping[Role, tuple[str, ...]] = {
    "warden": ("NET_ADMIN", "SYS_PTRACE", "DAC_READ_SEARCH", "SYS_CHROOT"),
    "internet": ("NET_ADMIN", "NET_RAW", "CHOWN", "DAC_OVERRIDE", "FOWNER", "KILL", "SETUID", "SETGID", "SYS_CHROOT", "MKNOD"),
    "workstation": ("SETUID", "SETGID", "KILL", "CHOWN", "DAC_OVERRIDE", "FOWNER"),
}
_TO_TRACE = ("SYS_PTRACE",)
"""What root's strace needs in a workstation whose calls are not notified; the agent has no capability either way."""
_FILES_OPEN: Mapping[Role, tuple[int, int]] = {"workstation": (1024, 4096), "warden": (1024, 4096), "internet": (1024, 16384)}
"""Soft and hard limit of open files. The internet holds the other end of every connection."""


@dataclass(frozen=True, kw_only=True)
class Layout:
    """One world to be: `id` is 12 hex digits, `images` are references or ids, `labels` go on everything."""

    id: str
    config: WorldConfig
    images: Mapping[Role, str]
    labels: Mapping[str, str]

    def container_name(self, role: Role) -> str:
        """Name of a role's container."""
        return container_name(self.id, role)

    def volume_name(self, volume: VolumeName) -> str:
        """Name of a volume."""
        return f"hw-{self.id}-{volume}"

    def volume(self, volume: VolumeName) -> dict[str, Any]:
        """Body of a volume's creation. What the workstation mounts lies in memory: its mounts then show no name of a volume."""
        body: dict[str, Any] = {"name": self.volume_name(volume), "driver": "local", "labels": dict(self.labels)}
        if volume == "models":
            body["driver_opts"] = _memory(f"size={self.config.models_mib}m,mode=0755")
        elif volume in AREAS:
            area = AREAS[volume]
            size = area.kib or self.config.writable_mib * 1024 * area.sixteenths // 16
            body["driver_opts"] = _memory(f"size={size}k,nr_inodes={area.inodes},mode={area.mode}")
        elif volume == "remote":  # so do the remote hosts' trees: nothing else can be bounded without a right that we do not give
            body["driver_opts"] = _memory(f"size={self.config.remote_mib}m,nr_inodes=81920,mode=0711,nosuid")
        return body

    def internet(self) -> dict[str, Any]:
        """Body of the internet's creation."""
        mounts = [self._mount("wire", WIRE), self._mount("models", MODELS), self._mount("remote", REMOTE)]
        host = self._host("internet", memory=self.config.internet_memory_mib, pids=8192, mounts=mounts)
        return self._body("internet", host, talks=True)

    def warden(self) -> dict[str, Any]:
        """Body of the warden's creation. It owns the namespaces, so the workstation's host name and resolver are set here."""
        mounts = [self._mount("wire", WIRE), self._mount("rec", RECORD)]
        host = self._host("warden", memory=256, pids=64, mounts=mounts)
        host |= {"Dns": [GATEWAY], "DnsSearch": ["."], "ReadonlyRootfs": True}
        return self._body("warden", host, talks=False) | {"Hostname": self.config.hostname}

    def workstation(self, *, warden: str, listener: str | None) -> dict[str, Any]:
        """Body of the workstation's creation.

        Args:
            warden: id of the warden's container, whose network and processes it joins.
            listener: path of the recorder's socket on the engine's host; null for a workstation whose calls are not notified.
        """
        mounts = [*(self._mount(name, area.path) for name, area in AREAS.items()), self._mount("models", MODELS)]
        host = self._host("workstation", memory=self.config.workstation_memory_mib, pids=self.config.pids, mounts=mounts)
        host |= {"NetworkMode": f"container:{warden}", "PidMode": f"container:{warden}"}
        host["Ulimits"].append(_ulimit("fsize", self.config.writable_mib * _MIB, self.config.writable_mib * _MIB))
        if self.config.cpus is not None:
            host["NanoCpus"] = int(self.config.cpus * 1e9)
        if listener is None:
            host["CapAdd"].extend(_TO_TRACE)
        else:
            host["SecurityOpt"].append("seccomp=" + json.dumps(seccomp_profile(listener)))
        return self._body("workstation", host, talks=True)

    def _mount(self, volume: VolumeName, target: str) -> dict[str, Any]:
        return {"Type": "volume", "Source": self.volume_name(volume), "Target": target, "VolumeOptions": {"NoCopy": True}}

    def _host(self, role: Role, *, memory: int, pids: int, mounts: list[dict[str, Any]]) -> dict[str, Any]:
        return {
            "NetworkMode": "none",
            "CapDrop": ["ALL"],
            "CapAdd": list(_CAPABILITIES[role]),
            "SecurityOpt": ["no-new-privileges:true"],
            "Memory": memory * _MIB,
            "MemorySwap": memory * _MIB,
            "PidsLimit": pids,
            "Ulimits": [_ulimit("nofile", *_FILES_OPEN[role]), _ulimit("core", 0, 0)],
            "CgroupnsMode": "private",
            "IpcMode": "private",
            "LogConfig": {"Type": "none"},
            "Mounts": mounts,
        }

    def _body(self, role: Role, host: dict[str, Any], *, talks: bool) -> dict[str, Any]:
        return {
            "Image": self.images[role],
            "Labels": {**self.labels, "honeyweights.role": role},
            "HostConfig": host,
            "OpenStdin": talks,
            "AttachStdin": talks,
            "AttachStdout": True,
            "AttachStderr": True,
            "Tty": False,
        }


def container_name(world: str, role: Role) -> str:
    """Name of a role's container in a world."""
    return f"hw-{world}-{_SHORT[role]}"


def _memory(options: str) -> dict[str, str]:
    return {"type": "tmpfs", "device": "tmpfs", "o": options}


def _ulimit(name: str, soft: int, hard: int) -> dict[str, Any]:
    return {"Name": name, "Soft": soft, "Hard": hard}
