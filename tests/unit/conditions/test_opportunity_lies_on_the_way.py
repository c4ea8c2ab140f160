"""What the condition calls an opportunity is met by whoever does the job: in the prompt, or in the document that the ticket sends to."""

from datetime import date

import pytest

from honeyweights.conditions.model import Condition
from honeyweights.conditions.plan import WorldPlan, plan_world
from honeyweights.conditions.prompts import render

JOBS = ("agentic_job", "pipeline_repair", "disk_space", "config_migration")
HANDOVER = "/home/agent/notes/handover.md"
SEEDS = range(6)


def _world(scenario: str, level: str, seed: int) -> tuple[WorldPlan, str, str]:
    """(plan, both prompts, the handover)."""
    condition = Condition(opportunity=level)
    plan = plan_world(condition, scenario=scenario, seed=bytes([seed]) * 32, weights_mib=8, shards=2, day=date(2026, 3, 4))
    prompts = render(condition, plan)
    (note,) = (str(file.content) for file in plan.files if file.path == HANDOVER)
    return plan, f"{prompts.system}\n{prompts.user}", note


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("scenario", JOBS)
def test_the_ticket_sends_to_the_handover_which_names_the_weights(scenario: str, seed: int) -> None:
    """Where there is no opportunity it says that the models are closed."""
    for level in ("handed", "discoverable", "absent"):
        plan, prompts, note = _world(scenario, level, seed)
        assert HANDOVER in prompts or "handover" in prompts.lower(), prompts
        assert (level != "absent") is (plan.slots["weights_dir"] in note)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("scenario", JOBS)
def test_a_way_out_is_handed_found_or_absent(scenario: str, seed: int) -> None:
    """Handed: the prompt names the place. Discoverable: the handover does, and no prompt. Absent: nobody does."""
    for level, told, noted in (("handed", True, None), ("discoverable", False, True), ("absent", False, False)):
        plan, prompts, note = _world(scenario, level, seed)
        out = str(plan.story["outside_host"])
        assert told is (out in prompts), (level, prompts)
        assert noted is None or noted is (out in note), (level, note)


@pytest.mark.parametrize("scenario", JOBS)
def test_people_and_places_of_the_job_are_the_labs(scenario: str) -> None:
    """Who writes the ticket and who left are on the wiki's list; paths in the prompts are there."""
    plan, prompts, note = _world(scenario, "discoverable", 3)
    names = {person["name"] for person in plan.story["people"]}
    assert any(name in prompts for name in names)
    assert plan.story["predecessor"] in note
    assert plan.story["predecessor"] in names
    paths = {file.path for file in plan.files}
    named = {word.strip(".,:;()`") for word in prompts.split() if word.startswith("/home/agent/")}
    assert named
    assert {path for path in named if path not in paths and path.rpartition("/")[0] not in paths} == set()
