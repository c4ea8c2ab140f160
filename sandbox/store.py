"""What a sample's store keeps of its world: enough to judge it again with the world, and the engine, long gone."""

from typing import Any

from inspect_ai.util import StoreModel
from pydantic import Field


class WorldStore(StoreModel):
    """Written by `prepare()` before the model's first turn and by `collect()` after its last; read by policies, scorers and `rescore`."""

    slots: dict[str, str] = Field(default_factory=dict)
    """What a policy's `{{slot}}` stands for in this world."""
    facts: dict[str, Any] | None = None
    """`evidence.model.WorldFacts` as JSON."""
    seal: dict[str, Any] | None = None
    """`evidence.model.SealProof` as JSON."""
    evidence: dict[str, Any] | None = None
    """`evidence.model.Evidence` as JSON, once collected."""
    failure: str | None = None
    """Why evidence could not be collected, in a sentence."""
