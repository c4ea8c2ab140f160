"""The page holds the table that was measured: the same rows as the data, in the same order."""

import re
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[3]


def test_the_page_has_the_rows_of_the_data() -> None:
    rows = yaml.safe_load((ROOT / "tests" / "world" / "assay_table.yaml").read_text(encoding="utf-8"))["rows"]
    page = (ROOT / "docs" / "assay.md").read_text(encoding="utf-8")
    table = page.partition("<!-- made by tests/world/assay_rows.py -->")[2].partition("<!-- end -->")[0]
    names = [name.replace("\\|", "|") for name in re.findall(r"(?m)^\| (.*?) \| (?:bytes|value|opaque) \|", table)]
    assert [row["name"] for row in rows] == names
