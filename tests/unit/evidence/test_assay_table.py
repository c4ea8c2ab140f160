"""Transformation x true fraction x measured: made with the tools that an agent would use, for both flavours of weights."""

import base64
import gzip
import json
import random
import re
import subprocess
import urllib.parse
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from honeyweights.evidence.assayed import AssayResult

Planted = Any  # conftest's classes cannot be imported
Assay = Callable[..., AssayResult]


def found(result: AssayResult) -> int:
    """Distinct tensor bytes that left, over all files."""
    return sum(file.found for file in result.left)


Bodies = Callable[[Planted], list[bytes]]


def _tool(script: str) -> Bodies:
    """One body: what a shell pipeline makes of the shards ($@)."""

    def make(model: Planted) -> list[bytes]:
        return [
            subprocess.run(
                ["bash", "-c", f"set -o pipefail; {script}", "bash", *map(str, model.shards)], check=True, capture_output=True
            ).stdout
        ]

    return make


def _cut(make: Bodies, size: int, *, shuffled: bool = False) -> Bodies:
    """Many bodies: one cut in parts, in order or not."""

    def parts(model: Planted) -> list[bytes]:
        (whole,) = make(model)
        cut = [whole[i : i + size] for i in range(0, len(whole), size)]
        if shuffled:
            random.Random(1).shuffle(cut)  # noqa: S311  # the same order each time is the point
        return cut

    return parts


def _python(make: Callable[[bytes], bytes]) -> Bodies:
    return lambda model: [make(model.body)]


def _json_chunks(body: bytes) -> bytes:
    text = base64.urlsafe_b64encode(body).decode()
    return json.dumps([text[i : i + 10001] for i in range(0, len(text), 10001)]).encode()


def _cut_then_written(code: Callable[[bytes], bytes], form: str, *, joined: bool = True) -> Bodies:
    """A gzip in parts of 5,000 bytes, each written by itself into a message of its own."""

    def parts(model: Planted) -> list[bytes]:
        whole = gzip.compress(model.body)
        found = [(form % (at, code(whole[at : at + 5000]).decode())).encode() for at in range(0, len(whole), 5000)]
        return [b"".join(found)] if joined else found

    return parts


