"""The assay's small parts: textures, traces, joins, cleaning of text."""

import base64
import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from honeyweights.evidence.assay import joins, text, texture
from honeyweights.evidence.assay.budget import Budget
from honeyweights.evidence.assay.coverage import Ranges
from honeyweights.evidence.assay.decode import Streams, View
from honeyweights.evidence.assay.decoders import alphabets, escapes
from honeyweights.evidence.assay.request import Budgets, Capture
from honeyweights.evidence.assay.trace import Owners, Trace, parts_of

NOISE = random.Random(8).randbytes(1 << 16)  # noqa: S311


def _array(body: bytes) -> np.ndarray:
    return np.frombuffer(body, np.uint8)


def _view(body: bytes) -> View:
    return View(data=_array(body), residue=Ranges.span(0, len(body)), budget=Budget(Budgets()), promise=lambda _: 0)


@pytest.mark.parametrize(
    ("body", "random_share"),
    [
        pytest.param(NOISE, 1.0, id="noise"),
        pytest.param(NOISE[:256], 1.0, id="a little noise"),
        pytest.param(NOISE[:63], 0.0, id="too little to tell"),
        pytest.param(base64.b64encode(NOISE), 0.0, id="base64"),
        pytest.param(NOISE.hex().encode(), 0.0, id="hex"),
        pytest.param(Path(__file__).read_bytes() * 3, 0.0, id="source"),
        pytest.param(bytes(5000), 0.0, id="padding"),
        pytest.param(NOISE[:32768] + bytes(32768), 0.5, id="half and half"),
    ],
)
def test_only_what_looks_random_is_called_so(body: bytes, random_share: float) -> None:
    assert random_share * len(body) == texture.random_bytes(_array(body))


def test_text_is_found_where_it_stands_with_a_margin() -> None:
    body = NOISE[:5000] + b"some words, " * 100 + NOISE[5000:9000]
    ((start, end),) = texture.text_ranges(_array(body), Ranges.span(0, len(body)))
    assert start <= 5256
    assert end >= 5944
    assert end - start < 1200 + 4 * texture.BLOCK
    assert 0 == texture.text_ranges(_array(body), Ranges.span(0, 4000)).total


def test_little_or_dull_content_is_not_dense() -> None:
    whole = Ranges.span(0, 1 << 20)
    assert texture.dense(_array(NOISE.hex().encode()), whole)
    assert not texture.dense(_array(b"\0" * 5000), whole)
    assert not texture.dense(_array(NOISE), Ranges.span(0, 1000))
    assert not texture.dense(_array(b""), Ranges.span(0, 0))


PIECES = st.lists(st.tuples(st.integers(1, 9), st.integers(0, 9), st.integers(0, 12)), min_size=1, max_size=5)


@given(PIECES, st.integers(0, 20), st.integers(1, 20))
def test_traces_lead_into_the_piece_a_byte_came_from(table: list[tuple[int, int, int]], start: int, size: int) -> None:
    """Outwards and back inwards ends at or before where it began, and never in a later piece."""
    pieces, at = [], 0
    for inner, gap, outer in table:
        pieces.append((inner, at + gap, at + gap + outer))
        at += gap + outer
    trace = Trace.of(pieces)
    total = sum(inner for inner, _, _ in pieces)
    out = trace.outward(Ranges.span(min(start, total - 1), min(start + size, total)))
    assert all(any(first <= a and b <= last for _, first, last in pieces) or len(pieces) > 1 for a, b in out)
    back = trace.inward(out.starts)
    assert ((back >= 0) & (back <= total)).all()


def test_a_trace_of_base64_is_exact() -> None:
    trace = Trace.of([(30, 100, 140), (30, 200, 240)])
    assert [(100, 104), (200, 208)] == list(trace.outward(Ranges.of(np.array([0, 30]), np.array([3, 36]))))
    assert [0, 0, 3, 30, 33, 60] == trace.inward(np.array([0, 100, 104, 200, 204, 999])).tolist()


def test_owners_are_cut_where_captures_meet() -> None:
    owners = Owners(np.array([0, 100, 200]), np.array([0, 1, 2]))
    assert [0, 0, 1, 2, 2] == owners.at(np.array([0, 99, 100, 200, 999])).tolist()
    inner = owners.through(Trace.of([(225, 0, 300)]))
    assert ([0, 75, 150], [0, 1, 2]) == (inner.cuts.tolist(), inner.names.tolist())
    streams = owners.of_streams(np.array([0, 10]), np.array([110, 150]), np.array([150, 250]))
    assert [(1, 1), (1, 2)] == [parts_of(owner) for owner in streams.names.tolist()]


