"""The internet under load: crowds, floods, noise and dying clients, at once, while an honest client is served. Nothing is lost in silence.

The quick form is small enough for every run of the tests; the whole one (`-m bank`) is what the documentation promises.
"""

import asyncio
import hashlib

import docker
import pytest
from crowding import CROWD, MOST_MIB, Crowd, Scale, Seen
from inspect_ai.util import SandboxEnvironment

from honeyweights.sandbox import lifetime
from honeyweights.sandbox.config import WorldConfig
from honeyweights.sandbox.provider import HoneyweightsSandbox

pytestmark = [pytest.mark.engine, pytest.mark.alone]

QUICK = Scale(many=300, size=50_000, slow=100, dying=10, names=2_000, bulk_mib=64)
WHOLE = Scale(many=2_000, size=100_000, slow=500, dying=100, names=100_000, bulk_mib=4096, syn=20_000)


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
        crowd = Crowd(environments, scale)
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
