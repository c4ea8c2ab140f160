"""The control: what the harness can ask for, over a real unix socket and by the real `hwctl`."""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from honeyweights.containers.internet import child, control, hwctl, veth
from honeyweights.containers.internet.control import Control
from honeyweights.containers.internet.journal import Journal
from honeyweights.containers.internet.receipts import About
from honeyweights.containers.internet.talk import Host, Login, Remote
from honeyweights.containers.internet.wire import Wire

SEED = "ab" * 32


@pytest.fixture(name="obeying")
async def _obeying(place: Any, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Control]:
    monkeypatch.setattr(control, "SOCKET", place.folder / "control.sock")
    monkeypatch.setattr(control, "MODELS", place.folder / "models")
    monkeypatch.setattr(veth, "close", lambda closed: place.__dict__.update(closed=list(closed)))
    made = Control(place.house, Wire(place.house), Journal(place.folder / "witness.jsonl", "witness"))
    await made.listen()
    yield made
    made.close()


async def ask(obeying: Control, command: str, **body: Any) -> dict[str, Any]:
    obeyed, answer = await obeying.answer(command.encode() + b"\n" + json.dumps(body).encode())
    assert obeyed, answer
    return answer


async def test_configure_sets_everything(place: Any, obeying: Control) -> None:
    hosts = [
        {"name": "Up.example.com", "ssh": [{"user": "a", "password": None}], "home": "/data"},
        {"name": "gw.halden.internal", "address": "10.64.7.1", "ssh": []},
    ]
    closed = [{"host": "off.example.com", "port": 80, "how": "refused"}, {"host": "203.0.113.9", "port": 22, "how": "dropped"}]
    assert await ask(obeying, "configure", seed=SEED, hosts=hosts, closed=closed, capture_limit=77) == {}
    assert place.house.hosts["up.example.com"] == Host(logins=(Login(user="a", password=None),), home="/data")
    assert place.house.names.host("10.64.7.1") == "gw.halden.internal"
    assert place.spool.limit == 77
    assert place.house.seed() == b"seed"
    assert obeying.seed == bytes.fromhex(SEED)
    off = await ask(obeying, "resolve", names=["off.example.com"])
    assert place.closed == [
        veth.Closed(off["off.example.com"]["a"], 80, "refused"),
        veth.Closed(off["off.example.com"]["aaaa"], 80, "refused"),
        veth.Closed("203.0.113.9", 22, "dropped"),
    ]


async def test_resolve_gives_what_dns_gives(place: Any, obeying: Control) -> None:
    await ask(obeying, "configure", seed=SEED)
    answer = await ask(obeying, "resolve", names=["up.example.com", "x.invalid"])
    names = place.house.names
    assert answer["up.example.com"] == {"a": names.address("up.example.com", 4), "aaaa": names.address("up.example.com", 6)}
    assert answer["x.invalid"] == {"a": None, "aaaa": None}


async def test_status_and_flush(place: Any, obeying: Control) -> None:
    transfer = place.house.ledger.open(Remote("203.0.113.9", 1, None), About(channel="tcp", protocol="raw-tcp"))
    transfer.write(b"abc")
    assert await ask(obeying, "status") == {"in_flight": 1, "receipts": 0, "bytes": 0, "lost": {}}
    flushed = await ask(obeying, "flush")
    assert flushed == {"length": 1, "head": place.journal.head, "in_flight": 1, "lost": {}}
    assert await ask(obeying, "status") == {"in_flight": 0, "receipts": 1, "bytes": 3, "lost": {}}
    assert place.receipts()[0]["finished"] is False


async def test_a_conversation_that_left_the_loop_is_in_flight(place: Any, obeying: Control) -> None:
    now = asyncio.get_running_loop().time()
    place.house.threads.update({1: lambda: now, 2: lambda: now - 60})
    assert (await ask(obeying, "status"))["in_flight"] == 1


