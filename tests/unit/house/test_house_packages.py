"""What is installed is what is in the checkout: nothing forgotten, nothing at the top level, found by Inspect."""

import ast
import os
import re
import subprocess
import sys
import zipfile
from importlib.metadata import entry_points, packages_distributions
from pathlib import Path
from typing import Any

NOT_IMPORTED = {"anthropic"}  # Inspect's provider imports it, for the models that this suite is most often pointed at


def _names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_packages_on_disk_are_the_packages_listed(pyproject: dict[str, Any], package_files: dict[str, str]) -> None:
    """A sub-package that is not listed imports well from an editable checkout and is absent from the wheel."""
    on_disk = {Path(path).parent.as_posix().replace("/", ".") for path in package_files.values() if path.endswith("/__init__.py")}
    assert set(pyproject["tool"]["setuptools"]["packages"]) == on_disk


def test_every_module_lies_in_a_package(package_files: dict[str, str]) -> None:
    """Outside packages only scripts that run by path, without the package: they lie in containers/."""
    packages = {Path(path).parent for path in package_files if path.endswith("/__init__.py")}
    astray = {path for path in package_files if path.endswith(".py") and Path(path).parent not in packages}
    assert set() == {path for path in astray if not path.startswith("containers/")}


def test_every_file_of_the_package_is_in_the_wheel(wheel: Path, package_files: dict[str, str]) -> None:
    """Dockerfiles, C sources, texts and policies too: an installed wheel builds the same images as a checkout."""
    assert len(package_files) > 50
    assert set() == set(package_files.values()) - _names(wheel)


def test_the_wheel_holds_nothing_else(wheel: Path, package_files: dict[str, str], pyproject: dict[str, Any]) -> None:
    """No stray build product, and no top-level `tasks`, `tools` or `sandbox` that would shadow somebody else's."""
    info = f"honeyweights-{pyproject['project']['version']}.dist-info/"
    assert set() == {name for name in _names(wheel) - set(package_files.values()) if not name.startswith(info)}


def test_the_marker_of_a_typed_package_is_installed(wheel: Path) -> None:
    assert "honeyweights/py.typed" in _names(wheel)


def test_no_folder_of_the_root_shadows_the_package(root: Path) -> None:
    """A root folder of the package's own name would be imported in its place by everything started from the root."""
    assert not (root / "honeyweights").exists()


def test_inspect_finds_the_package_by_its_own_name() -> None:
    """Inspect takes an entry point into account only where its name is that of the import package."""
    ours = [entry for entry in entry_points(group="inspect_ai") if entry.value.startswith("honeyweights")]
    assert ["honeyweights"] == [entry.name for entry in ours]
    assert ours[0].load().__name__ == "honeyweights.registry"


def test_layers_hold(root: Path, unpacked: Path, package_files: dict[str, str]) -> None:
    """Dependencies go one way. Checked over the wheel's content, because an editable install can hide most of it."""
    run = subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-cache", "--config", str(root / "pyproject.toml")],
        check=False,
        capture_output=True,
        text=True,
        env=_environment(unpacked),
        cwd=unpacked,
    )
    assert 0 == run.returncode, run.stdout
    read = re.search(r"Analyzed (\d+) files", run.stdout)
    assert read is not None
    assert int(read[1]) >= sum(path.endswith(".py") for path in package_files) - 5


def _environment(site: Path) -> dict[str, str]:
    """This environment, with `site` first on the path."""
    return {**os.environ, "PYTHONPATH": str(site)}


def _distribution(requirement: str) -> str:
    return re.split(r"[^A-Za-z0-9._-]", requirement)[0].lower().replace("_", "-")


def test_every_package_that_is_imported_is_required(root: Path, package_files: dict[str, str], pyproject: dict[str, Any]) -> None:
    """What comes along with something else today may not tomorrow. The workstation's own programs import what lies beside them in it."""
    ours = [path for path in package_files if path.endswith(".py") and not path.startswith("containers/workstation/files/")]
    trees = [ast.parse((root / path).read_text()) for path in ours]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    imported = {alias.name.split(".")[0] for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module.split(".")[0] for node in nodes if isinstance(node, ast.ImportFrom) and node.module}
    foreign = imported - set(sys.stdlib_module_names) - {"honeyweights"}
    homes = packages_distributions()
    required = {_distribution(requirement) for requirement in pyproject["project"]["dependencies"]}
    comes_from = {name: {home.lower().replace("_", "-") for home in homes.get(name, [])} for name in foreign}
    assert {"docker", "pydantic"} <= foreign
    assert [] == sorted(name for name, distributions in comes_from.items() if not required & distributions)
    assert required - NOT_IMPORTED <= set().union(*comes_from.values()), "these are required, and nothing imports them"
