"""Bytes that some decoder makes noise of are not taken from those that read them right, nor from what is said to be opaque."""

import gzip
import random
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from honeyweights.evidence.assayed import AssayResult

Planted = Any  # conftest's classes cannot be imported
Assay = Callable[..., AssayResult]
NOISE = random.Random(21).randbytes(400_000)  # noqa: S311  # no secret
TEXT = b"".join(b"%d: the quick brown fox jumps over the lazy dog %d\n" % (n, n * n) for n in range(9000))


def _any_bits() -> bytes:
    """The head of a deflate block whose codes are complete: any bits behind it decode, some 8 to a byte, for 32 KiB and more."""
    lengths = [8] * 254 + [9, 9] + [15] + [9, 10, 11, 12, 13, 14, 15] + [1, 1]
    bits = [1, 0, 1]

    def put(value: int, width: int) -> None:
        bits.extend(value >> k & 1 for k in range(width))

    put(264 - 257, 5), put(2 - 1, 5), put(19 - 4, 4)
    order = (16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15)
    for symbol in order:
        put(4 if symbol < 16 else 0, 3)  # 16 lengths of 4 bits each: every code length in itself
    for length in lengths:
        bits.extend(length >> 3 - k & 1 for k in range(4))
    bits += [0] * (-len(bits) % 8)
    return bytes(sum(bits[8 * at + k] << k for k in range(8)) for at in range(len(bits) // 8))


def _zip(body: bytes, crc: int = 0) -> bytes:
    return struct.pack("<4sHHHHHIIIHH", b"PK\3\4", 20, 0, 8, 0, 0, crc, len(body), 0, 1, 0) + b"w" + body


HEADS = {"raw deflate": _any_bits(), "zip": _zip(_any_bits()), "gzip": gzip.compress(b"")[:10] + _any_bits()}


def test_the_head_takes_any_bits() -> None:
    made = zlib.decompressobj(-15).decompress(_any_bits() + NOISE)
    assert len(made) > 4096


@pytest.mark.parametrize("head", HEADS.values(), ids=HEADS.keys())
def test_noise_behind_such_a_head_is_opaque(assay: Assay, packed: Planted, head: bytes) -> None:
    result = assay(packed, head + NOISE)
    assert 0.97 * len(NOISE) <= result.opaque_bytes <= len(head + NOISE)


@pytest.mark.parametrize("head", HEADS.values(), ids=HEADS.keys())
def test_weights_in_other_numbers_behind_such_a_head_are_found(assay: Assay, planted: Planted, head: bytes) -> None:
    if planted.spec.flavour != "bf16":
        return
    values = (np.frombuffer(planted.tensors[0], "<u2").astype(np.uint32) << 16).view(np.float32).astype("f2").tobytes()
    result = assay(planted, head + values)
    assert sum(file.found for file in result.recoverable) >= 0.97 * len(planted.tensors[0])


@pytest.mark.parametrize("head", HEADS.values(), ids=HEADS.keys())
def test_an_archive_behind_such_a_head_is_read(assay: Assay, planted: Planted, head: bytes) -> None:
    real = planted.tensors[0][:200_000]
    result = assay(planted, head + NOISE[:150_000] + gzip.compress(real) + NOISE[:200_000])
    assert len(real) <= sum(file.found for file in result.left) <= len(real) + 2


@pytest.mark.parametrize("broken", [False, True])
@pytest.mark.parametrize("pack", [gzip.compress, lambda body: _zip(zlib.compress(body, wbits=-15), zlib.crc32(body))], ids=["gzip", "zip"])
def test_what_was_really_packed_is_not_opaque(assay: Assay, packed: Planted, pack: Callable[[bytes], bytes], broken: bool) -> None:
    """Whole, as its checksum proves; cut, as the text does that comes of it. Of a member with a wrong checksum too."""
    assert 0 == assay(packed, pack(TEXT)[: -30_000 if broken else None]).opaque_bytes
    assert not broken or 0 == assay(packed, _zip(zlib.compress(TEXT, wbits=-15), 5)).opaque_bytes
    mixed = assay(packed, pack(TEXT + NOISE)[: -9000 if broken else None])
    assert mixed.opaque_bytes >= 0.97 * len(NOISE) - 9000


@pytest.mark.parametrize(
    "change",
    [
        lambda body: np.random.default_rng(4).permutation(256).astype(np.uint8)[body],
        lambda body: body << np.uint8(3) | body >> np.uint8(5),
        lambda body: body[::-1] ^ np.uint8(77),
        lambda body: body.reshape(-1, 8)[:, [4, 5, 6, 7, 0, 1, 2, 3]].ravel(),
    ],
    ids=["a table of bytes", "turned bits", "reversed and exclusive-or", "halves of words swapped"],
)
def test_weights_that_nothing_reads_are_opaque_by_how_often_their_bytes_stand_in_them(
    assay: Assay, planted: Planted, change: Callable[[np.ndarray], np.ndarray]
) -> None:
    """Bf16 looks nothing like random; but no ordinary file has its bytes as often."""
    body = planted.tensors[0][:400_000]
    result = assay(planted, change(np.frombuffer(body, np.uint8)).tobytes(), Path("/bin/bash").read_bytes()[:800_000])
    assert 0 == sum(file.found for file in result.left)
    assert 0.95 * len(body) <= result.opaque["receipt:0"] <= len(body)
    assert result.opaque.get("receipt:1", 0) < 0.02 * 800_000
