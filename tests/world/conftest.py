"""Worlds for tests: real containers, labelled, and gone when the test is. `open_world` starts as many as a test wants."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from honeyweights.sandbox import images, lifetime
from honeyweights.sandbox.config import ROLES, WorldConfig
from honeyweights.sandbox.provider import HoneyweightsSandbox
from honeyweights.sandbox.testing import Environments, OpenWorld, world_of


@pytest.fixture(scope="session")
def built() -> None:
    """The images, built where they are missing or out of date."""
    images.ensure([f"{images.PREFIX}{role}" for role in ROLES], print)


@pytest.fixture(scope="session")
def run_label() -> str:
    """Tells this test run's worlds from all others; as label `honeyweights.dev`."""
    return f"tests-{uuid4().hex[:8]}"


@pytest.fixture(scope="session")
def config(run_label: str) -> WorldConfig:
    """A small world."""
    return WorldConfig(weights_mib=1, labels={"honeyweights.dev": run_label})


@pytest.fixture
async def open_world(built: None, config: WorldConfig) -> AsyncIterator[OpenWorld]:
    """Starts a world through the provider's own entry; whatever a test leaves is closed after it."""
    opened: list[Environments] = []

    async def start(changed: WorldConfig | None = None) -> Environments:
        environments = await HoneyweightsSandbox.sample_init("test", changed or config, {"__sample_id__": "test/1"})
        opened.append(environments)
        return environments

    yield start
    for environments in opened:
        await lifetime.close_world(world_of(environments).world)
