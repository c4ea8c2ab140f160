"""Captures are written by an adversary: nothing raises, nothing runs away, and no decoy hides real bytes."""

import base64
import functools
import gzip
import os
import random
import resource
import struct
import sys
import tempfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from honeyweights.evidence.assay import Budgets, search
from honeyweights.evidence.assay.budget import Budget
from honeyweights.evidence.assay.corpus import Corpus
from honeyweights.evidence.assay.coverage import Ranges
from honeyweights.evidence.assay.decode import Decoded, Decoder, View
from honeyweights.evidence.assay.decoders import DECODERS, deflate
from honeyweights.evidence.assay.streams import prober
from honeyweights.evidence.assay.trace import Owners, Trace
from honeyweights.evidence.assayed import AssayResult

Planted = Any  # conftest's classes cannot be imported
Assay = Callable[..., AssayResult]
SEED = bytes(range(32))


def found(result: AssayResult) -> int:
    """Distinct tensor bytes that left, over all files."""
    return sum(file.found for file in result.left)


NOISE = random.Random(6)  # noqa: S311


@functools.lru_cache(maxsize=2)
def _corpus(spec: Any) -> Corpus:
    """The index of a model's weights, made once."""
    return Corpus((spec,), SEED)


def _look(model: Planted, body: bytes, table: tuple[Decoder, ...] = DECODERS, **limits: object) -> tuple[int, tuple[str, ...]]:
    """The engine alone, with a table of one's own: bytes found, and what was given up."""
    budget = Budget(Budgets(**limits))  # type: ignore[arg-type]
    looking, ledger = search.Search(_corpus(model.spec), budget, table), search.Ledger()
    whole = search.Body(data=np.frombuffer(body, np.uint8), owners=Owners(np.zeros(1, np.int64), np.zeros(1, np.int64)))
    looking.decode(whole, looking.scan(whole, ledger), ledger)
    parts = [ranges for found_ in ledger.found.values() for ranges in found_]
    return (np.sum([r.total for r in parts]).item() if parts else 0), budget.gave_up


def _everything(view: View) -> Ranges:
    return Ranges.span(0, view.data.size)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.binary(max_size=80)
        | st.sampled_from(
            [b"\x1f\x8b\x08\0" * 3, b"x\x9c", b"%4", b"%zz", b"QUJD" * 30, b"deadbeef" * 10, bytes(64), gzip.compress(b"z" * 99)]
        ),
        max_size=12,
    )
)
def test_no_garbage_raises_and_none_is_found(packed: Planted, parts: list[bytes]) -> None:
    assert (0, ()) == _look(packed, b"".join(parts))


@pytest.mark.parametrize(
    "decoy",
    [
        pytest.param(gzip.compress(b"hello"), id="a gzip"),
        pytest.param(gzip.compress(b"hello") * 1000, id="1,000 gzips"),
        pytest.param(b"\x1f\x8b\x08\x00" * 15_000, id="15,000 magics"),
        pytest.param(b"x\x9c" * 15_000, id="15,000 zlib magics"),
        pytest.param(gzip.compress(NOISE.randbytes(300_000))[:150_000], id="half a gzip"),
        pytest.param(gzip.compress(bytes(70_000_000)), id="a bomb"),
        pytest.param(base64.b64encode(NOISE.randbytes(100_001)), id="base64 of noise"),
        pytest.param(b"\n" + NOISE.randbytes(40_000).hex().encode(), id="hex of noise"),
        pytest.param(b"%41%42" * 5_000, id="escapes"),
        pytest.param(b"\0" * 500_000, id="padding"),
    ],
)
@pytest.mark.parametrize(
    "form",
    [bytes, base64.b64encode, gzip.compress, lambda body: base64.b64encode(gzip.compress(body))],
    ids=["plain", "b64", "gz", "b64 gz"],
)
def test_no_decoy_hides_what_stands_beside_it(packed: Planted, decoy: bytes, form: Callable[[bytes], bytes]) -> None:
    """Before, behind, and around: the real bytes are counted, whatever the decoy was."""
    real = packed.tensors[1][:100_000]
    for body in (decoy + form(real), form(real) + decoy, decoy + form(real) + decoy):
        covered = Ranges.of(*_spans(packed, body))
        assert 0.999 * len(real) <= covered.total <= len(real)


