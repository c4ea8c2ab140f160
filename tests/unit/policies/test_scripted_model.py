"""The scripted provider: turns from the messages alone, calls by the tools that the agent hands over."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from inspect_ai._util.error import PrerequisiteError
from inspect_ai.model import (
    ChatMessage,
    ChatMessageAssistant,
    ChatMessageSystem,
    ChatMessageTool,
    ChatMessageUser,
    GenerateConfig,
    get_model,
)
from inspect_ai.tool import ToolInfo, ToolParams
from inspect_ai.util import JSONSchema, Store, store_as
from inspect_ai.util._store import init_subtask_store

from honeyweights.policies.files import PolicyError
from honeyweights.policies.policy import Policy
from honeyweights.policies.provider import LAST_WORD, ScriptedModel, call, turn_of, turns
from honeyweights.sandbox.store import WorldStore

START: list[ChatMessage] = [ChatMessageSystem(content="s"), ChatMessageUser(content="u")]
STEPS = [{"bash": "ls {{home}}"}, {"sleep": 0.01}, {"sleep": 0.02}, {"bash": "id"}, {"say": "At {{home}}."}]


def _policy(steps: list[dict[str, Any]]) -> Policy:
    return Policy.model_validate({"name": "p", "note": "n", "steps": steps, "expect": {}})


def _after(count: int) -> list[ChatMessage]:
    """The conversation after so many of the model's turns."""
    said: list[ChatMessage] = [
        message for _ in range(count) for message in (ChatMessageAssistant(content=""), ChatMessageTool(content="out"))
    ]
    return [*START, *said]


def _shell(argument: str = "command", name: str = "bash") -> ToolInfo:
    return ToolInfo(
        name=name, description="d", parameters=ToolParams(properties={argument: JSONSchema(type="string")}, required=[argument])
    )


@pytest.fixture
def world() -> Iterator[None]:
    """A sample's store with slots in it."""
    init_subtask_store(Store())
    store_as(WorldStore).slots = {"home": "/home/agent"}
    yield
    init_subtask_store(Store())


@pytest.fixture
def model(tmp_path: Path) -> ScriptedModel:
    path = tmp_path / "p.yaml"
    path.write_text("name: p\nnote: n\nsteps:\n  - bash: ls {{home}}\n  - sleep: 0.01\n  - bash: id\n  - say: At {{home}}.\nexpect: {}\n")
    return ScriptedModel(str(path))


def test_a_pause_is_part_of_the_turn_that_follows() -> None:
    script = turns(_policy(STEPS))
    assert [0.0, pytest.approx(0.03), 0.0, 0.0] == [turn.pause for turn in script]
    assert ["ls {{home}}", "id", None] == [turn.act.bash for turn in script if turn.act]
    assert script[-1].act is None


def test_a_pause_after_the_last_step_delays_the_ending_word() -> None:
    script = turns(_policy([{"bash": "id"}, {"sleep": 4}]))
    assert [(0.0, False), (4.0, True)] == [(turn.pause, turn.act is None) for turn in script]


@pytest.mark.parametrize(("before", "expected"), [(0, "ls {{home}}"), (1, "id"), (2, None), (3, None), (9, None)])
def test_the_turn_is_told_by_the_messages(before: int, expected: str | None) -> None:
    number, turn = turn_of(_policy(STEPS), _after(before))
    assert before == number
    assert expected == (turn.act.bash if turn.act else None)
    assert (before == 2) == (turn.act is not None and turn.act.say is not None)


def test_the_ending_word_waits_only_once() -> None:
    policy = _policy([{"bash": "id"}, {"sleep": 4}])
    assert [0.0, 4.0, 0.0] == [turn_of(policy, _after(count))[1].pause for count in range(3)]


@pytest.mark.parametrize(("argument", "used"), [("command", "command"), ("cmd", "cmd"), ("code", "code"), ("strange", "command")])
def test_a_shells_argument_is_called_what_the_shell_calls_it(argument: str, used: str) -> None:
    made = call(_policy([{"bash": "id"}]).steps[0], [_shell("x", "python"), _shell(argument)], {})
    assert ("bash", {used: "id"}) == (made.name, made.arguments)


def test_any_tool_can_be_called() -> None:
    step = _policy([{"tool": {"name": "python", "arguments": {"code": "print('{{home}}')", "n": 3}}}]).steps[0]
    made = call(step, [_shell(), _shell("code", "python")], {"home": "/h"})
    assert ("python", {"code": "print('/h')", "n": 3}) == (made.name, made.arguments)


@pytest.mark.parametrize(
    ("step", "tools", "sentence"),
    [
        ({"bash": "id"}, [_shell("code", "python")], "calls tool 'bash', and the agent has python"),
        ({"tool": {"name": "editor"}}, [], "calls tool 'editor', and the agent has no tool"),
    ],
)
def test_a_tool_that_the_agent_lacks_is_an_error(step: dict[str, Any], tools: list[ToolInfo], sentence: str) -> None:
    with pytest.raises(PolicyError, match=sentence):
        call(_policy([step]).steps[0], tools, {})


@pytest.mark.usefixtures("world")
async def test_a_conversation(model: ScriptedModel) -> None:
    outputs = [await model.generate(_after(count), [_shell()], "auto", GenerateConfig()) for count in range(4)]
    calls = [[(made.function, made.arguments) for made in output.message.tool_calls or []] for output in outputs]
    assert [[("bash", {"command": "ls /home/agent"})], [("bash", {"command": "id"})], [], []] == calls
    assert ["tool_calls", "tool_calls", "stop", "stop"] == [output.stop_reason for output in outputs]
    assert ["At /home/agent.", LAST_WORD] == [output.completion for output in outputs[2:]]
    assert all(output.usage is not None and output.usage.total_tokens > 0 for output in outputs)
    ids = [made.id for output in outputs for made in output.message.tool_calls or []]
    assert 2 == len(set(ids))


@pytest.mark.usefixtures("world")
async def test_conversations_side_by_side_do_not_meet(model: ScriptedModel) -> None:
    """Inspect keeps one instance for all samples: the same messages give the same answer, whoever asked in between."""
    asked = [0, 2, 1, 0, 2, 1, 1, 0]
    outputs = await asyncio.gather(*(model.generate(_after(count), [_shell()], "auto", GenerateConfig()) for count in asked))
    arguments = [[made.arguments["command"] for made in output.message.tool_calls or []] for output in outputs]
    expected = [["ls /home/agent"], ["id"], []]
    assert [expected[count] for count in asked] == arguments


def test_inspect_finds_the_provider_by_its_name() -> None:
    assert "scripted/curl-upload" == str(get_model("scripted/curl-upload"))


@pytest.mark.parametrize(("name", "sentence"), [("curl-uplod", "did you mean 'curl-upload'"), ("./gone.yaml", "no policy file gone.yaml")])
def test_an_unknown_policy_is_refused_in_a_sentence(name: str, sentence: str) -> None:
    with pytest.raises(PrerequisiteError) as refusal:
        get_model(f"scripted/{name}", memoize=False)
    assert sentence in str(refusal.value.message)


def test_arguments_are_refused() -> None:
    with pytest.raises(PrerequisiteError) as refusal:
        get_model("scripted/curl-upload", memoize=False, speed=3)
    assert "takes no arguments, and was given speed" in str(refusal.value.message)
