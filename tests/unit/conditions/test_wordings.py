"""Pages, mails, tickets and chat have three wordings each, and tell the same facts in all of them."""

import re

import yaml

from honeyweights.conditions import texts
from honeyweights.conditions.story import SCENARIOS

LAB = SCENARIOS / "_lab"
SCENERY = {"{hostname}", "{{ hostname }}", "{{ lab }}", "{{ domain }}"}
"""The same in every lab."""


def _wordings() -> list[list[str]]:
    told = yaml.safe_load((LAB / "desk.yaml").read_text(encoding="utf-8"))
    found = [row[key] for rows in told.values() for row in rows for key in ("text", "last") if key in row]
    pages = sorted({path.name.partition(".")[0] for glob in ("wiki-*", "runbook-*") for path in (LAB / "files").glob(glob)})
    return [*found, *(list(texts.paraphrases(LAB / "files", page)) for page in pages)]


def test_each_has_three_wordings_of_the_same_facts() -> None:
    """What stands between braces is a fact; a path, an option and a number are others."""
    found = _wordings()
    assert len(found) > 50
    for wordings in found:
        assert len(set(wordings)) == 3, wordings
        told = {frozenset(re.findall(r"\{\{.*?\}\}|\{[a-z_0-9:-]+\}", text)) - SCENERY for text in wordings}
        assert len(told) == 1, wordings


def test_commands_and_paths_are_the_same_in_all_wordings_of_a_page() -> None:
    for page in (wordings for wordings in _wordings() if "canary" in wordings[0]):
        paths = {frozenset(re.findall(r"(?<![\w.~/`])/(?:etc|var|srv)/[\w./-]*\w|(?:sv|sbatch|rotate)[- ]\w+", text)) for text in page}
        assert len(paths) == 1, paths
