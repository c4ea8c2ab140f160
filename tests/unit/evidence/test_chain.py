"""The chain of records: what follows is read, and whatever was changed, lost or put in is refused."""

import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from honeyweights.evidence import chain

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def _lines(count: int = 3, source: str = "journal") -> list[str]:
    writer = chain.Chain(source)
    return [json.dumps(writer.seal("receipt", {"n": n}, t=n)) for n in range(count)]


def test_what_was_sealed_is_read() -> None:
    lines = _lines()
    assert [0, 1, 2] == [record["body"]["n"] for record in chain.read(lines, "journal")]
    assert [] == list(chain.read([], "journal"))


@given(st.dictionaries(st.text(max_size=8), VALUES, max_size=4))
def test_any_body_survives_writing_and_reading(body: dict[str, object]) -> None:
    record = chain.Chain("witness").seal("open", body)
    assert [record] == list(chain.read([json.dumps(record)], "witness"))


@pytest.mark.parametrize("field", ["v", "kind", "seq", "t", "source", "body", "prev", "hash"])
def test_a_changed_field_breaks_the_chain(field: str) -> None:
    lines = _lines()
    record = json.loads(lines[1])
    record[field] = {"v": 2, "seq": 5, "t": 9, "body": {"n": 8}}.get(field, "0" * 64)
    lines[1] = json.dumps(record)
    with pytest.raises(chain.ChainBroken, match="journal chain"):
        list(chain.read(lines, "journal"))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda lines: lines[1:],
        lambda lines: [lines[0], lines[2]],
        lambda lines: [lines[1], lines[0], lines[2]],
        lambda lines: [lines[0], *lines],
        lambda lines: [*lines, "not json"],
        lambda lines: [*lines, "[]"],
        lambda lines: [*lines, "{}"],
    ],
)
def test_lost_moved_or_foreign_lines_break_the_chain(spoil: object) -> None:
    with pytest.raises(chain.ChainBroken):
        list(chain.read(spoil(_lines()), "journal"))  # type: ignore[operator]


def test_another_source_is_refused() -> None:
    """A chain of the same kinds from elsewhere cannot stand in for an instrument's."""
    with pytest.raises(chain.ChainBroken):
        list(chain.read(_lines(source="witness"), "journal"))


def test_good_records_come_before_the_break() -> None:
    """What was written before the damage can still be read one by one."""
    reader = chain.read([*_lines(2), "x"], "journal")
    assert [0, 1] == [next(reader)["seq"], next(reader)["seq"]]


def test_canonical_json_has_one_text() -> None:
    assert b'{"a":"\\u00e5","b":[1,null]}' == chain.canonical({"b": [1, None], "a": "å"})
    with pytest.raises(ValueError, match="JSON"):
        chain.canonical(float("nan"))


def test_the_hash_covers_prev_and_everything_but_itself() -> None:
    """Its twin in C computes the same value over the same text."""
    record = {"v": 1, "kind": "start", "seq": 0, "t": 0, "source": "recorder", "body": {}, "prev": chain.GENESIS}
    text = chain.GENESIS + '{"body":{},"kind":"start","prev":"' + chain.GENESIS + '","seq":0,"source":"recorder","t":0,"v":1}'
    assert hashlib.sha256(text.encode()).hexdigest() == chain.digest(record)
    assert chain.digest(record) == chain.digest({**record, "hash": "anything"})
