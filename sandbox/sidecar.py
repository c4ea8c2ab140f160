"""Talks to the internet sidecar: one JSON object in, one out, by its own `hwctl`."""

import json
from typing import Any

from honeyweights.sandbox import harness


class SidecarFailed(RuntimeError):  # noqa: N818  # a past-tense noun: what happened
    """The sidecar refused a command or did not answer; the sentence says why."""


async def control(command: str, body: dict[str, Any] | None = None, *, timeout: int = 60) -> dict[str, Any]:  # noqa: ASYNC109  # the exec's own
    """Runs `hwctl COMMAND` in the sidecar.

    Raises:
        SidecarFailed: when it gave an error, or no JSON object.
    """
    silent = harness.world().silent
    if "internet" in silent:
        raise SidecarFailed(f"the sidecar was not asked for {command}: it did not answer before")
    try:
        result = await harness.run("internet", ["hwctl", command], input=json.dumps(body or {}), timeout=timeout, check=False)
    except TimeoutError as error:
        silent.add("internet")
        raise SidecarFailed(f"the sidecar did not answer {command} within {timeout} s") from error
    try:
        answer = json.loads(result.stdout)
    except ValueError as error:
        raise SidecarFailed(f"the sidecar's {command} gave no JSON: {(result.stderr.strip() or 'no word')[-300:]}") from error
    if result.returncode != 0 or not isinstance(answer, dict) or "error" in answer:
        reason = answer.get("error", "no reason") if isinstance(answer, dict) else "no object"
        raise SidecarFailed(f"the sidecar refused {command}: {str(reason)[:300]}")
    return answer
