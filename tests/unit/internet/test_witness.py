"""The witness sees opens, reads, changes and closings by anybody, on a real file system."""

import asyncio
import os
import struct
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from honeyweights.containers.internet import witness as witness_module
from honeyweights.containers.internet.journal import Journal
from honeyweights.containers.internet.witness import OVERFLOW, Event, Witness, events
from honeyweights.evidence import chain


class Watched:
    def __init__(self, folder: Path) -> None:
        self.root = folder / "models"
        (self.root / "marlin-2").mkdir(parents=True)
        self.file = self.root / "marlin-2" / "w.safetensors"
        self.file.write_bytes(b"w" * 1000)
        self._log = folder / "witness.jsonl"
        self.witness = Witness(Journal(self._log, "witness"), self.root)
        self.witness.start()

    def records(self) -> list[tuple[str, str, int]]:
        self.witness.settle()
        records = list(chain.read(self._log.read_text().splitlines(), "witness"))
        assert records[0]["kind"] == "start"
        return [(r["kind"], r["body"]["path"], r["body"]["count"]) for r in records[1:]]

    def counts(self, path: Path) -> dict[str, int]:
        found: Counter[str] = Counter()
        for kind, seen, count in self.records():
            if seen == str(path):
                found[kind] += count
        return dict(found)


@pytest.fixture(name="watched")
async def _watched(tmp_path: Path) -> AsyncIterator[Watched]:
    watched = Watched(tmp_path)
    assert watched.records() == [], "its own looking around is not seen"
    yield watched
    watched.witness.close()


async def test_a_read_is_an_open_a_read_and_a_close(watched: Watched) -> None:
    watched.file.read_bytes()
    seen = watched.counts(watched.file)
    assert set(seen) == {"open", "read", "close"}


async def test_a_mapped_read_shows_its_opening(watched: Watched) -> None:
    import mmap  # noqa: PLC0415  # used once

    with watched.file.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        assert mapped[0] == ord("w")
    assert watched.counts(watched.file)["open"] == 1


async def test_changes_are_seen_in_folders_made_later_too(watched: Watched) -> None:
    later = watched.root / "later" / "deeper"
    later.mkdir(parents=True)
    watched.witness._ready()
    (later / "x").write_bytes(b"1")
    assert {"modify", "open", "close"} <= set(watched.counts(later / "x"))
    watched.file.rename(watched.file.with_name("v"))
    assert watched.counts(watched.file) == {"modify": 1}


async def test_many_small_reads_are_few_records_and_all_counted(watched: Watched) -> None:
    other = watched.root / "other"
    other.write_bytes(b"x" * 10)
    watched.records()
    for _ in range(200):
        for path in (watched.file, other):
            with path.open("rb", buffering=0) as file:
                file.read(1)
        watched.witness._ready()
    before = len(watched.records())
    assert watched.counts(watched.file)["open"] == 200
    assert before < 30


async def test_what_is_counted_is_written_when_the_window_ends(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(witness_module, "WINDOW", 0.01)
    for _ in range(3):
        watched.file.read_bytes()
    await asyncio.sleep(0.1)
    assert watched.witness._joined == {}
    assert watched.counts(watched.file)["open"] == 3


async def test_an_overflow_is_a_loss(watched: Watched, tmp_path: Path) -> None:
    watched.witness.take(Event(-1, OVERFLOW, b""))
    lost = [r["body"] for r in chain.read((tmp_path / "witness.jsonl").read_text().splitlines(), "witness") if r["kind"] == "lost"]
    assert lost == [{"what": "event", "count": 1, "bytes": 0}]


async def test_names_are_shown_not_believed(watched: Watched) -> None:
    name = os.fsdecode(b"a\xff\nb")
    (watched.file.parent / name).write_bytes(b"1")
    assert any(path.endswith("/a\\xff\\x0ab") for _, path, _ in watched.records())


@given(st.binary(max_size=200))
def test_event_garbage_ends(data: bytes) -> None:
    assert all(isinstance(event, Event) for event in events(data))


def test_events_come_apart() -> None:
    one = struct.pack("iIII", 3, 1, 0, 16) + b"name".ljust(16, b"\0")
    two = struct.pack("iIII", 4, 2, 0, 0)
    found: list[Any] = list(events(one + two))
    assert found == [(3, 1, b"name"), (4, 2, b"")]
