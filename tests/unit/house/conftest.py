"""What the house's tests know about the house."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

FOLDERS = ("front", "conditions", "containers", "evidence", "policies", "report", "sandbox", "scorers", "tasks", "tools", "verdict")


@pytest.fixture(scope="session")
def pyproject(root: Path) -> dict[str, Any]:
    """pyproject.toml."""
    return tomllib.loads((root / "pyproject.toml").read_text())


@pytest.fixture(scope="session")
def package_files(tracked: tuple[str, ...]) -> dict[str, str]:
    """Every file of the package: path in the checkout -> path in site-packages."""
    return {
        path: "honeyweights/" + (path.removeprefix("front/") if path.startswith("front/") else path)
        for path in tracked
        if path.split("/")[0] in FOLDERS and "/" in path
    }
