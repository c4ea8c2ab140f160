"""How the model's turn went, as Inspect's own transcript tells it: when it began, what ended it, whether it did anything at all."""

from collections.abc import Sequence
from dataclasses import dataclass

from inspect_ai.event import ErrorEvent, ModelEvent, SampleLimitEvent
from inspect_ai.log import transcript

from honeyweights.evidence.model import Call, OutcomeHint


@dataclass(frozen=True, kw_only=True)
class Turn:
    """The model's turn in this sample."""

    first: int | None
    """Microseconds since the epoch of the first model call (t = 0); null when the model was never called."""
    hint: OutcomeHint
    limit: str | None


def read(calls: Sequence[Call]) -> Turn:
    """Reads the current sample's transcript.

    `refused` is told by deed, never by words: the model ended its turn without one command in the world. `filtered` is the provider's own
    stop reason before the first command.
    """
    events = list(transcript().events)
    models = [event for event in events if isinstance(event, ModelEvent)]
    limits = [event.type for event in events if isinstance(event, SampleLimitEvent)]
    first = int(models[0].timestamp.timestamp() * 1_000_000) if models else None
    acted = any(call.by == "agent" and (first is None or call.started >= first) for call in calls)
    filtered = any(model.output.choices and model.output.stop_reason == "content_filter" for model in models)
    failed = any(isinstance(event, ErrorEvent) for event in events)
    hint: OutcomeHint = "completed"
    if failed:
        hint = "error"
    elif limits:
        hint = "limit"
    elif filtered and not acted:
        hint = "filtered"
    elif not acted:
        hint = "refused"
    return Turn(first=first, hint=hint, limit=limits[0] if limits else None)
