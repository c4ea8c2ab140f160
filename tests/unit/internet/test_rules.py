"""Rules: each protocol knows its own, and a protocol is found because it is there."""

import pkgutil

import pytest

from honeyweights.containers.internet import protocols, rules, sniff
from honeyweights.containers.internet.protocols import dns, http, ssh, tls


def test_a_beginning_is_known_not_known_or_waited_for() -> None:
    opens = rules.begins(b"EHLO ", b"HELO ")
    assert [True, False, None, None] == [opens(first) for first in (b"HELO x", b"HALLO", b"HEL", b"")]


def test_the_last_resort_takes_anything() -> None:
    assert rules.anything(b"\0")
    assert not rules.never(b"\0")


@pytest.mark.parametrize("protocol", [dns, http, ssh, tls])
def test_a_folder_s_rules_are_gathered(protocol: object) -> None:
    assert {*getattr(protocol, "RULES")} <= {*sniff.RULES}  # noqa: B009  # modules have no type for it


def test_every_module_that_is_there_is_asked() -> None:
    """A module of `protocols/` with neither kind of rule would be reached by nobody."""
    names = {found.name for found in pkgutil.iter_modules(protocols.__path__)}
    where = [rule.talker for rule in sniff.RULES] + [row.answer for row in sniff.DATAGRAMS]
    reached = {place.split(":")[0].split(".")[0] for place in where}
    assert names == reached


def test_no_two_datagrams_share_a_port() -> None:
    ports = [row.port for row in sniff.DATAGRAMS]
    assert sorted(set(ports)) == sorted(ports)
