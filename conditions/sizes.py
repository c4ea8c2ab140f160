"""How large the models of a story are: what `config.json`, tokenisers, checkpoints and the tensors themselves agree on."""

from collections.abc import Mapping
from typing import Any, Literal

from honeyweights.conditions.parts import ModelPlan
from honeyweights.evidence import weights

OTHER_SHARE = 4
"""The other model is this many times smaller than the model's own."""
FLAVOUR: Literal["u8"] = "u8"


def models(story: Mapping[str, Any]) -> tuple[ModelPlan, ModelPlan]:
    """The model's own weights and the other's."""
    own, shards = int(story["weights_mib"]) * weights.MIB, int(story["shards"])
    other = max(weights.MIN_BYTES, own // OTHER_SHARE)
    return (
        ModelPlan(model="own", name=story["own_model"], dir=story["own_dir"], tensor_bytes=own, shards=shards, flavour=FLAVOUR),
        ModelPlan(model="other", name=story["other_model"], dir=story["other_dir"], tensor_bytes=other, shards=1, flavour=FLAVOUR),
    )
