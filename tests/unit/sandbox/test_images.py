"""Which images are built again, and in which order; what is in a build; what a failed one says."""

import re
import tarfile
from pathlib import Path

import pytest

from honeyweights.containers import ROOT
from honeyweights.sandbox import base, images
from honeyweights.sandbox.engine import EngineProblem


def _fresh() -> dict[str, tuple[str, str]]:
    return {name: (f"sha256:{name}", images.content(name)) for name in images.RECIPES}


def test_nothing_is_stale_when_all_is_as_it_should_be() -> None:
    """The quick way of a second call."""
    assert images._stale(images.RECIPES, _fresh()) == []


def test_on_an_empty_engine_everything_is_built_parents_first() -> None:
    """And only what was asked for, with its parents."""
    assert images._stale(images.RECIPES, {}) == ["toolchain", "session", "remote", "warden", "internet", "workstation"]
    assert images._stale(["warden"], {}) == ["toolchain", "warden"]


def test_parents_are_needed_for_building_only() -> None:
    """An image that is up to date needs no toolchain to be there."""
    present = _fresh()
    del present["toolchain"]
    assert images._stale(["warden"], present) == []
    assert images._stale(images.RECIPES, present | {"warden": ("sha256:old", "other content")}) == ["toolchain", "warden"]


def test_every_recipe_is_a_folder_and_names_the_parents_of_its_dockerfile() -> None:
    """What a Dockerfile starts from or copies from is what the recipe says."""
    for name, recipe in images.RECIPES.items():
        text = (ROOT / name / "Dockerfile").read_text(encoding="utf-8")
        sources = re.findall(r"^(?:FROM |COPY --from=)(\S+)", text, re.MULTILINE)
        named = {source.removeprefix(images.PREFIX) for source in sources if source.startswith(images.PREFIX)}
        assert named == set(recipe.parents), name


def test_content_follows_the_files_and_the_parents(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One byte in the toolchain makes all that is built on it another."""
    for name in images.RECIPES:
        (tmp_path / name).mkdir()
        (tmp_path / name / "Dockerfile").write_text("FROM x")
    monkeypatch.setattr(images, "ROOT", tmp_path)
    images.content.cache_clear()
    before = {name: images.content(name) for name in images.RECIPES}
    images.content.cache_clear()
    (tmp_path / "session" / "main.c").write_text("int main;")
    after = {name: images.content(name) for name in images.RECIPES}
    images.content.cache_clear()
    assert {name for name in images.RECIPES if before[name] != after[name]} == {"session", "internet", "workstation"}


def test_the_internets_build_has_its_code_as_a_package_and_no_other() -> None:
    """Its own modules and the evidence; nothing that knows Inspect or the engine."""
    with tarfile.open(fileobj=images._context("internet", None)) as archive:
        names = set(archive.getnames())
    assert {"Dockerfile", "requirements.txt", "honeyweights/__init__.py", "honeyweights/containers/__init__.py"} <= names
    assert {"honeyweights/evidence/chain.py", "honeyweights/containers/internet/__init__.py"} <= names
    assert not [name for name in names if name.startswith("honeyweights/sandbox") or "__pycache__" in name]


def test_a_context_is_the_same_for_the_same_content() -> None:
    """Or the engine would build again what it has."""
    assert images._context("session", None).getvalue() == images._context("session", None).getvalue()


def test_a_build_that_fails_says_its_last_lines_and_a_sentence() -> None:
    """Twenty of them."""
    lines: list[str] = []
    told: list[str] = []
    for number in range(30):
        images._follow({"stream": f"line {number}\n"}, "warden", lines, told.append)
    images._follow({"stream": "Step 3/9 : RUN gcc\n"}, "warden", lines, told.append)
    with pytest.raises(EngineProblem) as caught:
        images._follow({"error": "gcc returned 1"}, "warden", lines, told.append)
    *shown, _, sentence = str(caught.value).splitlines()
    assert (len(shown), shown[0], shown[-1]) == (20, "line 11", "Step 3/9 : RUN gcc")
    assert sentence == "The image honeyweights/warden could not be built: gcc returned 1."
    assert told == ["  warden: Step 3/9 : RUN gcc"]


def test_a_run_that_may_not_build_names_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """And the command that builds it."""
    monkeypatch.setattr(images, "_present", lambda: {"warden": ("sha256:x", "")})
    images.require(["honeyweights/warden"])
    with pytest.raises(
        EngineProblem, match="may not build images, and honeyweights/internet must be there first: run `honeyweights build`"
    ):
        images.require(["honeyweights/warden", "honeyweights/internet"])


def test_an_image_that_nobody_knows_is_refused() -> None:
    """With those that there are."""
    with pytest.raises(EngineProblem, match=r"no recipe for the image honeyweights/wardn; there are .*honeyweights/warden"):
        images.ensure(["honeyweights/wardn"])


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"sources.list": "deb http://mirror.example/debian bookworm main\n"}, "http://mirror.example/debian"),
        ({"sources.list.d/debian.sources": "Types: deb\nURIs: https://m.example/debian/\nSuites: trixie\n"}, "https://m.example/debian/"),
        ({"sources.list.d/other.list": "deb https://packages.example/sdk main\n"}, None),
        ({}, None),
    ],
)
def test_the_mirror_is_the_one_that_this_machine_uses(tmp_path: Path, files: dict[str, str], expected: str | None) -> None:
    """From either form of apt's sources; security and third parties are none."""
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert base.apt_mirror(tmp_path) == expected


def test_a_tool_that_fails_is_told_with_its_last_lines() -> None:
    """One sentence behind them."""
    with pytest.raises(EngineProblem, match=r"^went wrong\n\nCould not get the thing: sh ended with 3\.$"):
        base._run(["sh", "-c", "echo went wrong; exit 3"], "the thing")
    with pytest.raises(EngineProblem, match=r"Could not get the thing: .*nothing-like-it"):
        base._run(["nothing-like-it"], "the thing")
