"""The old scp protocol as a dialogue."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from honeyweights.containers.internet.protocols.ssh.scp import Sink, Source
from honeyweights.containers.internet.receipts import About, Transfer
from honeyweights.containers.internet.talk import Remote

REMOTE = Remote("203.0.113.9", 22, "up.example.com")


def sink(place: Any, goal: str) -> Sink:
    def opened(path: str, line: bytes) -> Transfer:
        transfer: Transfer = place.house.ledger.open(
            REMOTE, About(channel="ssh", protocol="scp", target=path, head=place.house.ledger.keep(line))
        )
        return transfer

    return Sink(place.house.files.disk("up.example.com", "/home/u"), goal, opened)


@pytest.mark.parametrize("step", [1, 2, 1000])
def test_files_and_folders_come_in(place: Any, step: int) -> None:
    taken = sink(place, "/home/u")
    words = b"T1 0 1 0\nC0600 5 a\nhello\0D0755 0 d\nC0644 0 empty\n\0C0644 3 b c\nxyz\0E\n"
    acknowledged = b"".join(taken.feed(words[at : at + step]) for at in range(0, len(words), step))
    taken.stop()
    assert acknowledged == b"\0" * 9
    assert not taken.broken
    assert [(r["target"], place.payload(r), r["finished"]) for r in place.receipts()] == [
        ("/home/u/a", b"hello", True),
        ("/home/u/d/empty", b"", True),
        ("/home/u/d/b c", b"xyz", True),
    ]
    disk = place.house.files.disk("up.example.com")
    assert (disk.files["/home/u/a"].mode, disk.files["/home/u/a"].size) == (0o600, 5)


def test_a_goal_that_is_no_folder_is_the_files_name(place: Any) -> None:
    taken = sink(place, "/home/u/renamed")
    taken.feed(b"C0600 1 a\nx\0")
    assert place.receipts()[0]["target"] == "/home/u/renamed"


def test_a_file_that_breaks_off_is_not_finished(place: Any) -> None:
    taken = sink(place, "/home/u")
    taken.feed(b"C0600 10 a\nhello")
    taken.stop()
    assert [(place.payload(r), r["finished"]) for r in place.receipts()] == [(b"hello", False)]


@pytest.mark.parametrize("bad", [b"X\n", b"C0600 x a\n", b"C0600 -1 a\n", b"C600\n", b"E\n", b"C9999 1 a\n", b"\n", b"C0600 1_0 a\n"])
def test_what_is_no_scp_is_left_to_the_caller(place: Any, bad: bytes) -> None:
    taken = sink(place, "/home/u")
    assert taken.feed(bad + b"and more").startswith(b"\x01scp: ")
    assert taken.broken
    assert taken.rest == bad + b"and more"


def test_files_go_out_step_by_step(place: Any) -> None:
    taken = sink(place, "/home/u/a")
    taken.feed(b"C0640 5 a\nhello\0")
    source = Source(place.house.files.disk("up.example.com"), ["/home/u/a", "/nowhere"])
    assert b"".join(source.feed(b"\0")) == b"C0640 5 a\n"
    assert b"".join(source.feed(b"\0")) == b"hello\0"
    assert b"".join(source.feed(b"\0")) == b"\x01scp: /nowhere: No such file or directory\n"
    assert not source.done
    assert b"".join(source.feed(b"\0")) == b""
    assert source.done


def test_a_client_that_complains_ends_it(place: Any) -> None:
    source = Source(place.house.files.disk("up.example.com"), ["/nowhere"])
    assert list(source.feed(b"\x01no")) == []
    assert source.done


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150)
@given(
    data=st.lists(st.sampled_from([b"C0644 ", b"D0755 0 ", b"E\n", b"T", b"3 ", b"a\n", b"\0", b"xyz", b"\n", b"\xff"])),
    step=st.integers(1, 9),
)
def test_garbage_never_raises_and_nothing_is_lost(new_place: Callable[[], Any], data: list[bytes], step: int) -> None:
    place = new_place()
    taken = sink(place, "/home/u")
    words = b"".join(data)
    at = 0
    while at < len(words) and not taken.broken:
        taken.feed(words[at : at + step])
        at += step
    taken.stop()
    kept = sum(r["sent"] for r in place.receipts())
    assert taken.rest == b"" or taken.rest in words
    assert kept <= len(words)
