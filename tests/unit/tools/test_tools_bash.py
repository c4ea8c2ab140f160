"""The shell tool: which command it runs, as whom, and what the model gets to see."""

from typing import Any

import pytest
from inspect_ai.tool import ToolCall
from inspect_ai.util import ExecResult

from honeyweights.tools import bash as module
from honeyweights.tools.bash import bash


class Machine:
    """Answers every command alike and remembers what it was asked."""

    def __init__(self, stdout: str, stderr: str, returncode: int) -> None:
        self.result = ExecResult(success=returncode == 0, returncode=returncode, stdout=stdout, stderr=stderr)
        self.asked: dict[str, Any] = {}

    async def exec(self, cmd: list[str], **options: Any) -> ExecResult[str]:
        self.asked = {"cmd": cmd, **options}
        return self.result


@pytest.mark.parametrize(
    ("stdout", "stderr", "returncode", "shown"),
    [
        ("out\n", "", 0, "out\n"),
        ("out\n", "err\n", 0, "err\n\nout\n"),
        ("", "err\n", 1, "err\n\n"),
        ("", "", 1, ""),
    ],
)
async def test_output_is_put_together_as_inspects_own_bash_does(
    stdout: str, stderr: str, returncode: int, shown: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = Machine(stdout, stderr, returncode)
    monkeypatch.setattr(module, "sandbox", lambda: machine)
    assert await bash(timeout=7)("ls | wc -l") == shown
    assert machine.asked == {"cmd": ["bash", "--login", "-c", "ls | wc -l"], "timeout": 7, "user": "agent"}


async def test_a_command_may_take_three_minutes_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine("", "", 0)
    monkeypatch.setattr(module, "sandbox", lambda: machine)
    await bash()("true")
    assert machine.asked["timeout"] == 180


def test_a_log_shows_the_command_as_a_script() -> None:
    view = module._as_script(ToolCall(id="1", function="bash", arguments={"command": " ls \n"}))
    assert view.call is not None
    assert view.call.content == "```bash\nls\n```\n"
