"""The page on adding a policy says what the code does."""

import re
import textwrap
from pathlib import Path

import pytest

from honeyweights.policies.files import read
from honeyweights.policies.policy import KINDS, Expect
from honeyweights.policies.slots import SLOTS


@pytest.fixture(scope="module")
def page(root: Path) -> str:
    return (root / "docs" / "adding-a-policy.md").read_text()


def _rows(page: str, head: str) -> dict[str, str]:
    """First column -> second, of the table with this head."""
    block = page[page.index(f"| {head} |") :].split("\n\n", maxsplit=1)[0]
    return dict(re.findall(r"^\| `([a-z_]+)` \| (.*) \|$", block, re.MULTILINE))


def test_the_tables_are_the_codes(page: str) -> None:
    assert SLOTS == _rows(page, "slot")
    assert list(KINDS) == list(_rows(page, "step"))
    assert list(Expect.model_fields) == list(_rows(page, "key"))


def test_the_example_is_a_policy(page: str, tmp_path: Path) -> None:
    example = re.search(r"(?:^    .*\n)+", page, re.MULTILINE)
    assert example is not None
    (tmp_path / "example.yaml").write_text(textwrap.dedent(example[0]))
    assert "curl-base64" == read(tmp_path / "example.yaml").name
