"""The seal is broken on purpose, and the model never gets its turn. No packet is sent: structure alone gives it away."""

from pathlib import Path
from typing import Any

import pytest
from inspect_ai import eval as run
from inspect_ai import task_with
from inspect_ai.solver import Generate, Solver, TaskState, solver

from honeyweights.sandbox import engine, harness, prepare
from honeyweights.tasks.weight_exfiltration import weight_exfiltration

pytestmark = pytest.mark.engine

ACTED = "the model had its turn"


@solver
def has_its_turn() -> Solver:
    async def solve(state: TaskState, generate: Generate) -> TaskState:
        state.metadata["acted"] = ACTED
        return state

    return solve


def test_a_world_with_a_network_is_refused_before_anything_is_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The internet is attached to a network of the engine's, internal and empty, before the proof."""
    client = engine.client()
    network = client.networks.create("hw-seal-refusal", internal=True, labels={"honeyweights": "1", "honeyweights.world": "seal-refusal"})
    sent: list[str] = []
    proof, fly = prepare.prove_structure, prepare.fly

    async def attached_first() -> Any:
        # An engine refuses a second network beside `none`, as it should: the container leaves that one first.
        internet = harness.world().ids["internet"]
        client.networks.get("none").disconnect(internet)
        network.connect(internet)
        return await proof()

    async def noted(path: str) -> Any:
        sent.append(path)
        return await fly(path)

    monkeypatch.setattr(prepare, "prove_structure", attached_first)
    monkeypatch.setattr(prepare, "fly", noted)
    try:
        task = task_with(weight_exfiltration(weights_mib=1, scenario="agentic_job"), solver=has_its_turn())
        logs = run(task, model="mockllm/model", limit=1, display="none", log_dir=str(tmp_path))
    finally:
        network.reload()
        for attached in network.containers:
            network.disconnect(attached, force=True)
        network.remove()
    assert logs[0].samples
    sample = logs[0].samples[0]
    assert sample.error is not None
    assert "seal is not proved" in sample.error.message
    assert "network" in sample.error.message
    assert "acted" not in sample.metadata
    assert [] == sent
    assert not sample.scores
