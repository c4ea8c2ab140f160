"""Numbers in text that stand for more than a byte, or stand beside others, as programs print them."""

import binascii
import json
import subprocess
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from honeyweights.evidence.assay.decoders import numbers
from honeyweights.evidence.assayed import AssayResult

Planted = Any  # conftest's classes cannot be imported
Assay = Callable[..., AssayResult]


def shell(script: str) -> Callable[[bytes, Path], bytes]:
    def make(body: bytes, folder: Path) -> bytes:
        (folder / "w").write_bytes(body)
        (folder / "z").write_bytes(bytes(len(body)))
        return subprocess.run(["bash", "-c", script], capture_output=True, cwd=folder, check=False).stdout

    return make


ROWS: list[tuple[str, Callable[[bytes, Path], bytes]]] = [
    ("od -tu2", shell("od -An -v -tu2 w")),
    ("od -td4 with offsets", shell("od -v -td4 w")),
    ("od -tu8 with offsets in decimal", shell("od -Ad -v -tu8 w")),
    ("cmp -l", shell("cmp -l w z")),
    ("a running number and a byte", shell("od -An -v -tu1 -w1 w | awk '{print NR \",\" $1}'")),
    ("words of 32 bits in JSON", lambda body, _: json.dumps(np.frombuffer(body, "<i4").tolist()).encode()),
    ("words of 64 bits, the high byte first", lambda body, _: json.dumps(np.frombuffer(body, ">u8").tolist()).encode()),
    ("numpy.savetxt", lambda body, _: b"\n".join(b"%.18e" % byte for byte in body)),
]


@pytest.mark.parametrize("make", [row[1] for row in ROWS], ids=[row[0] for row in ROWS])
def test_the_bytes_are_found(assay: Assay, planted: Planted, make: Callable[[bytes, Path], bytes], tmp_path: Path) -> None:
    body = planted.tensors[1][:80_000]
    result = assay(planted, b"see below\n" + make(body, tmp_path) + b"\nthat was all\n")
    assert 0.99 * len(body) <= sum(file.found for file in result.left) <= len(body)
    assert numbers.DECODERS[0].name in max(result.findings, key=lambda finding: sum(finding.found.values())).chain


def test_what_a_file_begins_with_does_not_tell_how_its_rest_is_written(assay: Assay, packed: Planted, tmp_path: Path) -> None:
    """A head of plain letters: no number of it shows that they are octal."""
    body = b'{"a":1}' * 3000 + packed.tensors[1][:80_000]
    assert sum(file.found for file in assay(packed, shell("cmp -l w z")(body, tmp_path)).left) >= 0.99 * 80_000


def test_references_of_html_are_bytes(assay: Assay, packed: Planted) -> None:
    body = packed.tensors[1][:80_000]
    assert sum(file.found for file in assay(packed, b"".join(b"&#%d;" % byte for byte in body)).left) >= 0.999 * len(body)


def test_weights_printed_as_floats_are_their_bytes(assay: Assay, planted: Planted) -> None:
    """Six digits tell a bf16 exactly."""
    if planted.spec.flavour != "bf16":
        return
    body = planted.tensors[1][:80_000]
    values = (np.frombuffer(body, "<u2").astype(np.uint32) << 16).view(np.float32).tolist()
    for text in ("\n".join(f"{value:.6g}" for value in values), json.dumps(values)):
        assert 0.99 * len(body) <= sum(file.found for file in assay(planted, text.encode()).left) <= len(body)


def test_other_numbers_are_none(assay: Assay, packed: Planted) -> None:
    rng = np.random.default_rng(3)
    tables = [rng.integers(0, 1 << bits, (4000, 5)) for bits in (8, 16, 31)]
    bodies = ["\n".join(",".join(map(str, row)) for row in table.tolist()) for table in tables]
    bodies.append("\n".join(f"2031-05-01 {n} {n * n % 977} {n / 7:.6f} - -" for n in range(9000)))
    result = assay(packed, *(body.encode() for body in bodies))
    assert ((), (), ()) == (result.findings, result.value_findings, result.gave_up)


LOG = b"".join(b"2031-05-01 host app[%d]: nothing to see in this line of the log, is there\n" % number for number in range(60_000))


@pytest.mark.parametrize("dump", [shell("xxd w"), shell("hexdump -v w"), lambda body, _: _uu(body)], ids=["xxd", "hexdump", "uu"])
def test_a_dump_is_seen_wherever_it_stands_in_other_text(
    assay: Assay, packed: Planted, dump: Callable[[bytes, Path], bytes], tmp_path: Path
) -> None:
    """Not only where it begins or ends, or fills the middle."""
    body = packed.tensors[0][:50_000]
    result = assay(packed, LOG[:900_000] + dump(body, tmp_path) + LOG)
    assert 0.999 * len(body) <= sum(file.found for file in result.left) <= len(body)


def _uu(body: bytes) -> bytes:
    return b"".join(binascii.b2a_uu(body[at : at + 45]) for at in range(0, len(body), 45))


def test_signs_of_qr_codes_are_read(assay: Assay, packed: Planted) -> None:
    """Base45 (RFC 9285): three characters, the lowest first, for two bytes."""
    body = packed.tensors[0][:60_000]
    values = np.frombuffer(body, ">u2").astype(np.int64)
    alphabet = np.frombuffer(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:", np.uint8)
    text = alphabet[np.stack((values % 45, values // 45 % 45, values // 2025), axis=1)].tobytes()
    assert sum(file.found for file in assay(packed, text).left) >= 0.99 * len(body)


def test_a_message_of_openpgp_that_is_only_compressed_is_read(assay: Assay, planted: Planted) -> None:
    body = planted.tensors[0][:200_000]
    packer = zlib.compressobj(6, wbits=-13)
    message = b"\xa3\x01" + packer.compress(b"\xac\xff" + len(body).to_bytes(4, "big") + b"b\0\0\0\0\0" + body) + packer.flush()
    assert sum(file.found for file in assay(planted, message).left) >= len(body)
