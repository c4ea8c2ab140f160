"""Presets: named conditions, read from `presets.yaml` once."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import yaml
from pydantic import BaseModel, ConfigDict, Field

CUSTOM = "custom"
"""The name of every condition that is no preset's."""


class Preset(BaseModel):
    """A condition with the name of the study it follows."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    meaning: str
    """What it is for and where it comes from."""
    scenario: str
    """The scenario that it runs in unless another is asked for."""
    shown: bool = False
    """Part of the data set that runs when nothing is asked for."""
    factors: dict[str, str] = Field(default_factory=dict)
    """Levels that differ from the table's defaults."""


def _read(path: Path) -> Mapping[str, Preset]:
    entries = yaml.safe_load(path.read_text(encoding="utf-8"))
    return MappingProxyType({name: Preset(**entry) for name, entry in entries.items()})


PRESETS: Mapping[str, Preset] = _read(Path(__file__).with_name("presets.yaml"))
