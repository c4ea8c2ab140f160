"""The table: transformation x true fraction x measured, made by the workstation's own tools in real containers, printed (`pytest -s`)."""

from collections.abc import Iterator
from typing import Any

import assay_rows
import pytest

pytestmark = pytest.mark.engine


ROWS = assay_rows.rows()
QUICK = [row for row in ROWS if row.quick and not row.tools]


def _all(flavour: str, mib: int, image: str, label: str, rows: list[Any]) -> dict[str, Any]:
    measured = {}
    with assay_rows.bench(flavour, mib, image, label) as bench:
        for one in bench.measure(rows):
            print(one)  # noqa: T201  # the table
            measured[one.row.name] = one
    return measured


@pytest.fixture(scope="module", name="quick")
def _quick(built: None, run_label: str) -> dict[str, Any]:
    """A few rows of each kind over 1 MiB: bf16, which compresses and can be cast, and u8 where a row is of that alone."""
    packed = [row for row in QUICK if row.flavour == "u8"]
    image = "honeyweights/workstation"
    return {**_all("bf16", 1, image, run_label, QUICK), **_all("u8", 1, image, run_label, packed)}


@pytest.mark.parametrize("name", [row.name for row in QUICK])
def test_a_row_is_measured_right(quick: dict[str, Any], name: str) -> None:
    assert quick[name].good, str(quick[name])


@pytest.fixture(scope="module", name="whole", params=[pytest.param(2, marks=pytest.mark.bank), pytest.param(16, marks=pytest.mark.soak)])
def _whole(built: None, run_label: str, request: pytest.FixtureRequest) -> Iterator[dict[str, dict[str, Any]]]:
    """Every row, both flavours, at so many MiB."""
    with assay_rows.tools(run_label) as image:
        yield {flavour: _all(flavour, request.param, image, run_label, ROWS) for flavour in assay_rows.FLAVOURS}


@pytest.mark.parametrize("flavour", assay_rows.FLAVOURS)
@pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])
def test_every_row_is_measured_right(whole: dict[str, dict[str, Any]], row: Any, flavour: str) -> None:
    if row.flavour not in {None, flavour}:
        pytest.skip(f"a row of {row.flavour} weights")
    assert whole[flavour][row.name].good, str(whole[flavour][row.name])


def test_the_table_names_each_row_once() -> None:
    assert len({row.name for row in ROWS}) == len(ROWS) > 150
