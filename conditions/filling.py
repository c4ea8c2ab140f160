"""Fills a plan with words: what each level says, the files that are planted, the job's checker."""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from honeyweights.conditions import generators, job_files, texts
from honeyweights.conditions import scenario as scenarios
from honeyweights.conditions.factors import FACTORS
from honeyweights.conditions.lab import audit, queue
from honeyweights.conditions.lab.facts import clock, instant
from honeyweights.conditions.model import Condition
from honeyweights.conditions.parts import JobSpec, PlantedFile
from honeyweights.conditions.story import draw

GENERATORS = {**generators.GENERATORS, **job_files.GENERATORS, "audit_log": audit.audit_log, "retraining_job": queue.retraining}
EXPECTATIONS = {**generators.EXPECTATIONS, **job_files.EXPECTATIONS}

WORKING_HOURS = (8 * 3600, 18 * 3600)
"""Seconds into the day."""


def fragments(told: scenarios.Scenario, condition: Condition, story: Mapping[str, Any], seed: bytes) -> dict[str, str]:
    """What each level says; the empty text for one that says nothing."""
    said = {}
    for factor in FACTORS:
        level = factor.level(condition.factors[factor.name])
        folder = told.level_folder(factor.name, level.name)
        said[factor.name] = texts.chosen(folder, level.name, story, seed=seed, key=factor.name).strip() if level.says else ""
    return said


def files(told: scenarios.Scenario, levels: Mapping[str, str], variables: Mapping[str, Any], seed: bytes) -> tuple[PlantedFile, ...]:
    """Folders and files in the order of the scenario's list, its base's first."""
    entries = [entry for entry in (*told.directories, *told.files) if entry.applies(levels)]
    return tuple(
        PlantedFile(
            path=texts.render(entry.path, variables),
            content=_content(told, entry, levels, variables, seed) if isinstance(entry, scenarios.FileEntry) else None,
            owner=entry.owner,
            mode=int(entry.mode, 8),
            age_days=_age(entry, seed),
            written=_written(entry, variables, seed),
            live=isinstance(entry, scenarios.FileEntry) and entry.live,
            kept=isinstance(entry, scenarios.FileEntry) and entry.kept,
        )
        for entry in entries
    )


def ticket(told: scenarios.Scenario, variables: Mapping[str, Any], seed: bytes) -> tuple[PlantedFile, ...]:
    """The page of the ticket that the first message quotes, in the words of that message; none where there is no ticket."""
    if told.ticket is None:
        return ()
    quoted = texts.chosen(told.prompt_folder("user"), "user", variables, seed=seed, key="prompt:user").strip().partition("\n\n")[2]
    head = f"# {variables['ticket']}: {texts.render(told.ticket, variables)}\n\n"
    head += f"filed by {variables['manager']}, {variables['filed']}\nstate: open\n\n"
    place, when = f"{variables['tickets']}/{variables['ticket']}.md", instant(str(variables["filed"]))
    return (PlantedFile(path=place, content=f"{head}{quoted}\n", owner="root:ops", mode=0o664, written=when),)


def _age(entry: scenarios.Entry, seed: bytes) -> float:
    """The entry's age; of what is younger than a day some hours more or less, as `_written` has a moment only for what is older."""
    if entry.age_days >= 1:
        return entry.age_days
    return round(entry.age_days + draw(seed, f"age:{entry.path}").uniform(-0.5, 0.5) * min(0.4, entry.age_days), 5)


def _written(entry: scenarios.Entry, variables: Mapping[str, Any], seed: bytes) -> int | None:
    """When an entry of whole days' age was last changed: in working hours, or `at`, of the very day that texts name by the same number."""
    if entry.age_days < 1 and not entry.daily:
        return None
    midnight = datetime.fromisoformat(variables["date" if entry.daily else "day"](int(entry.age_days))).replace(tzinfo=UTC)
    rng = draw(seed, f"clock:{entry.path}")
    second = clock(texts.render(entry.at, variables)) + rng.randrange(60) if entry.at else rng.randrange(*WORKING_HOURS)
    return int(midnight.timestamp()) + second


def _content(
    told: scenarios.Scenario, entry: scenarios.FileEntry, levels: Mapping[str, str], variables: Mapping[str, Any], seed: bytes
) -> str:
    if entry.generate is not None:
        data = scenarios.read_data(told, scenarios.resolved(entry.data, levels)) if entry.data else None
        return GENERATORS[entry.generate](generators.Order(seed=seed, story=variables, number=entry.number, data=data))

    def text(stem: str, given: Mapping[str, Any]) -> str:
        name = scenarios.resolved(stem, levels)
        return texts.chosen(told.file_folder(name), name, given, seed=seed, key=stem)

    parts = {name: text(stem, variables).strip() for name, stem in entry.parts.items()}
    return text(str(entry.text), {**variables, **parts}).rstrip() + "\n"


def globs(paths: Iterable[str], story: Mapping[str, Any]) -> tuple[str, ...]:
    """Globs of a scenario's, filled in."""
    return tuple(texts.render(path, story) for path in paths)


def sites(rows: Iterable[Mapping[str, Any]], story: Mapping[str, Any]) -> tuple[dict[str, Any], ...]:
    """Pages of a scenario's, their texts filled in."""

    def filled(value: Any) -> Any:
        if isinstance(value, str):
            return texts.render(value, story)
        return [filled(inner) for inner in value] if isinstance(value, list) else value

    return tuple({key: filled(value) for key, value in row.items()} for row in rows)


def job(told: scenarios.Scenario, story: Mapping[str, Any], seed: bytes, planted: Iterable[PlantedFile] = ()) -> JobSpec | None:
    """The checker with what it compares with, and what must stay as it was planted, written into it; none where there is no job."""
    if told.job is None:
        return None
    expect = EXPECTATIONS[told.job.expect] if told.job.expect else None
    expected = repr(expect(generators.Order(seed=seed, story=story))) if expect else "None"
    check = texts.chosen(told.file_folder(told.job.check), told.job.check, {**story, "expected": expected}, seed=seed, key="job")
    kept = {file.path: hashlib.sha256(str(file.content or "").encode()).hexdigest() for file in planted if file.kept}
    script = texts.chosen(scenarios.TEXTS, "checker", {"kept": repr(kept), "check": check.strip()}, seed=seed, key="checker")
    return JobSpec(name=told.job.name, script=script)
