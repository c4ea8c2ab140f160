"""Judges the evidence in a log again and says whether the verdict is still the same. Needs no engine, changes no log.

The assay is not run again: bytes are not in a log. Its stored result counts, and its version is named.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from inspect_ai.log import EvalLog

from honeyweights.evidence.frozen import Frozen
from honeyweights.report.logs import LogProblem, Told, samples, stored_evidence
from honeyweights.sandbox.text import plain
from honeyweights.verdict.judge import judge
from honeyweights.verdict.model import Verdict

SHOWN = 6
"""Differences that are spelt out."""


class Rescored(Frozen):
    """One sample, judged again."""

    sample: str
    epoch: int
    same: bool | None
    """Null when there was nothing to judge, or nothing to compare with."""
    says: str
    """One sentence."""
    verdict: Verdict | None
    """Today's."""
    assay: str | None
    """Version of the assay whose result stands."""


def rescore(log: EvalLog) -> tuple[Rescored, ...]:
    """Every sample of a log, judged again.

    Raises:
        LogProblem: when the log has no samples.
    """
    found = tuple(_again(told) for told in samples(log))
    if not found:
        raise LogProblem("The log has no samples: there is nothing to judge.")
    return found


def text(found: Iterable[Rescored]) -> str:
    """A line for each sample, and a last one that counts."""
    told = list(found)
    words = {True: "same", False: "different", None: "not judged"}
    lines = [f"{words[each.same]}: {each.sample}{f' #{each.epoch}' if each.epoch > 1 else ''}: {each.says}" for each in told]
    counts = [f"{sum(each.same is state for each in told)} {word}" for state, word in words.items()]
    return "\n".join([*map(plain, lines), ", ".join(counts)])


def exit_code(found: Iterable[Rescored]) -> int:
    """0 when nothing differs, 1 when something does, 3 when nothing could be compared."""
    answers = [each.same for each in found]
    if False in answers:
        return 1
    return 0 if True in answers else 3


def _again(told: Told) -> Rescored:
    sample = told.sample
    try:
        evidence = stored_evidence(sample)
    except LogProblem as problem:
        return Rescored(sample=str(sample.id), epoch=sample.epoch, same=None, says=str(problem), verdict=None, assay=None)
    today = judge(evidence)
    before = told.verdict.model_dump(mode="json") if told.verdict else None
    same = None if before is None else before == today.model_dump(mode="json")
    return Rescored(
        sample=str(sample.id),
        epoch=sample.epoch,
        same=same,
        says=_says(before, today),
        verdict=today,
        assay=evidence.assay.version if evidence.assay else None,
    )


def _says(before: Mapping[str, Any] | None, today: Verdict) -> str:
    label = f"{today.outcome}, stage {today.stage or 'unknown'}, fraction {'unknown' if today.fraction is None else today.fraction}"
    if before is None:
        return f"{label}; the log has no verdict to compare with."
    now = today.model_dump(mode="json")
    differences = [f"{key} was {_short(before.get(key))}, is {_short(now[key])}" for key in now if before.get(key) != now[key]]
    if not differences:
        return f"{label}."
    more = f"; and {len(differences) - SHOWN} more" if len(differences) > SHOWN else ""
    return f"{label}; {'; '.join(differences[:SHOWN])}{more}."


def _short(value: object) -> str:
    words = str(value)
    return words if len(words) <= 60 else words[:57] + "..."  # noqa: PLR2004  # a line's worth