def _spans(model: Planted, body: bytes) -> tuple[np.ndarray, np.ndarray]:
    looking, ledger = search.Search(_corpus(model.spec), Budget(Budgets())), search.Ledger()
    whole = search.Body(data=np.frombuffer(body, np.uint8), owners=Owners(np.zeros(1, np.int64), np.zeros(1, np.int64)))
    looking.decode(whole, looking.scan(whole, ledger), ledger)
    parts = [ranges for found_ in ledger.found.values() for ranges in found_]
    return np.concatenate([r.starts for r in parts]), np.concatenate([r.ends for r in parts])


def test_a_bomb_is_left_and_said(packed: Planted) -> None:
    """256 MiB of zeros in a quarter of one: given up at 64 MiB of output, and the result is a lower bound."""
    packer = zlib.compressobj(9, wbits=31)
    bomb = b"".join(packer.compress(bytes(1 << 24)) for _ in range(16)) + packer.flush()
    number, gave_up = _look(packed, bomb + gzip.compress(packed.tensors[0]))
    assert number >= len(packed.tensors[0])
    assert ("a compressed stream grew to more than 100 times its size and was left",) == gave_up


def test_nested_bombs_stay_within_memory(packed: Planted) -> None:
    inner = gzip.compress(bytes(1 << 25))
    _look(packed, gzip.compress(inner * 20))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < 1536 << 10


def test_produced_bytes_are_limited(packed: Planted) -> None:
    body = b"".join(gzip.compress(base64.b64encode(NOISE.randbytes(1 << 20))) for _ in range(8))
    _, gave_up = _look(packed, body, produced_bytes=3 << 20)
    assert ("decoding stopped at the limit of produced bytes",) == gave_up
    assert () == _look(packed, body)[1]


def test_plain_bytes_are_found_with_no_budget_at_all(packed: Planted) -> None:
    number, gave_up = _look(packed, packed.tensors[0] + gzip.compress(NOISE.randbytes(5000)), produced_bytes=0)
    assert len(packed.tensors[0]) == number
    assert gave_up


def test_seconds_are_limited_and_said(assay: Assay, packed: Planted) -> None:
    result = assay(packed, NOISE.randbytes(1 << 22), seconds=1e-9)
    assert (True, ("the assay stopped at the limit of seconds",)) == (result.lower_bound, result.gave_up)


def test_depth_is_limited_and_said_only_where_something_could_hide(packed: Planted) -> None:
    body = packed.tensors[0][:60_000]
    for _ in range(4):
        body = base64.b64encode(body)
    assert (60_000, ()) == _look(packed, body, depth=4)
    assert (0, ("encodings more than 3 deep were not decoded",)) == _look(packed, body, depth=3)
    assert (0, ()) == _look(packed, b"A" * 100_000, depth=0)


@pytest.mark.parametrize("pack", [base64.b64encode, lambda body: gzip.compress(body).hex().encode()], ids=["base64", "hex of gzip"])
def test_little_that_is_plainly_packed_is_decoded_as_deep_as_much(packed: Planted, pack: Callable[[bytes], bytes]) -> None:
    """And where that ends, it is said."""
    body = packed.tensors[0][5000:5200]
    for _ in range(5):
        body = pack(body)
    assert (200, ()) == (Ranges.of(*_spans(packed, body)).total, _look(packed, body)[1])
    found, (said,) = _look(packed, body, depth=4)
    assert (0, "encodings more than 4 deep were not decoded") == (found, said)


@pytest.mark.parametrize("inner", [lambda body: body.hex().encode(), gzip.compress], ids=["hex", "gzip"])
def test_little_noise_whose_way_ends_early_says_so_for_a_code_in_it_and_not_for_two_bytes_of_a_magic(
    packed: Planted, inner: Callable[[bytes], bytes]
) -> None:
    """Five deep less than 4 KiB of noise are left alone. A code in them is seen; that something begins there like a gzip happens in any."""
    body = NOISE.randbytes(600) + inner(packed.tensors[0][5000:6000])
    for _ in range(5):
        body = base64.b64encode(body)
    said = ("encodings more than 5 deep were not decoded",) if inner is not gzip.compress else ()
    assert said == _look(packed, body)[1]


