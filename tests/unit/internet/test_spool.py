"""The spool: captures once under their digest, bounded, and what is not kept is counted."""

import hashlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from honeyweights.containers.internet import spool as spool_module
from honeyweights.containers.internet.spool import SMALL, Spool


@pytest.mark.parametrize("size", [1, SMALL - 1, SMALL, SMALL + 1, 5 * SMALL + 7])
def test_a_capture_lies_under_its_digest(tmp_path: Path, size: int) -> None:
    data = bytes(range(256)) * (size // 256 + 1)
    spool = Spool(tmp_path)
    capture = spool.open()
    for at in range(0, size, 10_001):
        capture.write(memoryview(data)[at : min(size, at + 10_001)])
    digest = capture.close()
    assert digest == hashlib.sha256(data[:size]).hexdigest() == capture.sha256
    assert [path.name for path in tmp_path.iterdir()] == [digest]
    assert spool.path(digest).read_bytes() == data[:size]
    assert (capture.sent, capture.captured, spool.used) == (size, size, size)


def test_the_same_bytes_are_kept_once(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    digests = set()
    for _ in range(3):
        capture = spool.open()
        capture.write(b"x" * 100_000)
        digests.add(capture.close())
    assert len(digests) == len(list(tmp_path.iterdir())) == 1
    assert spool.used == 100_000


def test_nothing_is_no_capture(tmp_path: Path) -> None:
    capture = Spool(tmp_path).open()
    assert capture.close() is None
    assert capture.sha256 == hashlib.sha256(b"").hexdigest()
    assert list(tmp_path.iterdir()) == []


def test_closing_twice_changes_nothing(tmp_path: Path) -> None:
    capture = Spool(tmp_path).open()
    capture.write(b"once")
    assert capture.close() == capture.close()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(limit=st.integers(0, 3 * SMALL), pieces=st.lists(st.integers(0, 2 * SMALL), max_size=6))
def test_a_limit_cuts_the_end_and_says_how_much(tmp_path_factory: pytest.TempPathFactory, limit: int, pieces: list[int]) -> None:
    """What is kept is the beginning of what was sent; the whole's digest is known all the same."""
    folder = tmp_path_factory.mktemp("spool")
    spool = Spool(folder, limit)
    capture = spool.open()
    whole = b""
    for number, size in enumerate(pieces):
        piece = bytes([number + 1]) * size
        whole += piece
        capture.write(piece)
    digest = capture.close()
    kept = whole[:limit]
    assert (capture.sent, capture.captured) == (len(whole), len(kept))
    assert capture.sha256 == hashlib.sha256(whole).hexdigest()
    assert (b"" if digest is None else spool.path(digest).read_bytes()) == kept


def test_a_full_disk_gives_the_capture_up_and_counts_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spool = Spool(tmp_path)
    capture = spool.open()
    capture.write(b"a" * (2 * SMALL))

    def full(_file: int, _piece: memoryview) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(spool_module, "_write_all", full)
    capture.write(b"b" * (2 * SMALL))
    capture.write(b"c")
    assert capture.close() is None
    assert (capture.sent, capture.captured, spool.used) == (4 * SMALL + 1, 0, 0)
    assert capture.sha256 == hashlib.sha256(b"a" * 2 * SMALL + b"b" * 2 * SMALL + b"c").hexdigest()
    assert list(tmp_path.iterdir()) == []


def test_blocks_give_any_part(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    capture = spool.open()
    data = bytes(range(256)) * 3000
    capture.write(data)
    digest = capture.close()
    assert digest is not None
    assert b"".join(spool.blocks(digest)) == data
    assert b"".join(spool.blocks(digest, 1000, 300_000)) == data[1000:301_000]
    assert b"".join(spool.blocks(digest, len(data) - 3, 10)) == data[-3:]


def test_many_open_captures_hold_little_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What does not fit into memory goes to disk as it comes; nothing is different in the end."""
    monkeypatch.setattr(spool_module, "MOST_HELD", 1000)
    spool = Spool(tmp_path)
    captures = [spool.open() for _ in range(50)]
    for piece in range(4):
        for number, capture in enumerate(captures):
            capture.write(bytes([number, piece]) * 100)
            assert spool.held <= 1000
    for number, capture in enumerate(captures):
        whole = b"".join(bytes([number, piece]) * 100 for piece in range(4))
        assert capture.close() == hashlib.sha256(whole).hexdigest()
        assert spool.path(str(capture.digest)).read_bytes() == whole
    assert spool.held == 0


def test_captures_leave_room_on_the_disk_for_the_journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool_module, "RESERVE", 1 << 62)
    told = []
    spool = Spool(tmp_path)
    spool.reached = lambda: told.append("full")
    for _ in range(3):
        capture = spool.open()
        capture.write(b"x" * 10)
        assert capture.close() is None
        assert (capture.sent, capture.captured) == (10, 0)
    assert told == ["full"]


def test_tiny_captures_are_bounded_and_the_harness_has_room_beyond(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each costs a block and an inode, whatever it holds; one that is large is kept all the same."""
    monkeypatch.setattr(spool_module, "MOST_TINY", 3)
    spool = Spool(tmp_path)

    def kept(data: bytes) -> bool:
        capture = spool.open()
        capture.write(data)
        assert (capture.close() is None) == (capture.captured == 0)
        assert capture.sha256 == hashlib.sha256(data).hexdigest()
        return capture.captured == capture.sent

    assert [True, True, True, False, False] == [kept(bytes([number])) for number in range(5)]
    assert kept(b"\0")
    assert kept(b"x" * spool_module.TINY)
    assert (spool.used, len(list(tmp_path.iterdir()))) == (3 + spool_module.TINY, 4)
    spool.spare(100)
    assert kept(b"canary")
