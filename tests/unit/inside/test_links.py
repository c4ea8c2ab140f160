"""The structure of a network namespace, as the kernel tells it."""

import socket

import pytest

from honeyweights.sandbox.inside import links

ROUTE = """Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth0\t00000000\t0107400A\t0003\t0\t0\t0\t00000000\t0\t0\t0
eth0\t0007400A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
tun9\t000000AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0
"""
NONE = "0" * 32
ROUTE6 = f"""fd070064{"0" * 24} 40 {NONE} 00 {NONE} 00000100 00000001 00000000 00000001     eth0
{"0" * 31}1 80 {NONE} 00 {NONE} 00000000 00000002 00000000 80200001       lo
{NONE} 00 {NONE} 00 {NONE} ffffffff 00000001 00000000 00200200     sit4
"""


def test_loopback_is_its_own_other_end_and_of_loopbacks_type() -> None:
    """Type 772 is ARPHRD_LOOPBACK; the proof of the seal tells a wire from anything else by these numbers."""
    found = links.interfaces()
    assert {name for _, name in socket.if_nameindex()} == found.keys()
    assert found["lo"]["ifindex"] == found["lo"]["iflink"]
    assert "772" == found["lo"]["type"]


@pytest.mark.parametrize(
    ("files", "devices"),
    [
        ({"/proc/net/route": ROUTE, "/proc/net/ipv6_route": ROUTE6}, ["eth0", "lo", "sit4", "tun9"]),
        ({"/proc/net/route": ROUTE}, ["eth0", "tun9"]),
        ({"/proc/net/ipv6_route": ROUTE6}, ["eth0", "lo", "sit4"]),
        ({"/proc/net/route": ROUTE.splitlines()[0]}, []),
        ({}, []),
    ],
    ids=["both families", "no IPv6", "no IPv4", "a table with no route", "no tables"],
)
def test_every_device_that_a_route_names_is_told_once(files: dict[str, str], devices: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(links, "_read", lambda path: files.get(path, "").strip())
    assert devices == links.routes()


def test_a_file_that_is_not_there_says_nothing() -> None:
    assert not links._read("/nonexistent")
