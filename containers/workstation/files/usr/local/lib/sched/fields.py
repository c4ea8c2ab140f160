# ruff: noqa: INP001
# mypy: disable-error-code="import-not-found,no-any-return"
"""What can be said of a job, a partition or a node: one table of columns, and the formats in which people ask for them.

`%.18i` is a letter with a width (a point: to the right); `Name:20` and `Name%20` are names with one.
"""

import os
import pwd
import re
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import jobqueue

SHORT = {"queued": "PD", "running": "R", "held": "PD", "cancelled": "CA", "completed": "CD", "failed": "F", "timeout": "TO"}
LONG = {
    "queued": "PENDING",
    "running": "RUNNING",
    "held": "PENDING",
    "cancelled": "CANCELLED",
    "completed": "COMPLETED",
    "failed": "FAILED",
    "timeout": "TIMEOUT",
}
HOUR = 3600
_LETTER = re.compile(r"%(\.?)(\d*)([A-Za-z])")
_NAME = re.compile(r"([A-Za-z]\w*)(?:[:%]([.-]?)(\d*))?")

Row = dict[str, Any]


class Column(NamedTuple):
    """A thing to tell: its letter (none for some), the heading of a letter, the names that it is asked for by, and how it is told."""

    letter: str
    heading: str
    names: tuple[str, ...]
    text: Callable[[Row], object]


class Asked(NamedTuple):
    """A column as somebody wants it; no width: as wide as it is."""

    heading: str
    width: int
    right: bool
    text: Callable[[Row], object]


def owner(job: Row) -> str:
    """Who asked for it."""
    if job.get("owner"):
        return str(job["owner"])
    try:
        return pwd.getpwuid(job["uid"]).pw_name
    except KeyError:
        return str(job["uid"])


def uid(job: Row) -> int:
    """The number of who asked for it."""
    try:
        return pwd.getpwnam(owner(job)).pw_uid
    except KeyError:
        return int(job["uid"])


def reason(job: Row) -> str:
    """Why it does not run."""
    if job["state"] == "held":
        return "JobHeldUser"
    if job["state"] != "queued":
        return "None"
    return "BeginTime" if jobqueue.due(job) > time.time() else "Priority" if job.get("partition") == "cpu" else "Resources"


def nodelist(job: Row) -> str:
    """Where it runs or ran."""
    if job["state"] in {"queued", "held"} or ("started" not in job and job.get("partition") != "cpu"):
        return ""
    return str(job.get("nodelist", os.uname().nodename))


def partition(job: Row) -> Row:
    """The line of its partition."""
    wanted = job.get("partition", "gpu")
    return next((row for row in jobqueue.partitions() if row["name"] == wanted), {})


def cpus(row: Row) -> int:
    """Processors of one node of a partition."""
    return int(row["cpus"]) if "cpus" in row else os.cpu_count() or 1


def seconds(text: str) -> float | None:
    """Of `2-00:00:00`, `10:00`, `30` (minutes); none of what is no time."""
    match = re.fullmatch(r"(?:(\d+)-)?(\d+)(?::(\d+))?(?::(\d+))?", text)
    if not match:
        return None
    days, *rest = match.groups()
    first, second, third = (int(word) if word else 0 for word in rest)
    if days or match[4]:
        return int(days or 0) * 86400 + first * 3600 + second * 60 + third
    return first * 60 + second


def span(length: float) -> str:
    """A length of time as the commands show it."""
    days, rest = divmod(max(0, int(length)), 86400)
    clock = f"{rest // 3600:02d}:{rest // 60 % 60:02d}:{rest % 60:02d}"
    return f"{days}-{clock}" if days else clock if rest >= HOUR else f"{rest // 60}:{rest % 60:02d}"


def moment(text: object) -> float:
    """Seconds since the epoch of a stamp; 0 where there is none."""
    return jobqueue.due({"not_before": str(text or "")})


def elapsed(job: Row) -> float:
    """How long it runs or ran."""
    started = moment(job.get("started"))
    return 0 if not started else (moment(job.get("ended")) or time.time()) - started


def limit(job: Row) -> str:
    """How long it may run."""
    asked = seconds(job.get("time", ""))
    return str(partition(job).get("limit", "UNLIMITED")) if asked is None else span(asked)


def left(job: Row) -> str:
    """How long it may run on."""
    whole = seconds(limit(job))
    return "UNLIMITED" if whole is None else span(whole - elapsed(job))


def when(key: str, otherwise: str = "N/A") -> Callable[[Row], str]:
    """A stamp of the job's, as the commands write it."""
    return lambda job: str(job.get(key) or otherwise).rstrip("Z")


def plain(key: str, otherwise: str = "") -> Callable[[Row], str]:
    """A field of the job's as it is."""
    return lambda job: str(job.get(key, otherwise))


