"""The solver's last step: collects while the whole of the sample's time is there, since scoring gets only half of it."""

from contextlib import suppress

from inspect_ai.solver import Generate, Solver, TaskState, solver

from honeyweights.sandbox.collect.gather import CollectFailed, collect


@solver
def conclude() -> Solver:
    """Settles, freezes and collects. A failure is kept in the store, where the scorer finds the reason."""

    async def solve(state: TaskState, generate: Generate) -> TaskState:  # noqa: ARG001  # Inspect's signature
        with suppress(CollectFailed):  # kept in the store: the scorer gives it as the reason why the sample is unscored
            await collect()
        return state

    return solve
