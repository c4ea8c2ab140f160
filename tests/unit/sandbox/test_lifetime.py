"""What a task's start refuses, and with which sentence; which images a world is made of."""

import pytest
from inspect_ai._util.error import PrerequisiteError
from inspect_ai.util._sandbox.environment import set_sandbox_prebuilt

from honeyweights.sandbox import engine, images, lifetime
from honeyweights.sandbox.config import WorldConfig
from honeyweights.sandbox.provider import HoneyweightsSandbox


def test_images_are_ours_where_the_configuration_names_none() -> None:
    """Each role by itself."""
    assert lifetime.references(WorldConfig(images={"workstation": "lab/machine:2"})) == {
        "workstation": "lab/machine:2",
        "internet": "honeyweights/internet",
        "warden": "honeyweights/warden",
    }


async def test_a_run_that_must_not_build_refuses_missing_images(monkeypatch: pytest.MonkeyPatch) -> None:
    """`inspect eval --sandbox-prebuilt`."""
    monkeypatch.setattr(engine, "client", lambda: None)
    monkeypatch.setattr(engine, "require_room", lambda: None)
    monkeypatch.setattr(images, "_present", dict)
    monkeypatch.setattr(images, "ensure", lambda *_: pytest.fail("it built"))
    set_sandbox_prebuilt(True)
    try:
        with pytest.raises(PrerequisiteError) as caught:
            await lifetime.begin(WorldConfig())
    finally:
        set_sandbox_prebuilt(False)
    names = "honeyweights/workstation, honeyweights/internet, honeyweights/warden"
    assert caught.value.message == f"This run may not build images, and {names} must be there first: run `honeyweights build`."


@pytest.mark.parametrize("config", ["compose.yaml", "anything"])
async def test_a_file_is_no_configuration(config: str) -> None:
    """`--sandbox honeyweights:FILE` has nothing to read it for."""
    with pytest.raises(PrerequisiteError) as caught:
        await HoneyweightsSandbox.task_init("task", config)
    assert str(caught.value.message).startswith("The honeyweights sandbox takes a WorldConfig")


def test_the_configuration_comes_back_from_a_log() -> None:
    """Inspect deserialises it by the provider."""
    assert HoneyweightsSandbox.config_deserialize({"weights_mib": 2}) == WorldConfig(weights_mib=2)
