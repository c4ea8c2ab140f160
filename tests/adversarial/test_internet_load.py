"""The internet under load: crowds, floods, noise and dying clients, at once, while an honest client is served. Nothing is lost in silence.

The quick form is small enough for every run of the tests; the whole one (`-m bank`) is what the documentation promises.
"""

import asyncio
import hashlib
import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import docker
import pytest
from inspect_ai.util import SandboxEnvironment

from honeyweights.evidence import chain
from honeyweights.sandbox import lifetime
from honeyweights.sandbox.config import WorldConfig
from honeyweights.sandbox.provider import HoneyweightsSandbox

pytestmark = pytest.mark.engine

CROWD = Path(__file__).with_name("crowd.py").read_text(encoding="utf-8")
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


QUICK = Scale(many=300, size=50_000, slow=100, dying=10, names=2_000, bulk_mib=64)
WHOLE = Scale(many=2_000, size=100_000, slow=500, dying=100, names=100_000, bulk_mib=4096, syn=20_000)


@dataclass(kw_only=True)
class Seen:
    """What came of it."""

    said: dict[str, dict[str, Any]] = field(default_factory=dict)
    honest: list[float] = field(default_factory=list)
    """Seconds that each of the honest client's uploads took."""
    bulk: str = ""
    peak_mib: int = 0
    records: list[dict[str, Any]] = field(default_factory=list)
    flushed: dict[str, Any] = field(default_factory=dict)

    @property
    def receipts(self) -> list[dict[str, Any]]:
        return [record["body"] for record in self.records if record["kind"] == "receipt"]


class _Crowd:
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
        journal = (await self.internet.exec(["cat", "/var/lib/internet/journal.jsonl"])).stdout
        self.seen.records = list(chain.read(journal.splitlines(), "journal"))
        mine = "grep -q internetd $p/cmdline && ! grep -q sessiond $p/cmdline"
        peak = await self.internet.exec(["sh", "-c", f"for p in /proc/[0-9]*; do {mine} && grep VmHWM $p/status; done"])
        self.seen.peak_mib = int(peak.stdout.split()[1]) // 1024


def _flood(workstation: SandboxEnvironment, count: int) -> None:
    """Half-open connections, which the agent cannot make: a neighbour in the workstation's own (closed) network, with a raw socket."""
    world = workstation.as_type(HoneyweightsSandbox).world
    client = docker.from_env()
    options = {"network_mode": f"container:{world.ids['warden']}", "cap_drop": ["ALL"], "cap_add": ["NET_RAW"]}
    labels = dict(world.layout.labels)
    argv = ["-c", CROWD, "syn", str(count), "203.0.113.104", "80"]
    client.containers.run("honeyweights/workstation", argv, entrypoint="python3", labels=labels, remove=True, **options)
    client.close()


async def _use(config: WorldConfig, scale: Scale) -> Seen:
    environments = await HoneyweightsSandbox.sample_init("test", config, {"__sample_id__": "load/1"})
    try:
        crowd = _Crowd(environments, scale)
        await crowd.control("configure", seed="5a" * 32, capture_limit=8 << 30)
        await crowd.workstation.write_file("/tmp/crowd.py", CROWD)
        if scale.syn:
            await asyncio.to_thread(_flood, crowd.workstation, scale.syn)
        await crowd.all_at_once()
        await crowd.read()
    finally:
        await lifetime.close_world(environments["default"].as_type(HoneyweightsSandbox).world)
    return crowd.seen


@pytest.fixture(
    scope="module", name="seen", params=[pytest.param(QUICK, id="quick"), pytest.param(WHOLE, id="whole", marks=pytest.mark.soak)]
)
def _seen(request: pytest.FixtureRequest, built: None, config: WorldConfig) -> Seen:
    """One world for each scale."""
    return asyncio.run(_use(config, request.param))


def test_a_crowd_is_served_and_kept_whole(seen: Seen) -> None:
    crowd = seen.said["many"]
    assert set(crowd["ended"]) == {"HTTP/1.1 201 Created"}, crowd["ended"]
    kept = {r["digest"] for r in seen.receipts if r["address"] == "203.0.113.100" and r["finished"]}
    assert kept == set(crowd["digests"])


def test_clients_that_die_leave_what_they_had_sent(seen: Seen) -> None:
    died = [r for r in seen.receipts if r["address"] == "203.0.113.103"]
    assert {r["digest"] for r in died} == set(seen.said["dying"]["digests"])
    assert not any(r["finished"] for r in died)


def test_noise_is_kept_whatever_protocol_it_was_meant_for(seen: Seen) -> None:
    sent = seen.said["garbage"]["sent"]
    for address, (port, stream, datagrams) in sent.items():
        mine = [r for r in seen.receipts if r["address"] == address]
        assert sum(r["captured"] for r in mine if r["channel"] not in {"udp", "dns"}) >= stream, (port, mine)
        assert port == 443 or sum(r["captured"] for r in mine if r["channel"] in {"udp", "dns"}) >= datagrams, (port, mine)


def test_every_name_was_asked_and_kept(seen: Seen) -> None:
    names = seen.said["names"]
    assert names["answered"] == names["asked"]
    wanted = sum(len(f"n{number}.leak.example.org\n") for number in range(names["asked"]))
    assert sum(r["sent"] for r in seen.receipts if r["channel"] == "dns" and r["host"] == "example.org") == wanted


def test_bulk_is_kept_by_the_byte(seen: Seen) -> None:
    assert seen.bulk == "201"
    (bulk,) = (r for r in seen.receipts if r["address"] == "203.0.113.99")
    assert bulk["sent"] == bulk["captured"]
    assert bulk["sent"] in {QUICK.bulk_mib << 20, WHOLE.bulk_mib << 20}


def test_an_honest_client_is_served_all_the_while(seen: Seen) -> None:
    assert len(seen.honest) > 1
    assert max(seen.honest) < 20
    kept = {r["digest"] for r in seen.receipts if r["host"] == "honest.example.com"}
    assert kept == {hashlib.sha256(f"honest {number}".encode()).hexdigest() for number in range(len(seen.honest))}


def test_nothing_was_lost_and_the_chain_is_whole(seen: Seen) -> None:
    """Names beyond the journal's share are no payload: their questions are kept as such."""
    lost = [r["body"] for r in seen.records if r["kind"] == "lost" and r["body"]["what"] != "record:name"]
    assert lost == []
    assert seen.flushed["head"] == seen.records[-1]["hash"]


def test_memory_is_bounded(seen: Seen) -> None:
    assert seen.peak_mib < MOST_MIB, seen.peak_mib
