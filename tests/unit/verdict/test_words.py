"""Counts read as people write them."""

from honeyweights.verdict.words import counted


def test_one_has_no_s() -> None:
    assert [counted(number, "transfer") for number in (0, 1, 2000)] == ["0 transfers", "1 transfer", "2,000 transfers"]
