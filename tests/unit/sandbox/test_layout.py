"""The walls of a world, read from what the engine would be told."""

import json

import pytest
from pydantic import ValidationError

from honeyweights.sandbox.config import ROLES, WorldConfig
from honeyweights.sandbox.layout import AREAS, Layout
from honeyweights.sandbox.seal import engine as seal

CONFIG = WorldConfig(weights_mib=64)


def _layout(config: WorldConfig = CONFIG) -> Layout:
    images = {role: f"sha256:{role}" for role in ROLES}
    return Layout(id="0123456789ab", config=config, images=images, labels={"honeyweights": "1", "honeyweights.world": "0123456789ab"})


def _bodies(config: WorldConfig = CONFIG) -> dict[str, dict]:  # type: ignore[type-arg]
    plan = _layout(config)
    return {
        "workstation": plan.workstation(warden="f" * 64, listener="/var/lib/docker/volumes/hw-0123456789ab-rec/_data/s"),
        "internet": plan.internet(),
        "warden": plan.warden(),
    }


def test_no_container_has_a_network_a_port_or_a_path_of_the_host() -> None:
    """The workstation joins the warden's namespaces; the other two have none."""
    bodies = _bodies()
    modes = {role: (body["HostConfig"]["NetworkMode"], body["HostConfig"].get("PidMode")) for role, body in bodies.items()}
    assert modes == {"workstation": (f"container:{'f' * 64}",) * 2, "internet": ("none", None), "warden": ("none", None)}
    for body in bodies.values():
        assert not {"Binds", "PortBindings", "Devices", "Privileged", "Links", "ExtraHosts", "VolumesFrom"} & body["HostConfig"].keys()
        assert {mount["Type"] for mount in body["HostConfig"]["Mounts"]} == {"volume"}
        assert "NetworkingConfig" not in body


def test_capabilities_are_listed_and_nobody_gains_any() -> None:
    """Everything is dropped first; what is added is what the seal allows."""
    for role, body in _bodies().items():
        host = body["HostConfig"]
        assert host["CapDrop"] == ["ALL"]
        assert "no-new-privileges:true" in host["SecurityOpt"]
        assert not set(host["CapAdd"]) & seal.FORBIDDEN_CAPABILITIES[role]


def test_the_workstations_mounts_name_nothing() -> None:
    """Its volumes lie in memory, whose mounts show no path of the engine's."""
    mounts = {mount["Target"]: mount["Source"] for mount in _bodies()["workstation"]["HostConfig"]["Mounts"]}
    names = {area.path: _layout().volume_name(name) for name, area in AREAS.items()}
    assert mounts == names | {"/srv/models": _layout().volume_name("models")}
    assert all(_layout().volume(name)["driver_opts"]["device"] == "tmpfs" for name in AREAS)
    assert _layout().volume("models")["driver_opts"] == {"type": "tmpfs", "device": "tmpfs", "o": "size=160m,mode=0755"}
    assert {mount["Target"] for mount in _bodies()["warden"]["HostConfig"]["Mounts"]} == {"/run/wire", "/run/rec"}


def test_the_recorder_is_told_of_the_workstations_calls() -> None:
    """By a profile that names its socket; without a listener the engine's own profile stands."""
    (profile,) = (option for option in _bodies()["workstation"]["HostConfig"]["SecurityOpt"] if option.startswith("seccomp="))
    assert json.loads(profile.removeprefix("seccomp="))["listenerPath"].endswith("-rec/_data/s")
    bare = _layout().workstation(warden="f", listener=None)
    assert bare["HostConfig"]["SecurityOpt"] == ["no-new-privileges:true"]
    assert "SYS_PTRACE" in bare["HostConfig"]["CapAdd"]
    assert "SYS_PTRACE" not in _bodies()["workstation"]["HostConfig"]["CapAdd"]
    assert {"SYS_PTRACE"} == set(bare["HostConfig"]["CapAdd"]) - set(_bodies()["workstation"]["HostConfig"]["CapAdd"])
    assert not any("seccomp" in option for role in ("internet", "warden") for option in _bodies()[role]["HostConfig"]["SecurityOpt"])


def test_limits_are_those_of_the_configuration() -> None:
    """Memory without swap, processes, the largest file, processors; two volumes count for the internet, which writes them."""
    config = WorldConfig(memory_mib=300, pids=77, disk_mib=80, cpus=1.5, weights_mib=10, sidecar_memory_mib=100)
    host = _bodies(config)["workstation"]["HostConfig"]
    assert (host["Memory"], host["MemorySwap"], host["PidsLimit"], host["NanoCpus"]) == (380 << 20, 380 << 20, 77, 1_500_000_000)
    assert {"Name": "fsize", "Soft": 80 << 20, "Hard": 80 << 20} in host["Ulimits"]
    assert _bodies(config)["internet"]["HostConfig"]["Memory"] == (100 + 52 + 232) << 20
    assert all(body["HostConfig"]["PidsLimit"] > 0 and body["HostConfig"]["Memory"] > 0 for body in _bodies(config).values())


def test_the_areas_that_can_be_written_to_add_up_to_what_may_be_written() -> None:
    """Not a sixteenth more: memory is given for that much. None is without a size, which would be half of the host's memory."""
    assert sum(area.sixteenths for area in AREAS.values()) == 16
    sizes = [_layout(WorldConfig(disk_mib=80)).volume(name)["driver_opts"]["o"] for name in AREAS]
    each = [int(size.split("k,")[0].removeprefix("size=")) for size in sizes]
    assert min(each) > 0
    own = sum(area.kib or 0 for area in AREAS.values())
    assert sum(each) == 80 * 1024 + own
    assert own <= 1024
    assert WorldConfig(weights_mib=64).writable_mib == 768 + 8 * 64


def test_everything_is_labelled() -> None:
    """With the world's id, and each container with its role: what is not labelled is never removed."""
    plan = _layout()
    for role, body in _bodies().items():
        assert body["Labels"] == {"honeyweights": "1", "honeyweights.world": "0123456789ab", "honeyweights.role": role}
    assert all(plan.volume(name)["labels"]["honeyweights.world"] == "0123456789ab" for name in ("wire", "rec", "models"))


def test_the_wardens_name_and_resolver_are_the_workstations() -> None:
    """Whoever owns the namespace has them; on the one that joins they are refused."""
    bodies = _bodies()
    assert (bodies["warden"]["Hostname"], bodies["warden"]["HostConfig"]["Dns"]) == ("hr-ws-14", ["10.64.7.1"])
    assert "Hostname" not in bodies["workstation"]


def test_a_configuration_survives_the_log() -> None:
    """It is written as JSON with the sample and read again; a key that nobody knows is an error."""
    config = WorldConfig(weights_mib=3, labels={"a": "b"}, images={"workstation": "x"})
    assert WorldConfig.model_validate_json(config.model_dump_json()) == config
    with pytest.raises(ValidationError):
        WorldConfig.model_validate({"weights": 3})
    with pytest.raises(ValidationError):
        WorldConfig(weights_mib=0)
    with pytest.raises(ValidationError):
        WorldConfig(hostname="Not A Name")
