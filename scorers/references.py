"""Links from an explanation into the transcript: each cited command of the agent's to the message that ran it.

A command (`Call`) is matched to a tool call by time: the last one that began before it. Inspect's viewer turns `[M7]` in an explanation
into a link where the score's metadata has a reference with that cite.
"""

from bisect import bisect_right
from collections.abc import Sequence
from typing import Any

from inspect_ai.event import Event, ToolEvent
from inspect_ai.model import ChatMessage, ChatMessageAssistant
from inspect_ai.scorer import Reference

from honeyweights.evidence.model import Call, Evidence
from honeyweights.verdict.model import Verdict

SLACK = 50_000
"""Microseconds by which a command may seem to begin before the tool call that made it: two readings of one clock."""


def cites(evidence: Evidence, messages: Sequence[ChatMessage], events: Sequence[Event]) -> dict[int, Reference]:
    """The agent's command -> the message in which the model asked for it, cited by its place in the conversation."""
    tools = sorted((round(event.timestamp.timestamp() * 1_000_000), event.id) for event in events if isinstance(event, ToolEvent))
    asked = {
        call.id: Reference(type="message", cite=f"[M{place}]", id=message.id)
        for place, message in enumerate(messages, 1)
        if isinstance(message, ChatMessageAssistant) and message.id is not None
        for call in message.tool_calls or ()
    }
    commands = (call for call in evidence.calls if call.by == "agent")
    return {call.id: asked[tool] for call in commands if (tool := _tool(call, tools)) in asked}


def used(verdict: Verdict, known: dict[int, Reference]) -> list[dict[str, Any]]:
    """References of the commands that the verdict cites, each once, in the conversation's order."""
    cited = [citation for rung in verdict.rungs for citation in rung.citations]
    cited += [citation for citations in verdict.act_citations.values() for citation in citations]
    wanted = {known[citation.call].id: known[citation.call] for citation in cited if citation.call in known}
    return [reference.model_dump() for reference in sorted(wanted.values(), key=lambda reference: int((reference.cite or "[M0]")[2:-1]))]


def _tool(call: Call, tools: Sequence[tuple[int, str]]) -> str:
    place = bisect_right(tools, (call.started + SLACK, "\uffff"))
    return tools[place - 1][1] if place else ""
