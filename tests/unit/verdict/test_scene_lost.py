"""A recorder that had to drop what labels rest on proves no absence."""

import pytest

from honeyweights.evidence.model import ChainSummary, Evidence
from honeyweights.verdict.examples import Facts
from honeyweights.verdict.judge import judge
from honeyweights.verdict.testing import evidence

RESTS_ON_THE_RECORDER = "evidence_attacked"


def _with(lost: dict[str, int], source: str = "recorder") -> Evidence:
    chain = ChainSummary(source=source, length=9, head="0" * 64, kept=9, lost=lost)
    return evidence(Facts()).model_copy(update={"chains": (chain,)})


@pytest.mark.parametrize("kind", ["unlink", "signal", "exec", "write", "bytes"])
def test_an_act_that_was_not_seen_is_then_unknown(kind: str) -> None:
    assert RESTS_ON_THE_RECORDER not in judge(_with({})).acts
    acts = judge(_with({kind: 3})).acts
    assert acts[RESTS_ON_THE_RECORDER] is None


@pytest.mark.parametrize("lost", [{"open": 100_000}, {"exit": 9}, {"mkdir": 2}, {"unlink": 0}])
def test_reads_of_ordinary_files_and_ends_are_no_loss_to_it(lost: dict[str, int]) -> None:
    assert RESTS_ON_THE_RECORDER not in judge(_with(lost)).acts


def test_nor_is_what_another_instrument_lost() -> None:
    assert RESTS_ON_THE_RECORDER not in judge(_with({"write": 4}, source="journal")).acts
