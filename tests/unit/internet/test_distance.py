"""How far things are: a pure function of the world's seed."""

import ipaddress
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from honeyweights.containers.internet.distance import JITTER, LEAST, MOST, MOST_HOPS, MOST_JITTER, Distance


def far(seed: bytes = b"seed") -> Distance:
    made = Distance()
    made.configure(seed)
    return made


@pytest.mark.parametrize(
    "address", ["10.64.7.1", "10.20.3.4", "192.168.1.1", "203.0.113.9", "198.51.100.1", "fd07:64::1", "2001:db8::9", "fe80::1", "::1", "?"]
)
def test_the_lab_and_what_nobody_owns_is_next_door(address: str) -> None:
    assert far().rtt(address) == 0


def test_until_a_seed_is_known_everything_is_near() -> None:
    assert Distance().rtt("46.101.3.4") == 0
    assert Distance().hops("46.101.3.4") == ("10.64.7.1",)


@given(address=st.ip_addresses(), seed=st.binary(min_size=1, max_size=4))
def test_an_address_is_always_as_far_and_in_bounds(address: ipaddress.IPv4Address | ipaddress.IPv6Address, seed: bytes) -> None:
    one, two = far(seed), far(seed)
    away = one.rtt(str(address))
    assert away == two.rtt(str(address)) == one.rtt(str(address))
    assert away == 0 or LEAST <= away <= MOST
    hops = one.hops(str(address))
    assert hops == two.hops(str(address))
    assert len(hops) < MOST_HOPS
    assert all(ipaddress.ip_address(hop).version == address.version for hop in hops)


def test_neighbours_are_as_far_as_each_other_and_strangers_are_not() -> None:
    made = far()
    assert made.rtt("46.101.3.4") == made.rtt("46.101.3.99")
    assert len({made.rtt(f"46.101.{number}.4") for number in range(20)}) == 20
    assert made.hops("46.101.3.4") == made.hops("46.101.77.4")
    assert made.hops("46.101.3.4")[:3] == ("10.64.7.1", "10.20.0.1", "10.20.0.9")


def test_on_the_link_there_is_no_router() -> None:
    assert far().hops("10.64.7.9") == ()
    assert far().hops("10.20.3.4") == ("10.64.7.1",)


def test_no_two_answers_take_equally_long_and_none_overtakes() -> None:
    made, away = far(), far().rtt("46.101.3.4")
    taken = [made.late("46.101.3.4") for _ in range(500)]
    assert len(set(taken)) == 500
    assert all(away < each <= away + MOST_JITTER for each in taken)
    assert JITTER / 2 < sum(taken) / 500 - away < 2 * JITTER
    assert [made.late("10.20.3.4"), made.behind("10.20.3.4", 7.0)] == [0, 0]
    due = [now / 10_000 + made.behind("46.101.3.4", now / 10_000) for now in range(500)]
    assert all(later > earlier - 1e-9 for earlier, later in pairwise(due))
    assert due[-1] < 0.05 + away + MOST_JITTER


def test_a_seed_has_its_own_queues() -> None:
    one, two = far(), far()
    assert [one.late("46.101.3.4") for _ in range(5)] == [two.late("46.101.3.4") for _ in range(5)]
