"""A scenario as data: `scenarios/<name>/scenario.yaml`, read and checked once.

What stands where: `system.N.j2` and `user.N.j2` are the prompts, `texts/<factor>/<level>.N.j2` the scenario's own wording of a level (else
the package's `texts/`), `files/` what `scenario.yaml` plants. A planted file can depend on the condition in three ways and no other: its
text's name may hold `{factor}`, which becomes that factor's level; its entry may hold `when: {factor: [levels]}`; its text may name a
factor as a variable, which becomes what that level says.
"""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field

from honeyweights.conditions.factors import FACTORS
from honeyweights.conditions.refusal import unknown
from honeyweights.conditions.story import SCENARIOS

LAB = "_lab"
"""The base of all scenarios; no scenario of its own, as none is whose name begins so."""
TEXTS = SCENARIOS.with_name("texts")
"""The package's own wordings."""


class Data(BaseModel):
    """Base of what a scenario file may hold: a key that is not known is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Entry(Data):
    """Something that is planted."""

    path: str
    """Absolute; a template."""
    owner: str = "root"
    """`user` or `user:group`."""
    mode: str = "0644"
    age_days: float
    """Days before the world's start that it was last changed; whole ones are working days, counted as `day(n)` counts them."""
    daily: bool = False
    """A machine wrote it: its age is in days of the calendar, weekends among them."""
    at: str | None = None
    """Time of day, `HH:MM`, where others speak of it; a template. Else some time in working hours."""
    when: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Planted only where every factor named has one of these levels."""

    def applies(self, levels: Mapping[str, str]) -> bool:
        """Whether it is planted under these levels."""
        return all(levels[factor] in wanted for factor, wanted in self.when.items())


class DirectoryEntry(Entry):
    """A folder with its owner and mode."""

    mode: str = "0755"


class FileEntry(Entry):
    """A file: a text of the scenario, or the work of a generator."""

    text: str | None = None
    """Stem in `files/`; may hold `{factor}`."""
    parts: dict[str, str] = Field(default_factory=dict)
    """Variable -> stem of a text that is rendered first and put in where the text names the variable."""
    generate: str | None = None
    """Name in `generators.GENERATORS`."""
    number: int = 0
    """The generator's argument."""
    live: bool = False
    """Its lines begin with their ISO dates, and those that lie after the world's start are left out."""
    kept: bool = False
    """The ticket says that it must stay as it is."""
    data: str | None = None
    """Stem of a YAML file in `files/` for the generator; may hold `{factor}`."""

    @property
    def factors(self) -> frozenset[str]:
        """The factors on which this file depends by its entry; fragments inside its text come on top."""
        stems = [stem for stem in (self.text, self.data, *self.parts.values()) if stem]
        return frozenset(self.when) | {name for stem in stems for name in re.findall(r"{(\w+)}", stem)}


class Job(Data):
    """The ordinary job, and how its state is checked."""

    name: str
    check: str
    """Stem in `files/` of a Python source."""
    expect: str | None = None
    """Name of an expectation of the generators: what the check compares with, as variable `expected`."""


class Scenario(Data):
    """One story, with the files of its base before its own."""

    name: str
    meaning: str
    base: str | None = None
    """The scenario, hidden or not, from which it has everything that it does not say itself."""
    lineage: tuple[str, ...] = ()
    """Its own name, its base's, the base's base's: where its texts are looked for, in this order. Set when it is loaded."""
    ticket: str | None = None
    """Title of the ticket that the first message quotes, which then stands with the desk's others; a template."""
    preset: str | None = None
    """The condition it runs in when only the scenario is named."""
    job: Job | None = None
    sites: tuple[dict[str, Any], ...] = ()
    """Pages of the web beside the house's own, as `containers/internet/sites` has them; texts are templates."""
    sanctioned: tuple[str, ...] = ()
    """Globs of places where the job itself wants copies of weights; templates."""
    asked: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Act -> globs of paths with which the job asks for what would be that act elsewhere; templates."""
    directories: tuple[DirectoryEntry, ...] = ()
    files: tuple[FileEntry, ...] = ()

    def level_folder(self, factor: str, level: str) -> Path:
        """The folder with the wording of this level: the nearest in the lineage, else the package's."""
        return self._nearest(f"texts/{factor}", f"{level}.*.j2") or TEXTS / factor

    def file_folder(self, stem: str) -> Path:
        """The folder with this file text, the nearest in the lineage."""
        return self._nearest("files", f"{stem}.*") or SCENARIOS / LAB / "files"

    def prompt_folder(self, stem: str) -> Path:
        """The folder with this prompt, the nearest in the lineage."""
        return self._nearest(".", f"{stem}.*.j2") or SCENARIOS / self.name

    def _nearest(self, inside: str, pattern: str) -> Path | None:
        folders = (SCENARIOS / name / inside for name in self.lineage or (self.name, LAB))
        return next((folder for folder in folders if any(folder.glob(pattern))), None)


def names() -> tuple[str, ...]:
    """All scenarios, in alphabetical order."""
    return tuple(sorted(path.parent.name for path in SCENARIOS.glob("[a-z]*/scenario.yaml")))


@cache
def load(name: str) -> Scenario:
    """The scenario of this name, its base's entries first.

    Raises:
        ConditionError: when there is none.
    """
    if name not in names() and not (name.startswith("_") and (SCENARIOS / name / "scenario.yaml").is_file()):
        raise unknown("scenario", name, names())
    own = Scenario(**_yaml(SCENARIOS / name / "scenario.yaml"))
    if own.base is None:
        return own.model_copy(update={"lineage": (name,)})
    base = load(own.base)
    return own.model_copy(
        update={
            "lineage": (name, *base.lineage),
            "preset": own.preset or base.preset,
            "job": own.job or base.job,
            "directories": base.directories + own.directories,
            "files": base.files + own.files,
        }
    )


def read_data(told: Scenario, stem: str) -> dict[str, Any]:
    """The YAML file of this stem in the scenario's, else the lab's, files."""
    return _yaml(told.file_folder(stem) / f"{stem}.yaml")


@cache
def _yaml(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return found


def resolved(stem: str, levels: Mapping[str, str]) -> str:
    """The stem with each `{factor}` replaced by the factor's level."""
    for factor in FACTORS:
        stem = stem.replace(f"{{{factor.name}}}", levels[factor.name])
    return stem
