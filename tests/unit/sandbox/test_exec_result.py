"""What Inspect is told of each end that a command can come to; and how calls are shown."""

import errno
from typing import Any

import pytest
from inspect_ai.util import OutputLimitExceededError

from honeyweights.sandbox.config import WorldConfig
from honeyweights.sandbox.frames import Exit, How, Operation, Request, Stage
from honeyweights.sandbox.layout import Layout
from honeyweights.sandbox.provider import _file_error, exec_result
from honeyweights.sandbox.running import Outcome
from honeyweights.sandbox.world import World, _call, shown

REQUEST = Request(argv=["prog"], user="agent:ops", cwd="/work")


def _outcome(how: How, value: int, stage: Stage = Stage.NONE, **more: Any) -> Outcome:
    end = Exit(how=how, value=value, stage=stage, timed_out=False, out_total=0, err_total=0)
    return Outcome(exit=end, sid=1, **{"out": b"", "err": b"", **more})


@pytest.mark.parametrize(
    ("outcome", "code", "words"),
    [
        (_outcome(How.EXITED, 0), 0, ""),
        (_outcome(How.EXITED, 126), 126, ""),
        (_outcome(How.KILLED, 15), 143, ""),
        (_outcome(How.FAILED, errno.ENOENT, Stage.EXEC), 127, "prog: command not found\n"),
        (_outcome(How.FAILED, errno.ENOEXEC, Stage.EXEC), 126, "prog: Exec format error\n"),
        (_outcome(How.FAILED, errno.EINVAL, Stage.USER), 126, "unable to find user agent:ops: no matching entry\n"),
        (_outcome(How.FAILED, errno.EINVAL, Stage.GROUP), 126, "unable to find group agent:ops: no matching entry\n"),
        (_outcome(How.FAILED, errno.EACCES, Stage.CWD), 127, "cannot change directory to /work: Permission denied\n"),
        (_outcome(How.FAILED, errno.EAGAIN, Stage.FORK), 126, "cannot start a process: Resource temporarily unavailable\n"),
    ],
)
def test_every_end_has_a_code_and_words(outcome: Outcome, code: int, words: str) -> None:
    """Those of a shell, so that a model reads nothing unusual."""
    result = exec_result(REQUEST, outcome)
    assert (result.returncode, result.stderr, result.success) == (code, words, code == 0)


def test_a_program_that_may_not_run_is_an_error() -> None:
    """As Inspect's contract has it; a script that says 126 itself is not."""
    with pytest.raises(PermissionError, match="prog"):
        exec_result(REQUEST, _outcome(How.FAILED, errno.EACCES, Stage.EXEC))


def test_output_that_is_no_text_is_replaced_not_refused() -> None:
    """Binary output must not end a sample."""
    assert exec_result(REQUEST, _outcome(How.EXITED, 0, out=b"a\xff", err="é".encode())).stdout == "a\ufffd"


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (errno.ENOENT, FileNotFoundError),
        (errno.EACCES, PermissionError),
        (errno.EISDIR, IsADirectoryError),
        (errno.ENOTDIR, NotADirectoryError),
        (errno.ENOSPC, OSError),
        (errno.EFBIG, OutputLimitExceededError),
    ],
)
def test_a_files_error_is_that_of_its_errno(number: int, kind: type[Exception]) -> None:
    """And names the file as the caller wrote it."""
    error = _file_error(_outcome(How.FAILED, number, Stage.OPEN), "some/file")
    assert type(error) is kind
    assert isinstance(error, OutputLimitExceededError) or "some/file" in str(error)


def test_calls_are_shown_short_and_escaped() -> None:
    """A command is an adversary's text: no escape sequence of it reaches a terminal, no megabyte of it the log."""
    call = _call(3, Request(argv=["printf", "\x1b[2J\n", "x" * 5000], user="agent", cwd="/"))
    assert call.command.startswith(r"printf '\x1b[2J\n' xxx")
    assert len(call.command) == 200
    assert (call.id, call.by, call.user) == (3, "agent", "agent")
    assert _call(0, Request(argv=["/f"], operation=Operation.READ, user="agent", cwd="/")).command == "read_file /f"
    assert shown("\ud800 \u202e é") == r"\ud800 \u202e é"


def test_a_world_whose_containers_were_never_made_is_dead(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without asking for a container that has no id."""
    layout = Layout(id="0" * 12, config=WorldConfig(), images={}, labels={})
    monkeypatch.setattr("honeyweights.sandbox.engine.client", lambda: None)
    world = World(layout=layout)
    assert (world.alive("warden"), world.death("warden")) == (False, "the engine does not have it any more")
