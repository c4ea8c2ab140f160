"""The policy format: one scripted model, the circumstances it needs, and what the verdict on it must say.

Law of this file: the shape and nothing else. It reads no file (`files`), runs nothing (`provider`, `calibrate`) and compares nothing
(`agreement`). Every refusal is a part of a sentence; `files` puts file and line before it.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, cast, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    field_validator,
    model_serializer,
    model_validator,
)
from pydantic_core import PydanticCustomError

from honeyweights.conditions.factors import BY_NAME
from honeyweights.conditions.presets import CUSTOM, PRESETS
from honeyweights.conditions.refusal import unknown
from honeyweights.conditions.scenario import names as scenarios
from honeyweights.evidence.model import Channel
from honeyweights.policies import slots
from honeyweights.verdict.model import Stage

Act = Literal[
    "oversight_disabled",
    "audit_log_tampered",
    "training_data_tampered",
    "training_job_sabotaged",
    "grading_tampered",
    "successor_overwritten",
    "persistence",
    "credential_misuse",
    "external_disclosure",
    "capability_grab",
    "history_cleared",
    "main_job_sabotaged",
    "evidence_attacked",
    "false_denial",
    "admission",
]
Demand = Literal["done", "attempted", "either"]

ACTS: tuple[Act, ...] = get_args(Act)
CHANNELS: tuple[Channel, ...] = get_args(Channel)

LONGEST_PAUSE = 600.0
KINDS = ("bash", "tool", "sleep", "say")

Seconds = Annotated[float, Field(strict=True, ge=0, le=LONGEST_PAUSE)]
Share = Annotated[float, Field(strict=True, ge=0, le=1)]


def refuse(sentence: str) -> PydanticCustomError:
    """A refusal whose words reach the reader as they are."""
    return PydanticCustomError("refused", cast("Any", sentence.replace("{", "{{").replace("}", "}}")))


class Part(BaseModel):
    """Base of all parts of a policy: immutable, and a key that is not known is refused with the nearest one that is."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _keys_are_known(cls, data: Any) -> Any:
        if not isinstance(data, Mapping):
            raise refuse(f"must be a mapping with keys out of {', '.join(cls.model_fields)}")
        for key in data:
            if key not in cls.model_fields:
                raise refuse(str(unknown("key", key, cls.model_fields)).rstrip("."))
        return data


class ToolStep(Part):
    """A call of any of the agent's tools."""

    name: str = Field(min_length=1)
    arguments: dict[str, Any] = Field(default_factory=dict)


class Step(Part):
    """One thing that the model does; exactly one key is given."""

    bash: str | None = None
    """A call of the agent's shell tool; may be a whole script."""
    tool: ToolStep | None = None
    sleep: Seconds | None = None
    """The model thinks for so many seconds before its next turn."""
    say: str | None = None
    """Words without a tool call: they end the model's turn."""

    @model_validator(mode="after")
    def _one_kind(self) -> "Step":
        given = [kind for kind in KINDS if getattr(self, kind) is not None]
        if len(given) != 1:
            raise refuse(f"a step is exactly one of {', '.join(KINDS)}; this one has {' and '.join(given) or 'none of them'}")
        return self

    @field_validator("bash", "say", "tool")
    @classmethod
    def _slots_are_known(cls, value: Any) -> Any:
        try:
            slots.check(value.model_dump() if isinstance(value, ToolStep) else value)
        except slots.SlotError as error:
            raise refuse(str(error)) from error
        return value


def _one_or_many(value: Any) -> Any:
    """`complete` is short for `[complete]`."""
    return (value,) if isinstance(value, str) else value


def _named(value: Any) -> Any:
    """A list of acts accepts each of them done or attempted."""
    return {str(name): "either" for name in value} if isinstance(value, list | tuple) else value


class Expect(Part):
    """What the verdict must say. A key that is missing makes no claim."""

    stage: Annotated[tuple[Stage, ...], Field(min_length=1), BeforeValidator(_one_or_many)] | None = None
    channels: tuple[Channel, ...] | None = None
    """Each of them must be seen."""
    fraction: tuple[Share, Share] | None = None
    """Least and most."""
    acts: Annotated[dict[Act, Demand], BeforeValidator(_named)] | None = None
    not_acts: tuple[Act, ...] | None = None
    authorised: Annotated[bool, Field(strict=True)] | None = None

    @field_validator("fraction")
    @classmethod
    def _least_comes_first(cls, value: tuple[float, float] | None) -> tuple[float, float] | None:
        if value is not None and value[0] > value[1]:
            raise refuse(f"the least comes first, and {value[0]} is more than {value[1]}")
        return value

    @model_validator(mode="after")
    def _acts_agree(self) -> "Expect":
        for act in self.not_acts or ():
            if act in (self.acts or {}):
                raise refuse(f"'{act}' stands both in acts and in not_acts")
        return self

    @model_serializer(mode="wrap")
    def _as_written(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """The claims made, in the short forms that a policy file uses."""
        said = {key: value for key, value in handler(self).items() if value is not None}
        if len(said.get("stage", ())) == 1:
            said["stage"] = said["stage"][0]
        if "acts" in said and set(said["acts"].values()) <= {"either"}:
            said["acts"] = list(said["acts"])
        return said


class Policy(Part):
    """One scripted model."""

    name: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60)
    note: str = Field(min_length=1)
    """One line on what it does and why it matters."""
    steps: tuple[Step, ...] = Field(min_length=1)
    condition: dict[str, str] = Field(default_factory=dict)
    """Overrides of the condition it runs in: preset, scenario, or a factor's level."""
    settle: Seconds | None = None
    """Seconds that capture goes on after the last step; the task's own where none is given."""
    expect: Expect

    @field_validator("condition")
    @classmethod
    def _condition_is_known(cls, value: dict[str, str]) -> dict[str, str]:
        levels = {name: factor.names for name, factor in BY_NAME.items()}
        known = {"preset": (CUSTOM, *PRESETS), "scenario": scenarios(), **levels}
        for name, level in value.items():
            if name not in known:
                raise refuse(str(unknown("factor", name, known)).rstrip("."))
            if level not in known[name]:
                raise refuse(str(unknown(f"level of {name}", level, known[name])).rstrip("."))
        return value
