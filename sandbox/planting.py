"""Turns a plan into what the engine and the sidecar take: a tar archive of the workstation's files, the sidecar's configuration. Pure."""

import base64
import hmac
import io
import posixpath
import shlex
import tarfile
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from honeyweights.conditions import hosts
from honeyweights.conditions.parts import Account
from honeyweights.conditions.plan import PlantedFile, WorldPlan
from honeyweights.containers.internet.protocols.ssh.hostkey import private_key
from honeyweights.evidence.model import ArtefactFile
from honeyweights.sandbox import logins

DAY = 86_400
_SECOND = "%Y-%m-%dT%H:%M:%S"
_QUIET = 60
"""Seconds before a boot in which nothing is written."""
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


@dataclass(frozen=True, kw_only=True)
class Machine:
    """What a started workstation says of itself."""

    passwd: str
    group: str
    shadow: str
    booted: int
    """Seconds since the epoch when the kernel under it was started."""
    kernel: str
    now: float

    @classmethod
    def parse(cls, texts: dict[str, str], now: float) -> "Machine":
        """From the texts of the files in `ASKED`, at `now`, by the workstation's clock."""
        booted = int(now - float(texts["/proc/uptime"].split()[0]))
        passwd, group, shadow = (texts[path] for path in ("/etc/passwd", "/etc/group", "/etc/shadow"))
        return cls(passwd=passwd, group=group, shadow=shadow, booted=booted, kernel=texts["/proc/sys/kernel/osrelease"].strip(), now=now)

    @property
    def wrote_until(self) -> float:
        """When services wrote last: before the boot, where that was today; nothing ran from then until this workstation was made."""
        return self.booted - _QUIET if self.booted // DAY == int(self.now) // DAY else self.now

    def with_people(self, people: Iterable[Account]) -> dict[str, str]:
        """The account files, the image's own accounts first."""
        rows = list(people)
        passwd = "".join(f"{p.login}:x:{p.uid}:{p.uid}:{p.name},,,:{p.home}:{p.shell}\n" for p in rows)
        group = "".join(f"{p.login}:x:{p.uid}:\n" for p in rows)
        lines = [_joined(line, [p.login for p in rows if line.split(":")[0] in p.groups]) for line in self.group.splitlines()]
        shadow = "".join(f"{p.login}:!:{int(self.now // DAY) - 600}:0:99999:7:::\n" for p in rows)
        return {
            "/etc/passwd": self.passwd + passwd,
            "/etc/group": "".join(f"{line}\n" for line in lines) + group,
            "/etc/shadow": self.shadow + shadow,
        }


ASKED = ("/etc/passwd", "/etc/group", "/etc/shadow", "/proc/uptime", "/proc/sys/kernel/osrelease")
"""What is read out of a started workstation before it is filled."""


def _joined(line: str, members: list[str]) -> str:
    return line + ("," if members and not line.endswith(":") else "") + ",".join(members)


def own_records(plan: WorldPlan, machine: Machine) -> list[PlantedFile]:
    """The machine's files about people: accounts and logins, in agreement with its own uptime."""
    moment = max(machine.booted, *(session.end for session in logins.ended(plan.sessions, machine.booted, int(machine.now))), 0)

    def record(path: str, content: bytes, mode: int = 0o664) -> PlantedFile:
        return PlantedFile(path=path, content=content, owner="root:utmp", mode=mode, written=moment)

    texts = machine.with_people(plan.accounts)
    midnight = datetime.combine(plan.day - timedelta(days=120), time(), tzinfo=UTC)
    added = int(midnight.timestamp()) + 32_000 + int(plan.seed[:4], 16) % 25_000  # in working hours, not at the hour of the world's start

    def about(path: str, owner: str = "root", mode: int = 0o644) -> PlantedFile:
        return PlantedFile(path=path, content=texts[path], owner=owner, mode=mode, written=added)

    return [
        about("/etc/passwd"),
        about("/etc/group"),
        about("/etc/shadow", "root:shadow", 0o640),
        record("/var/log/wtmp", logins.wtmp(plan.sessions, machine.booted, int(machine.now), machine.kernel)),
        record("/var/log/lastlog", logins.lastlog(plan.sessions, machine.booted, int(machine.now))),
        record("/run/utmp", logins.boot(machine.booted, machine.kernel)),
    ]


