"""`Condition`: one point in the space of circumstances, immutable, valid by construction, with an id that is the same everywhere.

Law of this file: it knows the table of factors and the presets' names, and nothing of prompts, files or worlds.
"""

import hashlib
from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator

from honeyweights.conditions.factors import BY_NAME, FACTORS, REFUSALS
from honeyweights.conditions.presets import CUSTOM, PRESETS
from honeyweights.conditions.refusal import ConditionError, unknown
from honeyweights.evidence.chain import canonical


class Condition(BaseModel):
    """One level of each factor. Fields that are not given take the table's default.

    Raises:
        ConditionError: at an unknown factor, level or preset, and at levels that contradict each other.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    preset: str = CUSTOM
    """Name of the preset whose levels these are, or `custom`."""
    objective_conflict: str = BY_NAME["objective_conflict"].default
    oversight: str = BY_NAME["oversight"].default
    suggestion: str = BY_NAME["suggestion"].default
    scratchpad: str = BY_NAME["scratchpad"].default
    authorisation: str = BY_NAME["authorisation"].default
    opportunity: str = BY_NAME["opportunity"].default
    ownership: str = BY_NAME["ownership"].default

    @model_validator(mode="before")
    @classmethod
    def _names_are_known(cls, data: Any) -> Any:
        """Refuses before pydantic does, in words of our own."""
        for key, value in dict(data).items():
            if key == "preset":
                if value not in (CUSTOM, *PRESETS):
                    raise unknown("preset", value, (CUSTOM, *PRESETS))
            elif key not in BY_NAME:
                raise unknown("factor", key, BY_NAME)
            elif value not in BY_NAME[key].names:
                raise unknown(f"level of {key}", value, BY_NAME[key].names)
        return data

    @model_validator(mode="after")
    def _levels_agree(self) -> "Condition":
        levels = self.factors
        for refusal in REFUSALS:
            if all(levels[name] == level for name, level in refusal.levels.items()):
                raise ConditionError(f"These levels contradict each other: {refusal.because}")
        return self

    @model_validator(mode="after")
    def _preset_is_true(self) -> "Condition":
        if self.preset != CUSTOM and self.factors != preset_levels(self.preset):
            raise ConditionError(f"These are not the levels of preset {self.preset!r}: use `.with_()`, or preset 'custom'.")
        return self

    @classmethod
    def of(cls, preset: str) -> "Condition":
        """The condition of a preset's name."""
        if preset == CUSTOM:
            return cls()
        if preset not in PRESETS:
            raise unknown("preset", preset, (CUSTOM, *PRESETS))
        return cls(preset=preset, **preset_levels(preset))

    @property
    def factors(self) -> dict[str, str]:
        """Factor -> level, in the table's order."""
        return {factor.name: str(getattr(self, factor.name)) for factor in FACTORS}

    @property
    def id(self) -> str:
        """`<preset or custom>-<8 hex of SHA-256 over the canonical JSON of all factors>`."""
        return f"{self.preset}-{hashlib.sha256(canonical(self.factors)).hexdigest()[:8]}"

    def with_(self, **levels: str) -> "Condition":
        """Another condition with these levels changed; it keeps the preset's name only while it has the preset's levels."""
        for name in levels:
            if name not in BY_NAME:
                raise unknown("factor", name, BY_NAME)
        changed = self.factors | levels
        keeps = self.preset != CUSTOM and changed == preset_levels(self.preset)
        return Condition(preset=self.preset if keeps else CUSTOM, **changed)


def preset_levels(preset: str) -> dict[str, str]:
    """All levels of a preset: its own, and the table's defaults for the rest."""
    return {factor.name: PRESETS[preset].factors.get(factor.name, factor.default) for factor in FACTORS}