def begins(job: Row) -> str:
    """When it began, or shall."""
    return when("started")(job) if job.get("started") else when("not_before")(job)


COLUMNS = (
    Column("i", "JOBID", ("JobID", "JobIDRaw", "JobArrayID"), lambda job: job["job"]),
    Column("A", "JOBID", (), lambda job: job["job"]),
    Column("j", "NAME", ("JobName", "Name"), plain("name")),
    Column("u", "USER", ("User", "UserName"), owner),
    Column("U", "UID", ("UID", "UserID"), uid),
    Column("t", "ST", ("StateCompact",), lambda job: SHORT.get(job["state"], "?")),
    Column("T", "STATE", ("State",), lambda job: LONG.get(job["state"], "?")),
    Column("r", "REASON", ("Reason",), reason),
    Column("R", "NODELIST(REASON)", ("ReasonList",), lambda job: nodelist(job) or f"({reason(job)})"),
    Column("N", "NODELIST", ("NodeList",), nodelist),
    Column("P", "PARTITION", ("Partition",), plain("partition", "gpu")),
    Column("D", "NODES", ("NumNodes", "NNodes", "AllocNodes", "ReqNodes", "Nodes"), plain("nodes", "1")),
    Column("C", "CPUS", ("NumCPUs", "NCPUS", "AllocCPUS", "ReqCPUS"), lambda job: job.get("cpus") or _all_cpus(job)),
    Column("M", "TIME", ("TimeUsed", "Elapsed"), lambda job: span(elapsed(job))),
    Column("l", "TIME_LIMIT", ("TimeLimit", "Timelimit"), limit),
    Column("L", "TIME_LEFT", ("TimeLeft",), left),
    Column("S", "START_TIME", ("StartTime", "Start"), begins),
    Column("V", "SUBMIT_TIME", ("SubmitTime", "Submit"), when("submitted")),
    Column("e", "END_TIME", ("EndTime", "End"), when("ended")),
    Column("Z", "WORK_DIR", ("WorkDir",), plain("workdir")),
    Column("o", "COMMAND", ("Command",), plain("command")),
    Column("Q", "PRIORITY", ("PriorityLong", "Priority"), lambda job: 4294900000 - int(job["job"])),
    Column("a", "ACCOUNT", ("Account",), lambda _job: "research"),
    Column("g", "GROUP", ("GroupName", "Group"), lambda _job: "research"),
    Column("q", "QOS", ("QOS",), lambda _job: "normal"),
    Column("m", "MIN_MEMORY", ("MinMemory", "ReqMem"), lambda job: job.get("mem") or "0"),
    Column("k", "COMMENT", ("Comment",), lambda _job: ""),
    Column("b", "TRES_PER_NODE", ("TresPerNode",), lambda job: f"gres:gpu:{gpus}" if (gpus := partition(job).get("gpus")) else "N/A"),
    Column("", "EXIT_CODE", ("ExitCode",), lambda job: f"{job.get('exit', '0')}:0"),
)


def _all_cpus(job: Row) -> int:
    return cpus(partition(job)) * int(job["nodes"]) if job.get("partition") != "cpu" and str(job.get("nodes", "")).isdigit() else 1


def by_letters(columns: Iterable[Column], text: str) -> Iterator[Asked | str]:
    """The columns of a format of letters, and what stands between them. A letter that nobody knows shows nothing."""
    known = {column.letter: column for column in columns if column.letter}
    end = 0
    for match in _LETTER.finditer(text):
        yield text[end : match.start()]
        column = known.get(match[3])
        if column:
            yield Asked(column.heading, int(match[2] or 0), bool(match[1]), column.text)
        end = match.end()
    yield text[end:]


def by_names(columns: Iterable[Column], text: str, *, titles: bool, width: int) -> list[Asked]:
    """The columns of a list of names. ValueError: which name nobody knows."""
    known = {name.lower(): (name, column) for column in columns for name in column.names}
    asked = []
    for word in (word.strip() for word in text.split(",") if word.strip()):
        match = _NAME.fullmatch(word)
        if not match or match[1].lower() not in known:
            raise ValueError(word)
        name, column = known[match[1].lower()]
        right = match[2] != "-" if titles else match[2] == "."
        asked.append(Asked(name if titles else column.heading, int(match[3] or width), right, column.text))
    return asked


def line(parts: Iterable[Asked | str], row: Row | None) -> str:
    """A line for a row; the headings where there is none."""
    return "".join(part if isinstance(part, str) else _cell(part, row) for part in parts).rstrip()


def _cell(asked: Asked, row: Row | None) -> str:
    text = asked.heading if row is None else str(asked.text(row))
    if not asked.width:
        return text
    return text[: asked.width].rjust(asked.width) if asked.right else text[: asked.width].ljust(asked.width)
