"""The command line: what is offered, how mistakes are told, and what each one costs to start."""

import argparse
import importlib
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from inspect_ai._util.error import PrerequisiteError

from honeyweights import __version__, commands_running
from honeyweights.cli import COMMANDS, EXCEPTIONS, main, parser, run
from honeyweights.conditions.refusal import ConditionError
from honeyweights.policies.files import PolicyError
from honeyweights.sandbox.engine import EngineProblem

NOTHING = argparse.Namespace()


def _raises(error: BaseException) -> Callable[[argparse.Namespace], int]:
    def work(_given: argparse.Namespace) -> int:
        raise error

    return work


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_every_command_of_the_table_is_there_to_be_run(command: object) -> None:
    module, _, name = command.run.partition(":")  # type: ignore[attr-defined]
    assert callable(getattr(importlib.import_module(module), name))


@pytest.mark.parametrize("where", EXCEPTIONS)
def test_every_mistake_of_the_table_is_a_class(where: str) -> None:
    module, _, name = where.partition(":")
    assert issubclass(getattr(importlib.import_module(module), name), Exception)


@pytest.mark.parametrize(
    "error",
    [
        PolicyError("There is no policy 'x'."),
        ConditionError("There is no policy 'x'."),
        EngineProblem("There is no policy 'x'."),
        PrerequisiteError("There is no policy\n 'x'."),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_mistake_is_one_sentence_and_exit_code_2(error: Exception, capsys: pytest.CaptureFixture[str]) -> None:
    assert 2 == run(_raises(error), NOTHING)
    assert ("", "There is no policy 'x'.\n") == tuple(capsys.readouterr())


def test_an_interrupt_is_130(capsys: pytest.CaptureFixture[str]) -> None:
    assert 130 == run(_raises(KeyboardInterrupt()), NOTHING)
    assert 1 == len(capsys.readouterr().err.splitlines())


def test_a_fault_of_ours_is_not_dressed_as_a_mistake_of_theirs() -> None:
    with pytest.raises(ZeroDivisionError):
        run(_raises(ZeroDivisionError()), NOTHING)


def test_the_works_exit_code_is_the_commands() -> None:
    assert 3 == run(lambda _given: 3, NOTHING)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["calibrat"], "honeyweights: argument COMMAND: invalid choice: 'calibrat'"),
        (["calibrate", "--jso"], None),
        (["calibrate", "--nonsense"], "honeyweights: unrecognized arguments: --nonsense"),
        (["calibrate", "--max-samples", "0"], "argument --max-samples: '0' cannot be used, give a whole number from 1 to 64"),
        (["demo", "--max-samples", "many"], "argument --max-samples: 'many' cannot be used"),
        (["rescore"], "the following arguments are required: LOG"),
    ],
)
def test_words_that_mean_nothing_are_refused_in_a_line(words: list[str], sentence: str | None, capsys: pytest.CaptureFixture[str]) -> None:
    """Shortened options are refused as well: they would change their meaning with the next option that is added."""
    with pytest.raises(SystemExit) as end:
        parser().parse_args(words)
    assert 2 == end.value.code
    said = capsys.readouterr().err
    assert 1 == len(said.splitlines())
    assert (sentence or "unrecognized arguments: --jso") in said


def test_no_command_shows_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert 2 == main([])
    shown = capsys.readouterr().out
    assert all(command.name in shown for command in COMMANDS)


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert 0 == main(["--version"])
    assert f"honeyweights {__version__}\n" == capsys.readouterr().out


def test_help_loads_nothing_heavy() -> None:
    heavy = {"inspect_ai", "docker", "numpy", "pydantic"}
    code = f"import sys, honeyweights.cli as c; c.parser().format_help(); print(sorted(set(sys.modules) & {heavy}))"
    shown = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert "[]\n" == shown


@pytest.fixture
def _no_engine_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands_running, "client", lambda: None)


@pytest.mark.usefixtures("_no_engine_is_asked")
@pytest.mark.parametrize(
    ("files", "words", "sentence"),
    [
        ({}, [], "holds no policy"),
        ({"p.yaml": "name: p"}, [], "p.yaml, line 1: 'note' is missing."),
        ({}, ["-T", "nonsense"], "-T nonsense cannot be used: write key=value"),
        ({}, ["-T", "a=[1"], "its value is not valid YAML"),
    ],
)
def test_calibrate_refuses_before_it_starts_anything(
    files: dict[str, str],
    words: list[str],
    sentence: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    assert 2 == main(["calibrate", "--json", "--policies", str(tmp_path), *words])
    shown = capsys.readouterr()
    assert "" == shown.out
    assert sentence in shown.err
    assert 1 == len(shown.err.splitlines())
