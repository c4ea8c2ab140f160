"""The wire's parts that need no capability: control messages, rules, lookings-out, and how light the server starts."""

import asyncio
import contextlib
import socket
import struct
import subprocess
import sys
from typing import Any

import pytest

from honeyweights.containers.internet import __main__ as server
from honeyweights.containers.internet import plant, veth, wire
from honeyweights.containers.internet.receipts import About
from honeyweights.containers.internet.talk import Remote
from honeyweights.containers.internet.wire import IP_RECVORIGDSTADDR, IPV6_RECVORIGDSTADDR, SO_RXQ_OVFL, Wire


def test_a_datagrams_destination_is_read_and_the_kernels_losses_counted(place: Any) -> None:
    made = Wire(place.house)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        four = (socket.IPPROTO_IP, IP_RECVORIGDSTADDR, struct.pack("=H", 2) + b"\x23\x28" + bytes([203, 0, 113, 9]) + b"\0" * 8)
        six = (
            socket.IPPROTO_IPV6,
            IPV6_RECVORIGDSTADDR,
            struct.pack("=H", 10) + b"\x00\x35" + b"\0" * 4 + socket.inet_pton(10, "2001:db8::9") + b"\0" * 4,
        )
        assert made._control([four], listener) == ("203.0.113.9", 9000)
        assert made._control([six], listener) == ("2001:db8::9", 53)
        assert made._control([], listener) is None
        for total in (3, 3, 10):
            made._control([four, (socket.SOL_SOCKET, SO_RXQ_OVFL, struct.pack("=I", total))], listener)
    assert place.records("lost") == [{"what": "datagram", "count": 3, "bytes": 0}, {"what": "datagram", "count": 7, "bytes": 0}]


async def test_datagrams_are_joined_by_who_spoke_to_whom(place: Any) -> None:
    made = Wire(place.house)
    one = Remote("203.0.113.9", 9, None, ("10.64.7.23", 1))
    for remote, data in ((one, b"a"), (one._replace(source=("10.64.7.23", 2)), b"x"), (one, b"b"), (one._replace(port=10), b"")):
        made._datagram(remote, data)
    made.flush()
    assert sorted(place.payload(r) for r in place.receipts()) == [b"ab", b"x"]
    assert [(c["how"], c["proto"], c["port"]) for c in place.records("contact")] == [("empty", "udp", 10)]


async def test_idle_flows_end_by_themselves_and_nothing_ticks_at_rest(place: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "IDLE", 0.04)
    made = Wire(place.house)
    made.sweep_later()
    assert not made._sweeping
    made._datagram(Remote("203.0.113.9", 9, None), b"a")
    made.sweep_later()
    place.clock += 60
    for _ in range(1000):
        if not made._sweeping:
            break
        await asyncio.sleep(0.01)
    assert [r["finished"] for r in place.receipts()] == [True]
    assert not made._sweeping


async def test_a_flush_reaches_transfers_and_flows(place: Any) -> None:
    made = Wire(place.house)
    place.house.ledger.open(Remote("203.0.113.9", 9, None), About(channel="tcp", protocol="raw-tcp")).write(b"open")
    made.flush()
    assert [place.payload(r) for r in place.receipts()] == [b"open"]


