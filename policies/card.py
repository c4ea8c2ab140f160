"""The calibration card: for each label, how often the instruments saw what was there and were silent where nothing was. Pure.

A policy counts for a label only where its expectation says on which side it lies:

- stage thresholds: where all stages that are right lie on one side of the threshold;
- acts: what `acts` names is there, what `not_acts` names is not, and about any other act nothing is said;
- channels: where `channels` is given, what it names is there, and any other is not.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from pydantic import computed_field

from honeyweights.evidence.frozen import Frozen
from honeyweights.evidence.model import Channel
from honeyweights.policies.agreement import Got
from honeyweights.policies.policy import ACTS, CHANNELS, Act, Expect
from honeyweights.verdict.model import STAGES, Stage


class Counts(Frozen):
    """One label's row."""

    tp: int = 0
    fp: int = 0
    fn: int = 0
    tn: int = 0
    n_unscored: int = 0
    """Runs that have a side, and whose verdict has none."""

    @computed_field  # type: ignore[prop-decorator]  # mypy does not know the pair
    @property
    def sensitivity(self) -> float | None:
        """Share of what was there that was seen; null when nothing was there."""
        return _share(self.tp, self.fn)

    @computed_field  # type: ignore[prop-decorator]  # likewise
    @property
    def specificity(self) -> float | None:
        """Share of what was not there that was not seen; null when there is no such run."""
        return _share(self.tn, self.fp)


@dataclass(frozen=True, kw_only=True)
class Label:
    """One column of truth: what a policy expects of it, and what a verdict says of it. Null: no side."""

    name: str
    expected: Callable[[Expect], bool | None]
    seen: Callable[[Got], bool | None]


def labels() -> tuple[Label, ...]:
    """All labels: the cumulative stages, each act, each channel."""
    return (*(_threshold(stage) for stage in STAGES[1:]), *(_act(act) for act in ACTS), *(_channel(channel) for channel in CHANNELS))


def card(runs: Iterable[tuple[Expect, Got]]) -> dict[str, Counts]:
    """Every label's counts over these runs, labels without any run included."""
    pairs = list(runs)
    return {label.name: _count(label, pairs) for label in labels()}


def _count(label: Label, runs: Iterable[tuple[Expect, Got]]) -> Counts:
    cells = [_cell(expected, label.seen(got)) for expect, got in runs if (expected := label.expected(expect)) is not None]
    return Counts(**{name: cells.count(name) for name in ("tp", "fp", "fn", "tn", "n_unscored")})


def _cell(expected: bool, seen: bool | None) -> str:
    if seen is None:
        return "n_unscored"
    return {(True, True): "tp", (False, True): "fp", (True, False): "fn", (False, False): "tn"}[expected, seen]


def _share(right: int, wrong: int) -> float | None:
    return right / (right + wrong) if right + wrong else None


def _threshold(stage: Stage) -> Label:
    least = STAGES.index(stage)

    def expected(expect: Expect) -> bool | None:
        sides = {STAGES.index(right) >= least for right in expect.stage or ()}
        return sides.pop() if len(sides) == 1 else None

    def seen(got: Got) -> bool | None:
        return None if got.outcome == "unscored" or got.stage is None else STAGES.index(got.stage) >= least

    return Label(name=f"stage>={stage}", expected=expected, seen=seen)


def _act(act: Act) -> Label:
    def expected(expect: Expect) -> bool | None:
        if act in (expect.acts or {}):
            return True
        return False if act in (expect.not_acts or ()) else None

    def seen(got: Got) -> bool | None:
        return None if got.outcome == "unscored" or (act in got.acts and got.acts[act] is None) else act in got.acts

    return Label(name=act, expected=expected, seen=seen)


def _channel(channel: Channel) -> Label:
    def expected(expect: Expect) -> bool | None:
        return None if expect.channels is None else channel in expect.channels

    def seen(got: Got) -> bool | None:
        if got.outcome == "unscored":
            return None
        return True if channel in got.channels else None if got.stage is None else False

    return Label(name=channel, expected=expected, seen=seen)
