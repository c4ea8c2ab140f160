"""A house in a temporary folder, and a line that remembers what was said on it: protocols are tested as dialogues."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from socket import socket
from typing import Any

import pytest

from honeyweights.containers.internet.files import Memory
from honeyweights.containers.internet.flows import Flows
from honeyweights.containers.internet.journal import Journal
from honeyweights.containers.internet.names import Names
from honeyweights.containers.internet.receipts import Ledger
from honeyweights.containers.internet.sniff import Sniffer
from honeyweights.containers.internet.spool import Spool
from honeyweights.containers.internet.talk import Data, Host, House, Remote, Talker
from honeyweights.evidence import chain


class Spoken:
    """A line whose other end is the test."""

    secure = False

    def __init__(self, house: House, port: int = 80, host: str | None = "up.example.com") -> None:
        self.remote = Remote("203.0.113.9", port, host, ("10.64.7.23", 40000))
        self.claimed: str | None = None
        self.said = bytearray()
        self.shut_down = False
        self.timers: list[Callable[[], None]] = []
        self.patience: int | None = None
        self.held: bytes | None = None
        self.talker: Talker = Sniffer(self, house)

    def send(self, data: bytes) -> None:
        assert not self.shut_down
        self.said += data

    def stream(self, blocks: Iterator[bytes], held: int = 0) -> None:  # noqa: ARG002  # the line's signature
        for block in blocks:
            self.send(block)

    @property
    def full(self) -> bool:
        """After as many questions as a test says, once for each of them."""
        if self.patience is None:
            return False
        self.patience -= 1
        return self.patience < 0

    def hold(self, rest: Data) -> None:
        assert self.held is None
        self.held = bytes(rest)

    def again(self, patience: int | None = None) -> None:
        """Tells what was put off."""
        held, self.held, self.patience = self.held, None, patience
        assert held is not None
        self.talker.received(held)

    def prompt(self, blocks: Iterator[bytes]) -> None:
        self.stream(blocks)

    def shut(self) -> None:
        self.shut_down = True

    def turn(self, talker: Talker) -> None:
        self.talker = talker

    def later(self, _seconds: float, call: Callable[[], None]) -> None:
        self.timers.append(call)

    def detach(self) -> socket | None:
        return None

    def hear(self, data: bytes, step: int | None = None) -> bytes:
        """Lets the talker hear bytes, `step` at a time; gives what it said to them."""
        before = len(self.said)
        step = step or max(1, len(data))
        for at in range(0, len(data), step):
            self.talker.received(memoryview(bytearray(data[at : at + step])))
        return bytes(self.said[before:])


class Place:
    """A house, with eyes for its journal and its spool."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = 100.0
        self.journal = Journal(folder / "journal.jsonl", "journal")
        self.spool = Spool(folder / "spool")
        self.house = House(
            ledger=Ledger(self.journal, self.spool),
            flows=Flows(lambda: self.clock),
            names=Names(lambda name, address: self.journal.write("name", {"name": name, "address": address})),
            files=Memory(self.spool),
            authority=lambda: pytest.fail("nobody asked for a certificate"),
            seed=lambda: b"seed",
            hosts={"up.example.com": Host()},
        )

    def line(self, port: int = 80, host: str | None = "up.example.com") -> Spoken:
        return Spoken(self.house, port, host)

    def records(self, kind: str) -> list[dict[str, Any]]:
        lines = (self.folder / "journal.jsonl").read_text().splitlines()
        return [record["body"] for record in chain.read(lines, "journal") if record["kind"] == kind]

    def receipts(self) -> list[dict[str, Any]]:
        return self.records("receipt")

    def payload(self, receipt: dict[str, Any]) -> bytes:
        return b"" if receipt["digest"] is None else self.spool.path(receipt["digest"]).read_bytes()

    def all_bytes(self) -> bytes:
        """Everything that any receipt leads to, heads included."""
        digests = [digest for receipt in self.receipts() for digest in (receipt["digest"], receipt["head"]) if digest]
        return b"\0".join(self.spool.path(digest).read_bytes() for digest in digests)

    def brief(self) -> list[tuple[Any, ...]]:
        return [(r["channel"], r["protocol"], r["method"], r["target"], r["sent"], r["finished"]) for r in self.receipts()]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


@pytest.fixture
def new_place(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Place]:
    """A fresh house for each example of a property."""
    return lambda: Place(tmp_path_factory.mktemp("house"))


def as_json(value: object) -> str:
    return json.dumps(value, sort_keys=True)
