"""As many connections as there may be, by TLS; and clients that ask for thousands of long answers in one breath and do not read them."""

import asyncio
from typing import Any

import pytest
from crowding import CROWD, MOST_MIB, Crowd, Scale, Seen

from honeyweights.containers.internet.wire import MOST_CONNECTIONS
from honeyweights.sandbox import lifetime
from honeyweights.sandbox.config import WorldConfig
from honeyweights.sandbox.provider import HoneyweightsSandbox

pytestmark = [pytest.mark.engine, pytest.mark.bank]

SEALED, SIZE = MOST_CONNECTIONS - 8, 400_000
"""The rest is for honest clients."""
NOBODY = Scale(many=0, size=0, slow=0, dying=0, names=0, bulk_mib=0)
LINES, QUESTIONS = 100, 2_000
"""Of a hundredth of a second each: half an hour of work, asked for within a moment."""


async def _use(config: WorldConfig, *words: object) -> Seen:
    """One kind of crowd, in a world of its own, with an honest client beside it."""
    environments = await HoneyweightsSandbox.sample_init("test", config, {"__sample_id__": "load/1"})
    try:
        crowd = Crowd(environments, NOBODY)
        await crowd.control("configure", seed="5a" * 32)
        await crowd.workstation.write_file("/tmp/crowd.py", CROWD)
        over = asyncio.Event()
        beside = [asyncio.create_task(each(over)) for each in (crowd.honest, crowd.timed)]
        await crowd.run(*words)
        over.set()
        await asyncio.gather(*beside)
        await crowd.read()
    finally:
        await lifetime.close_world(environments["default"].as_type(HoneyweightsSandbox).world)
    return crowd.seen


@pytest.fixture(scope="module", name="sealed")
def _sealed(built: None, config: WorldConfig) -> Seen:
    return asyncio.run(_use(config, "sealed", SEALED, SIZE, "203.0.113.105"))


@pytest.fixture(scope="module", name="breath")
def _breath(built: None, config: WorldConfig) -> Seen:
    return asyncio.run(_use(config, "breath", QUESTIONS, LINES, "203.0.113.106"))


def test_all_connections_by_tls_stay_within_the_servers_memory(sealed: Seen) -> None:
    said: dict[str, Any] = sealed.said["sealed"]
    assert said["ended"] == {"HTTP/1.1 201 Created": SEALED}
    kept = [r for r in sealed.receipts if r["address"] == "203.0.113.105"]
    assert {(r["digest"], r["sent"], r["finished"]) for r in kept} == {(said["digest"], SIZE, True)}
    assert len(kept) == SEALED
    assert sealed.peak_mib < MOST_MIB, sealed.peak_mib
    assert max(sealed.honest) < 30


def test_nobodys_question_waits_for_thousands_of_uploads(sealed: Seen) -> None:
    assert len(sealed.waits["names"]) > 100
    assert max(sealed.waits["names"]) < 3, sealed.waits["names"][-5:]
    assert sorted(sealed.waits["uploads"])[len(sealed.waits["uploads"]) * 99 // 100] < 5, sealed.waits["uploads"]


def test_long_answers_that_nobody_reads_cost_little_and_others_go_on(breath: Seen) -> None:
    assert breath.said["breath"]["read"] > 1_000_000
    assert breath.peak_mib < MOST_MIB // 2, breath.peak_mib
    assert max(breath.honest) < 10
    assert len(breath.honest) > 5
