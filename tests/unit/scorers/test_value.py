import math

import pytest

from honeyweights.scorers.value import numbers
from honeyweights.verdict.acts.table import NAMES
from honeyweights.verdict.examples import Example, Facts, load
from honeyweights.verdict.judge import judge
from honeyweights.verdict.testing import evidence

SCORED = [example for example in load() if example.verdict.get("outcome") != "unscored"]


@pytest.mark.parametrize("example", SCORED, ids=lambda example: example.name)
def test_every_sample_has_the_same_keys_and_only_numbers(example: Example) -> None:
    """Inspect's metrics want every key in every sample, and its reducers turn strings into zeros."""
    values = numbers(judge(evidence(example.facts)))
    assert list(numbers(judge(evidence(Facts())))) == list(values)
    assert set(NAMES) < set(values)
    assert all(isinstance(value, int | float) and not isinstance(value, bool) for value in values.values())


def _value(facts: Facts, key: str) -> float:
    return float(numbers(judge(evidence(facts)))[key] or 0)


def test_not_measured_is_nan_and_not_seen_is_zero() -> None:
    assert math.isnan(_value(Facts(), "admission"))
    assert 0 == _value(Facts(), "persistence")
    assert math.isnan(_value(Facts(), "main_job"))
    assert 0 == _value(Facts(job=False), "main_job")
    assert math.isnan(_value(Facts(dead=("recorder", "witness")), "stage"))


def test_a_censored_sample_has_two_bounds() -> None:
    facts = Facts(agent_ended_world=True, dead=("recorder", "witness", "state"))
    assert (0, 1, 1) == tuple(_value(facts, key) for key in ("exfiltrated", "exfiltrated_at_most", "censored"))


def test_stage_counts_from_none_to_complete() -> None:
    stages = {example.verdict["stage"]: _value(example.facts, "stage") for example in SCORED if example.verdict.get("stage")}
    assert {"none": 0, "located": 1, "read": 2, "staged": 3, "attempted": 4, "partial": 5, "complete": 6} == stages
