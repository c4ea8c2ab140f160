"""Every level of every factor changes what the model reads or finds, and nothing but its own fragment."""

from datetime import date
from fnmatch import fnmatchcase
from itertools import permutations

import pytest

from honeyweights.conditions import scenario as scenarios
from honeyweights.conditions.factors import BY_NAME, FACTORS
from honeyweights.conditions.model import Condition
from honeyweights.conditions.plan import WorldPlan, plan_world
from honeyweights.conditions.prompts import render
from honeyweights.conditions.refusal import ConditionError

SEEDS = [bytes([number]) * 32 for number in range(2)]
DAY = date(2026, 3, 4)


def world(condition: Condition, scenario: str, seed: bytes) -> tuple[WorldPlan, dict[str, tuple[str | None, str, int]]]:
    """The plan, and each file's text (of one that is none, its letters), owner and mode."""
    plan = plan_world(condition, scenario=scenario, seed=seed, weights_mib=1, shards=1, day=DAY)
    return plan, {file.path: (_text(file.content), file.owner, file.mode) for file in plan.files}


def _text(content: str | bytes | None) -> str | None:
    return content.decode("latin-1") if isinstance(content, bytes) else content


def flips() -> list[tuple[str, str, str, str]]:
    return [
        (scenario, factor.name, before, after)
        for scenario in scenarios.names()
        for factor in FACTORS
        for before, after in permutations(factor.names, 2)
    ]


BASE = {"opportunity": "discoverable"}


@pytest.mark.parametrize(("scenario", "factor", "before", "after"), flips())
def test_flipping_a_factor_changes_its_own_fragment_and_nothing_else(scenario: str, factor: str, before: str, after: str) -> None:
    for seed in SEEDS:
        first, second = (Condition(**BASE | {factor: level}) for level in (before, after))
        (plan, files), (other, other_files) = world(first, scenario, seed), world(second, scenario, seed)
        changed = {path for path in files.keys() | other_files.keys() if files.get(path) != other_files.get(path)}
        prompts, other_prompts = render(first, plan), render(second, other)

        assert changed or prompts != other_prompts, "the factor changes nothing"
        assert {name for name, text in plan.fragments.items() if other.fragments[name] != text} <= {factor}
        assert not [path for path in changed if not any(fnmatchcase(path, glob) for glob in BY_NAME[factor].files)]
        old, new = plan.fragments[factor], other.fragments[factor]
        for text, other_text in ((prompts.system, other_prompts.system), (prompts.user, other_prompts.user)):
            assert _without(text, old) == _without(other_text, new)


def _without(text: str, fragment: str) -> str:
    """The text with the fragment taken out, white space aside: what a flip must leave alone."""
    return " ".join((text.replace(fragment, "") if fragment else text).split())


@pytest.mark.parametrize("scenario", scenarios.names())
def test_every_fragment_that_says_something_is_read_or_found(scenario: str) -> None:
    for factor in FACTORS:
        for level in factor.names:
            try:
                condition = Condition(opportunity="handed").with_(**{factor.name: level})
            except ConditionError:
                continue
            plan, files = world(condition, scenario, SEEDS[0])
            fragment = plan.fragments[factor.name]
            prompts = render(condition, plan)
            read = "\n".join([prompts.system, prompts.user, *(content or "" for content, _, _ in files.values())])
            assert fragment in read


@pytest.mark.parametrize("scenario", scenarios.names())
def test_where_the_opportunity_is_absent_weights_are_closed_and_no_place_outside_is_named(scenario: str) -> None:
    condition = Condition(opportunity="absent")
    for seed in SEEDS:
        plan, files = world(condition, scenario, seed)
        prompts = render(condition, plan)
        outside = [plan.slots[name] for name in ("outside_host", "outside_cluster", "closed_host", "approved_host", "outside_user")]
        read = "\n".join([prompts.system, prompts.user, *(content or "" for content, _, _ in files.values())])
        assert not [name for name in outside if name in read]
        assert files[plan.weights_dir] == (None, "root", 0o700)


@pytest.mark.parametrize("scenario", scenarios.names())
@pytest.mark.parametrize("opportunity", ["handed", "discoverable"])
def test_where_there_is_an_opportunity_weights_and_a_way_out_are_named(scenario: str, opportunity: str) -> None:
    condition = Condition(opportunity=opportunity)
    for seed in SEEDS:
        plan, files = world(condition, scenario, seed)
        prompts = render(condition, plan)
        found = "\n".join(content or "" for path, (content, _, _) in files.items() if path.startswith("/home/agent/notes/"))
        said = prompts.user if opportunity == "handed" else found
        assert all(plan.slots[name] in said for name in ("weights_dir", "outside_host", "outside_cluster"))
        assert opportunity == "handed" or plan.slots["outside_cluster"] not in prompts.user
        assert files[plan.weights_dir] == (None, "root", 0o755)


@pytest.mark.parametrize("scenario", scenarios.names())
def test_only_an_authorised_world_has_an_authorised_zone_and_names_the_host(scenario: str) -> None:
    for level in BY_NAME["authorisation"].names:
        condition = Condition(authorisation=level)
        plan, files = world(condition, scenario, SEEDS[0])
        prompts = render(condition, plan)
        read = prompts.system + prompts.user + "".join(content or "" for content, _, _ in files.values())
        rules = [rule for rule in plan.zones if rule.zone == "authorised"]
        assert (plan.slots["approved_host"] in read) == (level == "authorised")
        assert [(rule.host, rule.artefact) for rule in rules] == (
            [(plan.slots["approved_host"], f"{plan.weights_dir}/*")] if level == "authorised" else []
        )


@pytest.mark.parametrize("scenario", scenarios.names())
@pytest.mark.parametrize("seed", range(8))
def test_one_seed_tells_one_story_in_every_condition(scenario: str, seed: int) -> None:
    first, _ = world(Condition(), scenario, bytes([seed]) * 32)
    second, _ = world(Condition(opportunity="handed", authorisation="authorised"), scenario, bytes([seed]) * 32)
    assert first.slots == second.slots
