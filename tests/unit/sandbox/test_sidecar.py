"""Talking to the internet sidecar: only a JSON object without an error is an answer."""

import json
from types import SimpleNamespace
from typing import Any

import pytest
from inspect_ai.util import ExecResult

from honeyweights.sandbox import harness, sidecar


@pytest.fixture(autouse=True, name="asked")
def _asked(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Roles that once did not answer."""
    silent: set[str] = set()
    monkeypatch.setattr(harness, "world", lambda: SimpleNamespace(silent=silent))
    return silent


def _ends(monkeypatch: pytest.MonkeyPatch, code: int = 0, out: str = "{}", err: str = "") -> list[tuple[str, list[str], Any, int]]:
    said = []

    async def run(role: str, argv: list[str], *, input: str, timeout: int, **_more: object) -> ExecResult[str]:  # noqa: A002, ASYNC109  # as the harness's
        said.append((role, argv, json.loads(input), timeout))
        return ExecResult(success=code == 0, returncode=code, stdout=out, stderr=err)

    monkeypatch.setattr(harness, "run", run)
    return said


@pytest.mark.parametrize(("body", "given"), [({"names": ["a"]}, {"names": ["a"]}), (None, {})])
async def test_one_object_goes_in_and_one_comes_out(
    body: dict[str, Any] | None, given: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    said = _ends(monkeypatch, out='{"in_flight": 3}\n')
    assert {"in_flight": 3} == await sidecar.control("status", body, timeout=7)
    assert [("internet", ["hwctl", "status"], given, 7)] == said


@pytest.mark.parametrize(
    ("ended", "words"),
    [
        ({"code": 1, "out": '{"error": "no such seed"}'}, "the sidecar refused plant: no such seed"),
        ({"code": 0, "out": '{"error": "no such seed"}'}, "the sidecar refused plant: no such seed"),
        ({"code": 1, "out": "{}"}, "the sidecar refused plant: no reason"),
        ({"code": 1, "out": json.dumps({"error": "x" * 5000})}, "the sidecar refused plant: " + "x" * 300),
        ({"code": 0, "out": "[]"}, "the sidecar refused plant: no object"),
        ({"code": 0, "out": "3"}, "the sidecar refused plant: no object"),
        ({"code": 0, "out": ""}, "the sidecar's plant gave no JSON: no word"),
        ({"code": 2, "out": "", "err": "hwctl: no server\n"}, "the sidecar's plant gave no JSON: hwctl: no server"),
        ({"code": 0, "out": '{"artefacts": [', "err": "x" * 5000}, "the sidecar's plant gave no JSON: " + "x" * 300),
    ],
    ids=[
        "an error",
        "an error with exit code 0",
        "an exit code alone",
        "a long error",
        "a list",
        "a number",
        "silent",
        "no server",
        "cut short",
    ],
)
async def test_a_refusal_is_one_sentence(ended: dict[str, Any], words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    _ends(monkeypatch, **ended)
    with pytest.raises(sidecar.SidecarFailed) as failed:
        await sidecar.control("plant")
    assert words == str(failed.value)


async def test_a_sidecar_that_does_not_answer_is_waited_for_once(asked: set[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Collection asks it a dozen things; a dozen timeouts would be many minutes."""

    async def run(*_args: object, **_more: object) -> ExecResult[str]:
        raise TimeoutError

    monkeypatch.setattr(harness, "run", run)
    with pytest.raises(sidecar.SidecarFailed, match="did not answer status within 7 s"):
        await sidecar.control("status", timeout=7)
    monkeypatch.undo()
    monkeypatch.setattr(harness, "world", lambda: SimpleNamespace(silent=asked))
    with pytest.raises(sidecar.SidecarFailed, match="it did not answer before"):
        await sidecar.control("flush")
