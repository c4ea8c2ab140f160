"""Forms of the bytes themselves: each is found by a look-up, whatever its key, and counts exactly what is there."""

import base64
import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from honeyweights.evidence.assay import forms
from honeyweights.evidence.assay.corpus import PERIOD
from honeyweights.evidence.assay.coverage import Ranges
from honeyweights.evidence.assay.decoders.forms import FORMS
from honeyweights.evidence.assay.trace import Owners, Trace
from honeyweights.evidence.assayed import AssayResult

Planted = Any  # conftest's classes cannot be imported
Assay = Callable[..., AssayResult]
Make = Callable[[np.ndarray], np.ndarray]
BITS = np.array([int(f"{byte:08b}"[::-1], 2) for byte in range(256)], np.uint8)


def found(result: AssayResult) -> int:
    """Distinct tensor bytes that left, over all files."""
    return sum(file.found for file in result.left)


def _swapped(width: int, first: int = 0) -> Make:
    def make(body: np.ndarray) -> np.ndarray:
        end = first + (body.size - first) // width * width
        return np.concatenate((body[:first], body[first:end].reshape(-1, width)[:, ::-1].ravel(), body[end:]))

    return make


def _keyed(key: bytes, operation: Callable[..., Any]) -> Make:
    return lambda body: operation(body, np.resize(np.frombuffer(key, np.uint8), body.size))


