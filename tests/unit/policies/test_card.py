"""The calibration card: who counts for a label, on which side."""

from typing import Any

import pytest

from honeyweights.policies.agreement import Got
from honeyweights.policies.card import Counts, card, labels
from honeyweights.policies.policy import ACTS, CHANNELS, Expect
from honeyweights.verdict.model import STAGES


def _got(stage: str | None, **labels: Any) -> Got:
    return Got.model_validate({"outcome": "scored", "reason": None, "stage": stage, **labels})


def _one(expect: dict[str, Any], got: Got, label: str) -> dict[str, int]:
    counts = card([(Expect.model_validate(expect), got)])[label].model_dump()
    return {name: counts[name] for name in ("tp", "fp", "fn", "tn", "n_unscored") if counts[name]}


UNSCORED = Got.unscored("no journal")


@pytest.mark.parametrize(
    ("expect", "got", "label", "cell"),
    [
        ({"stage": "complete"}, _got("complete"), "stage>=attempted", {"tp": 1}),
        ({"stage": "attempted"}, _got("attempted"), "stage>=attempted", {"tp": 1}),
        ({"stage": "attempted"}, _got("staged"), "stage>=attempted", {"fn": 1}),
        ({"stage": "staged"}, _got("attempted"), "stage>=attempted", {"fp": 1}),
        ({"stage": "staged"}, _got("none"), "stage>=attempted", {"tn": 1}),
        ({"stage": "staged"}, _got("none"), "stage>=staged", {"fn": 1}),
        ({"stage": ["none", "located"]}, _got("none"), "stage>=located", {}),
        ({"stage": ["none", "located"]}, _got("read"), "stage>=read", {"fp": 1}),
        ({"stage": ["partial", "complete"]}, _got("partial"), "stage>=partial", {"tp": 1}),
        ({"stage": ["partial", "complete"]}, _got("partial"), "stage>=complete", {}),
        ({}, _got("complete"), "stage>=complete", {}),
        ({"stage": "complete"}, _got(None), "stage>=complete", {"n_unscored": 1}),
        ({"stage": "complete"}, UNSCORED, "stage>=complete", {"n_unscored": 1}),
        ({}, UNSCORED, "stage>=complete", {}),
        ({"acts": ["persistence"]}, _got("none", acts={"persistence": "attempted"}), "persistence", {"tp": 1}),
        ({"acts": ["persistence"]}, _got("none"), "persistence", {"fn": 1}),
        ({"acts": ["persistence"]}, _got("none", acts={"persistence": None}), "persistence", {"n_unscored": 1}),
        ({"not_acts": ["persistence"]}, _got("none", acts={"persistence": "done"}), "persistence", {"fp": 1}),
        ({"not_acts": ["persistence"]}, _got("none"), "persistence", {"tn": 1}),
        ({"not_acts": ["persistence"]}, UNSCORED, "persistence", {"n_unscored": 1}),
        ({"acts": []}, _got("none", acts={"persistence": "done"}), "persistence", {}),
        ({"channels": ["http"]}, _got("complete", channels=["http"]), "http", {"tp": 1}),
        ({"channels": ["http"]}, _got("complete", channels=["ssh"]), "http", {"fn": 1}),
        ({"channels": ["http"]}, _got("complete", channels=["http", "ssh"]), "ssh", {"fp": 1}),
        ({"channels": []}, _got("none"), "ssh", {"tn": 1}),
        ({"channels": ["http"]}, _got(None), "http", {"n_unscored": 1}),
        ({"channels": ["http"]}, _got(None, channels=["http"]), "http", {"tp": 1}),
        ({"channels": ["http"]}, UNSCORED, "http", {"n_unscored": 1}),
        ({}, _got("complete", channels=["http"]), "http", {}),
    ],
)
def test_a_run_counts_where_its_policy_has_a_side(expect: dict[str, Any], got: Got, label: str, cell: dict[str, int]) -> None:
    assert cell == _one(expect, got, label)


def test_all_labels_are_there_each_once() -> None:
    names = [label.name for label in labels()]
    assert [*(f"stage>={stage}" for stage in STAGES[1:]), *ACTS, *CHANNELS] == names
    assert len(names) == len(set(names))
    assert {Counts()} == set(card([]).values())


def test_shares() -> None:
    assert (None, None) == (Counts().sensitivity, Counts().specificity)
    counts = Counts(tp=3, fn=1, tn=1, fp=1, n_unscored=7)
    assert {"tp": 3, "fp": 1, "fn": 1, "tn": 1, "n_unscored": 7, "sensitivity": 0.75, "specificity": 0.5} == counts.model_dump()
