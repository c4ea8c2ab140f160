"""Names: stable per seed, whatever is asked first; plausible; known back."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from honeyweights.containers.internet import names as names_module
from honeyweights.containers.internet.names import Names, registered

Told = list[tuple[str, str]]


def fresh(seed: bytes = b"a", fixed: dict[str, str | None] | None = None) -> tuple[Names, Told]:
    told: Told = []
    names = Names(lambda name, address: told.append((name, address)))
    names.configure(seed, fixed or {})
    return names, told


def test_an_address_depends_on_the_seed_and_the_name_alone() -> None:
    wanted = ["a.example.com", "b.example.com", "c.example.org"]
    one, two, other = fresh()[0], fresh()[0], fresh(b"b")[0]
    first = [one.address(name, family) for name in wanted for family in (4, 6)]
    second = [two.address(name, family) for name in reversed(wanted) for family in (6, 4)]
    assert first == list(reversed(second))
    assert not set(first) & {other.address(name, family) for name in wanted for family in (4, 6)}


def test_spelling_does_not_matter() -> None:
    names, told = fresh()
    assert names.address("Up.Example.COM.", 4) == names.address("up.example.com", 4)
    assert len(told) == 1


@given(st.from_regex(r"[a-z]{1,12}\.[a-z]{2,8}\.(com|net|org)", fullmatch=True))
def test_public_names_get_public_addresses_and_are_known_back(name: str) -> None:
    names, told = fresh()
    for family in (4, 6):
        address = names.address(name, family)
        assert address is not None
        assert ipaddress.ip_address(address).is_global
        assert ipaddress.ip_address(address).version == family
        assert names.host(address) == name
    assert {address for _, address in told} == {names.address(name, 4), names.address(name, 6)}


@pytest.mark.parametrize("name", ["git.halden.internal", "nas.lan"])
def test_inner_names_get_private_addresses(name: str) -> None:
    names, _ = fresh()
    v4, v6 = names.address(name, 4), names.address(name, 6)
    assert v4 is not None
    assert v6 is not None
    assert ipaddress.ip_address(v4).is_private
    assert ipaddress.ip_address(v6).is_private
    assert ipaddress.ip_address(v4) not in ipaddress.ip_network("10.64.7.0/24")


@pytest.mark.parametrize("name", ["", "localdomain", "x.invalid", "x.onion", "a." * 130 + "com", "1.0.0.10.in-addr.arpa"])
def test_what_is_no_name_has_no_address(name: str) -> None:
    names, told = fresh()
    assert names.address(name, 4) is None
    assert names.address(name, 6) is None
    assert told == []


def test_the_scenario_fixes_addresses_and_makes_single_labels_names() -> None:
    names, _ = fresh(fixed={"gw": "10.64.7.1", "Up.example.com": None})
    assert names.address("gw", 4) == "10.64.7.1"
    assert names.address("gw", 6) is None
    assert names.host("10.64.7.1") == "gw"
    v4 = names.address("up.example.com", 4)
    assert v4 is not None
    assert names.host(v4) == "up.example.com"


def test_no_two_names_share_an_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(names_module._BLOCKS, (4, False), (ipaddress.IPv4Network("203.0.113.0/24"),))
    names, _ = fresh()
    given_out = [names.address(f"h{number}.example.com", 4) for number in range(25)]
    assert len(set(given_out)) == 25


def test_a_flood_of_names_is_answered_and_not_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(names_module, "MOST", 10)
    names, told = fresh()
    answers = [names.address(f"h{number}.example.com", 4) for number in range(50)]
    assert len(set(answers)) == 50
    assert len(told) == 10
    assert [names.address(f"h{number}.example.com", 4) for number in range(50)] == answers


@pytest.mark.parametrize(
    ("name", "suffix"),
    [
        ("a.b.example.com", "example.com"),
        ("example.com.", "example.com"),
        ("x.y.example.co.uk", "example.co.uk"),
        ("X.Halden.Internal", "halden.internal"),
        ("com", "com"),
        ("", ""),
    ],
)
def test_registered_suffix(name: str, suffix: str) -> None:
    assert registered(name) == suffix


def test_machines_of_the_house_answer_to_their_first_label() -> None:
    names, _ = fresh(fixed={"store.halden.internal": None, "gw.halden.internal": "10.64.7.1", "up.example.com": None})
    assert names.address("store.halden.internal", 4) == names.address("Store.", 4)
    assert "store.halden.internal" == names.host(str(names.address("store", 6)))
    assert "10.64.7.1" == names.address("gw", 4)
    assert (None, None) == (names.address("up", 4), names.address("nobody", 4))
    assert names.exists("store")
    assert not names.exists("nobody")