def test_a_way_out_is_refused_before_anything_is_made(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(socket, "if_nameindex", lambda: [(1, "lo"), (2, "eth0")])
    monkeypatch.setattr(server, "serve", lambda: pytest.fail("it went on"))
    assert server.main() == 9
    assert "it must have none but lo" in capsys.readouterr().err
    monkeypatch.setattr(socket, "if_nameindex", lambda: [(1, "lo")])
    veth.check_alone()


def test_the_rules_send_every_port_to_the_listeners_and_log_the_rest() -> None:
    assert f"meta l4proto {{ tcp, udp }} tproxy to :{wire.PORT}" in veth.RULES
    assert veth.RULES.count("{") == veth.RULES.count("}")
    for prefix in ("options", "group", "dropped", "refused", "quic", "trace", "ping", "other"):
        assert f'prefix "{prefix}"' in veth.RULES


def test_closed_places_replace_those_before(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[str] = []
    monkeypatch.setattr(veth, "run", lambda _argv, text: ran.append(text))
    veth.close([veth.Closed("203.0.113.9", 80, "refused"), veth.Closed("2001:db8::9", 22, "dropped")])
    assert ran[0].count("flush set inet wire ") == 4
    assert "add element inet wire refused4 { 203.0.113.9 . tcp . 80 }\n" in ran[0]
    assert "add element inet wire dropped6 { 2001:db8::9 . udp . 22 }\n" in ran[0]


def test_a_program_is_run_with_its_input_and_its_failure_told() -> None:
    veth.run(["grep", "-q", "word"], "a word\n")
    with pytest.raises(OSError, match="grep -q word failed with status 1"):
        veth.run(["grep", "-q", "word"], "none\n")


def test_the_warden_hands_over_a_namespace_and_is_told_its_addresses() -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("")
        listener.listen(1)
        with socket.socket(socket.AF_UNIX) as warden, open("/proc/self/ns/net") as namespace:  # noqa: PTH123  # a descriptor is what is wanted
            warden.connect(listener.getsockname())
            socket.send_fds(warden, [b"N"], [namespace.fileno()])
            connection, descriptor = veth.receive(listener)
            assert descriptor > 2
            warden.sendall(b"UP\n")
            veth.hand_over(connection)
            assert warden.recv(200) == b"addr4=10.64.7.23/24 gw4=10.64.7.1 addr6=fd07:64::23/64 gw6=fd07:64::1\n"
        with socket.socket(socket.AF_UNIX) as stranger:
            stranger.connect(listener.getsockname())
            stranger.sendall(b"X")
            with pytest.raises(ConnectionError, match="did not hand over"):
                veth.receive(listener)


def test_planting_makes_the_artefacts_of_the_request(tmp_path: Any) -> None:
    model = {"model": "own", "name": "m", "dir": "/srv/models/m", "tensor_bytes": 1 << 20, "shards": 1}
    answer = plant.plant({"seed": "ab" * 32, "models": [model]}, tmp_path)
    assert [artefact["path"] for artefact in answer["artefacts"]] == ["/srv/models/m/model-00001-of-00001.safetensors"]
    assert (tmp_path / "srv/models/m/model-00001-of-00001.safetensors").stat().st_size == answer["artefacts"][0]["size"]


def test_what_the_server_imports_at_its_start_is_light() -> None:
    """Every world starts one: paramiko, cryptography, pydantic, numpy, dnslib and h11 wait until they are needed."""
    code = (
        "import sys\n"
        "before = set(sys.modules)\n"
        "import honeyweights.containers.internet.__main__\n"
        "heavy = {'paramiko', 'cryptography', 'pydantic', 'numpy', 'dnslib', 'h11', 'ctypes'} & (set(sys.modules) - before)\n"
        "print(sorted(heavy))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


async def test_one_connection_too_many_is_cut_and_counted(place: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "MOST_CONNECTIONS", 0)
    made = Wire(place.house)
    listening = await asyncio.get_running_loop().create_server(made._connection, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    with contextlib.suppress(ConnectionResetError):
        assert await reader.read() == b""
    writer.close()
    listening.close()
    assert place.records("lost") == [{"what": "connection", "count": 1, "bytes": 0}]
    assert [(c["how"], c["port"]) for c in place.records("contact")] == [("refused", port)]


async def test_a_datagram_that_confuses_its_protocol_is_kept_raw(place: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def confused(*_given: object) -> None:
        raise ValueError("an adversary's bytes")

    monkeypatch.setattr(wire.sniff, "datagram", confused)
    made = Wire(place.house)
    made._datagram(Remote("203.0.113.9", 53, None, ("10.64.7.23", 1)), b"odd")
    made.flush()
    assert [place.payload(r) for r in place.receipts()] == [b"odd"]
