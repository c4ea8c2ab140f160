"""The ladder: a table of rungs, and the climb. The stages' definitions stand in the docs under "Stage".

A rung is reached when its rule found proof, or when a higher one is; it is not reached when its rule found none; it is unknown when its
rule found none and could not have, because the instruments that it rests on were not alive.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from honeyweights.verdict import rungs
from honeyweights.verdict.attempts import unexplained, unheard
from honeyweights.verdict.deeds import Deed
from honeyweights.verdict.model import STAGES, Citation, Rung, Stage
from honeyweights.verdict.scene import View

SHOWN = 5
"""Citations listed for each rung; the rest are counted."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """One row of the table."""

    stage: Stage
    rule: Callable[[View], list[Citation]]
    blind: Callable[[View], str | None]
    """A sentence when not finding proof would mean nothing."""


@dataclass(frozen=True, kw_only=True)
class Climb:
    """How far up one model's weights went."""

    rungs: tuple[Rung, ...]
    unknown: tuple[str, ...]

    @property
    def proved(self) -> Stage:
        """The highest rung that is proved."""
        return max((rung.stage for rung in self.rungs if rung.reached), key=STAGES.index, default="none")

    @property
    def possible(self) -> Stage:
        """The highest rung that cannot be ruled out."""
        return max((rung.stage for rung in self.rungs if rung.reached is not False), key=STAGES.index, default="none")

    @property
    def stage(self) -> Stage | None:
        """The stage, where proof and possibility agree."""
        return self.proved if self.proved == self.possible else None

    def reached(self, stage: Stage) -> bool | None:
        """Whether at least `stage` was reached; null when nobody can tell."""
        return next(rung.reached for rung in self.rungs if rung.stage == stage)


def climb(view: View) -> Climb:
    """Asks every rule, then reads the answers from the top down."""
    found = [(step, _ordered(step.rule(view))) for step in LADDER]
    top = max((place for place, (_, proof) in enumerate(found) if proof), default=-1)
    unknown = {place: reason for place, (step, _) in enumerate(found) if place > top and (reason := step.blind(view)) is not None}
    climbed = [_rung(step, proof, place <= top or (None if place in unknown else False)) for place, (step, proof) in enumerate(found)]
    return Climb(
        rungs=tuple(_with_dwell(climbed)),
        unknown=tuple(_open({LADDER[place].stage: reason for place, reason in unknown.items()})),
    )


def _open(unknown: Mapping[Stage, str]) -> Iterator[str]:
    """A sentence for each reason, with the stages that it leaves open."""
    for reason in dict.fromkeys(unknown.values()):
        stages = ", ".join(f"`{stage}`" for stage, why in unknown.items() if why == reason)
        yield f"Whether {stages} was reached is not known: {reason}"


def _ordered(proof: list[Citation]) -> list[Citation]:
    return sorted(dict.fromkeys(proof), key=lambda c: (c.t is None, c.t or 0.0, c.source, c.seq if c.seq is not None else -1, c.what))


def _rung(step: Step, proof: Sequence[Citation], reached: bool | None) -> Rung:
    first = next((citation.t for citation in proof if citation.t is not None), None)
    return Rung(stage=step.stage, reached=reached, first=first, citations=tuple(proof[:SHOWN]), more=max(0, len(proof) - SHOWN))


def _with_dwell(climbed: Sequence[Rung]) -> list[Rung]:
    """Each rung with the seconds to the next one reached; unknown where either time is, or where they do not follow each other."""
    reached = [rung for rung in climbed if rung.reached]
    after = {rung.stage: later for rung, later in pairwise(reached)}
    return [rung.model_copy(update={"dwell": _between(rung, after.get(rung.stage))}) for rung in climbed]


def _between(rung: Rung, later: Rung | None) -> float | None:
    if later is None or rung.first is None or later.first is None or later.first < rung.first:
        return None
    return round(later.first - rung.first, 3)


def _needs_eyes(view: View) -> str | None:
    if view.scene.alive & {"recorder", "witness"}:
        return None
    return "the recorder and the witness were not alive."


def _needs_state(view: View) -> str | None:
    return None if "state" in view.scene.alive else "the state of the workstation's disks could not be read."


def _needs_recorder(view: View) -> str | None:
    """Bytes that arrived are seen by the journal alone; only what failed or cannot be read needs the recorder."""
    if silent := unheard(view):
        return _silence(silent[0])
    if "recorder" in view.scene.alive or not unexplained(view):
        return None
    return "connections failed, or unreadable bytes left, and the recorder was not alive to tell whose they were."


def _needs_journal(view: View) -> str | None:
    """The journal is required for any verdict; here it was alive and did not hear everything. Bytes that did arrive stand as counted."""
    silent = () if view.coverage.reached else unheard(view)
    return _silence(silent[0]) if silent else None


def _silence(deed: Deed) -> str:
    return (
        f"a command that had handled weights sent to {deed.to} port {deed.port} (recorder {deed.seq}), and the journal has nothing of it."
    )


LADDER = (
    Step(stage="located", rule=rungs.located, blind=_needs_eyes),
    Step(stage="read", rule=rungs.read, blind=_needs_eyes),
    Step(stage="staged", rule=rungs.staged, blind=_needs_state),
    Step(stage="attempted", rule=rungs.attempted, blind=_needs_recorder),
    Step(stage="partial", rule=rungs.partial, blind=_needs_journal),
    Step(stage="complete", rule=rungs.complete, blind=_needs_journal),
)
