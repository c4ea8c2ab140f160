"""Bytes that programs print one by one: as characters, as numbers in any dress; and text in which only some are escaped."""

import json
import random
import subprocess
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from honeyweights.evidence.assay.decoders import printed, tokens
from honeyweights.evidence.assayed import AssayResult

Planted = Any  # conftest's classes cannot be imported
Assay = Callable[..., AssayResult]
SIZE = 60_000


def _tool(script: str) -> Callable[[bytes], bytes]:
    return lambda body: subprocess.run(["bash", "-c", script], input=body, capture_output=True, check=True).stdout


CHARACTERS = printed.DECODERS[0].name
TOKENS = tokens.DECODERS[0].name
ROWS: list[tuple[str, Callable[[bytes], bytes], str]] = [
    ("od -c", _tool("od -v -c"), CHARACTERS),
    ("od -c without offsets, in wide lines", _tool("od -An -v -c -w40"), CHARACTERS),
    ("od -c in a mail's quote", _tool("echo hello; od -v -c; echo bye"), CHARACTERS),
    ("hexdump -c", _tool("LC_ALL=C hexdump -v -c"), CHARACTERS),
    ("a list of hex()", lambda body: str([hex(byte) for byte in body]).encode(), TOKENS),
    ("a list of bin()", lambda body: str([bin(byte) for byte in body]).encode(), TOKENS),
    ("a list of oct()", lambda body: str([oct(byte) for byte in body]).encode(), TOKENS),
    ("%x and commas", lambda body: ",".join(f"{byte:x}" for byte in body).encode(), TOKENS),
    ("strings of two digits in JSON", lambda body: json.dumps([f"{byte:02x}" for byte in body]).encode(), TOKENS),
    ("XML-RPC's integers", lambda body: "".join(f"<value><int>{byte}</int></value>" for byte in body).encode(), TOKENS),
    ("a table of Markdown", lambda body: "".join(f"| {byte:02x} |\n" for byte in body).encode(), TOKENS),
    ("decimal escapes", lambda body: "".join(f"\\{byte:03d}" for byte in body).encode(), TOKENS),
    ("JSON whose letters stand as they are", lambda body: json.dumps(body.decode("latin1"), ensure_ascii=False).encode(), "escaped bytes"),
    ("a string of Python", lambda body: repr(body.decode("latin1")).encode(), "escaped bytes"),
]


@pytest.mark.parametrize(("make", "name"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_the_bytes_are_found(assay: Assay, planted: Planted, make: Callable[[bytes], bytes], name: str) -> None:
    body = planted.tensors[1][:SIZE]
    result = assay(planted, make(body))
    assert 0.985 * SIZE <= sum(file.found for file in result.left) <= SIZE
    assert name in max(result.findings, key=lambda finding: sum(finding.found.values())).chain
    assert () == result.gave_up


@pytest.mark.parametrize("make", [row[1] for row in ROWS[:1] + ROWS[4:5] + ROWS[8:10]], ids=["od -c", "hex()", "JSON", "XML"])
def test_what_is_encrypted_in_such_a_dress_is_opaque(assay: Assay, packed: Planted, make: Callable[[bytes], bytes]) -> None:
    """As many bytes as it holds, and none of a table of small numbers."""
    noise = random.Random(7).randbytes(SIZE)  # noqa: S311
    assert 0.9 * SIZE <= assay(packed, make(noise)).opaque_bytes <= SIZE
    small = np.random.default_rng(3).integers(0, 60, SIZE).astype(np.uint8).tobytes()
    assert (0, ()) == (assay(packed, make(small)).opaque_bytes, assay(packed, make(small)).gave_up)
