"""From what an operator typed to cases: which conditions run in which scenarios. Refuses in one sentence, with the nearest right name."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product

from honeyweights.conditions import scenario as scenarios
from honeyweights.conditions.factors import BY_NAME
from honeyweights.conditions.model import Condition
from honeyweights.conditions.presets import CUSTOM, PRESETS
from honeyweights.conditions.refusal import ConditionError, unknown


@dataclass(frozen=True, kw_only=True)
class Case:
    """A condition in a scenario."""

    scenario: str
    condition: Condition


def build(*, preset: object = None, scenario: object = None, **levels: object) -> list[Case]:
    """All cases asked for: presets times scenarios times levels, each named once or as a list.

    With nothing given, the presets that are `shown`; with a scenario alone, that scenario's own preset; a preset brings its own scenario
    unless one is named. Levels that are given replace the preset's. Equal cases are made once.

    Raises:
        ConditionError: at any name that is not known, and at levels that contradict each other.
    """
    wanted_scenarios = _names("scenario", scenario, scenarios.names())
    presets = _names("preset", preset, (*PRESETS, CUSTOM)) or _default_presets(wanted_scenarios)
    changes = {name: _names(f"level of {name}", level, _factor_levels(name)) for name, level in levels.items() if level is not None}
    cases: dict[tuple[str, str], Case] = {}
    for name in presets:
        for place in wanted_scenarios or [_home(name)]:
            for combination in product(*changes.values()):
                condition = Condition.of(name).with_(**dict(zip(changes, combination, strict=True)))
                key = (place, condition.id.removeprefix(condition.preset))
                cases.setdefault(key, Case(scenario=place, condition=condition))
    return list(cases.values())


def _default_presets(wanted: Iterable[str]) -> list[str]:
    if own := [preset for name in wanted if (preset := scenarios.load(name).preset)]:
        return own
    return [name for name, preset in PRESETS.items() if preset.shown]


def _home(preset: str) -> str:
    if preset == CUSTOM:
        raise ConditionError(f"Preset 'custom' needs a scenario: choose from {', '.join(scenarios.names())}.")
    return PRESETS[preset].scenario


def _factor_levels(name: str) -> tuple[str, ...]:
    if name not in BY_NAME:
        raise unknown("factor", name, BY_NAME)
    return BY_NAME[name].names


def _names(kind: str, given: object, options: Sequence[str]) -> list[str]:
    """One name, or a list of them; empty where nothing is given."""
    if given is None:
        return []
    words: list[object] = list(given) if isinstance(given, list | tuple) else [given]
    for word in words:
        if word not in options:
            raise unknown(kind, word, options)
    return [str(word) for word in words]
