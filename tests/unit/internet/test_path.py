"""Who answers for a far place, when, and with what: packets in, packets out, with no raw socket."""

import asyncio
import socket
import struct

import pytest

from honeyweights.containers.internet import path as path_module
from honeyweights.containers.internet.distance import Distance
from honeyweights.containers.internet.path import Path, checksum

FAR4, FAR6, NEAR = "46.101.3.4", "2a01:4f8::9", "10.20.3.4"


class Out:
    """Stands for the raw sockets."""

    def __init__(self) -> None:
        self.errors_and_echoes: list[tuple[int, str, str, bytes, int]] = []
        self.put_back: list[tuple[bytes, str]] = []

    def setsockopt(self, *_given: object) -> None: ...

    def sendto(self, data: bytes, to: tuple[str, int]) -> None:
        self.put_back.append((bytes(data), to[0]))


@pytest.fixture(name="out")
def _out(monkeypatch: pytest.MonkeyPatch) -> Out:
    out = Out()
    monkeypatch.setattr(path_module, "_raw", lambda *_given: out)
    monkeypatch.setattr(path_module, "_send", lambda *given: out.errors_and_echoes.append(given))
    return out


@pytest.fixture(name="path")
def _path(out: Out) -> Path:
    distance = Distance()
    distance.configure(b"seed")
    return Path(distance)


def v4(proto: int, body: bytes, to: str = FAR4, ttl: int = 64) -> bytes:
    ends = socket.inet_aton("10.64.7.23") + socket.inet_aton(to)
    return struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(body), 0, 0, ttl, proto, 0) + ends + body


def v6(proto: int, body: bytes, to: str = FAR6, ttl: int = 64) -> bytes:
    ends = socket.inet_pton(socket.AF_INET6, "fd07:64::23") + socket.inet_pton(socket.AF_INET6, to)
    return struct.pack("!IHBB", 6 << 28, len(body), proto, ttl) + ends + body


SYN = struct.pack("!HHIIBBHHH", 40000, 80, 1, 0, 0x50, 2, 1000, 0xDEAD, 0)


async def test_a_far_ping_is_answered_late_and_by_its_address(path: Path, out: Out) -> None:
    path.logged("ping", v4(1, b"\x08\0\0\0\0\1\0\2data"))
    path.logged("ping", v6(58, b"\x80\0\0\0\0\1\0\2six"))
    assert out.errors_and_echoes == []
    await asyncio.sleep(0.06)
    four, six = sorted(out.errors_and_echoes)
    assert four[:4] == (4, FAR4, "10.64.7.23", b"\0\0\0\0\0\1\0\2data")
    assert six[:4] == (6, FAR6, "fd07:64::23", b"\x81\0\0\0\0\1\0\2six")
    assert 50 < four[4] < 64


async def test_a_near_ping_is_the_kernels(path: Path, out: Out) -> None:
    path.logged("ping", v4(1, b"\x08\0\0\0\0\1\0\2data", to=NEAR))
    path.logged("refused", v4(6, SYN))
    path.logged("far", b"no packet")
    await asyncio.sleep(0.05)
    assert (out.errors_and_echoes, out.put_back) == ([], [])


@pytest.mark.parametrize(("packet", "head"), [(v4(6, SYN), 20), (v6(6, SYN), 40)])
async def test_a_connections_first_packet_is_put_back_late_and_whole(path: Path, out: Out, packet: bytes, head: int) -> None:
    path.logged("far", packet)
    assert out.put_back == []
    await asyncio.sleep(0.06)
    ((whole, _),) = out.put_back
    assert whole[:head] == packet[:head]
    assert whole[head : head + 16] == SYN[:16]
    ends = whole[12:20] if head == 20 else whole[8:40]
    tail = struct.pack("!BBH", 0, 6, len(SYN)) if head == 20 else struct.pack("!II", len(SYN), 6)
    assert checksum(ends + tail + whole[head:]) == 0


async def test_routers_answer_for_packets_that_die_on_the_way(path: Path, out: Out) -> None:
    hops = path._distance.hops(FAR4)
    for ttl in range(1, len(hops) + 2):
        path.logged("hop", v4(17, struct.pack("!HHHH", 5, 33434, 8, 0), ttl=ttl))
    await asyncio.sleep(0.06)
    said = {(by, body[0]) for _, by, _, body, _ in out.errors_and_echoes}
    assert said == {(hop, 11) for hop in hops} | {(FAR4, 3)}
    quoted = out.errors_and_echoes[0][3][8:]
    assert quoted[:1] == b"\x45"


async def test_a_trace_by_tcp_ends_in_a_connection(path: Path, out: Out) -> None:
    path.logged("hop", v4(6, SYN, ttl=14))
    await asyncio.sleep(0.06)
    assert out.put_back[0][0][8] == 64


async def test_waiting_answers_are_bounded(path: Path, out: Out, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(path_module, "MOST_WAITING", 3)
    for _ in range(9):
        path.logged("far", v4(6, SYN))
    await asyncio.sleep(0.06)
    assert len(out.put_back) == 3
    path.logged("far", v4(6, SYN))
    await asyncio.sleep(0.06)
    assert len(out.put_back) == 4


def test_a_checksum_is_that_of_rfc_1071() -> None:
    assert checksum(b"\x00\x01\xf2\x03\xf4\xf5\xf6\xf7") == 0x220D
    assert checksum(b"\x01") == 0xFEFF