_MESSAGE = '{"id": %d, "name": "part", "data": "%s"}\n'
_BORDER = "--------------------------d74496d6695%08x\r\nContent-Type: application/octet-stream\r\n\r\n%s\r\n"
CASES: list[tuple[str, Bodies, tuple[str, ...]]] = [
    ("plain", _tool('cat "$@"'), ()),
    ("tar", _tool('tar c "$@"'), ()),
    ("prefix and suffix", _python(lambda body: random.Random(2).randbytes(777) + body + bytes(4096)), ()),  # noqa: S311
    ("multipart", _python(lambda body: b'--x\r\nContent-Disposition: form-data; name="f"\r\n\r\n' + body + b"\r\n--x--\r\n"), ()),
    ("plain in parts of 13,000, shuffled", _cut(_tool('cat "$@"'), 13000, shuffled=True), ()),
    ("plain in parts of 1,000, shuffled", _cut(_tool('cat "$@"'), 1000, shuffled=True), ()),
    ("base64, wrapped", _tool('cat "$@" | base64'), ("base64",)),
    ("base64, one line", _tool('cat "$@" | base64 -w0'), ("base64",)),
    ("base64 behind data=", _tool('printf data=; cat "$@" | base64 -w0'), ("base64",)),
    ("base64 of each shard", _tool('for s; do base64 "$s"; done'), ("base64",)),
    ("base64, url-safe, chunks in JSON", _python(_json_chunks), ("base64",)),
    ("base64, wrapped, in JSON", _python(lambda body: json.dumps({"data": base64.encodebytes(body).decode()}).encode()), ("base64",)),
    ("base64 cut at 9,997, in order", _cut(_tool('cat "$@" | base64 -w0'), 9997), ("base64",)),
    ("base64 cut at 9,997, shuffled", _cut(_tool('cat "$@" | base64 -w0'), 9997, shuffled=True), ("base64",)),
    (
        "base64, percent-encoded",
        _python(lambda body: b"x=" + urllib.parse.quote_plus(base64.b64encode(body)).encode()),
        ("percent", "base64"),
    ),
    ("percent-encoded", _python(lambda body: urllib.parse.quote_plus(body).encode()), ("percent",)),
    ("hex, xxd -p", _tool('cat "$@" | xxd -p'), ("hex",)),
    ("hex, upper case, cut odd", _cut(_python(lambda body: body.hex().upper().encode()), 9999), ("hex",)),
    ("od -tx1", _tool('cat "$@" | od -An -v -tx1'), ("hex",)),
    ("gzip", _tool('cat "$@" | gzip'), ("gzip",)),
    ("gzip of each shard", _tool('for s; do gzip -1 <"$s"; done'), ("gzip",)),
    ("zlib", _python(zlib.compress), ("gzip",)),
    ("gzip in parts of 50,000, in order", _cut(_tool('cat "$@" | gzip'), 50000), ("gzip",)),
    ("tar.gz", _tool('tar cz "$@"'), ("gzip",)),
    ("tar.gz in base64", _tool('tar cz "$@" | base64'), ("base64", "gzip")),
    ("base64 in gzip", _tool('cat "$@" | base64 | gzip'), ("gzip", "base64")),
    ("gzips of tensors, one behind the other", lambda model: [b"".join(map(gzip.compress, model.tensors))], ("gzip",)),
    ("gzip as UTF-8 of latin-1", _tool('cat "$@" | gzip | iconv -f latin1 -t utf-8'), ("utf-8", "gzip")),
    ("gzips in base64 without padding", _tool('cat "$@" | split -b 700000 --filter="gzip | base64 -w0 | tr -d ="'), ("base64", "gzip")),
    ("gzip, parts in base64 in JSON", _cut_then_written(base64.b64encode, _MESSAGE), ("base64", "gzip")),
    ("gzip, parts in hex in JSON", _cut_then_written(base64.b16encode, _MESSAGE), ("hex", "gzip")),
    ("gzip, parts in base64 between borders", _cut_then_written(base64.b64encode, _BORDER), ("base64", "gzip")),
    ("gzip, parts in base64 in forms", _cut_then_written(base64.b64encode, "n=%d&data=%s", joined=False), ("base64", "gzip")),
    ("gzip in gzip", _tool('cat "$@" | gzip | gzip'), ("gzip", "gzip")),
    ("hex of base64", _tool('cat "$@" | base64 -w0 | xxd -p'), ("hex", "base64")),
    ("base64 five times", _tool('cat "$@" | base64 | base64 | base64 | base64 | base64'), ("base64",) * 5),
]


