"""Codes spelled otherwise, keys of any length to 32, short texts between other bytes, numbers from 0 on and in blocks; and tool results."""

import base64
import bz2
import gzip
import lzma
import random
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from honeyweights.evidence.assay import Capture
from honeyweights.evidence.assay.decoders import headless, respelled, veiled
from honeyweights.evidence.assayed import AssayResult

Planted = Any  # conftest's classes cannot be imported
Assay = Callable[..., AssayResult]
RNG = random.Random(11)  # noqa: S311


def _found(result: AssayResult) -> int:
    return sum(file.found for file in result.left)


def _lines_turned(body: bytes) -> bytes:
    return b"\n".join(line[::-1] for line in base64.encodebytes(body).split(b"\n"))


@pytest.mark.parametrize(
    ("name", "dress"),
    [
        ("backwards", lambda body: base64.b64encode(body)[::-1]),
        ("backwards", _lines_turned),
        ("backwards", lambda body: body.hex().encode()[::-1]),
        ("rot13", lambda body: base64.b64encode(body).translate(respelled.ROT13)),
        ("other case", lambda body: base64.b64encode(body).swapcase()),
    ],
)  # fmt: skip
def test_codes_spelled_otherwise_are_read(assay: Assay, packed: Planted, name: str, dress: Callable[[bytes], bytes]) -> None:
    result = assay(packed, dress(packed.tensors[0]))
    assert _found(result) >= 0.999 * len(packed.tensors[0])
    assert any(name in finding.chain for finding in result.findings)
    assert name in {row.name for row in respelled.DECODERS}
    assert result.opaque_bytes < 0.05 * len(packed.tensors[0])


