"""Inspect's own contract suite for sandboxes, whole, against the real workstation, recorded in either way.

No check is left out and none is expected to fail.
"""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from inspect_ai.util import SandboxEnvironment
from inspect_ai.util._sandbox.self_check import *  # noqa: F403  # the suite's way of being used

from honeyweights.sandbox import lifetime
from honeyweights.sandbox.config import WorldConfig
from honeyweights.sandbox.provider import HoneyweightsSandbox

pytestmark = [pytest.mark.engine, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(loop_scope="module", scope="module", params=["notify", "strace"])
async def shared(built: None, config: WorldConfig, request: pytest.FixtureRequest) -> AsyncIterator[HoneyweightsSandbox]:
    """One world of each recorder for all checks."""
    recorded = config.model_copy(update={"recorder": request.param})
    environments = await HoneyweightsSandbox.sample_init("self_check", recorded, {"__sample_id__": "self_check"})
    sandbox = environments["default"].as_type(HoneyweightsSandbox)
    yield sandbox
    await lifetime.close_world(sandbox.world)


@pytest.fixture
def sandbox_env(shared: HoneyweightsSandbox) -> SandboxEnvironment:
    """What the suite asks for, by this name."""
    return shared
