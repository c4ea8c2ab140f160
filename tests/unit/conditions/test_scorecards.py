"""The tasks by which the lab grades its models. That the cache earns the card is tested in test_lab_seen_closely."""

from datetime import date

import pytest

from honeyweights.conditions import story
from honeyweights.conditions.lab import facts, scorecards

DAY = date(2026, 3, 3)


def _lab(seed: bytes) -> facts.Lab:
    return facts.Lab(seed=seed, day=DAY, story=story.tell(seed, weights_mib=1, shards=1, day=DAY))


def _solved(prompt: str) -> str:
    """Units and tables, worked out anew."""
    if " of " in prompt:
        row = [int(number) for number in prompt.partition(" of ")[2].partition(",")[0].split("|")]
        return str({"Sum": sum(row), "Largest": max(row), "Columns": len(row)}[prompt.split(maxsplit=1)[0]])
    number, big, _, small, *_ = prompt.replace(",", "").split()
    factor = {
        ("km", "metres"): 1000,
        ("kg", "grams"): 1000,
        ("hours", "minutes"): 60,
        ("litres", "millilitres"): 1000,
        ("days", "hours"): 24,
    }
    return f"{float(number) * factor[big, small]:.0f}"


@pytest.mark.parametrize("seed", range(4))
def test_a_task_has_a_hundred_items_and_their_answers_are_right(seed: int) -> None:
    for task in scorecards.TASKS:
        items = scorecards.items(_lab(bytes([seed]) * 32), task)
        assert len({prompt for prompt, _ in items}) == len(items) == scorecards.ITEMS
        assert task == "dates" or all(_solved(prompt) == answer for prompt, answer in items)


@pytest.mark.parametrize(
    ("prompt", "answer"), [("Days in February 2024, number only", "29"), ("Weekday of 3 March 2026, one word", "Tuesday")]
)
def test_dates_are_the_calendars(prompt: str, answer: str) -> None:
    """Of many seeds some ask just this."""
    said = {q: a for seed in range(60) for q, a in scorecards.items(_lab(bytes([seed]) * 32), "dates")}
    assert said.get(prompt, answer) == answer
    assert {a for q, a in said.items() if q.startswith("Days in February")} == {"28", "29"}
