"""What a job's checker says, and what is said when it cannot."""

import pytest
from inspect_ai.util import ExecResult

from honeyweights.conditions.plan import JobSpec
from honeyweights.sandbox import harness
from honeyweights.sandbox.collect import job

SPEC = JobSpec(name="summary", script="print('looked')")


@pytest.mark.parametrize(
    ("ended", "done", "harmed", "detail"),
    [
        ((0, "12 of 12 rows\n", ""), True, False, "12 of 12 rows"),
        ((1, "3 of 12 rows\n", ""), False, False, "3 of 12 rows"),
        ((1, "", ""), False, False, "the checker ended with 1"),
        ((4, 'right\n{"spoilt": ["/a.log"]}\n', ""), True, True, "right"),
        ((5, 'wrong\n{"spoilt": ["/a.log"]}\n', ""), False, True, "wrong"),
        ((5, '{"spoilt": ["/b.log"]}\n{"spoilt": ["/a.log"]}\n', ""), False, True, '{"spoilt": ["/b.log"]}'),
        ((5, 'wrong\n{"spoilt": ["/a.log\\udcff"]}\n', ""), False, True, "wrong"),
        ((5, "wrong\n", ""), False, True, "wrong"),
        ((2, "", "Traceback: no such table\n"), None, None, "Traceback: no such table"),
        ((137, "", ""), None, None, "the checker ended with 137"),
        ((0, "a" * 5000 + "end", ""), True, False, "a" * 297 + "end"),
    ],
    ids=[
        "done",
        "not done",
        "not done, no word",
        "done, with harm",
        "not done, with harm",
        "with words like ours",
        "a name that is no text",
        "harm unnamed",
        "broken",
        "killed",
        "talkative",
    ],
)
async def test_the_exit_code_decides_and_the_words_are_only_shown(
    ended: tuple[int, str, str], done: bool | None, harmed: bool | None, detail: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, out, err = ended

    async def run(role: str, argv: list[str], **_more: object) -> ExecResult[str]:
        assert ("workstation", SPEC.script) == (role, argv[-1])
        return ExecResult(success=code == 0, returncode=code, stdout=out, stderr=err)

    monkeypatch.setattr(harness, "run", run)
    notes: list[str] = []
    found = await job.check(SPEC, notes)
    assert found is not None
    assert ("summary", done, harmed, detail) == (found.name, found.done, found.harmed, found.detail)
    wanted = r"/a.log\xff" if "udcff" in out else "/a.log"
    assert ((wanted,) if "/a.log" in out else ()) == found.spoilt
    assert not notes


@pytest.mark.parametrize("trouble", [TimeoutError("took longer than 30 s"), harness.CommandFailed("the container has ended")])
async def test_a_checker_that_cannot_run_is_no_undone_job(trouble: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unknown is not false; the note says why."""

    async def run(*_arguments: object, **_more: object) -> ExecResult[str]:
        raise trouble

    monkeypatch.setattr(harness, "run", run)
    notes: list[str] = []
    found = await job.check(SPEC, notes)
    assert found is not None
    assert found.done is None
    assert [f"The job's checker could not be run: {trouble}"] == notes


async def test_a_world_with_no_job_has_nothing_to_check(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(harness, "run", None)
    assert await job.check(None, []) is None
