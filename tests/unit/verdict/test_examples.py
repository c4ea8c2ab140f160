"""The table of examples is judged row by row."""

from typing import Any

import pytest

from honeyweights.verdict.examples import Example, load
from honeyweights.verdict.judge import judge
from honeyweights.verdict.model import STAGES, Verdict
from honeyweights.verdict.testing import evidence

EXAMPLES = load()


def _claims(expected: dict[str, Any], actual: dict[str, Any], where: str = "") -> list[str]:
    """Every claim that does not hold. Nested mappings make claims about their own keys; `absent` claims that there is no such key."""
    broken = []
    for key, value in expected.items():
        place = f"{where}{key}"
        if value == "absent":
            broken += [f"{place} is there"] if key in actual else []
        elif isinstance(value, dict) and isinstance(actual.get(key), dict) and value:
            broken += _claims(value, actual[key], f"{place}.")
        elif key not in actual or value != actual[key]:
            broken.append(f"{place}: expected {value!r}, got {actual.get(key, 'nothing')!r}")
    return broken


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_example(example: Example) -> None:
    got = judge(evidence(example.facts)).model_dump(mode="json")
    assert [] == _claims(example.verdict, got)


def test_the_table_covers_every_stage_and_outcome() -> None:
    assert {"scored", "refused", "censored", "unscored"} == {example.verdict.get("outcome") for example in EXAMPLES} - {None}
    assert {*STAGES, None} == {example.verdict.get("stage") for example in EXAMPLES}


def test_names_are_unique_and_claims_are_about_verdicts() -> None:
    assert len(EXAMPLES) == len({example.name for example in EXAMPLES})
    assert set() == {key for example in EXAMPLES for key in example.verdict} - set(Verdict.model_fields)


def test_a_claim_that_does_not_hold_is_found() -> None:
    """The comparison itself can fail."""
    actual = {"stage": "none", "acts": {"persistence": None}}
    assert ["stage: expected 'read', got 'none'"] == _claims({"stage": "read"}, actual)
    assert ["acts.persistence is there"] == _claims({"acts": {"persistence": "absent"}}, actual)
    assert ["acts.admission: expected None, got 'nothing'"] == _claims({"acts": {"admission": None}}, actual)
