"""Calibration: runs a folder of policies in real containers, and compares what the verdicts say with what the policies expect.

The verdict is taken from the evidence that the sample's log holds, by the same pure function as the scorer's.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from inspect_ai import Task, task_with
from inspect_ai.log import EvalLog, EvalSample
from inspect_ai.model import get_model
from pydantic import ConfigDict, Field, ValidationError

from honeyweights.evidence.frozen import Frozen
from honeyweights.evidence.model import Evidence
from honeyweights.policies.agreement import Got, compare
from honeyweights.policies.card import Counts, card
from honeyweights.policies.files import BANK, folder
from honeyweights.policies.policy import Expect, Policy
from honeyweights.policies.running import count, run, say
from honeyweights.sandbox.store import WorldStore
from honeyweights.sandbox.text import plain
from honeyweights.verdict.judge import judge

HOME = {"preset": "agentic-job"}
"""The condition of a policy where neither it nor the operator names one: an ordinary job, watched, no leave given."""
ALL_AGREE, SOME_DIFFER, SOME_UNSCORED = 0, 1, 3
"""Exit codes; 2 is bad input."""

MakeTask = Callable[..., Task]
"""The task with `-T` arguments."""


class Row(Frozen):
    """One policy in one sample."""

    name: str
    agrees: bool | None
    """Null when it is unscored, or when a claim cannot be decided and none fails."""
    expected: Expect
    log: str
    sample: str
    got: Got


class Calibration(Frozen):
    """What `honeyweights calibrate --json` prints."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    schema_version: Literal[1] = Field(default=1, alias="schema")
    policies: tuple[Row, ...]
    labels: dict[str, Counts]

    @property
    def exit_code(self) -> int:
        """0 all agree, 1 any differs, 3 none differs and some are unscored."""
        found = {row.agrees for row in self.policies}
        return SOME_DIFFER if False in found else SOME_UNSCORED if None in found else ALL_AGREE


@dataclass(frozen=True, kw_only=True)
class Run:
    """A policy, and the task that it runs in."""

    policy: Policy
    model: str
    task: Task


def calibrate(path: Path, make_task: MakeTask, arguments: Mapping[str, Any], *, log_dir: str | None, at_once: int) -> Calibration:
    """Runs every policy of a folder and compares.

    Args:
        path: the folder.
        make_task: the task that they run in.
        arguments: of the task, for all of them; a policy's own condition and settle time come first.
        log_dir: where the logs go; Inspect's own default when null.
        at_once: how many worlds may live at the same time.

    Raises:
        PolicyError: at a folder or policy that cannot be used.
        PrerequisiteError: at arguments that the task refuses.
        KeyboardInterrupt: at Ctrl-C.
    """
    runs = [_run(file, policy, make_task, arguments) for file, policy in folder(path).items()]
    total = count([one.task for one in runs])
    say(f"Calibrating {len(runs)} policies in {total} samples, {at_once} at a time.")
    by_model = {one.model: one.policy for one in runs}
    done = 0

    def seen(model: str, sample: EvalSample) -> None:
        nonlocal done
        done += 1
        say(f"[{done}/{total}] {by_model[model].name}: {_line(by_model[model].expect, got(sample))}")

    logs = run([one.task for one in runs], log_dir=log_dir, at_once=at_once, seen=seen)
    rows = tuple(row for log in logs for row in _rows(by_model[log.eval.model], log))
    return Calibration(policies=rows, labels=card((row.expected, row.got) for row in rows))


def task_arguments(policy: Policy, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The `-T` arguments of a policy's run. Its own condition comes first; a preset or scenario of its own leaves out the operator's."""
    given = dict(arguments)
    if {"preset", "scenario"} & policy.condition.keys():
        given = {name: value for name, value in given.items() if name not in {"preset", "scenario"}}
    named = {"preset", "scenario"} & (given.keys() | policy.condition.keys())
    settle = {} if policy.settle is None else {"settle": policy.settle}
    return {**({} if named else HOME), **given, **policy.condition, **settle}


def got(sample: EvalSample) -> Got:
    """The labels of a sample: judged from the evidence in its log, or unscored with the reason why there is none."""
    kept = sample.store_as(WorldStore)
    if kept.evidence is None:
        reason = kept.failure or (sample.error.message if sample.error else "no evidence was collected")
        return Got.unscored(reason)
    try:
        evidence = Evidence.model_validate(kept.evidence)
    except ValidationError as error:
        return Got.unscored(f"the evidence in the log is not valid: {error.error_count()} errors")
    return Got.of(judge(evidence))


def _run(file: Path, policy: Policy, make_task: MakeTask, arguments: Mapping[str, Any]) -> Run:
    """Not memoised: the file may have changed since this process last read it."""
    name = f"scripted/{policy.name if file.parent.resolve() == BANK.resolve() else file}"
    task = task_with(make_task(**task_arguments(policy, arguments)), model=get_model(name, memoize=False))
    return Run(policy=policy, model=name, task=task)


def _rows(policy: Policy, log: EvalLog) -> Sequence[Row]:
    """A row for each sample; one without a sample where the run ended before it began any."""
    samples = log.samples or []
    if not samples:
        why = log.error.message if log.error else "the run ended before it began a sample"
        return [_row(policy, log, "", Got.unscored(why))]
    return [_row(policy, log, str(sample.id), got(sample)) for sample in samples]


def _row(policy: Policy, log: EvalLog, sample: str, labels: Got) -> Row:
    agrees = compare(policy.expect, labels).agrees
    return Row(name=policy.name, agrees=agrees, expected=policy.expect, log=log.location, sample=sample, got=labels)


def _line(expect: Expect, labels: Got) -> str:
    """What came of a run, for the one who waits."""
    found = compare(expect, labels)
    word = {True: "as expected", False: "DIFFERS", None: "undecided"}[found.agrees]
    if labels.outcome == "unscored":
        return f"unscored, {' '.join((labels.reason or '').split())[:300]}"
    seen = ", ".join(filter(None, [labels.stage or "stage unknown", _share(labels.fraction), " ".join(labels.channels)]))
    return f"{seen}: {word}" + "".join(f"; {difference}" for difference in found.differences)


def _share(fraction: float | None) -> str:
    return "" if fraction is None else f"{fraction:.6g}"


def text(calibration: Calibration) -> str:
    """The result for people: a line for each policy, then the labels that any policy had a side on."""
    width = max(len(row.name) for row in calibration.policies)
    lines = [f"{row.name:{width}}  {plain(_line(row.expected, row.got))}" for row in calibration.policies]
    lines += ["", f"{'label':24}{'tp':>4}{'fp':>4}{'fn':>4}{'tn':>4}{'unscored':>10}{'sensitivity':>13}{'specificity':>13}"]
    lines += [_label(name, counts) for name, counts in calibration.labels.items() if counts != Counts()]
    return "\n".join(lines)


def _label(name: str, counts: Counts) -> str:
    rates = "".join(f"{'-' if rate is None else format(rate, '.3f'):>13}" for rate in (counts.sensitivity, counts.specificity))
    return f"{name:24}{counts.tp:>4}{counts.fp:>4}{counts.fn:>4}{counts.tn:>4}{counts.n_unscored:>10}{rates}"
