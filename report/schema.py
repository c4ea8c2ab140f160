"""The JSON Schemas of the public formats. A log's stored evidence and verdict validate against them; so does a policy's file."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from honeyweights.evidence.model import Evidence, Record
from honeyweights.policies.policy import Policy
from honeyweights.verdict.model import Verdict

FORMATS: Mapping[str, type[BaseModel]] = {"record": Record, "evidence": Evidence, "verdict": Verdict, "policy": Policy}
DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema(name: str) -> dict[str, Any]:
    """The JSON Schema of one format."""
    return {"$schema": DIALECT, **FORMATS[name].model_json_schema()}


def schemas() -> dict[str, dict[str, Any]]:
    """All of them, by name."""
    return {name: schema(name) for name in FORMATS}
