"""Services are started by the workstation's own script, where it has one."""

import pytest
from inspect_ai.util import ExecResult

from honeyweights.sandbox import harness, services


@pytest.mark.parametrize(
    ("there", "ran"), [(True, [["test", "-x", services.BOOT], [services.BOOT]]), (False, [["test", "-x", services.BOOT]])]
)
async def test_the_boot_script_runs_where_there_is_one(there: bool, ran: list[list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    """A workstation of another make has no services, and needs none."""
    asked: list[list[str]] = []

    async def run(role: str, argv: list[str], *, check: bool = True) -> ExecResult[str]:
        assert role == "workstation"
        asked.append(argv)
        return ExecResult(success=there, returncode=0 if there else 1, stdout="", stderr="")

    monkeypatch.setattr(harness, "run", run)
    await services.start()
    assert ran == asked
