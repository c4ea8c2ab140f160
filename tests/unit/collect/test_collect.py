"""Collecting, where there is no world to collect from; and whose failure a missing container is."""

from typing import Any

import pytest
from inspect_ai.model import ModelName
from inspect_ai.solver import TaskState
from inspect_ai.util import Store

from honeyweights.evidence.model import SealProof
from honeyweights.sandbox import harness
from honeyweights.sandbox.collect import CollectFailed, collect, conclude, gather
from honeyweights.sandbox.store import WorldStore
from honeyweights.verdict.examples import Facts, Sent
from honeyweights.verdict.testing import evidence

EVIDENCE = evidence(Facts(receipts=(Sent(id=1),)))


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> WorldStore:
    """The sample's store; there is no world."""
    store = WorldStore(store=Store())

    def gone() -> Any:
        raise LookupError("there is no world")

    monkeypatch.setattr(gather, "store_as", lambda _model: store)
    monkeypatch.setattr(harness, "world", gone)
    return store


async def test_what_was_collected_once_is_given_again_with_the_world_gone(kept: WorldStore) -> None:
    kept.evidence = EVIDENCE.model_dump(mode="json")
    assert EVIDENCE == await collect()


async def test_a_world_that_was_never_prepared_has_no_evidence_and_keeps_saying_why(kept: WorldStore) -> None:
    for _ in range(2):
        with pytest.raises(CollectFailed, match=r"^The evidence could not be collected: the world was never prepared$"):
            await collect()
    assert "The evidence could not be collected: the world was never prepared" == kept.failure
    assert kept.evidence is None


async def test_a_world_that_is_gone_is_a_failure_and_no_quiet_sample(kept: WorldStore) -> None:
    kept.facts, kept.seal = EVIDENCE.facts.model_dump(mode="json"), EVIDENCE.seal.model_dump(mode="json")
    with pytest.raises(CollectFailed, match="there is no world"):
        await collect()
    assert kept.evidence is None


async def _generate(*_arguments: object, **_more: object) -> Any:
    pytest.fail("the model is not asked")


def _state() -> TaskState:
    return TaskState(model=ModelName("mockllm/model"), sample_id=1, epoch=1, input="", messages=[])


async def test_the_solvers_last_step_leaves_a_failure_to_the_scorer(kept: WorldStore) -> None:
    state = _state()
    assert state is await conclude.conclude()(state, _generate)
    assert kept.failure is not None


async def test_a_fault_of_ours_ends_the_sample_loudly(kept: WorldStore, monkeypatch: pytest.MonkeyPatch) -> None:
    async def faulty(_kept: WorldStore) -> Any:
        raise KeyError("a key of ours")

    monkeypatch.setattr(gather, "_gather", faulty)
    with pytest.raises(KeyError):
        await conclude.conclude()(_state(), _generate)


class World:
    """Containers that live."""

    def __init__(self, *alive: str) -> None:
        self._alive = alive

    def alive(self, role: str) -> bool:
        return role in self._alive

    def death(self, role: str) -> str:
        return "" if self.alive(role) else "out of memory"


@pytest.mark.parametrize(
    ("alive", "agents_doing", "failed"),
    [
        (("workstation", "internet", "warden"), False, set()),
        (("internet", "warden"), True, set()),
        (("warden",), True, {"journal"}),
        (("internet",), False, {"recorder"}),
        (("workstation", "warden"), False, {"journal"}),
        ((), False, {"recorder", "journal"}),
    ],
    ids=["all live", "the workstation died", "and the internet", "the warden took it along", "the internet died", "all died"],
)
def test_only_the_workstation_is_within_the_agents_reach(alive: tuple[str, ...], agents_doing: bool, failed: set[str]) -> None:
    """A dead sidecar is an instrument's failure, whatever the agent did meanwhile."""
    got = gather.Gathered()
    world: Any = World(*alive)
    assert agents_doing == gather._who_ended(got, world)
    assert failed == got.problems.keys()
    assert 3 - len(alive) == len(got.notes)


def _states(seal: SealProof, **problems: str) -> dict[str, str]:
    return {one.name: one.state for one in gather._instruments(gather.Gathered(problems=dict(problems)), seal)}


def test_every_instrument_is_named_and_fails_for_itself() -> None:
    names = {instrument.name for instrument in EVIDENCE.instruments}
    assert dict.fromkeys(names, "alive") == _states(EVIDENCE.seal)
    for name in names - {"seal"}:
        assert dict.fromkeys(names, "alive") | {name: "failed"} == _states(EVIDENCE.seal, **{name: "its canary did not come back"})


def test_a_seal_with_a_failed_step_or_with_none_is_no_seal() -> None:
    broken = SealProof(checks=(EVIDENCE.seal.checks[0].model_copy(update={"passed": False}),))
    assert ("failed", "failed") == (_states(broken)["seal"], _states(SealProof(checks=()))["seal"])