def known_hosts(plan: WorldPlan, seed: bytes) -> PlantedFile | None:
    """The agent's list of hosts with the house's store on top, whose key hangs on the world's `seed`: nightly copies have gone there."""
    for file in plan.files:
        if file.path == f"{plan.slots['home']}/.ssh/known_hosts":
            salt = hmac.digest(seed, b"known host", "sha1")
            name, key = plan.slots["lab_host"], private_key(seed, plan.slots["lab_host"]).public_key()
            hashed = (base64.b64encode(part).decode() for part in (salt, hmac.digest(salt, name.encode(), "sha1")))
            line = f"|1|{'|'.join(hashed)} {key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()}\n"
            return file.model_copy(update={"content": line + str(file.content)})
    return None


def archive(files: Iterable[PlantedFile], accounts: Accounts, now: float, wrote_until: float | None = None) -> bytes:
    """A tar archive, relative to `/`, of these files and folders with their owners, modes and times.

    `now` and `wrote_until`, when live files end (now, unless given), are seconds since the epoch.
    """
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for file in files:
            entry = tarfile.TarInfo(file.path.lstrip("/"))
            entry.uid, entry.gid = accounts.numbers(file.owner)
            content, moment = _until(file, now, now if wrote_until is None else wrote_until)
            entry.mode, entry.mtime = file.mode, min(moment, int(now) - 1)
            if file.content is None:
                entry.type = tarfile.DIRTYPE
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def _until(file: PlantedFile, now: float, wrote_until: float) -> tuple[bytes, int]:
    """A file's bytes and when it was last changed. Of a live one, lines that lie ahead are left out, and the last that stays dates it."""
    content = file.content if isinstance(file.content, bytes) else (file.content or "").encode()
    moment = int(now - file.age_days * DAY) if file.written is None else file.written
    if not file.live:
        return content, moment
    end = datetime.fromtimestamp(wrote_until, tz=UTC).strftime(_SECOND).encode()
    lines = [line for line in content.splitlines(keepends=True) if line[: len(end)] < end]
    if not lines:
        return b"", moment
    last = datetime.strptime(lines[-1][: len(end)].decode(), _SECOND).replace(tzinfo=UTC)
    return b"".join(lines), int(last.timestamp())


def folders(plan: WorldPlan, now: float) -> list[str]:
    """A command that dates the folders into which something was laid and that are not planted themselves: as old as the newest of it."""
    planted = {file.path for file in plan.files}
    newest: dict[str, int] = {}
    for file in plan.files:
        parent = posixpath.dirname(file.path)
        if parent not in planted and not file.live:
            newest[parent] = max(newest.get(parent, 0), min(_until(file, now, now)[1], int(now) - 1))
    return ["sh", "-c", "; ".join(f"touch -c -d @{moment} {shlex.quote(parent)}" for parent, moment in sorted(newest.items()))]


def dates(plan: WorldPlan, artefacts: Iterable[ArtefactFile], now: float) -> list[list[str]]:
    """`touch` commands that make the planted weights, their indexes and folders as old as the `config.json` beside them."""
    ages = {file.path: _until(file, now, now)[1] for file in plan.files if file.path.endswith("/config.json")}
    paths = [artefact.path for artefact in artefacts]
    return [
        [
            "touch",
            "-c",
            "-d",
            f"@{ages[config]}",
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
        "hosts": [host.model_dump(exclude={"ssh"}) | {"ssh": [login.model_dump() for login in host.ssh]} for host in plan.hosts],
        "people": {domain: list(logins) for domain, logins in hosts.people(plan.story).items()},
        "closed": [closed.model_dump() for closed in plan.closed],
        **({"sites": list(plan.sites)} if plan.sites else {}),
        "capture_limit": capture_mib << 20,
    }
