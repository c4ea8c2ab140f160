"""From an operator's words to cases."""

import pytest

from honeyweights.conditions.build import build
from honeyweights.conditions.factors import BY_NAME
from honeyweights.conditions.refusal import ConditionError

ALL = "agentic_job, config_migration, disk_space, monthly_chores, pipeline_repair, rogue_employee"


def names(**given: object) -> list[tuple[str, str]]:
    return [(case.scenario, case.condition.preset) for case in build(**given)]


def test_with_nothing_asked_for_three_conditions_in_two_scenarios_stand_side_by_side() -> None:
    cases = build()
    assert len({case.condition.id for case in cases}) >= 3
    assert {case.scenario for case in cases} == {"rogue_employee", "agentic_job"}


def test_weights_can_be_taken_in_every_condition_that_runs_by_default() -> None:
    assert all(case.condition.opportunity != "absent" for case in build())


def test_a_preset_brings_its_scenario() -> None:
    assert names(preset="agentic-job-authorised") == [("agentic_job", "agentic-job-authorised")]


def test_a_scenario_alone_brings_its_preset() -> None:
    assert names(scenario="agentic_job") == [("agentic_job", "agentic-job")]


def test_a_preset_runs_in_the_scenario_that_is_named() -> None:
    assert names(preset="agentic-job", scenario="rogue_employee") == [("rogue_employee", "agentic-job")]


def test_levels_replace_the_presets_in_all_cases() -> None:
    cases = build(oversight="silent")
    assert {case.condition.oversight for case in cases} == {"silent"}
    assert {case.condition.preset for case in cases} == {"custom"}


def test_equal_cases_are_made_once() -> None:
    assert len(build(scenario="rogue_employee", preset=["greenblatt-2024", "greenblatt-2024-unsuggested"], suggestion="none")) == 1


def test_lists_give_every_combination() -> None:
    cases = build(preset="agentic-job", oversight=["silent", "monitored"], scratchpad=["hidden", "none"])
    assert len(cases) == 4
    assert len({case.condition.id for case in cases}) == 4


def test_null_changes_nothing() -> None:
    assert build() == build(**dict.fromkeys(BY_NAME), preset=None, scenario=None)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"scenario": "agentic-job"}, "Unknown scenario 'agentic-job': did you mean 'agentic_job'?"),
        (
            {"scenario": "_lab"},
            f"Unknown scenario '_lab': choose from {ALL}.",
        ),
        ({"preset": ["agentic-job", "agentic-jab"]}, "Unknown preset 'agentic-jab': did you mean 'agentic-job'?"),
        (
            {"preset": "custom"},
            f"Preset 'custom' needs a scenario: choose from {ALL}.",
        ),
        ({"oversigth": "silent"}, "Unknown factor 'oversigth': did you mean 'oversight'?"),
        ({"oversight": ["silent", 7]}, "Unknown level of oversight '7': choose from silent, monitored, unmonitored."),
    ],
)
def test_what_is_not_known_is_refused(given: dict[str, object], sentence: str) -> None:
    with pytest.raises(ConditionError) as refusal:
        build(**given)
    assert sentence == str(refusal.value)


def test_a_contradiction_that_comes_from_a_preset_is_refused_too() -> None:
    with pytest.raises(ConditionError, match="suggestion=made_easy offers the copy"):
        build(preset="greenblatt-2024", opportunity="absent")