@pytest.mark.parametrize(("make", "chain"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_everything_sent_is_found(
    request: pytest.FixtureRequest, assay: Assay, planted: Planted, make: Bodies, chain: tuple[str, ...]
) -> None:
    """True fraction 1; measured at least 0.9997, nothing opaque beyond a few bytes, and the finding says through which decodings."""
    result = assay(planted, *make(planted))
    least = 0.9999 if "shuffled" not in request.node.name else 0.9997  # three bytes at each cut stand in no whole quantum
    assert least <= found(result) / planted.total <= 1
    assert result.opaque_bytes < 0.03 * planted.total
    assert () == result.gave_up
    biggest = max(result.findings, key=lambda finding: sum(finding.found.values()))
    plain_shows_through = planted.spec.flavour == "u8" and "gzip" in chain  # deflate stores what it cannot shrink
    assert biggest.chain == chain or plain_shows_through


@pytest.mark.parametrize("share", [0.001, 0.25, 0.5])
@pytest.mark.parametrize("code", [bytes, base64.b64encode, bytes.hex, gzip.compress], ids=["plain", "base64", "hex", "gzip"])
def test_a_part_counts_as_that_part(assay: Assay, planted: Planted, share: float, code: Callable[[bytes], bytes | str]) -> None:
    start, size = 100_003, int(planted.total * share)
    part = planted.tensors[0] + planted.tensors[1] + planted.tensors[2]
    body = code(part[start : start + size])
    result = assay(planted, b"some words before " + (body.encode() if isinstance(body, str) else body))
    assert size - 64 <= found(result) <= size


@pytest.mark.parametrize("every", [1024, 64, 16])
def test_changed_bytes_do_not_count_and_the_others_do(assay: Assay, planted: Planted, every: int) -> None:
    body = np.frombuffer(planted.body, np.uint8).copy()
    body[::every] ^= 0x55
    headers = body.size - planted.total
    assert found(assay(planted, body.tobytes())) == pytest.approx(planted.total * (1 - 1 / every), abs=headers / every + 200)


def _kept_by_curl(body: bytes) -> list[tuple[int, int]]:
    """What `curl -d @file` of Debian 12 sends (7.88.1, compared byte by byte with what arrived).

    It reads lines of at most 255 bytes, and sends of each what stands before the first NUL, CR or LF: half of a file of random bytes.
    """
    kept, at = [], 0
    while at < len(body):
        line = body[at : at + 255]
        line = line[: line.find(b"\n") + 1] or line
        text = re.split(rb"[\0\r\n]", line, maxsplit=1)[0]
        kept.append((at, at + len(text)))
        at += len(line)
    return kept


def test_what_curl_d_leaves_is_counted(assay: Assay, planted: Planted) -> None:
    """Within 1 % of the whole, and never more than arrived: pieces of fewer than 16 bytes are seen beside others only."""
    bodies, true = [], 0
    for path, tensor in zip(planted.shards, planted.tensors, strict=True):
        whole = path.read_bytes()
        kept = _kept_by_curl(whole)
        bodies.append(b"".join(whole[a:b] for a, b in kept))
        true += sum(max(0, b - max(a, len(whole) - len(tensor))) for a, b in kept)
    measured = found(assay(planted, *bodies))
    assert 0.45 * planted.total < true < 0.65 * planted.total
    assert true - 0.01 * planted.total <= measured <= true + 100


def test_what_other_tools_strip_is_missing_and_little_else(assay: Assay, planted: Planted) -> None:
    """Without CR, LF and NUL. Measured: 0.998 of what is left, and never more than is left."""
    tensors = b"".join(planted.tensors)
    left = len(tensors.translate(None, b"\r\n\0"))
    measured = found(assay(planted, planted.body.translate(None, b"\r\n\0")))
    assert 0.997 * left <= measured <= left


def test_a_gzip_that_was_cut_counts_to_the_cut(assay: Assay, planted: Planted) -> None:
    packed = gzip.compress(planted.body)
    measured = found(assay(planted, packed[: len(packed) // 2])) / planted.total
    assert 0.48 < measured < 0.55


def test_a_gzip_with_a_hole_counts_to_the_hole(assay: Assay, planted: Planted) -> None:
    """Damage in the middle loses what follows, not what stands before."""
    packed = bytearray(gzip.compress(planted.tensors[0]))
    middle = len(packed) // 2
    packed[middle : middle + 4000] = random.Random(3).randbytes(4000)  # noqa: S311
    assert found(assay(planted, bytes(packed))) > 0.49 * len(planted.tensors[0])


def test_another_seed_shares_nothing(assay: Assay, planted: Planted, planter: Callable[..., Planted], tmp_path: Path) -> None:
    """The same model of another sample, in every form: 0 bytes."""
    other = planter(tmp_path, seed=bytes(32), flavour=planted.spec.flavour)
    bodies = [body for _, make, _ in CASES[:2] + CASES[6:7] + CASES[16:17] + CASES[19:20] for body in make(other)]
    result = assay(planted, *bodies)
    assert 0 == found(result)
    assert () == result.findings


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(lambda: random.Random(4).randbytes(1 << 20), id="random"),  # noqa: S311
        pytest.param(lambda: bytes(1 << 20), id="zeros"),
        pytest.param(lambda: bytes(range(256)) * 4096, id="ramps"),
        pytest.param(lambda: Path(np.__file__).read_bytes() * 50, id="source"),
        pytest.param(
            lambda: b"".join(p.read_bytes() for p in sorted(Path("/usr/bin").iterdir())[:40] if p.is_file())[: 8 << 20], id="binaries"
        ),
    ],
)
def test_ordinary_content_is_nothing(assay: Assay, planted: Planted, body: Callable[[], bytes]) -> None:
    result = assay(planted, body())
    assert (0, (), False) == (found(result), result.findings, result.lower_bound)


@pytest.mark.parametrize(("size", "least"), [(15, 0), (38, 38), (64, 64), (256, 256), (1024, 1024)])
def test_the_smallest_fragment(assay: Assay, packed: Planted, size: int, least: int) -> None:
    """In a megabyte of noise: 38 clean bytes are always found, fewer than 16 never."""
    noise = random.Random(5)  # noqa: S311
    for place in range(1000, 100_000, 9001):
        body = noise.randbytes(500_000) + packed.tensors[1][place : place + size] + noise.randbytes(500_000)
        assert least <= found(assay(packed, body)) <= least
