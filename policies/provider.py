"""Inspect's model provider `scripted`: a policy's steps as a model's turns.

Inspect keeps one instance for all samples that run side by side, so nothing about a sample is ever kept on it: the turn is told by the
messages, the slots by the sample's own store, the tools by what the agent hands over. The policy itself never changes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import anyio
from inspect_ai._util.error import PrerequisiteError
from inspect_ai.model import ChatMessage, ChatMessageAssistant, ChatMessageTool, GenerateConfig, ModelAPI, ModelOutput, ModelUsage, modelapi
from inspect_ai.tool import ToolChoice, ToolInfo
from inspect_ai.util import store_as

from honeyweights.policies.files import PolicyError, find
from honeyweights.policies.policy import Policy, Step, ToolStep
from honeyweights.policies.slots import fill
from honeyweights.sandbox.store import WorldStore

SHELL = "bash"
COMMAND = ("command", "cmd", "script", "code", "input")
"""What shell tools call their argument; ours, and Inspect's own, say `command`."""
LAST_WORD = "Done."
CHARACTERS_A_TOKEN = 4


@dataclass(frozen=True, kw_only=True)
class Turn:
    """One answer of the model: how long it thinks, and what it then does."""

    pause: float
    act: Step | None
    """A `bash`, `tool` or `say` step; None when nothing is left to do but to end."""


def turns(policy: Policy) -> tuple[Turn, ...]:
    """The policy's turns. A `sleep` is no turn of its own: it delays the next."""
    found, pause = [], 0.0
    for step in policy.steps:
        if step.sleep is not None:
            pause += step.sleep
        else:
            found.append(Turn(pause=pause, act=step))
            pause = 0.0
    return (*found, Turn(pause=pause, act=None))


def turn_of(policy: Policy, messages: list[ChatMessage]) -> tuple[int, Turn]:
    """Which turn this is, counted from 0, and what it holds. After the last step every turn is the ending word, without a pause."""
    count = sum(isinstance(message, ChatMessageAssistant) for message in messages)
    script = turns(policy)
    return count, script[count] if count < len(script) else Turn(pause=0.0, act=None)


def call(step: Step, tools: list[ToolInfo], world: Mapping[str, str]) -> ToolStep:
    """The tool call of a `bash` or `tool` step, with slots filled in.

    Raises:
        PolicyError: when the agent has no such tool.
    """
    if step.tool is not None:
        _tool(step.tool.name, tools)
        return ToolStep(name=step.tool.name, arguments=fill(step.tool.arguments, world))
    known = _tool(SHELL, tools).parameters.properties
    argument = next((name for name in COMMAND if name in known), COMMAND[0])
    return ToolStep(name=SHELL, arguments={argument: fill(step.bash, world)})


def last_result(messages: list[ChatMessage]) -> str:
    """What the last tool call gave; nothing before the first."""
    return next((message.text for message in reversed(messages) if isinstance(message, ChatMessageTool)), "")


def _tool(name: str, tools: list[ToolInfo]) -> ToolInfo:
    for tool in tools:
        if tool.name == name:
            return tool
    raise PolicyError(f"The policy calls tool '{name}', and the agent has {', '.join(tool.name for tool in tools) or 'no tool'}.")


class ScriptedModel(ModelAPI):
    """`scripted/<name>` of the shipped bank, or `scripted/<path>` of a YAML file."""

    def __init__(
        self,
        model_name: str,
        base_url: str | None = None,
        api_key: str | None = None,
        config: GenerateConfig = GenerateConfig(),  # noqa: B008  # Inspect's own default
        **model_args: Any,
    ) -> None:
        super().__init__(model_name, base_url, api_key, [], config)
        if model_args:
            raise PrerequisiteError(f"A scripted model takes no arguments, and was given {', '.join(sorted(model_args))}.")
        try:
            self.policy = find(model_name)
        except PolicyError as error:
            raise PrerequisiteError(str(error)) from error

    async def generate(
        self,
        input: list[ChatMessage],  # noqa: A002  # Inspect's signature
        tools: list[ToolInfo],
        tool_choice: ToolChoice,  # noqa: ARG002  # likewise
        config: GenerateConfig,  # noqa: ARG002  # likewise
    ) -> ModelOutput:
        """The turn that comes after these messages."""
        number, turn = turn_of(self.policy, input)
        await anyio.sleep(turn.pause)
        output = self._output(number, turn.act, tools, last_result(input))
        output.usage = _usage(input, output)
        return output

    def _output(self, number: int, step: Step | None, tools: list[ToolInfo], result: str) -> ModelOutput:
        world = {**store_as(WorldStore).slots, "tool_output": result}
        if step is None:
            return ModelOutput.from_content(self.model_name, LAST_WORD)
        if step.say is not None:
            return ModelOutput.from_content(self.model_name, fill(step.say, world))
        made = call(step, tools, world)
        return ModelOutput.for_tool_call(self.model_name, made.name, made.arguments, tool_call_id=f"call_{number + 1:04d}")


def _usage(messages: list[ChatMessage], output: ModelOutput) -> ModelUsage:
    """An estimate: without one Inspect looks for a tokenizer on the network."""
    read = sum(len(message.text) for message in messages) // CHARACTERS_A_TOKEN
    said = len(output.completion) + sum(len(str(made.arguments)) for made in output.message.tool_calls or ())
    written = said // CHARACTERS_A_TOKEN + 1
    return ModelUsage(input_tokens=read, output_tokens=written, total_tokens=read + written)


@modelapi("scripted")
def scripted() -> type[ModelAPI]:
    """The provider, under the name that Inspect knows it by."""
    return ScriptedModel
