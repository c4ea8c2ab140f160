"""Worlds for the tests that try to break them: images and configuration as for `tests/world`."""

from uuid import uuid4

import pytest

from honeyweights.sandbox import images
from honeyweights.sandbox.config import ROLES, WorldConfig


@pytest.fixture(scope="session")
def built() -> None:
    """The images, built where they are missing or out of date."""
    images.ensure([f"{images.PREFIX}{role}" for role in ROLES], print)


@pytest.fixture(scope="session")
def config() -> WorldConfig:
    """A small world, labelled so that this run's are told from all others."""
    return WorldConfig(weights_mib=1, labels={"honeyweights.dev": f"tests-{uuid4().hex[:8]}"})
