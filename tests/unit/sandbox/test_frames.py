"""The channel's framings are the same in whatever pieces the bytes arrive, and garbage gives the one known error."""

import struct
from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from honeyweights.containers import ROOT
from honeyweights.sandbox import frames
from honeyweights.sandbox.frames import Demultiplexer, Exit, Frames, Garbled, How, Kind, Operation, Request, Stage, Tail, frame

SENT = [(Kind.HELLO, 0, b"\1" + bytes(8)), (Kind.OUT, 7, b"some output"), (Kind.ERR, 2**32 - 1, b""), (Kind.OUT, 7, b"x" * 70_000)]
STREAM = b"".join(frame(*one) for one in SENT)


def _cut(data: bytes, places: list[int]) -> list[bytes]:
    bounds = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[start:end] for start, end in pairwise(bounds)]


def test_frames_come_whole_and_byte_by_byte() -> None:
    """One feed, or one for each byte."""
    assert list(Frames().feed(STREAM)) == SENT
    single = Frames()
    short = b"".join(frame(*one) for one in SENT[:3])
    assert [got for byte in short for got in single.feed(bytes([byte]))] == SENT[:3]


@given(st.lists(st.integers(min_value=0), max_size=8))
def test_frames_come_in_any_pieces(places: list[int]) -> None:
    """Hypothesis cuts the stream wherever it likes."""
    reader = Frames()
    assert [got for piece in _cut(STREAM, places) for got in reader.feed(piece)] == SENT


@given(st.lists(st.tuples(st.sampled_from([1, 2]), st.binary(max_size=50)), max_size=6), st.lists(st.integers(min_value=0), max_size=8))
def test_the_engines_stream_comes_apart_in_any_pieces(sent: list[tuple[int, bytes]], places: list[int]) -> None:
    """Per stream, the bytes are those that were sent, in order."""
    data = b"".join(struct.pack(">BxxxI", stream, len(piece)) + piece for stream, piece in sent)
    reader = Demultiplexer()
    got = [one for piece in _cut(data, places) for one in reader.feed(piece)]
    for stream in (1, 2):
        assert b"".join(piece for number, piece in got if number == stream) == b"".join(piece for number, piece in sent if number == stream)


@given(st.binary(max_size=200))
def test_garbage_is_frames_or_the_one_error(data: bytes) -> None:
    """Never anything else."""
    for reader in (Frames(), Demultiplexer()):
        with suppress(Garbled):
            list(reader.feed(data))


def test_an_unknown_kind_is_passed_over() -> None:
    """A newer sessiond may say more than we know."""
    later = struct.pack("<IBI", 3, ord("?"), 0) + b"abc"
    assert list(Frames().feed(later + frame(Kind.CHILD, 0, bytes(4)))) == [(Kind.CHILD, 0, bytes(4))]


def test_a_request_is_laid_out_as_sessiond_reads_it() -> None:
    """Field by field: the twin of request.c."""
    request = Request(argv=["ls", "-l", "é"], user="agent", cwd="/tmp", env={"A": "b=c"}, has_input=True, timeout=1.5, limit=9)
    want = (
        struct.pack("<BBIQ", 0, 1, 1500, 9)
        + b"agent\0/tmp\0"
        + struct.pack("<I", 3)
        + "ls\0-l\0é\0".encode()
        + struct.pack("<I", 1)
        + b"A=b=c\0"
    )
    assert request.encode() == want
    assert Request(argv=["/f"], user="u", cwd="/", operation=Operation.READ).encode()[:6] == b"\1\0\0\0\0\0"


def test_a_timeout_is_never_rounded_to_none() -> None:
    """0 means no timeout to sessiond, so the shortest is a millisecond."""
    assert Request(argv=["x"], user="u", cwd="/", timeout=0.0).encode()[2:6] == struct.pack("<I", 1)


def test_a_null_byte_is_refused() -> None:
    """It would end the string early, and make another command of it."""
    with pytest.raises(ValueError, match="null byte"):
        Request(argv=["ls\0; rm"], user="agent", cwd="/").encode()


def test_an_exit_is_read() -> None:
    """The twin of command.c's answer."""
    end = Exit.decode(struct.pack("<BIIBQQ", 2, 13, 6, 0, 1 << 40, 5))
    assert end == Exit(how=How.FAILED, value=13, stage=Stage.EXEC, timed_out=False, out_total=1 << 40, err_total=5)


@given(st.integers(min_value=0, max_value=20), st.lists(st.binary(max_size=15), max_size=10))
def test_a_tail_is_the_end_of_all_that_was_written(limit: int, pieces: list[bytes]) -> None:
    """Of at most `limit` bytes."""
    tail = Tail(limit)
    for piece in pieces:
        tail.write(piece)
    assert tail.value() == (b"".join(pieces)[-limit:] if limit else b"")


def test_both_ends_name_the_same_numbers() -> None:
    """Sessiond's header and this module: types of frames, stages, limits."""
    header = (ROOT / "session" / "session.h").read_text(encoding="ascii")
    for kind in Kind:
        assert f"FRAME_{kind.name} = '{chr(kind)}'" in header
    stages = header.partition("enum spawn_stage {")[2].partition("}")[0]
    assert [name.strip() for name in stages.split(",")] == [f"STAGE_{stage.name}" for stage in Stage]
    assert f"PROTOCOL_VERSION = {frames.VERSION}," in header
    assert (frames.LARGEST, frames.WINDOW) == (16 << 20, 1 << 20)
    assert "FRAME_MAX = 16 << 20" in header
    assert "INPUT_WINDOW = 1 << 20" in header
