"""Inspect's own contract suite for sandboxes, whole, against the real workstation. No check is left out and none is expected to fail."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from inspect_ai.util import SandboxEnvironment
from inspect_ai.util._sandbox.self_check import *  # noqa: F403  # the suite's way of being used

from honeyweights.sandbox import lifetime
from honeyweights.sandbox.config import WorldConfig
from honeyweights.sandbox.provider import HoneyweightsSandbox

pytestmark = [pytest.mark.engine, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def shared(built: None, config: WorldConfig) -> AsyncIterator[HoneyweightsSandbox]:
    """One world for all checks."""
    environments = await HoneyweightsSandbox.sample_init("self_check", config, {"__sample_id__": "self_check"})
    sandbox = environments["default"].as_type(HoneyweightsSandbox)
    yield sandbox
    await lifetime.close_world(sandbox.world)


@pytest.fixture
def sandbox_env(shared: HoneyweightsSandbox) -> SandboxEnvironment:
    """What the suite asks for, by this name."""
    return shared
