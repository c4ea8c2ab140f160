"""TFTP: blocks in, blocks out, options, repetitions, and a port for each transfer."""

from typing import Any

import pytest

from honeyweights.containers.internet import sniff
from honeyweights.containers.internet.protocols import tftp
from honeyweights.containers.internet.talk import Remote

SERVER = Remote("203.0.113.9", 69, None, ("10.64.7.23", 5000))


class Client:
    """A TFTP client whose server is in the same room."""

    def __init__(self, place: Any) -> None:
        self.place = place
        self.heard: list[tuple[Remote, bytes]] = []
        place.house.say = lambda remote, data, _by: self.heard.append((remote, data))

    def ask(self, packet: bytes) -> Remote:
        """Asks; gives the port from which it was answered."""
        sniff.datagram(SERVER, packet, self.place.house)
        return self.heard[-1][0]

    def tell(self, remote: Remote, packet: bytes) -> list[bytes]:
        before = len(self.heard)
        sniff.datagram(remote, packet, self.place.house)
        return [data for _, data in self.heard[before:]]


def block(number: int, data: bytes) -> bytes:
    return b"\0\3" + (number & 0xFFFF).to_bytes(2, "big") + data


@pytest.fixture(name="client")
def _client(place: Any) -> Client:
    return Client(place)


def test_a_file_that_is_put_can_be_got(client: Client) -> None:
    remote = client.ask(b"\0\2w\0octet\0")
    assert remote.port != 69
    assert client.heard[-1][1] == b"\0\4\0\0"
    assert client.tell(remote, block(1, b"a" * 512)) == [b"\0\4\0\1"]
    assert client.tell(remote, block(1, b"a" * 512)) == [b"\0\4\0\1"], "a repetition is answered, not written"
    assert client.tell(remote, block(2, b"b")) == [b"\0\4\0\2"]
    assert client.place.brief() == [("udp", "tftp", "WRQ", "/srv/tftp/w", 513, True)]
    back = client.ask(b"\0\1w\0octet\0")
    assert client.heard[-1][1] == block(1, b"a" * 512)
    assert client.tell(back, b"\0\4\0\0") == [block(1, b"a" * 512)]
    assert client.tell(back, b"\0\4\0\1") == [block(2, b"b")]
    assert client.tell(back, b"\0\4\0\2") == []
    assert client.place.house.doors.dropped(back) is None


def test_options_are_agreed_on(client: Client) -> None:
    remote = client.ask(b"\0\2w\0octet\0blksize\x001024\0tsize\x002000\0windowsize\x002\0multicast\0\0")
    assert client.heard[-1][1] == b"\0\6blksize\x001024\0tsize\x002000\0windowsize\x002\0"
    assert client.tell(remote, block(1, b"a" * 1024)) == []
    assert client.tell(remote, block(2, b"b" * 976)) == [b"\0\4\0\2"]
    back = client.ask(b"\0\1w\0octet\0tsize\x000\0blksize\x008\0")
    assert client.heard[-1][1] == b"\0\6tsize\x002000\0blksize\x008\0"
    assert client.tell(back, b"\0\4\0\0") == [block(1, b"a" * 8)]


def test_numbers_go_round(client: Client) -> None:
    remote = client.ask(b"\0\2w\0octet\0blksize\x008\0")
    for number in range(1, 65_540):
        client.tell(remote, block(number, b"12345678"))
    client.tell(remote, block(65_540, b"end"))
    assert client.place.receipts()[0]["sent"] == 65_539 * 8 + 3


def test_what_is_not_there_and_what_makes_no_sense(client: Client) -> None:
    client.ask(b"\0\1no\0octet\0")
    assert client.heard[-1] == (SERVER, tftp.NOT_FOUND)
    assert sniff.datagram(SERVER, b"\0\7xyz", client.place.house) == (tftp.ILLEGAL, False)
    assert sniff.datagram(SERVER, b"\0", client.place.house) == (None, False)


def test_strays_and_broken_transfers_are_kept(client: Client) -> None:
    remote = client.ask(b"\0\2w\0octet\0")
    client.tell(remote._replace(source=("10.64.7.23", 6)), b"somebody else")
    client.tell(remote, block(9, b"out of order"))
    client.tell(remote, b"\0\5\0\0user gave up\0")
    client.place.house.flows.end()
    stray = [client.place.payload(r) for r in client.place.receipts() if r["protocol"] == "tftp-stray"]
    assert sorted(stray) == sorted([b"somebody else", block(9, b"out of order")])
    assert ("udp", "tftp", "WRQ", "/srv/tftp/w", 0, False) in client.place.brief()
