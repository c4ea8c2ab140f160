"""What reads as text in one phase of a code is not read in the others, nor as another code; weights never look like that."""

import base64
import json
import random

import numpy as np
import pytest

from honeyweights.evidence.assay import text
from honeyweights.evidence.assay.budget import Budget
from honeyweights.evidence.assay.coverage import Ranges, union
from honeyweights.evidence.assay.decode import View
from honeyweights.evidence.assay.decoders.alphabets import DECODERS as ALPHABETS
from honeyweights.evidence.assay.decoders.respelled import DECODERS as RESPELLED
from honeyweights.evidence.assay.request import Budgets

HEADER = (
    len(b"{}").to_bytes(8, "little")
    + json.dumps({f"layer.{number}": {"dtype": "U8", "shape": [4, number]} for number in range(90)}).encode()
)
NOISE = random.Random(3).randbytes(6000)  # noqa: S311  # the same bytes each time


def _settled(code: text.Code, coded: bytes) -> dict[int, Ranges]:
    return text._settled(coded, np.array([0, len(coded)]), code)  # the rule itself


@pytest.mark.parametrize("shift", range(4))
def test_the_phase_is_that_in_which_it_was_written(shift: int) -> None:
    coded = b"AAA"[:shift] + base64.b64encode(HEADER)
    found = _settled(text.BASE64, coded)
    assert {shift % 4: (0, len(coded))} == {phase: next(iter(stretch)) for phase, stretch in found.items()}


def test_of_hex_too() -> None:
    assert [0] == list(_settled(text.HEX, HEADER.hex().encode()))


@pytest.mark.parametrize(
    "body", [NOISE, NOISE[:1000] + HEADER, HEADER + NOISE[:100], b"A" * 6000], ids=["noise", "before", "behind", "same"]
)
def test_anything_else_is_read_in_every_phase(body: bytes) -> None:
    assert _settled(text.BASE64, base64.b64encode(body)) == {}


def test_no_other_code_is_tried_on_it() -> None:
    coded = np.frombuffer(base64.b64encode(HEADER), np.uint8)
    view = View(data=coded, residue=Ranges.span(0, coded.size), budget=Budget(Budgets()), promise=lambda _: 0)
    base = next(row for row in ALPHABETS if row.name == "base64")
    others = [row for row in RESPELLED if len(row.probe(view))]
    assert others
    assert [len(HEADER) // 3 * 3] == [piece.data.size // 3 * 3 for piece in base.decode(view, base.probe(view))]
    assert union(view.legible).total == coded.size
    assert not any(len(row.probe(view)) for row in others)
