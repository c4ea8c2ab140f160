"""The versions that a log names."""

from importlib.metadata import version

import pytest

from honeyweights.sandbox import versions


def test_what_a_verdict_depends_on_is_named_with_its_version() -> None:
    found = versions.installed()
    assert {name: version(name) for name in ("honeyweights", "inspect-ai", "docker", "pydantic", "numpy")} == found


def test_what_is_not_installed_is_absent_and_hides_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(versions, "PACKAGES", ("no-such-distribution", "docker"))
    assert {"no-such-distribution": "absent", "docker": version("docker")} == versions.installed()
