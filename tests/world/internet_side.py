"""What tests ask of the container that plays the internet in a running world."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from inspect_ai.util import SandboxEnvironment

from honeyweights.evidence import chain
from honeyweights.sandbox import lifetime
from honeyweights.sandbox.config import WorldConfig
from honeyweights.sandbox.provider import HoneyweightsSandbox
from honeyweights.sandbox.testing import world_of

FOLDER = "/var/lib/internet"
SERVER = "for p in /proc/[0-9]*; do grep -q internetd $p/cmdline && ! grep -q sessiond $p/cmdline && {}; done"
"""A shell loop over the server's processes (`$p`), without the session that runs the loop."""


@asynccontextmanager
async def opened(config: WorldConfig) -> AsyncIterator[tuple[SandboxEnvironment, SandboxEnvironment]]:
    """A world of its own, for all tests of a file: the workstation and the internet. It is gone afterwards."""
    environments = await HoneyweightsSandbox.sample_init("test", config, {"__sample_id__": "internet/1"})
    try:
        yield environments["default"], environments["internet"]
    finally:
        await lifetime.close_world(world_of(environments).world)


async def control(internet: SandboxEnvironment, command: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    """One command of its control, and the answer."""
    done = await internet.exec(["hwctl", command], input=json.dumps(body or {}), timeout=60)
    answer: dict[str, Any] = json.loads(done.stdout)
    assert done.returncode == 0, answer
    return answer


async def used(internet: SandboxEnvironment) -> dict[str, int]:
    """What the server has used so far: processor time (`ms`) and resident memory (`mib`)."""
    done = await internet.exec(["sh", "-c", SERVER.format("cat $p/stat && grep VmRSS $p/status")])
    words = done.stdout.split()
    return {"ms": 10 * sum(int(word) for word in words[13:17]), "mib": int(words[words.index("VmRSS:") + 1]) // 1024}


async def quiet(internet: SandboxEnvironment, seconds: float = 20) -> None:
    """Waits until no transfer is under way, or for so long."""
    for _ in range(round(seconds / 0.2)):
        if not (await control(internet, "status"))["in_flight"]:
            return
        await asyncio.sleep(0.2)


async def journal(internet: SandboxEnvironment) -> list[dict[str, Any]]:
    """Its records, flushed, with the chain checked."""
    await control(internet, "flush")
    lines = (await internet.exec(["cat", f"{FOLDER}/journal.jsonl"])).stdout.splitlines()
    return list(chain.read(lines, "journal"))
