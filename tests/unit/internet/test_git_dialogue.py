"""git as a dialogue: whole, byte by byte, with garbage; and git itself reads what a clone is given."""

import gzip
import hashlib
import subprocess
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from honeyweights.containers.internet.protocols import git
from honeyweights.containers.internet.protocols.git import deltas, packs, pkt, receive, repositories, stream, upload
from honeyweights.containers.internet.protocols.http.services import git as by_http
from honeyweights.containers.internet.receipts import About
from honeyweights.containers.internet.talk import Remote

NONE = "0" * 40
ABLE = "report-status side-band-64k delete-refs atomic"
REMOTE = Remote("203.0.113.9", 22, "code.example.com")
SSH = About(channel="ssh", protocol="git")
FEW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def head(kind: int, size: int) -> bytes:
    """An object's first bytes in a pack."""
    byte, size = kind << 4 | size & 15, size >> 4
    out = bytearray()
    while size:
        out.append(byte | 128)
        byte, size = size & 127, size >> 7
    return bytes([*out, byte])


def pack(*objects: bytes) -> bytes:
    body = b"PACK\0\0\0\2" + len(objects).to_bytes(4, "big") + b"".join(objects)
    return body + hashlib.sha1(body, usedforsecurity=False).digest()


def blob(data: bytes) -> bytes:
    return head(3, len(data)) + zlib.compress(data)


def command(old: str, new: str, name: str = "refs/heads/main", able: str = ABLE) -> bytes:
    return pkt.line(f"{old} {new} {name}\0 {able}") + pkt.FLUSH


def pushed(place: Any, said: bytes, step: int = 10**9, path: str = "group/name") -> bytes:
    """What the server answers to a push, after its first words."""
    out: list[bytes] = []
    pieces = [said[at : at + step] for at in range(0, len(said), step)]
    asked = stream.wanted(f"git-receive-pack '{path}.git'")
    assert asked is not None
    assert stream.serve(asked, REMOTE, place.house, lambda: pieces.pop(0) if pieces else b"", out.append, about=SSH) == 0
    return b"".join(out[1:])


def cloned(place: Any, path: str = "group/name") -> bytes:
    """The pack that a clone is given."""
    found = repositories.of(place.house).get("code.example.com", path)
    _size, _objects, blocks = found.joined()
    whole = b"".join(blocks)
    assert _size == len(whole)
    return whole


def objects_of(whole: bytes, folder: Path) -> set[str]:
    """The objects that git itself finds in a pack, read as strictly as a clone does."""
    subprocess.run(["git", "init", "-q", "--bare", str(folder)], check=True)
    subprocess.run(["git", "index-pack", "--stdin", "--strict"], cwd=folder, input=whole, check=True, capture_output=True)
    listed = ["git", "cat-file", "--batch-all-objects", "--batch-check=%(objectname)"]
    return set(subprocess.run(listed, cwd=folder, check=True, capture_output=True, text=True).stdout.split())


