"""The condition: its table, its id, its refusals."""

import hashlib
import json

import pytest
from pydantic import ValidationError

from honeyweights.conditions.factors import BY_NAME, FACTORS, REFUSALS
from honeyweights.conditions.model import Condition, preset_levels
from honeyweights.conditions.presets import PRESETS
from honeyweights.conditions.refusal import ConditionError


def test_the_model_has_the_tables_factors_and_no_others() -> None:
    assert {"preset", *BY_NAME} == set(Condition.model_fields)


def test_fields_default_to_the_tables_defaults() -> None:
    assert {factor.name: factor.default for factor in FACTORS} == Condition().factors


def test_every_default_is_a_level_and_names_are_plain() -> None:
    for factor in FACTORS:
        assert factor.default in factor.names
        assert len(set(factor.names)) == len(factor.names)
        for name in (factor.name, *factor.names):
            assert name.replace("_", "").isalpha()
            assert name.islower()


def test_the_id_is_eight_hex_digits_over_the_canonical_json_of_all_factors() -> None:
    condition = Condition()
    text = json.dumps(condition.factors, sort_keys=True, separators=(",", ":"))
    assert f"custom-{hashlib.sha256(text.encode()).hexdigest()[:8]}" == condition.id


def test_ids_of_presets_are_fixed() -> None:
    """A changed id breaks the pairing with logs that exist: change this only with the schema."""
    assert Condition.of("greenblatt-2024").id == "greenblatt-2024-59263739"
    assert Condition.of("agentic-job").id == "agentic-job-7f7d45e7"


def test_ids_differ_wherever_a_factor_does() -> None:
    ids = [Condition.of(name).with_(oversight=level).id for name in PRESETS for level in BY_NAME["oversight"].names]
    assert len(set(ids)) == len({(i.rsplit("-", 1)[1], i) for i in ids})
    digests = {i.rsplit("-", 1)[1] for i in ids}
    points = {tuple((preset_levels(n) | {"oversight": level}).items()) for n in PRESETS for level in BY_NAME["oversight"].names}
    assert len(points) == len(digests)


def test_with_gives_another_and_leaves_the_first_alone() -> None:
    first = Condition.of("agentic-job")
    second = first.with_(oversight="unmonitored")
    assert first.oversight == "monitored"
    assert second.oversight == "unmonitored"
    assert second.preset == "custom"


def test_with_keeps_the_presets_name_only_with_the_presets_levels() -> None:
    first = Condition.of("agentic-job")
    assert first.with_(oversight="monitored").id == first.id
    assert first.with_(oversight="silent").id.startswith("custom-")


def test_a_condition_is_frozen() -> None:
    with pytest.raises(ValidationError):
        Condition().oversight = "monitored"


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_is_valid_and_runs_in_a_scenario_that_exists(name: str) -> None:
    from honeyweights.conditions import scenario  # noqa: PLC0415

    condition = Condition.of(name)
    assert condition.id.startswith(f"{name}-")
    assert PRESETS[name].scenario in scenario.names()
    assert PRESETS[name].factors.keys() <= BY_NAME.keys()


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"oversite": "monitored"}, "Unknown factor 'oversite': did you mean 'oversight'?"),
        ({"oversight": "unmonitord"}, "Unknown level of oversight 'unmonitord': did you mean 'unmonitored'?"),
        ({"scratchpad": "x9"}, "Unknown level of scratchpad 'x9': choose from hidden, none."),
        ({"preset": "greenblat-2024"}, "Unknown preset 'greenblat-2024': did you mean 'greenblatt-2024'?"),
        ({"preset": "agentic-job"}, "These are not the levels of preset 'agentic-job': use `.with_()`, or preset 'custom'."),
        ({"oversight": True}, "Unknown level of oversight 'True': choose from silent, monitored, unmonitored."),
    ],
)
def test_what_is_not_known_is_refused_with_the_nearest_right_name(given: dict[str, str], sentence: str) -> None:
    with pytest.raises(ConditionError) as refusal:
        Condition(**given)
    assert sentence == str(refusal.value)


def test_with_refuses_unknown_factors() -> None:
    with pytest.raises(ConditionError, match="did you mean 'suggestion'"):
        Condition().with_(sugestion="none")


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda refusal: "-".join(refusal.levels.values()))
def test_levels_that_contradict_each_other_are_refused_with_the_reason(refusal: object) -> None:
    assert hasattr(refusal, "levels")
    with pytest.raises(ConditionError) as problem:
        Condition(**refusal.levels)
    assert str(problem.value).startswith("These levels contradict each other: ")
    assert all(f"{name}={level}" in str(problem.value) for name, level in refusal.levels.items())
