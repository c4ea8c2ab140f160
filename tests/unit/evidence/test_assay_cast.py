"""Bytes that were cast to wider numbers, or put into a picture."""

import base64
import struct
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from honeyweights.evidence.assay.decoders import pictures, widened
from honeyweights.evidence.assayed import AssayResult

Planted = Any  # conftest's classes cannot be imported
Assay = Callable[..., AssayResult]
SIZE = 96_000
WIDE = 240
PNG, WIDENED = pictures.DECODERS[0].name, widened.DECODERS[0].name


def _found(result: AssayResult) -> int:
    return sum(file.found for file in result.left)


@pytest.mark.parametrize("kind", ["<i2", ">i4", "<i8", "<f2", "<f4", ">f8"])
@pytest.mark.parametrize("front", [b"", b"\x93NUMPY\1\0" + b"v" * 119], ids=["bare", "npy"])
def test_an_array_of_bytes_that_was_cast_is_found(assay: Assay, planted: Planted, kind: str, front: bytes) -> None:
    body = planted.tensors[1][:SIZE]
    result = assay(planted, front + np.frombuffer(body, np.uint8).astype(kind).tobytes())
    assert 0.999 * SIZE <= _found(result) <= SIZE + 1


@pytest.mark.parametrize("kind", ["<f2", "<f4", "<i4"])
def test_codes_of_4_bits_without_a_scale_are_found(assay: Assay, packed: Planted, kind: str) -> None:
    body = np.frombuffer(packed.tensors[1][:SIZE], np.uint8)
    codes = np.stack((body >> 4, body & 15), axis=1).reshape(-1)
    result = assay(packed, codes.astype(kind).tobytes())
    assert 0.999 * SIZE <= _found(result) <= SIZE + 1
    assert WIDENED in result.findings[0].chain or kind == "<i4"


@pytest.mark.parametrize("kind", ["utf-16", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("code", [base64.b64encode, bytes.hex], ids=["base64", "hex"])
def test_codes_in_wide_characters_are_read(assay: Assay, packed: Planted, kind: str, code: Callable[[bytes], bytes | str]) -> None:
    text = code(packed.tensors[1][:SIZE])
    result = assay(packed, (text if isinstance(text, str) else text.decode()).encode(kind))
    assert 0.999 * SIZE <= _found(result) <= SIZE + 1


def test_other_numbers_are_none(assay: Assay, planted: Planted) -> None:
    """Counters, small counts, sparse tables; and what is encrypted under the cast is opaque."""
    rng = np.random.default_rng(5)
    bodies = [np.arange(1 << 15, dtype="<u4") % 90, rng.integers(0, 6, 1 << 15).astype("<i8"), rng.poisson(0.3, 1 << 15).astype("<f4")]
    result = assay(planted, *(body.tobytes() for body in bodies))
    assert ((), (), (), 0) == (result.findings, result.value_findings, result.gave_up, result.opaque_bytes)
    assert SIZE == pytest.approx(assay(planted, rng.integers(0, 256, SIZE).astype("<i8").tobytes()).opaque_bytes, rel=0.1)


def _guess(kind: int, left: int, above: int, beside: int) -> int:
    """PNG's filters as the standard writes them, a byte at a time."""
    first = left + above - beside
    paeth = min((abs(first - left), 0, left), (abs(first - above), 1, above), (abs(first - beside), 2, beside))[2]
    return (0, left, above, (left + above) // 2, paeth)[kind]


def _filtered(body: bytes, kinds: list[int], apart: int) -> bytes:
    rows = [bytes(WIDE), *(body[at : at + WIDE] for at in range(0, len(body), WIDE))]
    out = bytearray()
    for number in range(1, len(rows)):
        row, before, kind = rows[number], rows[number - 1], kinds[number % len(kinds)]
        left, beside = bytes(apart) + row, bytes(apart) + before
        out += bytes([kind]) + bytes((row[x] - _guess(kind, left[x], before[x], beside[x])) & 255 for x in range(WIDE))
    return bytes(out)


def _png(body: bytes, kinds: list[int], apart: int) -> bytes:
    """In chunks of 8 KiB, as libraries write them."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    stream = zlib.compress(_filtered(body, kinds, apart))
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", WIDE // apart, len(body) // WIDE, 8, {1: 0, 3: 2, 4: 6}[apart], 0, 0, 0))
    parts = b"".join(chunk(b"IDAT", stream[at : at + 8192]) for at in range(0, len(stream), 8192))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"tEXt", b"Software\0paint") + parts + chunk(b"IEND", b"")


@pytest.mark.parametrize("apart", [1, 3, 4])
@pytest.mark.parametrize("kinds", [[0], [1], [2], [3], [4], [0, 1, 2, 3, 4]], ids=["none", "sub", "up", "average", "paeth", "all"])
def test_a_picture_of_weights_is_found(assay: Assay, planted: Planted, kinds: list[int], apart: int) -> None:
    body = planted.tensors[1][:SIZE]
    result = assay(planted, b"see the picture: " + _png(body, kinds, apart) + b" there")
    assert 0.999 * SIZE <= _found(result) <= SIZE + 1
    assert PNG in max(result.findings, key=lambda finding: sum(finding.found.values())).chain
    assert result.opaque_bytes < 0.01 * SIZE
    assert () == result.gave_up


def test_a_picture_that_was_cut_counts_to_the_cut(assay: Assay, packed: Planted) -> None:
    whole = _png(packed.tensors[1][:SIZE], [4], 3)
    assert 0.45 * SIZE < _found(assay(packed, whole[: len(whole) // 2])) < 0.55 * SIZE


def test_heads_that_lie_cost_nothing_and_a_shape_that_would_cost_much_is_said(assay: Assay, packed: Planted) -> None:
    body = packed.tensors[1][:SIZE]
    lies = [_png(body, [4], 1).replace(b"\0\0\0\xf0\0\0\1\x90", shape) for shape in (b"\xff" * 8, bytes(8), b"\0\0\0\1\xff\xff\xff\xff")]
    assert 0 == _found(assay(packed, *lies[1:2]))
    assert assay(packed, *lies).gave_up == ()
    thin = zlib.compress(b"\4\x80" + b"\3\7\4\x99" * 140_000 + b"".join(b"\4%c" % byte for byte in body), 1)
    long = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\0\1\0\x7f\xff\xff\x08\0\0\0\0crc4" + struct.pack(">I", len(thin)) + b"IDAT" + thin
    assert all("unusual shape" in sentence for sentence in assay(packed, long).gave_up)
