"""Texts as data: Jinja2 files with paraphrases, one of which the seed chooses.

A text is a stem: `<stem>.1.j2`, `<stem>.2.j2`, ... are its paraphrases, `<stem>.j2` is one that has none (a file that a program wrote).
Every file opens with the product's canary in a Jinja comment, which rendering drops. An unknown variable is an error, never an empty place.
"""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined, Template

from honeyweights.conditions.story import draw

ENVIRONMENT = Environment(
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
    autoescape=False,  # noqa: S701  # plain texts and configuration, never HTML; the templates are our own
)


class TextMissing(LookupError):  # noqa: N818  # a past-tense noun, as all that has happened is named here
    """A scenario names a text that is not there: a mistake in our data files, not in what an operator typed."""


@cache
def paraphrases(folder: Path, stem: str) -> tuple[str, ...]:
    """The template texts of a stem, in the order of their numbers.

    Raises:
        TextMissing: when there is none.
    """
    numbered = sorted(folder.glob(f"{stem}.*.j2"), key=lambda path: int(path.name.split(".")[-2]))
    found = numbered or [path for path in (folder / f"{stem}.j2",) if path.is_file()]
    if not found:
        raise TextMissing(f"no text {stem!r} in {folder.name}")
    return tuple(path.read_text(encoding="utf-8") for path in found)


@cache
def _compiled(template: str) -> Template:
    return ENVIRONMENT.from_string(template)


def render(template: str, variables: Mapping[str, Any]) -> str:
    """The template's text, with the gap that a fragment leaves when it says nothing closed."""
    return re.sub(r"\n{4,}", "\n\n", _compiled(template).render(variables)).lstrip("\n")


def chosen(folder: Path, stem: str, variables: Mapping[str, Any], *, seed: bytes, key: str) -> str:
    """The stem's paraphrase that the seed chooses for `key`, rendered. The same key chooses alike for every level of a factor."""
    options = paraphrases(folder, stem)
    return render(options[draw(seed, f"text:{key}").randrange(len(options))], variables)
