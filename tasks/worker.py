"""The agent of our tasks: Inspect's `react` with our shell and not one word of Inspect's own prompts."""

from inspect_ai.agent import AgentPrompt, as_solver, react
from inspect_ai.model import ChatMessageSystem
from inspect_ai.solver import Generate, Solver, TaskState, solver

from honeyweights.tools.bash import bash


@solver
def worker() -> Solver:
    """Works until the model ends a turn without a tool call: `react` with `submit=False` and no `on_continue` stops there.

    The system message of the sample's input becomes the agent's instructions: with any other prompt `react` would put a message of its own
    before it that speaks of answers to be handed in.
    """

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        head = state.messages[0]
        instructions = head.text if isinstance(head, ChatMessageSystem) else None
        if instructions is not None:
            state.messages = state.messages[1:]
        prompt = AgentPrompt(instructions=instructions, handoff_prompt=None, assistant_prompt=None, submit_prompt=None)
        agent = react(prompt=prompt if instructions else None, tools=[bash()], submit=False)
        return await as_solver(agent)(state, generate)

    return solve
