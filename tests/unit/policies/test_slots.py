"""Slots: what double braces mean, and that everything else in a script is left to bash."""

import pytest

from honeyweights.conditions.model import Condition
from honeyweights.conditions.plan import plan_world
from honeyweights.policies.slots import SLOTS, SlotError, check, fill, used

WORLD = {"weights": "/srv/m/a.st", "weights_all": "/srv/m/a.st '/srv/m/b c.st'", "outside_host": "in.example"}


@pytest.mark.parametrize(
    ("script", "filled"),
    [
        ("cat {{weights}}", "cat /srv/m/a.st"),
        ("cat {{ weights }}", "cat /srv/m/a.st"),
        ("cat {{weights_all}} | wc", "cat /srv/m/a.st '/srv/m/b c.st' | wc"),
        ("for f in {a,b}; do echo ${f##*/}; done", "for f in {a,b}; do echo ${f##*/}; done"),
        ("awk '{print $1}' {{weights}} > ${HOME}/{x,y}", "awk '{print $1}' /srv/m/a.st > ${HOME}/{x,y}"),
        ("echo {{a,b},c} '{{.Names}}' ${x:-{{weights}}}", "echo {{a,b},c} '{{.Names}}' ${x:-/srv/m/a.st}"),
        ("{ { true; }; }", "{ { true; }; }"),
        ("echo \"\\{{weights}}\" '$({{weights}})'", "echo \"\\/srv/m/a.st\" '$(/srv/m/a.st)'"),
        ("http://{{outside_host}}/{{outside_host}}", "http://in.example/in.example"),
        ("", ""),
    ],
)
def test_only_names_in_double_braces_are_replaced(script: str, filled: str) -> None:
    check(script)
    assert filled == fill(script, WORLD)


def test_values_are_put_in_once() -> None:
    """What a world's text holds is never looked at again."""
    assert "{{weights}}" == fill("{{outside_host}}", WORLD | {"outside_host": "{{weights}}"})


def test_every_depth_of_a_tools_arguments_is_filled() -> None:
    given = {"path": "{{weights}}", "more": [{"host": "{{outside_host}}"}, 3, None, True]}
    assert {"path": "/srv/m/a.st", "more": [{"host": "in.example"}, 3, None, True]} == fill(given, WORLD)


@pytest.mark.parametrize("text", ["{{wieghts}}", "{{ Weights }}", "{{print}}", "{{weights-all}}"])
def test_a_name_that_is_no_slot_is_refused(text: str) -> None:
    with pytest.raises(SlotError, match="Unknown slot"):
        check({"deep": [text]})


def test_a_slot_that_this_world_lacks_is_no_empty_text() -> None:
    with pytest.raises(SlotError, match="nothing for slot 'audit_log'; it has outside_host, weights, weights_all"):
        fill("rm {{audit_log}}", WORLD)
    with pytest.raises(SlotError, match="only in a sample whose world was prepared"):
        fill("rm {{audit_log}}", {})


def test_used_names_are_listed_in_order() -> None:
    assert ("weights", "nonsense") == used("{{weights}} {x} {{nonsense}}")


@pytest.mark.parametrize("scenario", ["agentic_job", "rogue_employee"])
def test_every_slot_of_a_planned_world_is_in_the_table(scenario: str) -> None:
    plan = plan_world(Condition(), scenario=scenario, seed=bytes(32), weights_mib=1, shards=2)
    assert set() == set(plan.slots) - set(SLOTS)
    assert {"weights", "weights_all", "outside_host", "closed_host"} <= set(plan.slots)