def name(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


@pytest.mark.parametrize("step", [10**9, 1, 7])
def test_a_push_ends_well_and_its_pack_is_the_payload(place: Any, step: int) -> None:
    sent = pack(blob(b"weights"))
    said = pushed(place, command(NONE, "a" * 40) + sent, step)
    assert said == pkt.band(1, pkt.line("unpack ok\n") + pkt.line("ok refs/heads/main\n") + pkt.FLUSH) + pkt.FLUSH
    commands, transfer = place.receipts()
    assert (commands["protocol"], transfer["channel"], transfer["protocol"], transfer["finished"]) == ("git-commands", "ssh", "git", True)
    assert place.payload(transfer) == sent
    assert b"refs/heads/main" in place.payload(commands)
    found = repositories.of(place.house).get("code.example.com", "/group/name.git/")
    assert found.listed() == [("HEAD", "a" * 40), ("refs/heads/main", "a" * 40)]


def test_refs_are_deleted_refused_and_changed_together(place: Any) -> None:
    pushed(place, command(NONE, "a" * 40) + pack(blob(b"1")))
    assert b"failed to update ref" in pushed(place, command("b" * 40, "c" * 40) + pack(blob(b"2")))
    assert b"funny refname" in pushed(place, command(NONE, "c" * 40, "refs/heads/a..b") + pack(blob(b"2")))
    two = pkt.line(f"{NONE} {'c' * 40} refs/heads/x\0 {ABLE}") + pkt.line(f"{NONE} {'c' * 40} refs/heads/a..b") + pkt.FLUSH
    assert pushed(place, two + pack(blob(b"2"))).count(b"ng ") == 2
    assert b"ok refs/heads/main" in pushed(place, command("a" * 40, NONE))
    assert repositories.of(place.house).get("code.example.com", "group/name").listed() == []


def test_a_broken_pack_is_said_to_be_and_kept(place: Any) -> None:
    sent = pack(blob(b"weights"))[:-3]
    assert b"unpack index-pack abnormal exit" in pushed(place, command(NONE, "a" * 40) + sent)
    assert place.payload(place.receipts()[-1]) == sent
    assert not place.receipts()[-1]["finished"]


def test_packs_are_joined_so_that_no_object_comes_twice(place: Any, tmp_path: Path) -> None:
    """The second pack holds an object of the first again, and a difference to it: git refuses a pack in which anything comes twice."""
    base = bytes(range(256)) * 300
    made = base[:1000] + b"more"
    delta = b"\x80\xd8\x04" + b"\xec\x07" + b"\xb0\xe8\x03" + b"\x04more"
    first = pack(blob(base), blob(b"other"))
    whole = blob(base)
    second = pack(
        whole, head(6, len(delta)) + bytes([(len(whole) >> 7) - 1 | 128, len(whole) & 127]) + zlib.compress(delta), blob(b"third")
    )
    third = pack(blob(made))
    for number, sent in enumerate((first, second, third)):
        pushed(place, command(NONE, f"{number}" * 40, f"refs/heads/b{number}") + sent)
    assert objects_of(cloned(place), tmp_path / "bare") == {name(data) for data in (base, made, b"other", b"third")}


@pytest.mark.parametrize(
    "sent",
    [
        pack(head(3, 1 << 40) + zlib.compress(bytes(1 << 20))),
        pack(head(3, 5) + zlib.compress(bytes(1 << 24))),
        b"PACK\0\0\0\2\xff\xff\xff\xff" + bytes(40),
        pack(head(6, 3) + b"\x7f" + zlib.compress(b"abc")),
        pack(blob(b"a"), head(6, 7) + b"\x0a" + zlib.compress(b"\x01\xff\xff\xff\xff\xff\x7f")),
    ],
)
def test_a_pack_that_lies_is_not_read_on(place: Any, sent: bytes) -> None:
    digest = place.spool.open()
    digest.write(sent)
    budget = packs.Budget(left=1 << 22)
    entries = packs.entries_of(place.spool, packs.Pack(str(digest.close()), len(sent), int.from_bytes(sent[8:12], "big")), budget)
    assert not [entry for entry in entries if entry.kind == packs.BY_DISTANCE and entry.name]
    assert budget.left > (1 << 22) - 3 * packs.STEP


def test_a_difference_makes_what_it_says_or_nothing() -> None:
    assert deltas.made(b"hello", b"\x05\x07\x90\x05\x02!!") == b"hello!!"
    for bad in (b"\x05\x06\x90\x05\x02!!", b"\x05\x07\x90\x05\0", b"\x05\xff\xff\xff\xff\x7f", b"\x05\x07\x90"):
        with pytest.raises((deltas.Unreadable, IndexError)):
            deltas.made(b"hello", bad)


def test_a_fetch_is_answered_in_both_tongues(place: Any) -> None:
    pushed(place, command(NONE, "a" * 40) + pack(blob(b"weights")))
    repository = repositories.of(place.house).get("code.example.com", "group/name")
    assert b"symref=HEAD:refs/heads/main" in upload.advertised(repository, "git-upload-pack", 0)
    old = upload.Upload(repository, 0)
    answer = b"".join(old.feed(pkt.line(f"want {'a' * 40} side-band-64k") + pkt.FLUSH + pkt.line("done")))
    assert answer.startswith(pkt.line("NAK\n"))
    assert cloned(place) in answer.replace(answer[8:13], b"", 1)
    new = upload.Upload(repository, 2)
    listed = b"".join(new.feed(pkt.line("command=ls-refs") + pkt.Mark.DELIMITER.value + pkt.line("symrefs") + pkt.FLUSH))
    assert listed == pkt.line(f"{'a' * 40} HEAD symref-target:refs/heads/main\n") + pkt.line(f"{'a' * 40} refs/heads/main\n") + pkt.FLUSH
    asked = pkt.line("command=fetch") + pkt.Mark.DELIMITER.value + pkt.line(f"want {'a' * 40}") + pkt.line("done") + pkt.FLUSH
    found = new.feed(asked)
    fetched = b"".join(found)
    assert found.length == len(fetched)
    assert pkt.line("packfile\n") + pkt.band(1, cloned(place)) in fetched
    assert b"not our ref" in b"".join(upload.Upload(repository, 2).feed(asked.replace(b"a" * 40, b"b" * 40)))


def test_git_on_its_own_port(place: Any) -> None:
    line = place.line(9418, "code.example.com")
    opening = pkt.line("git-receive-pack /group/name.git\0host=code.example.com\0\0version=1\0")
    assert line.hear(opening, 3).startswith(pkt.line("version 1\n"))
    said = line.hear(command(NONE, "a" * 40) + pack(blob(b"x")), 5)
    assert b"ok refs/heads/main" in said
    assert [(r["channel"], r["protocol"], r["finished"]) for r in place.receipts()] == [("tcp", "git-commands", True), ("tcp", "git", True)]


def test_a_push_by_gzip_is_taken_and_kept_as_it_came(place: Any) -> None:
    sent = pack(blob(b"weights"))
    body = gzip.compress(command(NONE, "a" * 40) + sent, mtime=0)
    head = "POST /group/name.git/git-receive-pack HTTP/1.1\r\nHost: code.example.com\r\nContent-Encoding: gzip\r\nContent-Length: "
    line = place.line(80, "code.example.com")
    assert b"ok refs/heads/main" in line.hear(f"{head}{len(body)}\r\n\r\n".encode() + body)
    assert next((r["protocol"], place.payload(r)) for r in place.receipts()) == ("git", body)
    assert cloned(place) == sent
    for bad in (body[:-9], b"no gzip at all", gzip.compress(bytes(by_http.LARGEST_UNPACKED + 1), mtime=0)):
        assert line.hear(f"{head}{len(bad)}\r\n\r\n".encode() + bad).startswith(b"HTTP/1.1 400")
        assert bad in [place.payload(r) for r in place.receipts()]


def test_a_client_that_dies_leaves_what_it_sent(place: Any) -> None:
    line = place.line(9418)
    line.hear(pkt.line("git-receive-pack /x\0host=h\0") + command(NONE, "a" * 40) + b"PACK and then nothing")
    line.talker.broken()
    assert [(r["protocol"], r["finished"]) for r in place.receipts()] == [("git-commands", True), ("git", False)]
    assert place.payload(place.receipts()[1]) == b"PACK and then nothing"


@pytest.mark.parametrize(
    ("text", "service"),
    [
        ("git-upload-pack '/a b.git'", "git-upload-pack"),
        ("git receive-pack a", "git-receive-pack"),
        ("/usr/bin/git-receive-pack --quiet a", "git-receive-pack"),
        ("git status", None),
        ("git-receive-pack 'open", None),
        ("", None),
    ],
)
def test_commands_that_are_gits(text: str, service: str | None) -> None:
    found = stream.wanted(text)
    assert (found and found.service) == service


def test_versions_and_first_bytes() -> None:
    assert [stream.version_of(text) for text in ("", "version=2", "version=1:object-format=sha1", "version=9")] == [0, 2, 1, 0]
    assert [git.opens(first) for first in (b"", b"00", b"0032git-", b"0032gut-", b"zzzzgit-")] == [None, None, True, False, False]
    assert by_http.SERVICES[0].protocol == "git"


@FEW
@given(
    st.lists(st.one_of(st.binary(max_size=80), st.sampled_from([pkt.FLUSH, command(NONE, "a" * 40), pack(blob(b"q")), b"0004", b"fff"])))
)
def test_any_garbage_is_a_push_or_is_kept(pieces: list[bytes]) -> None:
    """Nothing is lost between commands and payload."""

    class Nowhere:
        digest = None
        captured = sent = 0

    push = receive.Receive(repositories.Repositories(None).get("h", "p"))  # type: ignore[arg-type]  # nothing is read
    out = b"".join(push.feed(piece) for piece in pieces)
    out = bytes(push.said) + out + push.held()
    assert out == b"".join(pieces)
    push.report(Nowhere())  # type: ignore[arg-type]  # as closed and empty


@FEW
@given(
    st.integers(0, 2),
    st.lists(st.one_of(st.binary(max_size=80), st.sampled_from([pkt.FLUSH, b"0001", pkt.line("command=fetch"), pkt.line("done")]))),
)
def test_any_garbage_is_a_fetch_or_ends(version: int, pieces: list[bytes]) -> None:
    fetch = upload.Upload(repositories.Repositories(None).get("h", "p"), version)  # type: ignore[arg-type]  # nothing is read
    for piece in pieces:
        answer = fetch.feed(piece)
        assert answer.length == len(b"".join(answer))


@FEW
@given(st.binary(max_size=300), st.integers(0, 9))
def test_any_garbage_is_a_pack_or_is_not(new_place: Callable[[], Any], garbage: bytes, count: int) -> None:
    here = new_place()
    capture = here.spool.open()
    capture.write(b"PACK\0\0\0\2" + count.to_bytes(4, "big") + garbage)
    found = packs.entries_of(here.spool, packs.Pack(str(capture.close()), capture.captured, count), packs.Budget(left=1 << 20))
    assert len(found) in {0, count}
