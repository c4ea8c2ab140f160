"""Remote hosts remember: by host and path, as pieces of captures."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from honeyweights.containers.internet import files as files_module
from honeyweights.containers.internet.files import Disk, File, Memory, Piece


def captured(place: Any, data: bytes) -> Any:
    capture = place.spool.open()
    capture.write(data)
    capture.close()
    return capture


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("a", "/home/u/a"),
        ("~/a", "/home/u/a"),
        ("~", "/home/u"),
        ("/x/../y", "/y"),
        ("../../../../etc", "/etc"),
        ("//a", "/a"),
        ("", "/home/u"),
    ],
)
def test_paths_are_absolute_and_normal(place: Any, text: str, path: str) -> None:
    assert Disk(place.spool, "/home/u").path(text) == path


def test_a_file_is_read_back_and_listed(place: Any) -> None:
    disk = Disk(place.spool, "/home/u")
    disk.keep("/home/u/d/w", captured(place, b"abcdef"))
    assert b"".join(disk.blocks("/home/u/d/w")) == b"abcdef"
    assert disk.names("/home/u") == ["d"]
    assert disk.names("/home/u/d") == ["w"]
    assert disk.read(disk.files["/home/u/d/w"], 2, 2) == b"cd"
    assert disk.read(disk.files["/home/u/d/w"], 6, 2) == b""


def test_what_was_cut_is_known_by_its_size_and_read_as_far_as_kept(place: Any) -> None:
    place.spool.limit = 3
    disk = Disk(place.spool, "/home/u")
    disk.keep("/home/u/w", captured(place, b"abcdef"))
    assert (disk.files["/home/u/w"].size, disk.files["/home/u/w"].kept) == (6, 3)
    assert b"".join(disk.blocks("/home/u/w")) == b"abc"


def test_more_goes_behind(place: Any) -> None:
    disk = Disk(place.spool, "/home/u")
    disk.write("/home/u/w", iter((b"one",)), more=False)
    disk.write("/home/u/w", iter((b"two",)), more=True)
    assert b"".join(disk.blocks("/home/u/w")) == b"onetwo"
    disk.write("/home/u/w", iter(()), more=False)
    assert disk.files["/home/u/w"].size == 0


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    writes=st.lists(st.tuples(st.integers(0, 60), st.binary(min_size=1, max_size=20)), max_size=8),
    offset=st.integers(0, 90),
    length=st.integers(0, 90),
)
def test_pieces_lie_over_one_another_as_writes_do(place: Any, writes: list[tuple[int, bytes]], offset: int, length: int) -> None:
    expected = bytearray()
    for at, data in writes:
        expected.extend(b"\0" * (at + len(data) - len(expected)))
        expected[at : at + len(data)] = data
    capture = captured(place, b"".join(data for _, data in writes))
    pieces, start = [], 0
    for at, data in writes:
        pieces.append(Piece(at, len(data), start, capture.digest or ""))
        start += len(data)
    file = File(size=len(expected), pieces=tuple(pieces))
    assert Disk(place.spool, "/").read(file, offset, length) == bytes(expected[offset : offset + length])


def test_hosts_do_not_share_and_are_bounded(place: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files_module, "MOST_FILES", 40)
    memory = Memory(place.spool)
    memory.disk("a").put("/x", File())
    assert "/x" not in memory.disk("b").files
    assert "/x" not in memory.disk("a", kind="web").files
    assert "/x" in memory.disk("a").files
    for number in range(100):
        memory.disk(f"h{number}")
    assert len(memory._disks) == 40
    for number in range(100):
        memory.disk("h99").put(f"/f{number}", File())
    assert len(memory.disk("h99").files) == 40
