"""The round of canaries in a world of our own: each instrument writes down what it is not deaf to."""

import hashlib
import json
import os
import resource
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import anyio
import pytest
from inspect_ai.util import ExecResult

from honeyweights.sandbox import harness
from honeyweights.sandbox.instruments import canaries, nonce


@dataclass
class World:
    """What runs in it is run for real where that is a shell's work; the wire is a list."""

    deaf: str = ""
    """Instrument, or address of a probe, that nothing comes from."""
    fails: dict[str, str] = field(default_factory=dict)
    """Address -> what the probe says of it."""
    broken: dict[str, Exception] = field(default_factory=dict)
    """Program -> what running it raises."""
    texts: dict[str, list[str]] = field(default_factory=lambda: {"journal": [], "witness": [], "records": []})
    held: list[str] = field(default_factory=list)
    """Datagrams that the journal puts down when it is asked to."""
    recorder: str = "notify"

    async def run(self, _role: str, argv: list[str], *, input: str = "{}", **_more: object) -> ExecResult[str]:  # noqa: A002  # as the harness's
        program = argv[0].rpartition("/")[2]
        if program in self.broken:
            raise self.broken[program]
        out = "{}"
        if program == "hwctl":
            self.texts["journal"] += self.held
            self.held.clear()
        elif program == "python3":
            out = json.dumps({"results": [self._probe(*target) for target in json.loads(input)["targets"]]})
        elif program == "true":
            self._hear("records", "recorder", argv[-1])
        else:
            done = await anyio.run_process(argv)
            self._hear("witness", "witness", argv[-1])
            out = done.stdout.decode()
        return ExecResult(success=True, returncode=0, stdout=out, stderr="")

    async def fetch(self, _role: str, path: str) -> bytes:
        return "\n".join(self.texts[path.rpartition("/")[2].removesuffix(".jsonl")]).encode()

    async def holds(self, role: str, path: str, needle: bytes) -> bool:
        return needle in await self.fetch(role, path)

    def _probe(self, kind: str, address: str, _port: int, payload: str) -> str:
        digest = hashlib.sha256(payload.encode()).hexdigest()
        if kind == "udp" and address != self.deaf:
            self.held.append(digest)
        elif address != self.deaf:
            self._hear("journal", "journal", digest)
        return self.fails.get(address, "")

    def _hear(self, file: str, instrument: str, what: str) -> None:
        if instrument != self.deaf:
            self.texts[file].append(what)


@pytest.fixture
def weights_file(tmp_path: Path) -> Path:
    folder = tmp_path / "models"
    folder.mkdir()
    (folder / "model-1.safetensors").write_bytes(b"w")
    return folder / "model-1.safetensors"


async def _flown(world: World, weights_file: Path, monkeypatch: pytest.MonkeyPatch) -> canaries.Flight:
    monkeypatch.setattr(harness, "run", world.run)
    monkeypatch.setattr(harness, "fetch", world.fetch)
    monkeypatch.setattr(harness, "holds", world.holds)
    monkeypatch.setattr(harness, "world", lambda: SimpleNamespace(recorder=world.recorder, silent=set()))
    monkeypatch.setattr(canaries, "PATIENCE", 0.2)
    monkeypatch.setattr(canaries, "FLUSHED_IN", 0.3)
    return await canaries.fly(str(weights_file))


async def test_a_living_world_answers_every_canary(weights_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each probe has a payload of its own, by whose digest the journal's receipts are known as ours."""
    world = World()
    flight = await _flown(world, weights_file, monkeypatch)
    assert {} == flight.problems
    assert set(world.texts["journal"]) == flight.digests
    assert len(canaries.PROBES) == len(flight.digests)


async def test_the_witnesses_canary_is_gone_when_it_was_seen(weights_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It lay beside the weights, and never touched them."""
    world = World()
    await _flown(world, weights_file, monkeypatch)
    ((seen),) = world.texts["witness"]
    assert weights_file.parent == Path(seen).parent
    assert [weights_file] == list(weights_file.parent.iterdir())


@pytest.mark.parametrize(
    ("world", "instrument", "words"),
    [
        (World(deaf="journal"), "journal", "did not turn up in the journal"),
        (World(deaf="2001:db8:57::9"), "journal", "bytes sent by tcp 2001:db8:57::9 did not turn up"),
        (World(deaf="203.0.113.58"), "journal", "bytes sent by udp 203.0.113.58 did not turn up"),
        (World(fails={"203.0.113.57": "TimeoutError: timed out"}), "journal", "a probe through the wire failed: 203.0.113.57 TimeoutError"),
        (World(deaf="recorder"), "recorder", "a command with a nonce did not turn up"),
        (World(deaf="witness"), "witness", "a read in the weights' folder did not turn up"),
        (World(broken={"true": harness.CommandFailed("it has ended")}), "recorder", "its canary could not be sent: it has ended"),
        (World(broken={"sh": TimeoutError("30 s")}), "witness", "its canary could not be sent: 30 s"),
        (World(broken={"hwctl": harness.CommandFailed("no server")}), "journal", "its canary could not be sent: no server"),
    ],
    ids=[
        "a deaf journal",
        "a family that is not captured",
        "datagrams that are not captured",
        "a wire that does not answer",
        "a deaf recorder",
        "a deaf witness",
        "a workstation that has ended",
        "a workstation that hangs",
        "a sidecar with no server",
    ],
)
async def test_each_instrument_fails_alone_and_with_a_reason(
    world: World, instrument: str, words: str, weights_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flight = await _flown(world, weights_file, monkeypatch)
    assert [instrument] == list(flight.problems)
    assert words in flight.problems[instrument]


def test_a_nonce_is_never_used_twice() -> None:
    made = {nonce() for _ in range(1000)}
    assert 1000 == len(made)
    assert {32} == {len(one) for one in made}


def test_the_witness_is_woken_where_no_process_is_left() -> None:
    """As beside an agent that has taken every process: the script's own begins, and no other can."""

    def besieged(script: str) -> tuple[int, bytes]:
        done = subprocess.run(
            ["/bin/sh", "-c", script, "sh", path],
            check=False,
            capture_output=True,
            user=65534 if os.geteuid() == 0 else None,  # root has no limit
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NPROC, (0, 0)),  # no thread of ours runs meanwhile
        )
        return done.returncode, done.stderr

    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        path = f"{folder}/canary"
        assert b"Cannot fork" in besieged('cat "$1"; true')[1]
        assert besieged(canaries.WITNESSED) == (0, b"")
        assert not Path(path).exists()
        assert besieged(canaries.WITNESSED.partition("exec")[0] + "printf done") == (0, b"")
        assert Path(path).read_text(encoding="ascii") == "x"
