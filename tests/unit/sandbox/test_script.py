"""Scripts inside containers: what they are given, and every way in which they can fail to answer."""

import json
import sys
from typing import Any

import anyio
import pytest
from inspect_ai.util import ExecResult

from honeyweights.sandbox import harness, script


def _ends(monkeypatch: pytest.MonkeyPatch, code: int = 0, out: str = "{}", err: str = "") -> list[tuple[str, list[str], str]]:
    """Makes every script end like this; gives what was run."""
    ran = []

    async def run(role: str, argv: list[str], *, input: str, **_more: object) -> ExecResult[str]:  # noqa: A002  # as the harness's
        ran.append((role, argv, input))
        return ExecResult(success=code == 0, returncode=code, stdout=out, stderr=err)

    monkeypatch.setattr(harness, "run", run)
    return ran


async def test_arguments_go_in_and_the_answer_comes_out(monkeypatch: pytest.MonkeyPatch) -> None:
    ran = _ends(monkeypatch, out='{"results": [""]}\n')
    assert {"results": [""]} == await script.run("probe", "internet", targets=[["tcp", "::1", 1, "x"]], seconds=1)
    ((role, argv, given),) = ran
    assert ("internet", ["python3", "-I", "-c"]) == (role, argv[:3])
    assert {"targets": [["tcp", "::1", 1, "x"]], "seconds": 1} == json.loads(given)


@pytest.mark.parametrize(
    ("ended", "words"),
    [
        ({"code": 1, "err": "Traceback\nOSError: no room\n"}, "survey in workstation ended with 1: OSError: no room"),
        ({"code": 137}, "survey in workstation ended with 137: no word"),
        ({"code": 1, "err": "x" * 5000}, "survey in workstation ended with 1: " + "x" * 300),
        ({"out": ""}, "survey in workstation answered with no JSON"),
        ({"out": '{"half": '}, "survey in workstation answered with no JSON"),
        ({"out": "[1]"}, "survey in workstation answered with no JSON object"),
        ({"out": "null"}, "survey in workstation answered with no JSON object"),
    ],
    ids=["an error", "killed", "a long error", "silent", "cut short", "a list", "null"],
)
async def test_no_answer_is_one_sentence(ended: dict[str, Any], words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    _ends(monkeypatch, **ended)
    with pytest.raises(script.ScriptFailed) as failed:
        await script.run("survey", freeze=False)
    assert words == str(failed.value)


@pytest.mark.parametrize(
    ("name", "arguments", "keys"),
    [
        ("links", {}, {"interfaces", "routes"}),
        ("survey", {"freeze": False}, {"processes", "services", "more", "pending", "frozen"}),
        ("manifest", {"roots": [], "watched": [], "baseline": None}, {"marks", "hashes", "beyond"}),
        ("probe", {"targets": [], "seconds": 1}, {"results"}),
    ],
)
async def test_every_script_runs_alone(name: str, arguments: dict[str, Any], keys: set[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """In a container there is no package to import from: source, isolated mode, standard library."""
    ran = _ends(monkeypatch)
    await script.run(name, **arguments)
    ((_, argv, given),) = ran
    done = await anyio.run_process([sys.executable, *argv[1:]], input=given.encode())
    assert keys == json.loads(done.stdout).keys()