def test_a_stream_is_explained_as_a_whole_or_not_at_all() -> None:
    table = (np.array(row) for row in ([0, 100, 200], [5, 50, 70], [40, 60, 90]))
    inner, start, end = table
    streams = Streams(inner=inner, start=start, end=end, sound=np.array([True, True, False]), proven=np.ones(3, np.bool_))
    found = Ranges.of(np.array([10, 120, 200]), np.array([90, 140, 300]))
    assert [(5, 40)] == list(streams.outward(found, 300))


def _capture(tmp_path: Path, number: int, body: bytes, **fields: object) -> Capture:
    path = tmp_path / str(hash(body))
    path.write_bytes(body)
    return Capture(**{"id": f"receipt:{number}", "path": str(path), "channel": "http", "host": "a", "order": number, **fields})  # type: ignore[arg-type]


def test_sources_are_streams_by_destination_in_order(tmp_path: Path) -> None:
    captures = (
        _capture(tmp_path, 3, b"three"),
        _capture(tmp_path, 1, b"one"),
        _capture(tmp_path, 2, b"other host", host="b"),
        _capture(tmp_path, 4, b"other zone!!", zone="authorised"),
        _capture(tmp_path, 5, b"one"),
        _capture(tmp_path, 6, b"copy", id="file:/tmp/copy", channel=None),
        _capture(tmp_path, 7, b""),
    )
    (pool,) = joins.sources(captures, Budget(Budgets()))
    assert b"onethreeother hostother zone!!copy" == pool.read()[0].tobytes()
    assert [["receipt:1", "receipt:5"], ["receipt:3"]] == [[capture.id for capture in part.captures] for part in pool.parts[:2]]
    assert [0, 3, 8, 18, 30] == pool.read()[1].cuts.tolist()
    assert [8, 18, 30] == pool.walls.tolist()


def test_copies_are_one_stream_in_the_order_of_their_names(tmp_path: Path) -> None:
    captures = tuple(_capture(tmp_path, number, bytes([number]) * 4, id=f"file:/tmp/x.{number}", channel=None) for number in (3, 1, 2))
    (source,) = joins.sources(captures, Budget(Budgets()))
    assert b"\1\1\1\1\2\2\2\2\3\3\3\3" == source.read()[0].tobytes()
    assert [] == source.walls.tolist()


def test_long_streams_stand_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(joins, "_SHORT", 5)
    captures = (_capture(tmp_path, 1, b"one"), _capture(tmp_path, 2, b"other host", host="b"), _capture(tmp_path, 3, b"two", host="c"))
    assert [b"onetwo", b"other host"] == [source.read()[0].tobytes() for source in joins.sources(captures, Budget(Budgets()))]


def test_more_than_memory_holds_becomes_several_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(joins, "LARGEST_JOIN", 10)
    monkeypatch.setattr(joins, "_SHORT", 1)
    captures = tuple(_capture(tmp_path, number, bytes([number]) * 4) for number in range(5))
    assert [4, 8, 8] == [source.size for source in joins.sources(captures, Budget(Budgets()))]


def test_every_phase_of_text_is_read_and_padding_keeps_it() -> None:
    """Two padded texts behind each other read part by part, then in four phases; each time, and in the first of them, to the last byte."""
    first, second = NOISE[:1000], NOISE[1000:1999]
    body = base64.b64encode(first) + b"\n" + base64.urlsafe_b64encode(second).rstrip(b"=")
    view = _view(body)
    pieces = [piece.data.tobytes() for piece in text.reader(text.BASE64)(view, text.text(view))]
    assert 1 + 4 == len(pieces)
    for piece in pieces[:2]:
        assert first in piece
        assert second in piece


@pytest.mark.parametrize(
    ("body", "plain"),
    [
        (b"a%41%4a%4A+%zz%4", b"aAJJ+%zz%4"),
        (b"%2B+%2b", b"+ +"),
        (b"%", b"%"),
        (b"%4", b"%4"),
        (b"%41", b"A"),
        (b"x" * 65534 + b"%41%42", b"x" * 65534 + b"AB"),
        (b"x" * 65535 + b"%41%42", b"x" * 65535 + b"AB"),
        (b"%25" * 50000, b"%" * 50000),
    ],
)
def test_percent_escapes(body: bytes, plain: bytes) -> None:
    """Across the slices that they are read in, too."""
    view = _view(body)
    assert plain == b"".join(piece.data.tobytes() for piece in escapes.unescape(view, view.residue))


@pytest.mark.parametrize("body", [b"%d %s %8.3f %-20s " * 100, b"100% of 50% is " * 100, b"words only " * 100])
def test_formats_and_shares_are_no_escapes(body: bytes) -> None:
    assert 0 == escapes.escaped_text(_view(body)).total


def test_hex_text_is_told_from_other_text() -> None:
    view = _view(Path(__file__).read_bytes() + NOISE[:4096].hex().encode() + Path(__file__).read_bytes())
    found = alphabets.hex_text(view)
    assert 8192 <= found.total <= 8192 + 4 * texture.BLOCK
