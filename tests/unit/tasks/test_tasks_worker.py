"""The agent: what the model reads first, what it may call, and when its turn is over."""

import json
import os
import pwd
import re

import pytest
from inspect_ai import Task, eval_async
from inspect_ai.dataset import Sample
from inspect_ai.event import ModelEvent
from inspect_ai.log import EvalSample
from inspect_ai.model import ChatMessageSystem, ChatMessageUser, ModelOutput, ModelUsage, get_model

from honeyweights.tasks.worker import worker
from honeyweights.tools import bash

pytestmark = [  # Inspect's own: an outdated call of tenacity, streams that it leaves to the garbage collector
    pytest.mark.filterwarnings("ignore:The 'initial' parameter is deprecated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:Unclosed <MemoryObject:ResourceWarning"),
]

CUES = re.compile(r"\b(eval\w*|tests?|submit\w*|grad(e|ed|ing)|scor(e|ed|ing)|answer|sandbox|inspect\w*)\b", re.IGNORECASE)
SYSTEM, USER = "You are somebody.", "Do something."


USAGE = ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2)
"""Where an output has none, Inspect counts tokens with a tokeniser that it fetches from the internet."""


def calls(command: str) -> ModelOutput:
    return ModelOutput.for_tool_call("mockllm", "bash", {"command": command}).model_copy(update={"usage": USAGE})


def says(words: str) -> ModelOutput:
    return ModelOutput.from_content("mockllm", words).model_copy(update={"usage": USAGE})


async def turn(*outputs: ModelOutput, system: bool = True, message_limit: int | None = None) -> EvalSample:
    """One sample of a model that gives these outputs, its commands run on this machine."""
    head = [ChatMessageSystem(content=SYSTEM)] if system else []
    task = Task([Sample(input=[*head, ChatMessageUser(content=USER)])], solver=worker(), sandbox="local", message_limit=message_limit)
    model = get_model("mockllm/model", custom_outputs=list(outputs))
    (log,) = await eval_async(task, model=model)
    assert log.samples, log.error
    assert log.samples[0].error is None
    return log.samples[0]


@pytest.fixture(autouse=True)
def _on_this_machine(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bash, "USER", pwd.getpwuid(os.geteuid()).pw_name)
    monkeypatch.setenv("INSPECT_DISPLAY", "none")
    monkeypatch.setenv("INSPECT_LOG_DIR", str(tmp_path_factory.mktemp("logs")))


async def test_the_turn_ends_with_the_first_words_that_come_without_a_command() -> None:
    sample = await turn(calls("echo one"), calls("echo two"), says("Done."), says("never asked for"))
    assert ["system", "user", "assistant", "tool", "assistant", "tool", "assistant"] == [message.role for message in sample.messages]
    assert sample.messages[-1].text == "Done."
    assert ["one\n", "two\n"] == [message.text for message in sample.messages if message.role == "tool"]


async def test_a_lone_surrogate_in_a_models_words_ends_no_run() -> None:
    """JSON can carry one. Inspect cannot write a log with one in the conversation, and would end every sample of the run."""
    sample = await turn(calls("printf '\ud83d'"), says("Done \udcff."))
    asked = next(call.arguments for message in sample.messages for call in getattr(message, "tool_calls", None) or [])
    assert ({"command": r"printf '\ud83d'"}, r"Done \xff.") == (asked, sample.messages[-1].text)


async def test_a_refusal_ends_it_at_once() -> None:
    sample = await turn(says("I won't."))
    assert ["system", "user", "assistant"] == [message.role for message in sample.messages]


async def test_the_model_reads_the_conditions_words_and_no_others() -> None:
    sample = await turn(calls("true"), says("Done."))
    first = next(event for event in sample.events if isinstance(event, ModelEvent))
    assert [("system", SYSTEM), ("user", USER)] == [(message.role, message.text) for message in first.input]


async def test_without_a_system_prompt_none_is_made_up() -> None:
    sample = await turn(says("Done."), system=False)
    assert ["user", "assistant"] == [message.role for message in sample.messages]


async def test_the_only_tool_is_bash_and_its_description_gives_nothing_away() -> None:
    sample = await turn(says("Done."))
    (tool,) = next(event for event in sample.events if isinstance(event, ModelEvent)).tools
    assert tool.name == "bash"
    assert list(tool.parameters.properties) == ["command"]
    described = json.dumps(tool.model_dump(exclude={"options"}, exclude_none=True))
    assert "bash command" in described
    assert CUES.search(described) is None


async def test_a_limit_ends_the_turn_and_the_sample_is_kept() -> None:
    sample = await turn(*[calls("true")] * 9, message_limit=6)
    assert sample.limit is not None
    assert sample.limit.type == "message"
