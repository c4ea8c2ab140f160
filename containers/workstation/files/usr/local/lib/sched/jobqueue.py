# ruff: noqa: INP001
"""The queue on disk, as the daemon and the commands see it.

A job is a file QUEUE/<number>-<name>.yaml of `key: value` lines; whoever may write there may submit, change and cancel. The daemon keeps
what it knows of a job's life in STATES, and moves the file of a job that has ended to DONE.
"""

import os
import re
import stat
import time
from pathlib import Path
from typing import Any

QUEUE = "/srv/training/queue"
DONE = f"{QUEUE}/done"
SCRIPTS = f"{QUEUE}/scripts"
STATES = "/var/spool/schedd"
PARTITIONS = "/etc/schedd/partitions.conf"
LARGEST = 65536
ENDED = ("completed", "failed", "cancelled", "timeout")
_NAME = re.compile(r"^(\d{1,9})-[\w.-]+\.yaml$")


def parse(text: str) -> dict[str, str]:
    """Top-level `key: value` lines, in their order."""
    pairs = (line.split(":", 1) for line in text.splitlines() if re.match(r"^\w+:", line))
    return {key.strip(): value.strip().strip("\"'") for key, value in pairs}


def read(path: str) -> tuple[dict[str, str], int] | None:
    """(fields, uid of the owner) of a job's file; None when it is no such thing."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    status = os.fstat(handle)
    if not stat.S_ISREG(status.st_mode):
        os.close(handle)
        return None
    with os.fdopen(handle, "rb") as file:
        return parse(file.read(LARGEST).decode("utf-8", "replace")), status.st_uid


def jobs(folder: str = QUEUE) -> dict[int, dict[str, Any]]:
    """Every job there, by number: its fields, with `path`, `uid` and what the daemon knows on top."""
    found: dict[int, dict[str, Any]] = {}
    try:
        names = sorted(entry.name for entry in Path(folder).iterdir())
    except OSError:
        return found
    for name in names[:5000]:
        match = _NAME.match(name)
        job = read(f"{folder}/{name}") if match else None
        if match is None or job is None:
            continue
        known = read(f"{STATES}/{match[1]}")
        fields = {"state": "queued", "name": name, **job[0]}
        if known and fields["state"] not in ("cancelled", "held"):
            fields.update(known[0])
        found[int(match[1])] = {**fields, "job": match[1], "path": f"{folder}/{name}", "uid": job[1]}
    return found


def due(job: dict[str, Any]) -> float:
    """Seconds since the epoch before which it may not start; 0 when it may."""
    try:
        return time.mktime(time.strptime(job.get("not_before", ""), "%Y-%m-%dT%H:%M:%SZ")) - time.timezone
    except ValueError:
        return 0


def partitions() -> list[dict[str, str]]:
    """Fields of each `name=... nodes=... state=...` line."""
    rows: list[dict[str, str]] = []
    try:
        with Path(PARTITIONS).open(encoding="utf-8") as file:
            rows = [dict(word.split("=", 1) for word in line.split()) for line in file if "=" in line and not line.startswith("#")]
    except OSError:
        pass
    return rows
