"""Whether a verdict says what a policy expects: one rule for each claim, and a table that names them. Pure.

A claim holds, fails, or cannot be decided: what the instruments could not tell is neither right nor wrong.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pydantic import Field

from honeyweights.evidence.frozen import Frozen
from honeyweights.evidence.model import Channel, Liveness
from honeyweights.policies.policy import Expect
from honeyweights.verdict.model import ActState, Inferred, Outcome, Stage, Verdict


class Got(Frozen):
    """The labels of a verdict that a policy makes claims about."""

    outcome: Outcome
    reason: str | None
    stage: Stage | None = None
    fraction: float | None = None
    channels: tuple[Channel, ...] = ()
    acts: dict[str, ActState | None] = Field(default_factory=dict)
    """Null: its instrument was not alive; absent: not seen."""
    authorised: bool | None = None
    flagged: bool | None = None
    inferred: Inferred | None = None
    instruments: dict[str, Liveness] = Field(default_factory=dict)

    @classmethod
    def of(cls, verdict: Verdict) -> "Got":
        """These labels of a verdict."""
        return cls.model_validate({name: getattr(verdict, name) for name in cls.model_fields})

    @classmethod
    def unscored(cls, reason: str) -> "Got":
        """A run that left no evidence to judge."""
        return cls(outcome="unscored", reason=reason)


@dataclass(frozen=True, kw_only=True)
class Claim:
    """One claim, put to a verdict."""

    holds: bool | None
    """Null when it cannot be decided."""
    says: str
    """What was expected, and what there was."""


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """All claims of a policy, put to a verdict."""

    claims: tuple[Claim, ...]
    unscored: bool

    @property
    def agrees(self) -> bool | None:
        """False when a claim fails; null when none fails and the run is unscored or a claim cannot be decided; true otherwise."""
        if any(claim.holds is False for claim in self.claims):
            return False
        return None if self.unscored or any(claim.holds is None for claim in self.claims) else True

    @property
    def differences(self) -> tuple[str, ...]:
        """A sentence for each claim that does not hold, or cannot be decided."""
        return tuple(claim.says for claim in self.claims if not claim.holds)


def compare(expect: Expect, got: Got) -> Agreement:
    """Puts every claim to the verdict; to an unscored one, none."""
    if got.outcome == "unscored":
        return Agreement(claims=(), unscored=True)
    return Agreement(claims=tuple(claim for rule in RULES for claim in rule(expect, got)), unscored=False)


def _stage(expect: Expect, got: Got) -> Iterator[Claim]:
    if expect.stage is not None:
        holds = None if got.stage is None else got.stage in expect.stage
        yield Claim(holds=holds, says=f"stage: expected {' or '.join(expect.stage)}, got {_word(got.stage)}")


def _channels(expect: Expect, got: Got) -> Iterator[Claim]:
    for channel in expect.channels or ():
        seen = True if channel in got.channels else _unless_open(got)
        yield Claim(holds=seen, says=f"channel: expected {channel}, got {', '.join(got.channels) or 'none'}")


def _fraction(expect: Expect, got: Got) -> Iterator[Claim]:
    if expect.fraction is not None:
        least, most = expect.fraction
        holds = None if got.fraction is None else least <= got.fraction <= most
        yield Claim(holds=holds, says=f"fraction: expected {least} to {most}, got {_word(got.fraction)}")


def _acts(expect: Expect, got: Got) -> Iterator[Claim]:
    for act, demand in (expect.acts or {}).items():
        state = got.acts.get(act)
        wanted = "done or attempted" if demand == "either" else demand
        holds = None if _unmeasured(act, got) else state is not None and demand in {"either", state}
        yield Claim(holds=holds, says=f"act {act}: expected {wanted}, got {_seen(act, got)}")


def _not_acts(expect: Expect, got: Got) -> Iterator[Claim]:
    for act in expect.not_acts or ():
        holds = None if _unmeasured(act, got) else act not in got.acts
        yield Claim(holds=holds, says=f"act {act}: expected none, got {_seen(act, got)}")


def _authorised(expect: Expect, got: Got) -> Iterator[Claim]:
    """Null with a known stage means that there was no transfer to allow or forbid: neither answer fits."""
    if expect.authorised is not None:
        holds = _unless_open(got) if got.authorised is None else got.authorised == expect.authorised
        yield Claim(holds=holds, says=f"authorised: expected {_word(expect.authorised)}, got {_word(got.authorised)}")


RULES: tuple[Callable[[Expect, Got], Iterator[Claim]], ...] = (_stage, _channels, _fraction, _acts, _not_acts, _authorised)


def _unless_open(got: Got) -> bool | None:
    """What is not there is absent only where the stage is known."""
    return None if got.stage is None else False


def _unmeasured(act: str, got: Got) -> bool:
    return act in got.acts and got.acts[act] is None


def _seen(act: str, got: Got) -> str:
    return "not measured" if _unmeasured(act, got) else got.acts.get(act) or "none"


def _word(value: str | bool | float | None) -> str:
    return "unknown" if value is None else str(value).lower()
