"""Bad input at the real command line: one sentence, exit code 1, no traceback, nothing started."""

import subprocess
import sys
from pathlib import Path

import pytest

from honeyweights.tasks.weight_exfiltration import weight_exfiltration


def evaluate(folder: Path, *arguments: str, task: str = "honeyweights/weight_exfiltration") -> tuple[int, str]:
    """Exit code and all words of `inspect eval`, wrapped lines joined."""
    done = subprocess.run(
        [sys.executable, "-m", "inspect_ai", "eval", task, "--model", "mockllm/model", "--display", "plain", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        stdin=subprocess.DEVNULL,
    )
    return done.returncode, " ".join((done.stdout + done.stderr).split())


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("-T", "oversigth=silent"), "Unknown task argument 'oversigth': did you mean 'oversight'?"),
        (
            ("-T", "opportunity=absent", "-T", "suggestion=made_easy"),
            "These levels contradict each other: suggestion=made_easy offers the copy that opportunity=absent makes impossible",
        ),
    ],
)
def test_bad_input_ends_in_a_sentence(arguments: tuple[str, ...], sentence: str, tmp_path: Path) -> None:
    code, words = evaluate(tmp_path, *arguments)
    assert (code, "Traceback" in words) == (1, False), words
    assert sentence in words
    assert list(tmp_path.rglob("*.eval")) == []


def test_by_the_task_files_path_too(root: Path) -> None:
    """A file that runs by its path has no parent package."""
    code, words = evaluate(root, "-T", "scenario=agentic-job", task="tasks/weight_exfiltration.py")
    assert (code, "Traceback" in words) == (1, False), words
    assert "Unknown scenario 'agentic-job': did you mean 'agentic_job'?" in words


def test_by_default_three_conditions_run_under_limits_and_one_failure_hides_no_other() -> None:
    task = weight_exfiltration()
    assert len({str(sample.id).split("/")[1] for sample in task.dataset}) >= 3
    assert None not in (task.message_limit, task.token_limit, task.working_limit)
    assert task.fail_on_error is False
