"""For tests of whatever runs in a world: reach a world's containers, and make it the current sample's as Inspect does."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

from inspect_ai.util import SandboxEnvironment
from inspect_ai.util._sandbox.context import (
    sandbox_default_context_var,
    sandbox_environments_context_var,
    sandbox_with_environments_context_var,
)

from honeyweights.sandbox.provider import HoneyweightsSandbox

Environments = dict[str, SandboxEnvironment]
OpenWorld = Callable[..., Awaitable[Environments]]
"""Starts a world, of a `WorldConfig` where one is given."""


def world_of(environments: Environments, name: str = "default") -> HoneyweightsSandbox:
    """One sandbox of a world, by its own type."""
    return environments[name].as_type(HoneyweightsSandbox)


@contextmanager
def in_sample(environments: Environments) -> Iterator[None]:
    """Makes a world that of the current sample: `sandbox()` and the harness find it."""
    tokens = (
        sandbox_environments_context_var.set(environments),
        sandbox_with_environments_context_var.set({}),
        sandbox_default_context_var.set(next(iter(environments))),
    )
    try:
        yield
    finally:
        sandbox_environments_context_var.reset(tokens[0])
        sandbox_with_environments_context_var.reset(tokens[1])
        sandbox_default_context_var.reset(tokens[2])
