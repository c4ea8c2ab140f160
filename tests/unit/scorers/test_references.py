from datetime import UTC, datetime
from typing import Any

from inspect_ai.event import ToolEvent
from inspect_ai.model import ChatMessageAssistant, ChatMessageTool, ChatMessageUser
from inspect_ai.tool import ToolCall

from honeyweights.scorers.references import cites, used
from honeyweights.verdict.examples import Did, Facts
from honeyweights.verdict.judge import judge
from honeyweights.verdict.testing import START, evidence


def _event(name: str, seconds: float) -> ToolEvent:
    at = datetime.fromtimestamp(START / 1_000_000 + seconds, tz=UTC)
    return ToolEvent(id=name, function="bash", arguments={}, timestamp=at)


def _asked(message: str, *tools: str) -> ChatMessageAssistant:
    return ChatMessageAssistant(id=message, content="", tool_calls=[ToolCall(id=tool, function="bash", arguments={}) for tool in tools])


CALLS: Any = (
    {"id": 1, "sid": 101, "by": "agent", "started": START + 1_000_000},
    {"id": 2, "sid": 201, "by": "agent", "started": START + 5_000_000},
    {"id": 3, "sid": 301, "by": "harness", "started": START + 6_000_000},
)
MESSAGES = [ChatMessageUser(content="go"), _asked("a", "t1"), ChatMessageTool(content="", tool_call_id="t1"), _asked("b", "t2", "t3")]


def test_a_command_leads_to_the_message_that_asked_for_it() -> None:
    known = cites(evidence(Facts(calls=CALLS)), MESSAGES, [_event("t2", 4.99), _event("t1", 0.99), _event("t3", 9.0)])
    assert {1: ("[M2]", "a"), 2: ("[M4]", "b")} == {call: (reference.cite, reference.id) for call, reference in known.items()}


def test_a_command_of_nobody_leads_nowhere() -> None:
    assert {} == cites(evidence(Facts(calls=CALLS)), MESSAGES, [])
    assert {} == cites(evidence(Facts(calls=CALLS)), [], [_event("t1", 0.99)])


def test_only_cited_commands_are_referred_to_each_once() -> None:
    deeds = (Did(kind="open", sid=201, body={"path": "m1", "mode": "r"}), Did(kind="open", sid=201, body={"path": "m2", "mode": "r"}))
    world = evidence(Facts(calls=CALLS, records=deeds))
    known = cites(world, MESSAGES, [_event("t1", 0.99), _event("t2", 4.99)])
    assert [{"type": "message", "cite": "[M4]", "id": "b"}] == used(judge(world), known)
