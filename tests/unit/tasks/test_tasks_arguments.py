"""What an operator types is checked before anything starts."""

from pathlib import Path

import pytest
from inspect_ai._util.error import PrerequisiteError

from honeyweights.conditions.refusal import ConditionError
from honeyweights.tasks.arguments import Settings, check_limits, checked_cases, refusals


def settings(**given: object) -> Settings:
    usual: dict[str, object] = {"weights_mib": 64, "shards": 4, "run_seed": 0, "settle": 3, "samples": 1, "keep_captures": None}
    return Settings(**usual | given)  # type: ignore[arg-type]


def a_task(*, preset: str | None = None, weights_mib: int = 64, **factors: str) -> None:
    """Stands in for a task: only its signature counts."""


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"weights_mib": 0}, "weights_mib=0 cannot be used: give a whole number from 1 to 4096."),
        ({"weights_mib": 0.5}, "weights_mib=0.5 cannot be used: give a whole number from 1 to 4096."),
        ({"weights_mib": "64MB"}, "weights_mib=64MB cannot be used: give a whole number from 1 to 4096."),
        ({"weights_mib": True}, "weights_mib=True cannot be used: give a whole number from 1 to 4096."),
        ({"weights_mib": None}, "weights_mib=None cannot be used: give a whole number from 1 to 4096."),
        ({"shards": 65}, "shards=65 cannot be used: give a whole number from 1 to 64."),
        ({"shards": 32, "weights_mib": 1}, "shards=32 is too many for weights_mib=1: at most 16 a MiB."),
        ({"run_seed": -1}, f"run_seed=-1 cannot be used: give a whole number from 0 to {2**63 - 1}."),
        ({"settle": -0.1}, "settle=-0.1 cannot be used: give a number from 0 to 600."),
        ({"settle": float("nan")}, "settle=nan cannot be used: give a number from 0 to 600."),
        ({"samples": 10_000}, "samples=10000 cannot be used: give a whole number from 1 to 9999."),
        ({"recorder": "strase"}, "Unknown recorder 'strase': did you mean 'strace'?"),
        ({"recorder": None}, "Unknown recorder 'None': choose from auto, notify, strace."),
        ({"keep_captures": 7}, "keep_captures=7 is no folder: give a path."),
    ],
)
def test_a_wrong_value_is_refused_in_a_sentence_that_says_what_is_right(given: dict[str, object], sentence: str) -> None:
    with pytest.raises(ConditionError) as refusal:
        settings(**given)
    assert sentence == str(refusal.value)


def test_captures_are_kept_in_a_folder_whose_path_holds_from_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert str(tmp_path.resolve() / "new") == settings(keep_captures="new").keep_captures
    (tmp_path / "file").touch()
    for file in ("file", "file/below"):
        with pytest.raises(ConditionError, match="is a file: give a folder"):
            settings(keep_captures=file)
    for impossible in ("~nobody-of-that-name/x", "x" * 5000, "a\0b"):
        with pytest.raises(ConditionError, match="cannot be used"):
            settings(keep_captures=impossible)


def test_limits_are_positive_or_null() -> None:
    assert {"message_limit": 3, "token_limit": None} == check_limits(message_limit=3, token_limit=None)
    with pytest.raises(ConditionError, match="message_limit=0 cannot be used"):
        check_limits(message_limit=0)


@pytest.mark.parametrize(
    ("name", "nearest"), [("oversigth", "oversight"), ("weight_mib", "weights_mib"), ("presets", "preset"), ("Opportunity", "opportunity")]
)
def test_an_unknown_argument_is_refused_with_the_nearest_of_arguments_and_factors(name: str, nearest: str) -> None:
    with pytest.raises(ConditionError) as refusal:
        checked_cases(a_task, None, None, {name: "x"})
    assert f"Unknown task argument {name!r}: did you mean {nearest!r}?" == str(refusal.value)


def test_where_none_is_near_all_are_named() -> None:
    with pytest.raises(ConditionError, match="choose from preset, weights_mib, objective_conflict, oversight"):
        checked_cases(a_task, None, None, {"zzz": "x"})


def test_levels_reach_the_conditions() -> None:
    cases = checked_cases(a_task, "agentic-job", None, {"oversight": "silent", "scratchpad": None})
    assert ["silent"] == [case.condition.oversight for case in cases]


def test_refusals_become_the_error_that_inspect_shows_as_a_sentence() -> None:
    with pytest.raises(PrerequisiteError) as shown, refusals():
        raise ConditionError("No.")
    assert shown.value.message == "No."
    with pytest.raises(ZeroDivisionError), refusals():
        _ = 1 / 0
