"""Whose a world is: what decides that it may be removed."""

import os
import subprocess
import sys

import pytest

from honeyweights.sandbox import cleanup


def _labels(**changed: str) -> dict[str, str]:
    return {**cleanup.world_labels("0" * 12, task="t", sample="s", extra={"honeyweights": "0", "mine": "x"}), **changed}


def test_labels_say_whose_and_no_configuration_overrides_them() -> None:
    """What a configuration adds stands beside ours, never in their place."""
    labels = _labels()
    assert (labels["honeyweights"], labels["mine"], labels[cleanup.WORLD], labels[cleanup.SAMPLE]) == ("1", "x", "0" * 12, "s")
    assert labels[cleanup.PID] == str(os.getpid())


def test_a_living_process_owns_its_worlds() -> None:
    """This one."""
    assert not cleanup.owner_is_dead(_labels())


def test_a_dead_process_owns_nothing() -> None:
    """Its pid is free, or somebody else's by now."""
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        pass
    assert cleanup.owner_is_dead(_labels(**{cleanup.PID: str(ended.pid)}))
    assert cleanup.owner_is_dead(_labels(**{cleanup.BORN: "1.00"}))


@pytest.mark.parametrize("changed", [{cleanup.HOST: "another"}, {cleanup.PID: "none"}, {cleanup.HOST: ""}])
def test_whoever_cannot_be_asked_is_believed_to_live(changed: dict[str, str]) -> None:
    """Another machine on the same engine, another pid namespace, labels of no form that we know."""
    assert not cleanup.owner_is_dead(_labels(**{**changed, cleanup.BORN: "1.00"}))