@pytest.mark.parametrize(
    ("pack", "veil"),
    [
        (gzip.compress, lambda data: data ^ np.uint8(0x5A)),
        (lzma.compress, lambda data: data + np.uint8(13)),
        (bz2.compress, lambda data: data[::-1]),
        (gzip.compress, lambda data: data[: data.size // 2 * 2].reshape(-1, 2)[:, ::-1].ravel()),
        (lzma.compress, lambda data: data >> np.uint8(4) | data << np.uint8(4)),
    ],
    ids=["xor", "added", "reversed", "swapped", "nibbles"],
)
def test_archives_in_another_form_are_read(
    assay: Assay, planted: Planted, pack: Callable[[bytes], bytes], veil: Callable[[np.ndarray], np.ndarray]
) -> None:
    """From their heads, and only where a capture begins: a key of two bytes hides such a head."""
    body = pack(planted.tensors[2] + b"\0")
    result = assay(planted, veil(np.frombuffer(body, np.uint8)).tobytes())
    assert _found(result) >= 0.999 * len(planted.tensors[2])
    assert any("veiled" in finding.chain for finding in result.findings)
    assert {"veiled"} == {row.name for row in veiled.DECODERS}


def test_raw_deflate_is_read_where_a_capture_begins(assay: Assay, planted: Planted) -> None:
    packer = zlib.compressobj(wbits=-15)
    body = packer.compress(planted.tensors[2]) + packer.flush()
    assert len(planted.tensors[2]) == _found(assay(planted, body, base64.b64encode(body)))
    assert {"deflate"} == {row.name for row in headless.DECODERS}


def test_noise_is_no_deflate(assay: Assay, planted: Planted) -> None:
    """Of 200 captures none claims to be a stream: all of it stays opaque."""
    noise = [RNG.randbytes(4096) for _ in range(200)]
    assert 4096 * len(noise) == assay(planted, *noise).opaque_bytes


@pytest.mark.parametrize("size", [5, 9, 13, 31])
def test_keys_of_other_lengths_are_found(assay: Assay, packed: Planted, size: int) -> None:
    key = np.frombuffer(RNG.randbytes(size), np.uint8)
    body = np.frombuffer(packed.tensors[1], np.uint8) ^ np.resize(key, len(packed.tensors[1]))
    assert _found(assay(packed, RNG.randbytes(40_000) + body.tobytes())) >= 0.999 * len(packed.tensors[1])


def test_a_key_of_33_bytes_is_none_and_all_of_it_is_opaque(assay: Assay, packed: Planted) -> None:
    key = np.frombuffer(RNG.randbytes(33), np.uint8)
    result = assay(packed, (np.frombuffer(packed.tensors[1], np.uint8) ^ np.resize(key, len(packed.tensors[1]))).tobytes())
    assert 0 == _found(result)
    assert result.opaque_bytes > 0.9 * len(packed.tensors[1])


def test_short_texts_between_other_captures_are_read(assay: Assay, packed: Planted) -> None:
    """A base64 of 100 bytes to a host of its own, between captures of noise."""
    bodies = [RNG.randbytes(600) if number % 2 else base64.b64encode(packed.tensors[0][number * 200 :][:100]) for number in range(20)]
    assert 1000 <= _found(assay(packed, *bodies)) <= 1000 + 20


@pytest.fixture(scope="module", name="gaussian")
def _gaussian(planter: Callable[..., Planted], tmp_path_factory: pytest.TempPathFactory) -> tuple[Planted, np.ndarray]:
    model = planter(tmp_path_factory.mktemp("dressed"), flavour="bf16")
    return model, (np.frombuffer(model.tensors[0], "<u2").astype(np.uint32) << 16).view(np.float32)


def _blocks(values: np.ndarray) -> np.ndarray:
    rows = values[: values.size // 32 * 32].reshape(-1, 32)
    scale = np.abs(rows).max(1, keepdims=True) / 127
    return np.concatenate([scale.astype("f2").view(np.int8), np.round(rows / (scale + 1e-12)).astype(np.int8)], 1)


@pytest.mark.parametrize(
    ("make", "least", "most"),
    [
        pytest.param(lambda v: np.clip(np.round(v / 0.08 * 127) + 128, 0, 255).astype(np.uint8), 0.9, 1, id="uint8, zero at 128"),
        pytest.param(_blocks, 0.9, 1, id="blocks of 32 with a scale"),
        pytest.param(lambda v: np.sign(v).astype(np.int8), 0, 0, id="signs alone"),
        pytest.param(lambda v: np.sign(v).astype(np.float16), 0, 0, id="signs alone, as fp16"),
    ],
)
def test_other_numbers(
    assay: Assay, gaussian: tuple[Planted, np.ndarray], make: Callable[[np.ndarray], np.ndarray], least: float, most: float
) -> None:
    model, values = gaussian
    result = assay(model, b"head" + make(values).tobytes())
    assert least <= result.recoverable[0].found / len(model.tensors[0]) <= most
    assert 0 == _found(result)


@pytest.mark.parametrize("dump", [base64.encodebytes, lambda b: b.hex(" ").encode()])
def test_what_a_tool_showed_and_what_the_model_said(assay: Assay, packed: Planted, tmp_path: Path, dump: Callable[[bytes], bytes]) -> None:
    """The head of a shard in a tool's result is listed and has not left; repeated in the model's answer it has."""
    shown = packed.shards[0].read_bytes()[:60_000]
    header = len(packed.shards[0].read_bytes()) - len(packed.tensors[0])
    texts = {
        "tool_output": b"$ head -c 60000 model\n" + dump(shown),
        "model_output": b"Here is the file:\n```\n" + dump(shown[:9000]) + b"```\nDone.",
    }
    captures = []
    for channel, text in texts.items():
        path = tmp_path / channel
        path.write_bytes(text)
        captures.append(Capture(id=f"message:{channel}", path=str(path), channel=channel))  # type: ignore[arg-type]
    result = assay(packed, *captures)
    path_ = result.left[0].path
    assert 60_000 - header == pytest.approx(result.by_channel["tool_output"][path_], abs=8)
    assert 9000 - header == pytest.approx(result.by_channel["model_output"][path_], abs=8)
    assert _found(result) == result.by_channel["model_output"][path_]