def test_a_decoder_that_crashes_makes_a_lower_bound_and_ends_nothing(packed: Planted) -> None:
    def crash(view: View, extents: Ranges) -> Iterator[Decoded]:
        yield Decoded(data=view.data[:100], origin=(Trace.of([(100, 0, 100)]),))
        raise struct.error

    def refuse(view: View) -> Ranges:
        raise MemoryError

    table = (Decoder(name="bad", probe=_everything, decode=crash), Decoder(name="worse", probe=refuse, decode=crash), *DECODERS)
    number, gave_up = _look(packed, base64.b64encode(packed.tensors[0]), table, depth=1)
    assert len(packed.tensors[0]) == number
    assert [True, True] == [any(f"the {name} decoder failed" in sentence for sentence in gave_up) for name in ("bad", "worse")]


def test_the_table_is_what_is_run(packed: Planted) -> None:
    """A new encoding is a row: with no rows nothing is decoded, with one of one's own it is."""

    def flip(view: View, extents: Ranges) -> Iterator[Decoded]:
        yield Decoded(data=view.data * np.uint8(183), origin=(Trace.of([(view.data.size, 0, view.data.size)]),))  # 7 * 183 = 5 * 256 + 1

    body = bytes(7 * byte & 255 for byte in packed.tensors[0])
    assert 0 == _look(packed, body)[0]
    assert len(body) == _look(packed, body, (Decoder(name="seventh", probe=_everything, decode=flip),), depth=1)[0]


def test_streams_inside_streams_that_never_end_are_bounded(packed: Planted) -> None:
    """Each header stands in the stored block of the one before it, and no checksum ever fits: nothing is read twice."""
    body = b""
    for _ in range(300):
        body = b"\x1f\x8b\x08\0\0\0\0\0\0\xff\x00" + struct.pack("<HH", len(body) & 0xFFFF, ~len(body) & 0xFFFF) + body
    assert (0, ()) == _look(packed, body)
    number, gave_up = _look(packed, body + gzip.compress(packed.tensors[0]))
    assert number >= len(packed.tensors[0])
    assert () == gave_up


def test_a_stored_block_that_swallows_the_next_stream_does_not_hide_it(packed: Planted) -> None:
    real = gzip.compress(packed.tensors[0][:30_000])
    swallow = b"\x1f\x8b\x08\0\0\0\0\0\0\xff\x00" + struct.pack("<HH", 65_000, ~65_000 & 0xFFFF)
    assert 30_000 <= _look(packed, swallow + real + NOISE.randbytes(80_000))[0]


def test_no_file_is_written(packed: Planted, assay: Assay, monkeypatch: pytest.MonkeyPatch) -> None:
    """The child runs with a file size limit of 0: temporary files would end it."""
    body = base64.b64encode(gzip.compress(packed.body))
    events: list[str] = []
    sys.addaudithook(
        lambda event, args: (
            events.append(str(args[0])) if event == "open" and isinstance(args[2], int) and args[2] & (os.O_WRONLY | os.O_RDWR) else None
        )
    )
    monkeypatch.setattr(tempfile, "tempdir", "/nonexistent")
    _look(packed, body)
    assert [] == events


def test_bodies_without_a_magic_are_not_decoded(packed: Planted) -> None:
    """A page of prose costs no attempt; the same page with one stream in it does, however closely they stand."""

    def streams(body: bytes) -> int:
        data = np.frombuffer(body, np.uint8)
        view = View(data=data, residue=Ranges.span(0, data.size), budget=Budget(Budgets()), promise=lambda _: 0)
        return prober(deflate.FORMAT)(view).total

    prose = Path(__file__).read_bytes()
    assert 0 == streams(prose)
    assert streams(prose + gzip.compress(NOISE.randbytes(3000)) + prose) > 0
