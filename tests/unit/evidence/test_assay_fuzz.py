"""Every family of decoders against a corpus (`assay_corpus.yaml`), whole and damaged.

Whole, the family's decoder gives the text back; damaged in any way, none raises, runs away, or puts out more than its budget.
"""

import base64
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from honeyweights.evidence.assay import Budgets
from honeyweights.evidence.assay.budget import Budget
from honeyweights.evidence.assay.coverage import Ranges
from honeyweights.evidence.assay.decode import Decoder, View
from honeyweights.evidence.assay.decoders import DECODERS, forms

CORPUS: dict[str, bytes] = {
    name: base64.b64decode(text)
    for name, text in yaml.safe_load((Path(__file__).parent / "assay_corpus.yaml").read_text(encoding="utf-8")).items()
}
TEXT = b"".join(b"corpus %03d\n" % number for number in range(1, 61))
SECRETS = (b"correct-horse-7", b"AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX")
FAMILY = dict(
    row.split(": ")
    for row in (
        *("7z-hidden: 7z", "7z-password: 7z", "git: gzip", "zlib: gzip", "hexdump: dump", "od: dump", "xxd: dump", "z85: base85"),
        *("lz4-legacy: lz4 legacy", "openssl-old: openssl", "zip-aes: zip password", "zip-password: zip password"),
    )
)
"""The row that reads a file of the corpus, where it has another name."""
OTHERS = {
    *("bzip2 blocks", "escaped bytes", "fernet", "key", "lzip", "other case", "pings"),
    *("rot13", "unpacked", "utf-8", "veiled", "widened"),
}
"""Rows with no file: made by no tool of the workstation, or tested with their own (`test_assay_decoders`, `_dressed`, `_packets`)."""
WITHIN = {
    "backwards": CORPUS["base64"][:76],
    "names": CORPUS["hex"][:60],
    "numbers": CORPUS["gzip"],
    "png": CORPUS["xz"],
    "tokens": CORPUS["gzip"],
}
"""What comes out first, where the text is dressed twice."""
PRODUCED = 64 << 20
READERS = tuple(row for row in DECODERS if row not in forms.DECODERS)
"""All but what looks for weights in another form: without their index it sees none."""


def _view(data: bytes) -> View:
    body = np.frombuffer(data, np.uint8)
    budget = Budget(Budgets(produced_bytes=PRODUCED))
    return View(data=body, residue=Ranges.span(0, body.size), budget=budget, promise=lambda _: 0, secrets=SECRETS)


def _outputs(row: Decoder, data: bytes) -> Iterator[bytes]:
    view = _view(data)
    extents = row.probe(view)
    if len(extents):
        for piece in row.decode(view, extents):
            yield piece.data.tobytes()


@pytest.mark.parametrize("name", CORPUS)
def test_whole_it_is_read(name: str) -> None:
    (row,) = [row for row in READERS if row.name == FAMILY.get(name, name)]
    assert any(WITHIN.get(name, TEXT) in out for out in _outputs(row, CORPUS[name]))


def test_every_family_has_a_file_or_a_reason() -> None:
    assert {FAMILY.get(name, name) for name in CORPUS} | OTHERS == {row.name for row in READERS}


EDITS = st.lists(
    st.tuples(st.integers(0, 1 << 16), st.sampled_from(["set", "cut", "put", "twice", "end"]), st.binary(min_size=1, max_size=6)),
    max_size=6,
)


def _damaged(data: bytes, edits: list[tuple[int, str, bytes]]) -> bytes:
    body = bytearray(data)
    for place, kind, value in edits:
        at = place % max(1, len(body))
        if kind == "set":
            body[at : at + len(value)] = value
        elif kind == "cut":
            del body[at : at + len(value)]
        elif kind == "put":
            body[at:at] = value
        elif kind == "twice":
            body += body[at:]
        else:
            del body[at:]
    return bytes(body)


def _withstands(name: str, edits: list[tuple[int, str, bytes]], other: str) -> None:
    data = _damaged(CORPUS[name], edits) + CORPUS[other]
    for row in READERS:
        assert sum(map(len, _outputs(row, data))) <= PRODUCED + (1 << 22)


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(sorted(CORPUS)), EDITS, st.sampled_from(sorted(CORPUS)))
def test_damaged_it_harms_nobody(name: str, edits: list[tuple[int, str, bytes]], other: str) -> None:
    """A few of each run; the bank takes each family by itself."""
    _withstands(name, edits, other)


@pytest.mark.bank
@pytest.mark.parametrize("name", CORPUS)
@settings(max_examples=60, deadline=None)
@given(EDITS, st.sampled_from(sorted(CORPUS)))
def test_each_family_withstands_damage(name: str, edits: list[tuple[int, str, bytes]], other: str) -> None:
    _withstands(name, edits, other)
