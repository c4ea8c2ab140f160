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
    monkeypatch.setattr(files_module, "MOST_DISKS", 40)
    memory = Memory(place.spool)
    memory.disk("a").put("/x", File())
    assert "/x" not in memory.disk("b").files
    assert "/x" not in memory.disk("a", kind="web").files
    assert "/x" in memory.disk("a").files
    for number in range(100):
        memory.disk(f"h{number}")
    assert len(memory._disks) == 40
    assert not memory.disk("h99").put("/f", File())


def test_what_is_remembered_is_bounded_for_all_hosts_together(place: Any) -> None:
    """Room comes back with what is forgotten."""
    room = files_module.Room(30)
    one, other = Disk(place.spool, "/", room), Disk(place.spool, "/", room)
    taken = [one.put(f"/f{number}", File(pieces=(Piece(0, 1, 0, "d"),))) for number in range(20)]
    assert taken == [True] * 15 + [False] * 5
    assert not other.mkdir("/new", parents=True)
    assert one.drop("/f3") is not None
    assert other.put("/a/b", File())
    assert not one.put("/f1", File(pieces=(Piece(0, 1, 0, "d"),) * 9))
    assert (other.names("/a"), one.count("/") - 14, room.left) == (
        ["b"],
        len({"home", "root", "tmp", "var", "srv", "opt", "data", "mnt"}),
        0,
    )
    other.drop("/a/b")
    assert (other.rmdir("/a"), other.rmdir("/a"), other.rmdir("/"), room.left) == (True, False, False, 2)


@pytest.mark.parametrize("path", ["/a" * 100_000, "/" + "a" * 2_000, "/a" * 41])
def test_a_path_without_end_is_not_remembered(place: Any, path: str) -> None:
    disk = Disk(place.spool, "/")
    before = len(disk.folders)
    assert not disk.put(path, File())
    assert not disk.mkdir(path, parents=True)
    assert len(disk.folders) == before
    line = place.line()
    assert line.hear(f"PUT {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi".encode()).startswith(b"HTTP/1.1 201")
    assert place.payload(place.receipts()[-1]) == b"hi"
