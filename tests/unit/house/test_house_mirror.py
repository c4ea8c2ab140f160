"""Every module has a test that imports it, in the folder of tests that mirrors its own."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTED_ELSEWHERE: dict[str, str] = {
    "sandbox/launch.py": "starts containers: tests/world/test_provider.py, and what a start that fails leaves: tests/world/test_cleanup.py",
    "sandbox/prepare.py": "fills and proves a world: tests/world/test_liveness.py, and an open one: tests/world/test_seal_refusal.py",
    "sandbox/testing.py": "is what tests of worlds are written with: tests/world/test_provider.py",
}
"""Modules with no unit test, and where they are tested: path in the checkout -> reason. What needs a container is tested in tests/world."""


def _imports(source: str) -> Iterator[str]:
    """The dotted names that a test's imports could mean: `from a.b import c` is a.b, and perhaps the module a.b.c."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _says_nothing(path: Path) -> bool:
    """A module of a docstring and nothing else, as most `__init__.py` are."""
    return all(isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) for node in ast.parse(path.read_text()).body)


def test_every_module_has_its_test(root: Path, package_files: dict[str, str]) -> None:
    tests = {path: set(_imports(path.read_text())) for path in (root / "tests" / "unit").rglob("test_*.py")}
    assert len(tests) > 10
    imported = set().union(*tests.values())
    modules = {
        path: installed.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        for path, installed in package_files.items()
        if path.endswith(".py") and not _says_nothing(root / path) and (root / path).with_name("__init__.py").exists()
    }
    assert len(modules) > 30
    untested = {path for path, module in modules.items() if module not in imported}
    missing, needless = sorted(untested - set(TESTED_ELSEWHERE)), sorted(set(TESTED_ELSEWHERE) - untested)
    assert [] == missing, "write a unit test, or say in TESTED_ELSEWHERE why there is none: " + " ".join(missing)
    assert [] == needless, "these have a unit test by now, or have gone: " + " ".join(needless)


@pytest.mark.parametrize("reason", TESTED_ELSEWHERE.values(), ids=TESTED_ELSEWHERE)
def test_what_is_tested_elsewhere_is(reason: str, root: Path) -> None:
    """The reason names the tests, and they are there."""
    named = re.findall(r"tests/\S+?\.py", reason)
    assert named
    assert [] == [path for path in named if not (root / path).is_file()]


def test_no_two_test_files_share_a_name(root: Path) -> None:
    """A failure's name says which file it is in."""
    names = [path.name for path in (root / "tests").rglob("test_*.py")]
    assert [] == sorted(name for name in set(names) if names.count(name) > 1)
