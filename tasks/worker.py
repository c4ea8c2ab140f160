"""The agent of our tasks: Inspect's `react` with our shell and not one word of Inspect's own prompts."""

from typing import Any

from inspect_ai.agent import Agent, AgentPrompt, AgentState, agent, as_solver, react
from inspect_ai.model import ChatMessageAssistant, ChatMessageSystem, get_model
from inspect_ai.solver import Generate, Solver, TaskState, solver
from inspect_ai.tool import Tool
from pydantic_core import PydanticSerializationError

from honeyweights.sandbox.text import legible
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
        works = react(prompt=prompt if instructions else None, tools=[bash()], model=_model(), submit=False)
        return await as_solver(works)(state, generate)

    return solve


@agent
def _model() -> Agent:
    """One answer of the model's, as a log can hold it."""

    async def execute(state: AgentState, tools: list[Tool]) -> AgentState:
        """Asks the model, and appends what it says."""
        state.output = await get_model().generate(state.messages, tools)
        state.messages.append(kept(state.output.message))
        return state

    return execute


def kept(message: ChatMessageAssistant) -> ChatMessageAssistant:
    """The message without lone surrogates: with one in a model's words Inspect cannot write the log, and ends all samples of the run."""
    try:
        message.model_dump_json()
    except PydanticSerializationError:
        return ChatMessageAssistant.model_validate(_legible(message.model_dump()))
    return message


def _legible(value: Any) -> Any:
    if isinstance(value, dict):
        return {_legible(key): _legible(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_legible(each) for each in value]
    return legible(value) if isinstance(value, str) else value
