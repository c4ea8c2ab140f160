"""What of a conversation is handed to the assay."""

import io
import tarfile

import pytest
from inspect_ai.model import ChatMessage, ChatMessageAssistant, ChatMessageSystem, ChatMessageTool, ChatMessageUser, ModelName
from inspect_ai.solver import TaskState
from inspect_ai.tool import ToolCall

from honeyweights.sandbox import harness
from honeyweights.sandbox.collect import conversation

LONG, SHORT = "a" * conversation.SMALLEST, "a" * (conversation.SMALLEST - 1)


class Sidecar:
    """Keeps what is put into it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.files: dict[str, bytes] = {}
        self._monkeypatch = monkeypatch
        monkeypatch.setattr(harness, "put", self.put)

    async def put(self, role: str, tar: bytes, path: str = "/") -> None:
        assert "internet" == role
        with tarfile.open(fileobj=io.BytesIO(tar)) as archive:
            for member in archive:
                content = archive.extractfile(member)
                assert content is not None
                self.files[path + member.name] = content.read()

    def talk(self, *messages: ChatMessage) -> None:
        state = TaskState(model=ModelName("mockllm/model"), sample_id=1, epoch=1, input="", messages=list(messages))
        self._monkeypatch.setattr(conversation, "sample_state", lambda: state)


@pytest.fixture
def sidecar(monkeypatch: pytest.MonkeyPatch) -> Sidecar:
    return Sidecar(monkeypatch)


def _does(**arguments: object) -> ChatMessageAssistant:
    return ChatMessageAssistant(content="", tool_calls=[ToolCall(id="1", function="bash", arguments=arguments)])


@pytest.mark.parametrize(
    ("message", "channel"),
    [
        (ChatMessageTool(content=LONG), "tool_output"),
        (ChatMessageTool(content=SHORT), None),
        (ChatMessageAssistant(content=LONG), "model_output"),
        (ChatMessageAssistant(content=SHORT), None),
        (_does(command=LONG), "model_output"),
        (_does(command=SHORT[:10]), None),
        (_does(pieces=[{"x": LONG}]), "model_output"),
        (ChatMessageUser(content=LONG), None),
        (ChatMessageSystem(content=LONG), None),
        (ChatMessageAssistant(content="\u9000" * 400), "model_output"),
    ],
    ids=[
        "a long result",
        "a short result",
        "a long answer",
        "a short answer",
        "a long argument",
        "a short argument",
        "an argument within an argument",
        "what the user said",
        "what the system said",
        "few characters that hold many bits each",
    ],
)
async def test_only_long_texts_of_the_model_and_its_tools_are_captures(message: ChatMessage, channel: str | None, sidecar: Sidecar) -> None:
    sidecar.talk(message)
    assert ([channel] if channel else []) == [capture.channel for capture in await conversation.bring()]
    assert (1 if channel else 0) == len(sidecar.files)


async def test_each_capture_names_the_file_that_holds_its_text(sidecar: Sidecar) -> None:
    """Numbers follow the order of the conversation, and a lone surrogate, as JSON can carry one, is no reason to lose the text."""
    odd = "\udc80" + "b" * conversation.SMALLEST
    sidecar.talk(
        ChatMessageUser(content=LONG), ChatMessageTool(content=LONG), ChatMessageTool(content="x"), ChatMessageAssistant(content=odd)
    )
    captures = await conversation.bring()
    assert ["tool_output:0", "model_output:1"] == [capture.id for capture in captures]
    assert [LONG.encode(), odd.encode("utf-8", "surrogatepass")] == [sidecar.files[capture.path].rstrip(b"\n") for capture in captures]
    assert {("outside", "conversation")} == {(capture.zone, capture.host) for capture in captures}


async def test_with_no_sample_there_is_no_conversation(sidecar: Sidecar, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversation, "sample_state", lambda: None)
    assert [] == await conversation.bring()
    assert {} == sidecar.files
