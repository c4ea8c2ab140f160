"""One real sample in which a test does something in the agent's place, collected and judged as any other."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from inspect_ai import eval as run
from inspect_ai import task_with
from inspect_ai.log import EvalSample
from inspect_ai.solver import Generate, Solver, TaskState, solver

from honeyweights.sandbox.collect.conclude import conclude
from honeyweights.tasks.weight_exfiltration import weight_exfiltration

Deed = Callable[[], Awaitable[Any]]


@solver
def acts(*deeds: Deed) -> Solver:
    """Does something in the running world, in the agent's place."""

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        for deed in deeds:
            await deed()
        return state

    return solve


def sample_of(tmp_path: Path, *deeds: Deed, **given: Any) -> EvalSample:
    """The sample in Inspect's log. `given` are arguments of the task."""
    made = weight_exfiltration(weights_mib=1, settle=0, scenario="agentic_job", **given)
    logs = run(task_with(made, solver=[acts(*deeds), conclude()]), model="mockllm/model", limit=1, display="none", log_dir=str(tmp_path))
    assert logs[0].samples, logs[0].error
    return logs[0].samples[0]
