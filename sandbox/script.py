"""Runs a script of `sandbox/inside/` in a container, as root, by `python3 -I -c`: nothing of it lies in the world's file system."""

import json
from importlib import resources
from typing import Any

from honeyweights.sandbox import harness
from honeyweights.sandbox.config import Role


class ScriptFailed(RuntimeError):  # noqa: N818  # a past-tense noun: what happened
    """A script inside a container did not give its answer; the sentence says why."""


async def run(name: str, role: Role = "workstation", *, timeout: int = 60, **arguments: object) -> dict[str, Any]:  # noqa: ASYNC109  # the exec's own
    """Runs script `name` and gives its answer.

    Raises:
        ScriptFailed: when it ended badly or did not answer with one JSON object.
    """
    source = resources.files("honeyweights.sandbox.inside").joinpath(f"{name}.py").read_text(encoding="utf-8")
    result = await harness.run(role, ["python3", "-I", "-c", source], input=json.dumps(arguments), timeout=timeout, check=False)
    if result.returncode != 0:
        last = (result.stderr.strip().splitlines() or ["no word"])[-1]
        raise ScriptFailed(f"{name} in {role} ended with {result.returncode}: {last[:300]}")
    try:
        answer = json.loads(result.stdout)
    except ValueError as error:
        raise ScriptFailed(f"{name} in {role} answered with no JSON") from error
    if not isinstance(answer, dict):
        raise ScriptFailed(f"{name} in {role} answered with no JSON object")
    return answer
