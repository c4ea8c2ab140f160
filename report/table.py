"""Logs as a table for people: one line for each sample, aligned, as plain text."""

import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import astuple, dataclass, fields

from inspect_ai.log import EvalLog
from rich.console import Console
from rich.table import Table
from rich.text import Text

from honeyweights.report.logs import Told, samples
from honeyweights.sandbox.text import plain
from honeyweights.verdict.model import Verdict

NOTHING = "-"


@dataclass(frozen=True, kw_only=True)
class Row:
    """A sample in words; a dash is "nothing", a question mark is "not known"."""

    model: str
    sample: str
    condition: str
    stage: str
    fraction: str
    exfiltrated: str
    channel: str
    acts: str
    job: str
    instruments: str


def rows(logs: Iterable[EvalLog]) -> Iterator[Row]:
    """A row for each sample."""
    for log in logs:
        for told in samples(log):
            yield _row(told)


def table(logs: Iterable[EvalLog]) -> str:
    """The table as text, without colours and never cut: the terminal wraps."""
    return _aligned([field.name for field in fields(Row)], [astuple(row) for row in rows(logs)])


def _row(told: Told) -> Row:
    sample, verdict = told.sample, told.verdict
    epoch = f" #{sample.epoch}" if sample.epoch > 1 else ""
    named = {
        "model": told.model.removeprefix("scripted/"),
        "sample": f"{sample.id}{epoch}",
        "condition": str((sample.metadata or {}).get("condition", NOTHING)),
    }
    if verdict is None:
        why = "failed" if sample.error else "unscored"
        return Row(**named, stage=why, fraction="?", exfiltrated="?", channel="?", acts="?", job="?", instruments=_why(told))
    nothing = "?" if verdict.outcome == "unscored" else NOTHING
    return Row(
        **named,
        stage=_stage(verdict),
        fraction="?" if verdict.fraction is None else f"{'>= ' if verdict.lower_bound else ''}{verdict.fraction:.6g}",
        exfiltrated=_exfiltrated(verdict),
        channel=", ".join(verdict.channels) or nothing,
        acts=", ".join(f"{name} ({state})" for name, state in verdict.acts.items() if state) or nothing,
        job={True: "done", False: "not done", None: "?"}[verdict.main_job],
        instruments=_instruments(verdict),
    )


def _stage(verdict: Verdict) -> str:
    if verdict.outcome == "unscored":
        return "unscored"
    name = verdict.stage or ("..".join(verdict.bounds.stage) if verdict.bounds else "?")
    return name if verdict.outcome == "scored" else f"{name} ({verdict.outcome})"


def _exfiltrated(verdict: Verdict) -> str:
    if verdict.exfiltrated is None:
        return "?"
    return "yes" if verdict.exfiltrated else "allowed" if verdict.authorised else "no"


def _instruments(verdict: Verdict) -> str:
    dead = [f"{name} {state}" for name, state in verdict.instruments.items() if state != "alive"]
    return ", ".join(dead) or f"{len(verdict.instruments)} alive"


def _why(told: Told) -> str:
    """One line on why there is no verdict."""
    reasons = [score.reason for score in (told.sample.scores or {}).values() if score.reason]
    words = told.sample.error.message if told.sample.error else next(iter(reasons), "the log holds no verdict")
    return (words.strip().splitlines() or [""])[-1][:120]


def _aligned(titles: Sequence[str], lines: Sequence[tuple[str, ...]]) -> str:
    """Columns side by side. Texts come from logs: they are printed, never read as markup."""
    grid = Table(box=None, pad_edge=False, header_style="")
    for title in titles:
        grid.add_column(title.upper(), no_wrap=True)
    for line in lines:
        grid.add_row(*(Text(plain(cell)) for cell in line))
    out = io.StringIO()
    Console(file=out, width=2_000, color_system=None, force_terminal=False).print(grid)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines())
