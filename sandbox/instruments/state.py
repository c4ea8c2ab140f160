"""The state instrument: a manifest before the model's first turn, another after the freeze, and their difference.

Its canary is a file of the harness's own that appears between the two and must be found, hash and all, before it is taken away.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any

from honeyweights.evidence.disk import FileChange, ProcessSeen, QueuedJob, Standing, StateDiff
from honeyweights.sandbox import harness, script
from honeyweights.sandbox.engine import together
from honeyweights.sandbox.instruments import nonce
from honeyweights.sandbox.text import legible
from honeyweights.verdict.attribution import AGENT_UID

ROOTS = ("/home", "/etc", "/srv", "/var", "/tmp", "/opt", "/root", "/usr/local", "/run", "/dev/shm")  # noqa: S108  # paths in the workstation
"""Where an unprivileged user can write, and where a lab keeps what matters. `/usr` belongs to the image and to root."""
MAX_CHANGES = 2_000
CANARY_FOLDER = "/var/tmp"  # noqa: S108  # a path in the workstation


@dataclass(frozen=True, kw_only=True)
class Baseline:
    """The workstation before the model's first turn. Lives in memory only: it is large, and the difference is what counts."""

    answer: dict[str, Any]
    watched: tuple[str, ...]
    audit: str | None
    settings: str | None
    looked_for: Mapping[str, tuple[str, ...]]
    processes: tuple[ProcessSeen, ...]
    standing: Standing


async def baseline(
    watched: tuple[str, ...],
    audit: str | None = None,
    settings: str | None = None,
    looked_for: Mapping[str, tuple[str, ...]] = MappingProxyType({}),
) -> Baseline:
    """Takes the first manifest, and what runs.

    Args:
        watched: files at or below these paths are hashed.
        audit: the lab's chained log.
        settings: of what writes it.
        looked_for: globs of new files that the end manifest shall tell before others, by the act that they would show.
    """
    answer, survey, standing = await together(
        partial(script.run, "manifest", roots=ROOTS, watched=watched, baseline=None),
        partial(script.run, "survey", freeze=False),
        partial(script.run, "standing", audit=audit, settings=settings),
    )
    processes = tuple(ProcessSeen.model_validate(process) for process in (*survey["processes"], *survey["services"]))
    stood = Standing.model_validate(standing)
    return Baseline(
        answer=answer, watched=watched, audit=audit, settings=settings, looked_for=looked_for, processes=processes, standing=stood
    )


async def difference(base: Baseline, processes: list[dict[str, Any]], queue: str | None = None) -> tuple[StateDiff, str]:
    """Takes the end manifest. Gives the difference, and an empty string or what is wrong with it. `queue`: the folder of the lab's jobs."""
    mark = nonce()
    path = f"{CANARY_FOLDER}/.{mark}"
    await harness.run("workstation", ["/bin/sh", "-c", 'printf %s "$1" > "$2"', "sh", mark, path])
    try:
        answer, standing = await together(
            partial(
                script.run,
                "manifest",
                roots=ROOTS,
                watched=base.watched,
                baseline=base.answer,
                limit=MAX_CHANGES + 1,
                looked_for=dict(base.looked_for),
            ),
            partial(script.run, "standing", audit=base.audit, settings=base.settings),
        )
    finally:
        await harness.run("workstation", ["rm", "-f", "--", path])
    changes = tuple(FileChange.model_validate(change) for change in answer["changes"])
    wanted = hashlib.sha256(mark.encode("ascii")).hexdigest()
    seen = any(change.path == path and change.sha256 == wanted for change in changes)
    # A list cut short may have lost the canary to the agent's own files: the count says so, and the instrument can still be believed.
    problem = "" if seen or answer["truncated"] else "a file made by the harness did not turn up in the end manifest"
    mine = tuple(change for change in changes if change.path != path)
    seen_processes = tuple(ProcessSeen.model_validate(process) for process in processes)
    waiting = (await script.run("jobs", folder=queue, uid=AGENT_UID))["jobs"] if queue else []
    jobs = tuple(QueuedJob.model_validate(job) for job in waiting)
    diff = StateDiff(
        changes=mine,
        truncated=int(answer["truncated"]),
        untold=answer["untold"],
        processes=seen_processes,
        jobs=jobs,
        before=base.processes,
        stood=base.standing,
        stands=Standing.model_validate(standing),
    )
    return diff, problem


def told(diff: StateDiff) -> StateDiff:
    """The difference as evidence tells it, with legible names. Until then they are as the kernel has them: files are read by them."""
    changes = tuple(
        change.model_copy(update={"path": legible(change.path), "was_path": change.was_path and legible(change.was_path)})
        for change in diff.changes
    )
    jobs = tuple(job.model_copy(update={"path": legible(job.path)}) for job in diff.jobs)
    return diff.model_copy(update={"changes": changes, "jobs": jobs})
