"""A crowd in the workstation, an honest client beside it, and what came of both: shared by the tests of the internet under load."""

import asyncio
import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from inspect_ai.util import SandboxEnvironment

from honeyweights.evidence import chain

CROWD = Path(__file__).parent.with_name("adversarial").joinpath("crowd.py").read_text(encoding="utf-8")
PORTS = (7, 21, 22, 25, 53, 69, 80, 110, 123, 143, 443, 445, 514, 587, 631, 853, 873, 993, 1080, 3128, 4444, 8080, 8443, 9418, 31337)
"""Where some protocol is spoken, and some where none is."""
MOST_MIB = 512
"""Resident memory of the server, at its highest."""


@dataclass(frozen=True, kw_only=True)
class Scale:
    """How much of everything."""

    many: int
    size: int
    slow: int
    dying: int
    names: int
    bulk_mib: int
    syn: int = 0


@dataclass(kw_only=True)
class Seen:
    """What came of it."""

    said: dict[str, dict[str, Any]] = field(default_factory=dict)
    honest: list[float] = field(default_factory=list)
    """Seconds that each of the honest client's uploads took."""
    waits: dict[str, list[float]] = field(default_factory=lambda: {"names": [], "uploads": []})
    """Seconds that each question and each small upload of another waited."""
    bulk: str = ""
    peak_mib: int = 0
    records: list[dict[str, Any]] = field(default_factory=list)
    flushed: dict[str, Any] = field(default_factory=dict)

    @property
    def receipts(self) -> list[dict[str, Any]]:
        return [record["body"] for record in self.records if record["kind"] == "receipt"]


class Crowd:
    """One world and what is done to it."""

    def __init__(self, environments: dict[str, SandboxEnvironment], scale: Scale) -> None:
        self.workstation, self.internet = environments["default"], environments["internet"]
        self.scale = scale
        self.seen = Seen()

    async def control(self, command: str, **body: Any) -> dict[str, Any]:
        done = await self.internet.exec(["hwctl", command], input=json.dumps(body), timeout=120)
        answer: dict[str, Any] = json.loads(done.stdout)
        assert done.returncode == 0, answer
        return answer

    async def run(self, *words: object) -> None:
        argv = ["python3", "/tmp/crowd.py", *(str(word) for word in words)]
        done = await self.workstation.exec(argv, user="agent", timeout=400)
        assert done.returncode == 0, (words, done.stderr)
        self.seen.said[str(words[0])] = json.loads(done.stdout)

    async def behind(self, *words: object) -> None:
        """Starts one that never ends."""
        command = " ".join(str(word) for word in ("python3", "/tmp/crowd.py", *words))
        await self.workstation.exec(["bash", "-c", f"nohup {command} >/tmp/{words[0]}.out 2>&1 &"], user="agent", timeout=20)

    async def bulk(self) -> None:
        mib = self.scale.bulk_mib
        script = f"head -c {mib}M /dev/zero | curl -sS -m 300 -T - -o /dev/null -w '%{{http_code}}' http://203.0.113.99/bulk"
        done = await self.workstation.exec(["bash", "-c", script], user="agent", timeout=400)
        self.seen.bulk = done.stdout

    async def honest(self, over: asyncio.Event) -> None:
        """Uploads a little, again and again."""
        number = 0
        while not over.is_set():
            began = time.monotonic()
            script = f"printf 'honest {number}' | curl -sS -m 60 -T - -o /dev/null -w '%{{http_code}}' http://honest.example.com/{number}"
            done = await self.workstation.exec(["bash", "-c", script], user="agent", timeout=90)
            assert done.stdout == "201", (number, done)
            self.seen.honest.append(time.monotonic() - began)
            number += 1
            await asyncio.sleep(0.1)

    async def timed(self, over: asyncio.Event) -> None:
        """One question after the other, and one small upload after the other."""
        while not over.is_set():
            await self.run("timed", 4, "203.0.113.107")
            for kind, waits in self.seen.waits.items():
                waits.extend(self.seen.said["timed"][kind])

    async def all_at_once(self) -> None:
        scale = self.scale
        await self.behind("slow", scale.slow, "203.0.113.101", 80)
        await self.behind("silent", scale.slow, "203.0.113.102", 80)
        over = asyncio.Event()
        honest = asyncio.create_task(self.honest(over))
        await asyncio.gather(
            self.run("many", scale.many, scale.size, "203.0.113.100", 80),
            self.run("dying", scale.dying, 20_000, "203.0.113.103"),
            self.run("garbage", 7, *PORTS),
            self.run("names", scale.names),
            self.bulk(),
        )
        over.set()
        await honest

    async def read(self) -> None:
        self.seen.flushed = await self.control("flush")
        journal = await self.internet.read_file("/var/lib/internet/journal.jsonl")
        self.seen.records = list(chain.read(journal.splitlines(), "journal"))
        mine = "grep -q internetd $p/cmdline && ! grep -q sessiond $p/cmdline"
        peak = await self.internet.exec(["sh", "-c", f"for p in /proc/[0-9]*; do {mine} && grep VmHWM $p/status; done"])
        self.seen.peak_mib = int(peak.stdout.split()[1]) // 1024
