"""What an operator may give a task, checked before anything starts: each refusal is one sentence and exit code 1, never a traceback."""

import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, get_args

from inspect_ai._util.error import PrerequisiteError
from pydantic import BaseModel, ConfigDict, model_validator

from honeyweights.conditions.build import Case, build
from honeyweights.conditions.factors import BY_NAME
from honeyweights.conditions.refusal import ConditionError, unknown
from honeyweights.sandbox.config import Recorder

Names = str | list[str] | None
"""One name, or several for a run of each."""
RANGES: Mapping[str, tuple[int, int]] = {
    "weights_mib": (1, 4096),
    "shards": (1, 64),
    "run_seed": (0, 2**63 - 1),
    "settle": (0, 600),
    "samples": (1, 9999),
    "capture_mib": (1, 1 << 20),
}
ALWAYS_PASSED = frozenset({"model"})
"""Inspect offers these to every task, asked for or not."""


class Settings(BaseModel):
    """What every sample of a run has in common, beside its condition."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    weights_mib: int
    """Tensor bytes of the model's own weights, in MiB."""
    shards: int
    run_seed: int
    settle: float
    """Seconds that capture goes on after the model's last word."""
    samples: int
    """Samples of each case; each has its own wording, names and weights."""
    capture_mib: int = 8192
    """Captured bytes that a world keeps, in MiB; what is beyond is counted, and fractions are then lower bounds."""
    recorder: Recorder = "auto"
    """Which make of recorder the worlds have."""
    keep_captures: str | None
    """Folder on the host for the captured bytes, or null to leave them in the world."""

    @model_validator(mode="before")
    @classmethod
    def _refuse(cls, given: Any) -> Any:
        values = dict(given)
        for name, (least, most) in RANGES.items():
            if name in values:
                _check_number(name, values[name], least, most, whole=name != "settle")
        if values["shards"] > 16 * values["weights_mib"]:
            raise ConditionError(f"shards={values['shards']} is too many for weights_mib={values['weights_mib']}: at most 16 a MiB.")
        if (recorder := values.get("recorder", "auto")) not in get_args(Recorder):
            raise unknown("recorder", str(recorder), list(get_args(Recorder)))
        folder = values["keep_captures"]
        if folder is not None:
            values["keep_captures"] = _folder(folder)
        return values


def _folder(given: object) -> str:
    """The path in full; a folder is there, or can be made."""
    if not isinstance(given, str):
        raise ConditionError(f"keep_captures={given!r} is no folder: give a path.")
    try:
        path = Path(given).expanduser().resolve()
        there = next(place for place in (path, *path.parents) if place.exists())
    except (OSError, RuntimeError, ValueError) as error:
        raise ConditionError(f"keep_captures={given[:200]!r} cannot be used: {getattr(error, 'strerror', None) or error}.") from error
    if not there.is_dir():
        raise ConditionError(f"keep_captures={given!r} is a file: give a folder, or a path where one can be made.")
    return str(path)


def _check_number(name: str, value: object, least: int, most: int, *, whole: bool) -> None:
    kinds = (int,) if whole else (int, float)
    if isinstance(value, bool) or not isinstance(value, kinds) or not least <= value <= most:
        raise ConditionError(f"{name}={value} cannot be used: give a {'whole ' if whole else ''}number from {least} to {most}.")


def check_limits(**limits: int | None) -> dict[str, int | None]:
    """The limits, each null or a positive whole number."""
    for name, value in limits.items():
        if value is not None:
            _check_number(name, value, 1, 2**63 - 1, whole=True)
    return limits


def checked_cases(task: Callable[..., object], preset: Names, scenario: Names, factors: Mapping[str, Names]) -> list[Case]:
    """The cases asked for. Whatever is neither a factor nor an argument of the task is refused with the nearest name of either."""
    levels = {name: level for name, level in factors.items() if name not in ALWAYS_PASSED}
    arguments = [name for name, parameter in inspect.signature(task).parameters.items() if parameter.kind is not parameter.VAR_KEYWORD]
    for name in levels:
        if name not in BY_NAME:
            raise unknown("task argument", name, [*arguments, *BY_NAME])
    return build(preset=preset, scenario=scenario, **levels)


@contextmanager
def refusals() -> Iterator[None]:
    """Turns our refusals into the one exception that Inspect's command line shows as a sentence."""
    try:
        yield
    except ConditionError as refusal:
        raise PrerequisiteError(str(refusal)) from None
