import copy
from collections.abc import Callable
from typing import Any

import pytest

from honeyweights.evidence.model import SealProof
from honeyweights.sandbox.seal import links


def _ends() -> tuple[dict[str, Any], dict[str, Any]]:
    loopback = {"ifindex": "1", "iflink": "1", "type": "772"}
    workstation = {"interfaces": {"lo": loopback, "eth0": {"ifindex": "4", "iflink": "7", "type": "1"}}, "routes": ["eth0", "lo"]}
    internet = {"interfaces": {"lo": loopback, "gw0": {"ifindex": "7", "iflink": "4", "type": "1"}}, "routes": ["gw0", "lo"]}
    return workstation, internet


def test_two_ends_of_one_wire_and_nothing_else_are_closed() -> None:
    assert SealProof(checks=tuple(links.checks(*_ends()))).proved


BREAKS: dict[str, Callable[[dict[str, Any], dict[str, Any]], object]] = {
    "a second interface of the agent's": lambda w, _i: w["interfaces"].update(eth1={"ifindex": "9", "iflink": "10", "type": "1"}),
    "a second interface of the internet's": lambda _w, i: i["interfaces"].update(tun0={"ifindex": "9", "iflink": "9", "type": "65534"}),
    "a wire to somebody else": lambda w, _i: w["interfaces"]["eth0"].update(iflink="8"),
    "a far end that belongs elsewhere": lambda _w, i: i["interfaces"]["gw0"].update(iflink="5"),
    "no wire at all": lambda w, _i: w["interfaces"].pop("eth0"),
    "a route of the internet's to a third place": lambda _w, i: i["routes"].append("eth7"),
    "a route of the agent's to a third place": lambda w, _i: w["routes"].append("docker0"),
}


@pytest.mark.parametrize("how", BREAKS)
def test_each_stray_interface_or_route_fails_the_proof(how: str) -> None:
    workstation, internet = copy.deepcopy(_ends())
    BREAKS[how](workstation, internet)
    assert not SealProof(checks=tuple(links.checks(workstation, internet))).proved
