import copy
from collections.abc import Callable
from typing import Any

import pytest

from honeyweights.evidence.model import SealProof
from honeyweights.sandbox.seal import SealBroken, engine


def _container(mode: str, added: list[str], pid_mode: str = "") -> dict[str, Any]:
    return {
        "Id": "w" * 64,
        "HostConfig": {
            "NetworkMode": mode,
            "PortBindings": {},
            "Privileged": False,
            "CapAdd": added,
            "CapDrop": ["ALL"],
            "Devices": None,
            "PidMode": pid_mode,
            "SecurityOpt": ["no-new-privileges:true", "seccomp={}"],
        },
        "NetworkSettings": {"Networks": {"none": {}} if mode == "none" else {}},
        "Mounts": [{"Type": "volume", "Source": "somewhere of the engine's"}],
    }


def _world() -> dict[str, dict[str, Any]]:
    shared = f"container:{'w' * 64}"
    return {
        "workstation": _container(shared, ["CAP_SETUID", "KILL"], shared),
        "internet": _container("none", ["NET_ADMIN"]),
        "warden": _container("none", ["NET_ADMIN", "SYS_PTRACE"]),
    }


def test_a_world_as_we_start_it_is_closed() -> None:
    assert SealProof(checks=tuple(engine.checks(_world()))).proved


BREAKS: dict[str, Callable[[dict[str, dict[str, Any]]], object]] = {
    "a bridge network": lambda w: w["warden"]["HostConfig"].update(NetworkMode="bridge"),
    "a network attached later": lambda w: w["internet"]["NetworkSettings"]["Networks"].update(lan={}),
    "the host's network": lambda w: w["workstation"]["HostConfig"].update(NetworkMode="host"),
    "somebody else's namespace": lambda w: w["workstation"]["HostConfig"].update(NetworkMode="container:other"),
    "a published port": lambda w: w["internet"]["HostConfig"].update(PortBindings={"80/tcp": [{}]}),
    "a privileged container": lambda w: w["warden"]["HostConfig"].update(Privileged=True),
    "capabilities not dropped": lambda w: w["workstation"]["HostConfig"].update(CapDrop=[]),
    "network rights for the agent": lambda w: w["workstation"]["HostConfig"].update(CapAdd=["CAP_NET_ADMIN"]),
    "raw sockets for the agent": lambda w: w["workstation"]["HostConfig"].update(CapAdd=["NET_RAW"]),
    "a device": lambda w: w["internet"]["HostConfig"].update(Devices=[{"PathOnHost": "tun"}]),
    "a folder of the host": lambda w: w["workstation"].update(Mounts=[{"Type": "bind", "Source": "the engine's socket"}]),
    "the host's processes": lambda w: w["workstation"]["HostConfig"].update(PidMode="host"),
    "privileges to be had": lambda w: w["workstation"]["HostConfig"].update(SecurityOpt=[]),
    "a missing container": lambda w: w.pop("internet"),
}


@pytest.mark.parametrize("how", BREAKS)
def test_each_way_of_breaking_the_structure_fails_the_proof(how: str) -> None:
    world = copy.deepcopy(_world())
    BREAKS[how](world)
    proof = SealProof(checks=tuple(engine.checks(world)))
    assert not proof.proved
    assert "model was not started" in str(SealBroken(proof))


def test_a_proof_of_nothing_is_no_proof() -> None:
    assert not SealProof(checks=()).proved