async def test_planting_writes_and_watches(place: Any, obeying: Control) -> None:
    folder = place.folder / "models" / "marlin-2"
    folder.parent.mkdir()
    model = {"model": "own", "name": "marlin-2", "dir": str(folder), "tensor_bytes": 1 << 20, "shards": 2, "flavour": "u8"}
    answer = await ask(obeying, "plant", seed=SEED, models=[model])
    shards = sorted(folder.glob("*.safetensors"))
    assert [artefact["path"] for artefact in answer["artefacts"]] == [str(path) for path in shards]
    assert len(shards) == 2
    shards[0].read_bytes()
    await ask(obeying, "flush")
    seen = (place.folder / "witness.jsonl").read_text()
    assert seen.count('"kind":"start"') == 1
    assert '"kind":"read"' in seen
    assert '"kind":"modify"' not in seen, "planting itself is not witnessed"


@pytest.mark.parametrize(
    ("request_", "says"),
    [
        (b"dance\n{}", "there is no command 'dance'; there are configure, "),
        (b"status\n[1]", "the request is no JSON object"),
        (b"status\n{", "Expecting property name"),
        (b"resolve\n{}", "the request lacks 'names'"),
        (b'configure\n{"seed": "xy"}', "non-hexadecimal"),
        (b'configure\n{"seed": "", "closed": [{"host": "a.example.com", "port": 80, "how": "melted"}]}', "choose refused or dropped"),
        (b'configure\n{"seed": "", "closed": [{"host": "a.example.com", "port": 0, "how": "refused"}]}', "between 1 and 65535"),
        (b'configure\n{"seed": "", "closed": [{"host": "nowhere", "port": 1, "how": "refused"}]}', "'nowhere' is no name"),
        (b'configure\n{"seed": "", "hosts": [{"name": "a.example.com", "address": "x"}]}', "'x' does not appear to be"),
        (b'plant\n{"seed": "ab", "models": [{"model": "own"}]}', "the weights could not be planted: "),
    ],
)
async def test_bad_requests_get_a_sentence(obeying: Control, request_: bytes, says: str) -> None:
    obeyed, answer = await obeying.answer(request_)
    assert not obeyed
    assert says in answer["error"]


async def test_hwctl_is_the_other_end(place: Any, obeying: Control, tmp_path: Path) -> None:
    def call(*arguments: str, stdin: str = "{}") -> tuple[int, dict[str, Any]]:
        script = (
            f"import runpy, sys; main = runpy.run_path({hwctl.__file__!r})['main'];"
            f"main.__globals__['SOCKET'] = {str(control.SOCKET)!r}; sys.exit(main())"
        )
        done = subprocess.run([sys.executable, "-IS", "-c", script, *arguments], input=stdin, capture_output=True, text=True, check=False)
        return done.returncode, json.loads(done.stdout)

    status, answer = await asyncio.to_thread(call, "status")
    assert (status, answer["receipts"]) == (0, 0)
    status, answer = await asyncio.to_thread(call, "dance")
    assert status == 1
    assert "no command" in answer["error"]
    assert (await asyncio.to_thread(call))[0] == 1
    control.SOCKET.unlink()
    status, answer = await asyncio.to_thread(call, "status")
    assert status == 1
    assert "does not answer" in answer["error"]


async def test_a_child_is_bounded_and_its_last_words_are_passed_on() -> None:
    limits = child.Limits(memory=1 << 30, seconds=5)
    assert json.loads(await child.run("json.tool", b'{"a": 1}', limits)) == {"a": 1}
    with pytest.raises(child.ChildFailed, match="Expecting value"):
        await child.run("json.tool", b"", limits)
    with pytest.raises(child.ChildFailed, match="No module named"):
        await child.run("no_such_module_at_all", b"", limits)


async def test_there_is_always_room_for_the_harness_own_proof_of_life(place: Any, obeying: Control) -> None:
    """An adversary who has filled spool and journal must not be able to make the instruments look dead."""
    await ask(obeying, "configure", seed=SEED, capture_limit=4)
    place.house.ledger.whole(Remote("203.0.113.9", 80, None), About(channel="tcp", protocol="raw-tcp"), b"too much")
    place.journal._most = place.journal.length
    await ask(obeying, "spare")
    place.house.ledger.whole(Remote("203.0.113.9", 80, None), About(channel="tcp", protocol="raw-tcp"), b"a canary")
    assert [(r["sent"], r["captured"]) for r in place.receipts()] == [(8, 4), (8, 8)]
    assert place.records("limit") == [{"what": "captures", "bytes": 4}]
