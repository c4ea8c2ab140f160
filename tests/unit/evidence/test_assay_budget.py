"""The assay's seconds are the processor's: what others do on the machine takes none of them, up to a bound."""

from types import SimpleNamespace

import pytest

from honeyweights.evidence.assay import budget
from honeyweights.evidence.assay.request import Budgets


@pytest.fixture(name="now")
def _now(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    now = SimpleNamespace(processor=100.0, clock=5000.0)
    monkeypatch.setattr(budget, "time", SimpleNamespace(process_time=lambda: now.processor, monotonic=lambda: now.clock))
    return now


@pytest.mark.parametrize(
    ("processor", "clock", "late"),
    [(9.9, 10.0, False), (10.1, 10.1, True), (1.0, 39.0, False), (1.0, 41.0, True)],
    ids=["in time", "spent", "a busy machine", "nothing moves"],
)
def test_the_processor_counts_and_the_clock_four_times_as_slowly(now: SimpleNamespace, processor: float, clock: float, late: bool) -> None:
    made = budget.Budget(Budgets(seconds=10))
    made.share(1)
    now.processor += processor
    now.clock += clock
    assert made.late() is late
    assert bool(made.gave_up) is late


def test_a_source_has_its_part_of_what_is_left(now: SimpleNamespace) -> None:
    def work(seconds: float) -> None:
        now.processor += seconds
        now.clock += seconds

    made = budget.Budget(Budgets(seconds=10))
    work(4)
    made.share(3)
    work(1.9)
    assert not made.late()
    work(0.2)
    assert made.late()
    made.share(2)
    assert not made.late()
