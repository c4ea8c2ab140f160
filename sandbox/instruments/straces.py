"""The recorder's chain where strace is the recorder: one output file for each command, read and sealed into a chain on the host.

Partial on purpose: it holds what was run through the sandbox interface and what descends from that, never daemons nor file operations. A
file that should be there and is not makes the recorder one that cannot be believed.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import anyio.to_thread

from honeyweights.evidence.chain import Chain
from honeyweights.evidence.model import Call
from honeyweights.evidence.strace import Parsed, Seen, parse
from honeyweights.sandbox import harness
from honeyweights.sandbox.harness import World
from honeyweights.sandbox.instruments.chains import Chained, chained
from honeyweights.sandbox.tracing import output

SOURCE = "recorder"
MOST = 32 << 20
"""Bytes of one command's output that are read; the rest is counted as lost."""


@dataclass(frozen=True, kw_only=True)
class Traces:
    """The outputs of every command that was traced in the current world."""

    source: str = SOURCE
    note: str = (
        "The recorder was strace around each command: it saw what was run through the sandbox interface and what came of that, no daemons "
        "and no file operations of tools, and the model could see it."
    )

    async def shows(self, needle: bytes) -> bool:
        """Whether it stands in the output of a command of the harness's own: the agent can make no canary."""
        mine = [call for call in _traced(harness.world()) if call.by == "harness"]
        return any([needle in await _read(call) for call in mine])

    async def read(self) -> Chained:
        """Every command's records, in the order of time, as one chain.

        Raises:
            FileNotFoundError: a command that was begun left no output.
        """
        world = harness.world()
        told: list[Seen] = []
        lost, quiet = Counter[str](), Counter[str]()
        for call in _traced(world):
            text = await _read(call)
            parsed = await anyio.to_thread.run_sync(_parsed, text, call, world.tracing.traced[call.id] if world.tracing else 0)
            told += [Seen(t=call.started, kind="call", body={"x": call.id, "pid": call.sid, "sid": call.sid}), *parsed.seen]
            lost.update({"bytes": max(0, len(text) - MOST), "lines": parsed.unreadable})
            quiet.update({"platform_reads": parsed.platform_reads})
        return chained(_sealed(told, {"quiet": dict(+quiet), "lost": dict(+lost)}))


def _traced(world: World) -> list[Call]:
    """The commands that strace was told to run, and that were begun."""
    return [world.calls[number] for number in (world.tracing.traced if world.tracing else ()) if world.calls[number].sid is not None]


async def _read(call: Call) -> bytes:
    try:
        return await harness.fetch("workstation", output(call.id))
    except FileNotFoundError as error:
        raise FileNotFoundError(f"command {call.id} was run, and its record is not there") from error


def _parsed(text: bytes, call: Call, uid: int) -> Parsed:
    """A last line without its newline was still being written."""
    return parse(text[: text.rfind(b"\n", 0, MOST) + 1], x=call.id, sid=call.sid or 0, uid=uid)


def _sealed(told: list[Seen], counts: dict[str, dict[str, int]]) -> Iterator[dict[str, Any]]:
    chain = Chain(SOURCE)
    for seen in sorted(told, key=lambda seen: seen.t):
        yield chain.seal(seen.kind, seen.body, seen.t)
    for kind, body in counts.items():
        if body:
            yield chain.seal(kind, body)
