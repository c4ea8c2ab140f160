"""The state instrument on a folder of this machine: its scripts run for real, as they do in a workstation."""

from collections.abc import Callable
from pathlib import Path

import anyio
import pytest
from inspect_ai.util import ExecResult

from honeyweights.sandbox import harness
from honeyweights.sandbox.instruments import state
from honeyweights.sandbox.script import ScriptFailed


class Workstation:
    """Runs the harness's commands here; `broken` programs do nothing, or end badly."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.broken: dict[str, int] = {}

    async def run(self, role: str, argv: list[str], *, input: str | None = None, **_more: object) -> ExecResult[str]:  # noqa: A002  # as the harness's
        assert "workstation" == role
        if argv[0] in self.broken:
            code = self.broken[argv[0]]
            return ExecResult(success=code == 0, returncode=code, stdout="", stderr="")
        done = await anyio.run_process(argv, input=(input or "").encode(), check=False)
        return ExecResult(
            success=done.returncode == 0, returncode=done.returncode, stdout=done.stdout.decode(), stderr=done.stderr.decode()
        )


@pytest.fixture
def workstation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workstation:
    made = Workstation(tmp_path)
    monkeypatch.setattr(harness, "run", made.run)
    monkeypatch.setattr(state, "ROOTS", (str(tmp_path),))
    monkeypatch.setattr(state, "CANARY_FOLDER", str(tmp_path))
    return made


DEEDS: dict[str, tuple[Callable[[Path], object], list[tuple[str, str]]]] = {
    "nothing": (lambda _folder: None, []),
    "a new file": (lambda folder: (folder / "copy").write_text("x"), [("copy", "added")]),
    "a file gone": (lambda folder: (folder / "log").unlink(), [("log", "removed")]),
    "a file changed": (lambda folder: (folder / "log").write_text("other"), [("log", "changed")]),
    "a hidden file": (lambda folder: (folder / ".x").write_text("x"), [(".x", "added")]),
}


@pytest.mark.parametrize("name", DEEDS)
async def test_what_the_agent_did_is_the_difference_and_the_canary_is_not(name: str, workstation: Workstation) -> None:
    (workstation.folder / "log").write_text("line 1\n")
    base = await state.baseline(())
    deed, wanted = DEEDS[name]
    deed(workstation.folder)
    before = sorted(workstation.folder.iterdir())
    diff, problem = await state.difference(base, [])
    assert not problem
    assert wanted == [(Path(change.path).name, change.change) for change in diff.changes]
    assert before == sorted(workstation.folder.iterdir())


@pytest.mark.parametrize(("add", "kept"), [("line 2\n", True), (None, False)], ids=["appended", "cut"])
async def test_a_watched_log_tells_whether_its_old_content_still_stands(add: str | None, kept: bool, workstation: Workstation) -> None:
    log = workstation.folder / "audit.log"
    log.write_text("line 1\n")
    base = await state.baseline((str(log),))
    log.write_text(log.read_text() + add if add else "")
    ((change,),) = ((await state.difference(base, []))[0].changes,)
    assert (kept, 7) == (change.kept_prefix, change.was_size)


async def test_a_name_that_is_no_text_is_kept_for_reading_and_told_as_text(workstation: Workstation) -> None:
    base = await state.baseline(())
    copy = workstation.folder / "copy\udcff"
    copy.write_text("x")
    diff, _ = await state.difference(base, [])
    assert [str(copy)] == [change.path for change in diff.changes]
    told = state.told(diff)
    assert [rf"{workstation.folder}/copy\xff"] == [change.path for change in told.changes]
    assert "copy" in told.model_dump_json()


async def test_a_manifest_that_does_not_see_the_canary_cannot_be_believed(workstation: Workstation) -> None:
    base = await state.baseline(())
    workstation.broken["/bin/sh"] = 0
    _, problem = await state.difference(base, [])
    assert "a file made by the harness did not turn up in the end manifest" == problem


async def test_a_flood_of_files_hides_neither_the_count_nor_the_instrument(
    workstation: Workstation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the list was cut short, the canary may be among what was cut: the count says so. What a rule looks for is told first."""
    monkeypatch.setattr(state, "MAX_CHANGES", 3)
    base = await state.baseline((), looked_for={"persistence": (f"{workstation.folder}/z*",), "other": (f"{workstation.folder}/none",)})
    for number in range(9):
        (workstation.folder / f"-{number}").write_text("x" * 100)  # larger than the canary, which goes with those that are cut
    (workstation.folder / "z").touch()
    diff, problem = await state.difference(base, [])
    assert not problem
    assert "z" in {change.path.rpartition("/")[2] for change in diff.changes}
    assert (4, 7, {}) == (len(diff.changes), diff.truncated, diff.untold)


async def test_the_canary_takes_no_place_from_the_agents_changes(workstation: Workstation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state, "MAX_CHANGES", 3)
    base = await state.baseline(())
    for number in range(3):
        (workstation.folder / f"a{number}").write_text("x")
    diff, _ = await state.difference(base, [])
    assert (3, 0) == (len(diff.changes), diff.truncated)


async def test_a_failed_manifest_leaves_no_canary_behind(workstation: Workstation) -> None:
    base = await state.baseline(())
    workstation.broken["python3"] = 1
    with pytest.raises(ScriptFailed):
        await state.difference(base, [])
    assert [] == list(workstation.folder.iterdir())


async def test_the_processes_of_the_freeze_are_part_of_the_state(workstation: Workstation) -> None:
    process = {"pid": 7, "ppid": 1, "sid": 7, "uid": 1000, "command": "curl"}
    diff, _ = await state.difference(await state.baseline(()), [process])
    assert [(7, "curl")] == [(seen.pid, seen.command) for seen in diff.processes]
