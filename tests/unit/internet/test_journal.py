"""The journal: a chain on disk, bounded, from any thread."""

import threading
from pathlib import Path

import pytest

from honeyweights.containers.internet import journal as journal_module
from honeyweights.containers.internet.journal import Journal
from honeyweights.evidence import chain


def test_records_follow_from_one_another_on_disk_at_once(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j", "journal")
    journal.write("start", {})
    journal.write("name", {"name": "ex\u00e4mple", "address": "203.0.113.9"}, t=5)
    records = list(chain.read((tmp_path / "j").read_text().splitlines(), "journal"))
    assert [record["kind"] for record in records] == ["start", "name"]
    assert records[1]["t"] == 5
    assert (journal.length, journal.head) == (2, records[1]["hash"])


def test_beyond_the_bound_records_are_counted_by_kind(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j", "journal", most=3)
    for number in range(10):
        journal.write("receipt" if number % 2 else "contact", {"n": number})
    journal.settle()
    journal.settle()
    records = list(chain.read((tmp_path / "j").read_text().splitlines(), "journal"))
    assert [record["body"].get("n") for record in records[:3]] == [0, 1, 2]
    assert {record["body"]["what"]: record["body"]["count"] for record in records[3:]} == {"record:receipt": 4, "record:contact": 3}


def test_threads_do_not_break_the_chain(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j", "journal")
    workers = [threading.Thread(target=lambda: [journal.write("receipt", {"x": "y" * 200}) for _ in range(100)]) for _ in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(list(chain.read((tmp_path / "j").read_text().splitlines(), "journal"))) == 800


def test_small_talk_does_not_crowd_out_a_large_transfer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_module, "SHARES", {"receipt": 2, "large receipt": 2, "contact": 1})
    journal = Journal(tmp_path / "j", "journal")
    for number in range(5):
        journal.write("contact", {"n": number})
        journal.write("receipt", {"sent": 10})
    journal.write("receipt", {"sent": 10_000})
    journal.settle()
    records = list(chain.read((tmp_path / "j").read_text().splitlines(), "journal"))
    assert [r["body"]["sent"] for r in records if r["kind"] == "receipt"] == [10, 10, 10_000]
    assert {r["body"]["what"]: (r["body"]["count"], r["body"]["bytes"]) for r in records if r["kind"] == "lost"} == {
        "record:contact": (4, 0),
        "record:receipt": (3, 30),
    }


def test_a_server_that_is_started_again_does_not_write_over_its_journal(tmp_path: Path) -> None:
    Journal(tmp_path / "j", "journal").write("start", {})
    with pytest.raises(FileExistsError):
        Journal(tmp_path / "j", "journal")
    assert (tmp_path / "j").stat().st_size > 0