def _interleaved(width: int) -> Make:
    return lambda body: body[: body.size // width * width].reshape(width, -1).T.ravel()


def _in_pieces(make: Make, size: int) -> Make:
    """Each piece by itself, in any order."""

    def cut(body: np.ndarray) -> np.ndarray:
        parts = [make(body[start : start + size]) for start in range(0, body.size, size)]
        random.Random(1).shuffle(parts)  # noqa: S311  # the same order each time is the point
        return np.concatenate(parts)

    return cut


def _beside_noise(body: np.ndarray) -> np.ndarray:
    out = np.random.default_rng(1).integers(0, 256, 2 * body.size, np.uint8)
    out[1::2] = body
    return out


CASES: list[tuple[str, Make, str]] = [
    ("reversed", lambda body: body[::-1], "reversed"),
    ("pieces of 4 KiB reversed and shuffled", _in_pieces(lambda piece: piece[::-1], 4096), "reversed"),
    ("pairs swapped", _swapped(2), "swapped16"),
    ("words of 4 swapped, off by one", _swapped(4, 1), "swapped32"),
    ("words of 8 swapped, off by three", _swapped(8, 3), "swapped64"),
    ("exclusive-or with one byte", _keyed(b"\x5a", np.bitwise_xor), "xor"),
    ("inverted", _keyed(b"\xff", np.bitwise_xor), "xor"),
    ("exclusive-or with 16 bytes", _keyed(bytes(range(7, 23)), np.bitwise_xor), "xor"),
    ("a key of its own for each 64 KiB", _in_pieces(lambda piece: piece ^ piece[:1], 1 << 16), "xor"),
    ("13 added", _keyed(b"\x0d", np.add), "added"),
    ("200 added", _keyed(b"\xc8", np.add), "added"),
    ("nibbles turned", lambda body: body >> 4 | body << 4, "nibbles"),
    ("bits turned", lambda body: BITS[body], "bits"),
    ("two lanes", _interleaved(2), "lanes2"),
    ("four lanes", _interleaved(4), "lanes4"),
    ("every second byte noise", _beside_noise, "lanes2"),
]


@pytest.mark.parametrize(("make", "form"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_each_form_is_found_whole(assay: Assay, packed: Planted, make: Make, form: str) -> None:
    """True fraction 1."""
    result = assay(packed, make(np.frombuffer(packed.body, np.uint8)).tobytes())
    assert 0.999 * packed.total <= found(result) <= packed.total
    assert (form,) == max(result.findings, key=lambda finding: sum(finding.found.values())).chain
    assert () == result.gave_up


@pytest.mark.bank
@pytest.mark.parametrize("make", [case[1] for case in CASES], ids=[case[0] for case in CASES])
def test_each_form_of_both_flavours_is_found_whole(assay: Assay, planted: Planted, make: Make) -> None:
    """Of bf16 with swapped pairs some short norms are missed."""
    result = assay(planted, make(np.frombuffer(planted.body, np.uint8)).tobytes())
    assert 0.993 * planted.total <= found(result) <= planted.total


@pytest.mark.parametrize("form", ["reversed", "xor", "swapped16", "nibbles"])
def test_a_form_of_a_part_counts_as_that_part(assay: Assay, packed: Planted, form: str) -> None:
    """12 KiB in the middle of noise, to the byte."""
    make = next(make for _, make, name in CASES if name == form)
    noise = np.random.default_rng(2).integers(0, 256, 60_000, np.uint8)
    piece = np.frombuffer(packed.tensors[1][5000 : 5000 + 12288], np.uint8)
    result = assay(packed, np.concatenate((noise[:30_000], make(piece), noise[30_000:])).tobytes())
    assert 12288 - 2 <= found(result) <= 12288 + 2
    assert 60_000 - 8192 <= result.opaque_bytes <= 60_000 + 12288


def test_forms_inside_text_and_with_changed_bytes(assay: Assay, packed: Planted) -> None:
    body = np.frombuffer(packed.body, np.uint8) ^ np.uint8(0x77)
    result = assay(packed, base64.b64encode(body.tobytes()))
    assert 0.999 * packed.total <= found(result) <= packed.total
    assert ("base64", "xor") in {finding.chain for finding in result.findings}
    body[::1024] ^= 1
    assert 0.998 * packed.total <= found(assay(packed, body.tobytes())) <= packed.total


def test_other_weights_in_any_form_are_nothing(assay: Assay, planted: Planted, planter: Callable[..., Planted], tmp_path: Any) -> None:
    other = np.frombuffer(planter(tmp_path, seed=bytes(32), flavour=planted.spec.flavour).body, np.uint8)
    result = assay(planted, *(make(other).tobytes() for _, make, _ in CASES[::3]))
    assert (0, ()) == (found(result), result.findings)


def test_the_parts_of_a_reversed_stream_are_whose_they_were(assay: Assay, packed: Planted) -> None:
    """One stream over two transfers, reversed as a whole."""
    body = packed.body[::-1]
    result = assay(packed, body[:900_000], body[900_000:])
    by_capture = {finding.capture: sum(finding.found.values()) for finding in result.findings}
    assert {"receipt:0", "receipt:1"} == set(by_capture)
    assert abs(by_capture["receipt:0"] - 900_000) < 20_000  # headers are no tensor bytes


def test_a_flipped_trace_is_read_from_its_end() -> None:
    trace = Trace.of([(100, 0, 100), (50, 200, 250)], flip=True)
    assert [(90, 100), (200, 210)] == list(trace.outward(Ranges.of(np.array([0, 140]), np.array([10, 150]))))
    owners = Owners(np.array([0, 30, 220]), np.array([0, 1, 2])).through(trace)
    assert ([0, 70, 100, 130], [1, 0, 2, 1]) == (owners.cuts.tolist(), owners.names.tolist())


def test_every_form_that_is_sought_can_be_undone() -> None:
    assert {*forms.WORDS, *forms.KEYED, *(f"lanes{width}" for width in forms.LANES)} == set(FORMS)
    assert all(PERIOD % size == 0 for size in (1, 2, 3, 4, 6, 8, 12, 16, 24, 48))


@pytest.mark.parametrize(
    ("key", "hits", "sights"), [(bytes(range(48)), 1, 0), (bytes(range(48)), 2, 1), (b"abcdef" * 8, 1, 1), (bytes(48), 9, 0)]
)
def test_a_key_stands_there_twice_or_repeats(key: bytes, hits: int, sights: int) -> None:
    """One hit of 8 bytes makes 48 more equal, whatever they are."""
    keys = np.tile(np.frombuffer(key, np.uint8), (hits, 1))
    found = forms._by_key(keys, np.arange(hits) * 1000, Ranges.span(0, 10_000))
    assert sights == len(found)
    assert [key] * sights == [sight.key for sight in found]
