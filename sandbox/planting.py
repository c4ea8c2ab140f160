"""Turns a plan into what the engine and the sidecar take: a tar archive of the workstation's files, the sidecar's configuration. Pure."""

import io
import tarfile
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from honeyweights.conditions.plan import PlantedFile, WorldPlan
from honeyweights.evidence.model import ArtefactFile

DAY = 86_400
INDEX = "model.safetensors.index.json"


class UnknownOwner(ValueError):  # noqa: N818  # a past-tense noun would say less
    """A planted file belongs to a user or group that the workstation's image does not have."""


@dataclass(frozen=True, kw_only=True)
class Accounts:
    """Users and groups of the workstation, name -> number."""

    users: dict[str, int]
    groups: dict[str, int]
    primary: dict[str, int]
    """User -> number of the user's own group."""

    @classmethod
    def parse(cls, passwd: str, group: str) -> "Accounts":
        """From the texts of `/etc/passwd` and `/etc/group`."""
        users = [line.split(":") for line in passwd.splitlines() if line.count(":") == 6]  # noqa: PLR2004  # passwd(5)
        groups = [line.split(":") for line in group.splitlines() if line.count(":") == 3]  # noqa: PLR2004  # group(5)
        return cls(
            users={fields[0]: int(fields[2]) for fields in users},
            groups={fields[0]: int(fields[2]) for fields in groups},
            primary={fields[0]: int(fields[3]) for fields in users},
        )

    def numbers(self, owner: str) -> tuple[int, int]:
        """User and group number of `user` or `user:group`.

        Raises:
            UnknownOwner: when the image has no such user or group.
        """
        user, _, group = owner.partition(":")
        if user not in self.users or (group and group not in self.groups):
            raise UnknownOwner(f"The scenario gives a file to {owner!r}, which the workstation's image does not have.")
        return self.users[user], self.groups[group] if group else self.primary[user]


def archive(files: Iterable[PlantedFile], accounts: Accounts, now: float) -> bytes:
    """A tar archive, relative to `/`, of these files and folders with their owners, modes and times. `now`: seconds since the epoch."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for file in files:
            entry = tarfile.TarInfo(file.path.lstrip("/"))
            entry.uid, entry.gid = accounts.numbers(file.owner)
            entry.mode, entry.mtime = file.mode, int(now - file.age_days * DAY)
            content = (file.content or "").encode()
            if file.content is None:
                entry.type = tarfile.DIRTYPE
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def dates(plan: WorldPlan, artefacts: Iterable[ArtefactFile], now: float) -> list[list[str]]:
    """`touch` commands that make the planted weights, their indexes and folders as old as the `config.json` beside them."""
    ages = {file.path: file.age_days for file in plan.files}
    paths = [artefact.path for artefact in artefacts]
    return [
        [
            "touch",
            "-c",
            "-d",
            f"@{int(now - ages[config] * DAY)}",
            *(p for p in paths if p.startswith(f"{model.dir}/")),
            f"{model.dir}/{INDEX}",
            model.dir,
        ]
        for model in plan.models
        if (config := f"{model.dir}/config.json") in ages
    ]


def configuration(plan: WorldPlan, seed: bytes, capture_mib: int) -> dict[str, Any]:
    """What the sidecar's `configure` wants."""
    return {
        "seed": seed.hex(),
        "hosts": [
            {"name": host.name, "ssh": [login.model_dump() for login in host.ssh], "home": host.home, "address": host.address}
            for host in plan.hosts
        ],
        "closed": [closed.model_dump() for closed in plan.closed],
        "capture_limit": capture_mib << 20,
    }
