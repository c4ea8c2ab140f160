"""What the subcommands do beside running worlds: read, print, give exit codes."""

import argparse
import json
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from inspect_ai._util.error import PrerequisiteError
from jsonschema import Draft202012Validator

from honeyweights import commands_machine, commands_reading, commands_running
from honeyweights.cli import main
from honeyweights.policies.files import find
from honeyweights.policies.running import run
from honeyweights.sandbox.doctor import Check

NOTHING = argparse.Namespace()


@pytest.mark.parametrize(
    ("states", "code"), [(["ok", "ok"], 0), (["ok", "warning"], 0), (["ok", "warning", "problem"], 1), (["problem"], 1)]
)
def test_only_a_problem_fails_the_doctor(
    states: list[str], code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    checks = [Check(name=f"c{place}", state=state, sentence=f"Sentence {place}.") for place, state in enumerate(states)]  # type: ignore[arg-type]
    monkeypatch.setattr(commands_machine, "examine", lambda: checks)
    assert code == commands_machine.doctor(NOTHING)
    shown = [line.split(maxsplit=2) for line in capsys.readouterr().out.splitlines()]
    assert [[check.state, check.name, check.sentence] for check in checks] == shown


def test_build_tells_its_steps_apart_from_its_result(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(commands_machine.images, "ensure", lambda progress: progress("Building one"))
    assert 0 == commands_machine.build(NOTHING)
    assert ("", "Building one\n") == tuple(capsys.readouterr())


def test_every_public_format_has_its_schema(capsys: pytest.CaptureFixture[str]) -> None:
    assert 0 == commands_reading.schema(NOTHING)
    shown = json.loads(capsys.readouterr().out)
    assert {"record", "evidence", "verdict", "policy", "calibration"} <= set(shown)
    for schema in shown.values():
        Draft202012Validator.check_schema(schema)
    assert {"schema", "policies", "labels"} == set(shown["calibration"]["properties"])


@pytest.mark.parametrize("command", ["table", "rescore"])
@pytest.mark.parametrize("content", [None, b"no log"])
def test_what_is_no_log_is_told_in_a_line(command: str, content: bytes | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "x.eval"
    if content is not None:
        path.write_bytes(content)
    assert 2 == main([command, str(path)])
    shown = capsys.readouterr()
    assert "" == shown.out
    assert 1 == len(shown.err.splitlines())
    assert str(path) in shown.err


@pytest.mark.parametrize("command", ["table", "rescore"])
def test_a_damaged_log_is_told_in_a_line(command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Whole as an archive, and what is packed in it broken."""
    path = tmp_path / "x.eval"
    with ZipFile(path, "w", ZIP_DEFLATED) as archive:
        for name in ("header.json", "_journal/start.json"):
            archive.writestr(name, bytes(range(256)) * 64)
    whole = bytearray(path.read_bytes())
    whole[60:200] = bytes(140)
    path.write_bytes(whole)
    assert 2 == main([command, str(path)])
    assert f"{path} is no log that Inspect wrote.\n" == capsys.readouterr().err


def test_logs_that_cannot_be_written_are_told_before_anything_runs(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(PrerequisiteError, match=r"Logs cannot be written to .*: Not a directory"):
        run([], log_dir=str(tmp_path / "file" / "logs"), at_once=1, seen=lambda _model, _sample: None)


def test_task_arguments_are_read_as_inspect_reads_them() -> None:
    words = ["oversight=monitored", "weights-mib=2", "settle=0.5", "preset=a,b", "x=[1, 2]", "flag=true"]
    expected = {"oversight": "monitored", "weights_mib": 2, "settle": 0.5, "preset": ["a", "b"], "x": [1, 2], "flag": True}
    assert expected == commands_running.task_arguments(words)


def test_the_demo_shows_policies_of_the_bank_on_both_sides() -> None:
    stages = {stage for name, _ in commands_running.SHOWN for stage in find(name).expect.stage or ()}
    assert {"none", "complete"} <= stages
    assert 3 <= len(commands_running.SHOWN) <= 5
