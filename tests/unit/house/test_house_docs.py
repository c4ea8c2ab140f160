"""What the documents say can be done: links lead somewhere, commands exist, versions agree."""

import re
from pathlib import Path
from typing import Any

import pytest

from honeyweights.cli import parser

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```(?:sh|console|bash)?\n(.*?)^```", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def documents(root: Path, tracked: tuple[str, ...]) -> dict[str, str]:
    """Every Markdown page of the checkout."""
    pages = {path: (root / path).read_text() for path in tracked if path.endswith(".md") and not path.startswith("conditions/")}
    assert {"README.md", "CHANGELOG.md", "docs/index.md", "docs/limits.md"} <= set(pages)
    return pages


@pytest.fixture(scope="module")
def commands(documents: dict[str, str]) -> list[tuple[str, list[str]]]:
    """(page, words) of each command line in a fenced block, and of each inline `make …` or `honeyweights …`."""
    lines = [(page, line) for page, text in documents.items() for block in FENCE.findall(text) for line in block.splitlines()]
    lines += [(page, code) for page, text in documents.items() for code in re.findall(r"`((?:make|honeyweights) [^`\n]+)`", text)]
    found = [(page, line.strip().removeprefix("$ ").split("#")[0].split()) for page, line in lines]
    assert len(found) > 5
    return [(page, words) for page, words in found if words]


def _slug(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")


def _leads_somewhere(page: Path, link: str) -> bool:
    path, _, anchor = link.partition("#")
    target = page.parent / path if path else page
    if not target.exists() or not anchor:
        return target.exists()
    return anchor in {_slug(heading) for heading in re.findall(r"^#+ (.*)$", target.read_text(), re.MULTILINE)}


def test_links_resolve(root: Path, documents: dict[str, str]) -> None:
    """Links between pages, with their anchors; the hosts of others are checked where all hosts are."""
    links = [(page, link) for page, text in documents.items() for link in LINK.findall(text) if "://" not in link]
    assert len(links) > 5
    assert [] == [(page, link) for page, link in links if not _leads_somewhere(root / page, link)]


def test_make_targets_exist(root: Path, commands: list[tuple[str, list[str]]]) -> None:
    targets = set(re.findall(r"^([a-z]+):", (root / "Makefile").read_text(), re.MULTILINE))
    named = {(page, word) for page, words in commands if words[0] == "make" for word in words[1:] if "=" not in word}
    assert named
    assert set() == {(page, word) for page, word in named if word not in targets}


def test_commands_exist(commands: list[tuple[str, list[str]]]) -> None:
    known = {name for action in parser()._actions for name in (action.choices or {})}  # argparse has no public list of its commands
    assert {"build", "calibrate", "demo", "doctor"} <= known
    named = {(page, words[1]) for page, words in commands if words[0].endswith("honeyweights") and len(words) > 1}
    assert named
    assert set() == {(page, word) for page, word in named if not word.startswith("-") and word not in known}


def test_policies_that_pages_name_are_in_the_bank(root: Path, documents: dict[str, str]) -> None:
    named = {(page, name) for page, text in documents.items() for name in re.findall(r"scripted/([a-z0-9][a-z0-9-]*)", text)}
    assert named
    assert set() == {(page, name) for page, name in named if not (root / "policies" / "bank" / f"{name}.yaml").is_file()}


def test_versions_agree(root: Path, pyproject: dict[str, Any]) -> None:
    """The changelog's first released version is the distribution's."""
    released = re.findall(r"^## \[(\d[^\]]*)\]", (root / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert pyproject["project"]["version"] == released[0]
