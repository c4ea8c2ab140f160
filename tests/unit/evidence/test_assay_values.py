"""Weights in other numbers: found by their signs, counted as recoverable, and never as bytes."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from honeyweights.evidence import weights
from honeyweights.evidence.assay.coverage import Ranges
from honeyweights.evidence.assay.decoders import unpacked
from honeyweights.evidence.assay.values import Reading
from honeyweights.evidence.assayed import AssayResult

Planted = Any  # conftest's classes cannot be imported
Assay = Callable[..., AssayResult]
NORMAL = np.array([-1, -0.7, -0.53, -0.39, -0.28, -0.18, -0.09, 0, 0.08, 0.16, 0.25, 0.34, 0.44, 0.56, 0.72, 1], np.float32)
EVEN = np.arange(16, dtype=np.float32) - 8


@pytest.fixture(scope="module")
def gaussian(planter: Callable[..., Planted], tmp_path_factory: pytest.TempPathFactory) -> Planted:
    """The bf16 flavour."""
    return planter(tmp_path_factory.mktemp("gaussian"), flavour="bf16")


def _tensors(model: Planted) -> list[tuple[weights.Tensor, np.ndarray]]:
    """Every tensor with its bytes, in file order."""
    found = []
    for shard, data in zip(weights.layout(model.spec), model.tensors, strict=True):
        at = 0
        for tensor in shard.tensors:
            found.append((tensor, np.frombuffer(data[at : at + tensor.size], np.uint8)))
            at += tensor.size
    return found


def _floats(model: Planted) -> list[np.ndarray]:
    return [(raw.view("<u2").astype(np.uint32) << 16).view(np.float32).reshape(tensor.shape) for tensor, raw in _tensors(model)]


def _absmax(values: np.ndarray, *, rows: bool) -> bytes:
    scale = np.abs(values).max(axis=-1 if rows and values.ndim > 1 else None, keepdims=True) / 127
    return np.round(values / scale).astype(np.int8).tobytes()


def _codes(raw: np.ndarray, *, high_first: bool) -> np.ndarray:
    codes = np.stack((raw >> 4, raw & 15), axis=1)
    return (codes if high_first else codes[:, ::-1]).ravel()


def _dequantised(model: Planted, book: np.ndarray, kind: type, *, high_first: bool) -> bytes:
    parts = []
    for tensor, raw in _tensors(model):
        if tensor.dtype == "U8" and not tensor.name.endswith("absmax"):
            values = book[_codes(raw, high_first=high_first)]
            scale = np.repeat(np.random.default_rng(1).uniform(0.01, 0.1, values.size // 64 + 1), 64)[: values.size]
            parts.append((values * scale).astype(kind).tobytes())
    return b"".join(parts)


def shares(result: AssayResult) -> tuple[float, float]:
    """The byte fraction, and what is recoverable."""
    total = sum(file.tensor_bytes for file in result.left)
    return sum(file.found for file in result.left) / total, sum(file.found for file in result.recoverable) / total


CASTS: dict[str, Callable[[np.ndarray], bytes]] = {
    "fp32": lambda values: values.tobytes(),
    "fp32, the other byte order": lambda values: values.astype(">f4").tobytes(),
    "fp16": lambda values: values.astype(np.float16).tobytes(),
    "fp64": lambda values: values.astype(np.float64).tobytes(),
    "int8, a scale for each tensor": lambda values: _absmax(values, rows=False),
    "int8, a scale for each row": lambda values: _absmax(values, rows=True),
    "transposed": lambda values: (np.ascontiguousarray(values.T).view(np.uint32) >> 16).astype(np.uint16).tobytes(),
    "transposed, fp16": lambda values: np.ascontiguousarray(values.T).astype(np.float16).tobytes(),
}


@pytest.mark.parametrize("cast", CASTS.values(), ids=CASTS)
def test_casts_are_recoverable(assay: Assay, gaussian: Planted, cast: Callable[[np.ndarray], bytes]) -> None:
    """Norms, all positive, tell nothing by their signs: 0.4 % of this small model."""
    result = assay(gaussian, b"".join(cast(values) for values in _floats(gaussian)))
    exact, recoverable = shares(result)
    assert exact < 0.01
    assert 0.99 <= recoverable <= 1
    assert {"receipt:0"} == {finding.capture for finding in result.value_findings}


def test_a_part_counts_as_that_part(assay: Assay, gaussian: Planted) -> None:
    values = np.concatenate([part.ravel() for part in _floats(gaussian)])
    half = values[values.size // 4 : values.size * 3 // 4].astype(np.float16)
    assert 0.49 <= shares(assay(gaussian, b"some words" + half.tobytes()))[1] <= 0.505


@pytest.mark.bank
@pytest.mark.parametrize("kind", [np.float16, np.float32])
@pytest.mark.parametrize("book", [EVEN, NORMAL], ids=["even", "normal"])
@pytest.mark.parametrize("high_first", [True, False])
def test_dequantised_4_bit_weights_are_recoverable(assay: Assay, packed: Planted, book: np.ndarray, kind: type, high_first: bool) -> None:
    """The scales (1 in 33 bytes) and norms did not leave."""
    exact, recoverable = shares(assay(packed, _dequantised(packed, book, kind, high_first=high_first)))
    assert exact < 0.01
    assert 0.95 <= recoverable <= 0.98


@pytest.mark.parametrize("high_first", [True, False])
@pytest.mark.parametrize(
    "code", [lambda codes: codes, lambda codes: codes - 8, lambda codes: np.round(NORMAL * 127).astype(np.int8)[codes]]
)
def test_4_bit_weights_one_to_a_byte_lose_nothing(
    assay: Assay, packed: Planted, code: Callable[[np.ndarray], np.ndarray], high_first: bool
) -> None:
    codes = np.concatenate([_codes(raw, high_first=high_first) for _, raw in _tensors(packed)])
    result = assay(packed, code(codes).astype(np.int8).tobytes())
    assert 0.999 <= shares(result)[0] <= 1
    assert ("unpacked",) in {finding.chain for finding in result.findings}
    assert {"unpacked"} == {row.name for row in unpacked.DECODERS}


def test_other_values_are_nothing(assay: Assay, planted: Planted, planter: Callable[..., Planted], tmp_path: Path) -> None:
    """Another model cast, noise of the same kind, and programs."""
    noise = np.random.default_rng(3).normal(0, 0.02, 500_000)
    programs = b"".join(path.read_bytes() for path in sorted(Path("/usr/bin").iterdir())[:20] if path.is_file())[: 4 << 20]
    other = b"".join(values.astype(np.float16).tobytes() for values in _floats(planter(tmp_path, seed=bytes(32), flavour="bf16")))
    result = assay(planted, noise.astype(np.float16).tobytes(), noise.astype(np.float32).tobytes(), programs, other)
    assert ((0.0, 0.0), ()) == (shares(result), result.value_findings)


def test_signs_stand_for_bytes_also_column_by_column() -> None:
    """Of a matrix of 4 rows and 3 columns, read by columns, the first 5 signs are the first column and the top of the second."""
    straight = Reading(first=8, count=12, start=100, bits=16)
    assert [(100, 110)] == list(straight.bytes_of(Ranges.span(8, 13)))
    turned = Reading(first=8, count=12, start=100, bits=16, columns=3)
    assert [(100, 104), (106, 108), (112, 114), (118, 120)] == list(turned.bytes_of(Ranges.span(8, 13)))
