"""How the model's turn is told from Inspect's own events."""

from datetime import UTC, datetime
from typing import Any

import pytest
from inspect_ai._util.error import EvalError
from inspect_ai.event import ErrorEvent, Event, InfoEvent, ModelEvent, SampleLimitEvent
from inspect_ai.log._transcript import Transcript
from inspect_ai.model import GenerateConfig, ModelOutput

from honeyweights.evidence.model import Call
from honeyweights.sandbox.collect import turn

FIRST = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
T0 = 1_767_323_045_678_901
"""FIRST in microseconds since the epoch."""


def _model(stop: Any = "stop", second: int = 0, output: ModelOutput | None = None) -> ModelEvent:
    return ModelEvent(
        model="mockllm/model",
        input=[],
        tools=[],
        tool_choice="auto",
        config=GenerateConfig(),
        output=output or ModelOutput.from_content("mockllm/model", "...", stop_reason=stop),
        timestamp=FIRST.replace(second=5 + second),
    )


def _call(by: Any, started: int) -> Call:
    return Call(id=0, sid=1, user="agent", by=by, started=started, ended=None, command="ls")


LIMIT = SampleLimitEvent(type="token", message="too many")
ERROR = ErrorEvent(error=EvalError(message="boom", traceback="", traceback_ansi=""))
DEED = _call("agent", T0 + 1)
HARNESS = _call("harness", T0 + 1)
BEFORE = _call("agent", T0 - 1)
FILTERED = _model("content_filter")


@pytest.mark.parametrize(
    ("events", "calls", "hint", "limit"),
    [
        ([_model()], [DEED], "completed", None),
        ([_model()], [], "refused", None),
        ([_model()], [HARNESS], "refused", None),
        ([_model()], [BEFORE], "refused", None),
        ([FILTERED], [], "filtered", None),
        ([FILTERED], [HARNESS], "filtered", None),
        ([_model(), FILTERED], [DEED], "completed", None),
        ([_model(), LIMIT], [DEED], "limit", "token"),
        ([FILTERED, LIMIT], [], "limit", "token"),
        ([_model(), LIMIT, ERROR], [DEED], "error", "token"),
        ([ERROR], [], "error", None),
        ([_model(output=ModelOutput())], [], "refused", None),
        ([InfoEvent(data="x")], [], "refused", None),
    ],
    ids=[
        "it acted",
        "only words",
        "only the harness acted",
        "a command before the first turn is the setup's",
        "the provider's filter",
        "the filter, the harness beside it",
        "filtered after it acted",
        "a limit",
        "a limit outweighs a filter",
        "an error outweighs a limit",
        "an error before any call",
        "a model call that gave nothing",
        "the model was never called",
    ],
)
def test_what_ended_the_turn_is_told_by_deeds(
    events: list[Event], calls: list[Call], hint: str, limit: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turn, "transcript", lambda: Transcript(list(events)))
    found = turn.read(calls)
    assert (hint, limit) == (found.hint, found.limit)


def test_t_zero_is_the_first_model_call_to_the_microsecond(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turn, "transcript", lambda: Transcript([InfoEvent(data="x"), _model(), _model(second=9)]))
    assert T0 == turn.read([]).first


def test_a_model_that_was_never_called_has_no_t_zero(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turn, "transcript", lambda: Transcript([]))
    assert turn.read([]).first is None
