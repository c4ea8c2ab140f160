"""Many small packets put together: questions to a name server, and pings."""

import base64
import gzip
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from honeyweights.evidence.assay.decoders import names, pings
from honeyweights.evidence.assay.request import Capture
from honeyweights.evidence.assayed import AssayResult

Planted = Any  # conftest's classes cannot be imported
Assay = Callable[..., AssayResult]
Lines = Callable[[bytes], list[str]]


def found(result: AssayResult) -> int:
    """Distinct tensor bytes that left, over all files."""
    return sum(file.found for file in result.left)


def _questions(code: Callable[[bytes], bytes], labels: int, number: str | None) -> Lines:
    """Labels of 60 characters, a session's name and a suffix behind them, perhaps a running number in front."""

    def lines(data: bytes) -> list[str]:
        text = code(data).decode().rstrip("=")
        rows = [text[start : start + 60 * labels] for start in range(0, len(text), 60 * labels)]
        return [
            ".".join([*([format(count, number)] if number else []), *(row[i : i + 60] for i in range(0, len(row), 60)), "s1.evil.example"])
            for count, row in enumerate(rows)
        ]

    return lines


def _hex(data: bytes) -> bytes:
    return data.hex().encode()


CASES = {
    "base32, three labels, numbered": _questions(base64.b32encode, 3, "d"),
    "hex, one label, numbered in hex": _questions(_hex, 1, "04x"),
    "base64, two labels, not numbered": _questions(base64.urlsafe_b64encode, 2, None),
}


@pytest.mark.parametrize("lines", CASES.values(), ids=CASES)
@pytest.mark.parametrize("twice", [False, True], ids=["once", "twice"])
def test_labels_are_put_together(assay: Assay, planted: Planted, lines: Lines, twice: bool) -> None:  # a parameter
    data = planted.tensors[1][:60_000]
    asked = [line for line in lines(data) for _ in range(1 + twice)]
    assert 0.999 * len(data) <= found(assay(planted, "\n".join(asked).encode() + b"\n")) <= len(data) + 1


def test_numbers_give_the_order(assay: Assay, planted: Planted) -> None:
    """A gzip in numbered questions, asked in any order."""
    data = planted.tensors[1][:60_000]
    asked = CASES["base32, three labels, numbered"](gzip.compress(data))
    random.Random(1).shuffle(asked)  # noqa: S311  # the same order each time is the point
    assert 0.999 * len(data) <= found(assay(planted, "\n".join(asked).encode())) <= len(data) + 1


def test_ordinary_questions_are_nothing(assay: Assay, planted: Planted) -> None:
    asked = "\n".join(f"www{number}.mirror.example" for number in range(300)).encode()
    assert 0 == found(assay(planted, asked))
    assert {"names"} == {row.name for row in names.DECODERS}


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (lambda data: "\n".join(CASES["hex, one label, numbered in hex"](data)), True),
        (lambda data: "\n".join(f"{data[at : at + 2].hex()}.x.example" for at in range(0, len(data), 2)), True),
        (lambda _: "\n".join(f"{word}.mirror.example" for word in ("aisai", "ama", "anjo", "toyota", "handa", "seto") * 200), False),
        (lambda _: "\n".join(f"FUNC:_ZN{number}KSt13runtime_error@@GLIB.3.4" for number in range(900)), False),
    ],
    ids=["hex", "short hex", "hosts", "symbols"],
)
def test_behind_the_most_that_is_read_names_that_may_carry_data_alone_make_a_lower_bound(
    assay: Assay,
    packed: Planted,
    asked: Callable[[bytes], str],
    said: bool,
    monkeypatch: pytest.MonkeyPatch,  # a parameter
) -> None:
    """Lists of hosts and of symbols in ordinary documents do not."""
    monkeypatch.setattr(names, "_MOST", 1 << 14)
    text = "It has words, and hardly a digit, on every line.\n" * 400 + asked(packed.tensors[0][:6000])
    assert said == any("names that were asked for" in sentence for sentence in assay(packed, text.encode()).gave_up)


@pytest.mark.parametrize("size", [56, 64, 120])
def test_patterns_of_pings_are_put_together(assay: Assay, planted: Planted, size: int) -> None:
    """`ping -p` of 16 bytes at a time: a time stamp of 16 bytes, then the pattern until the packet is full."""
    data, noise = planted.tensors[1][:32_000], random.Random(2)  # noqa: S311
    packets = [noise.randbytes(3) + bytes(13) + (data[at : at + 16] * 8)[: size - 16] for at in range(0, len(data), 16)]
    result = assay(planted, b"".join(packets))
    assert 0.99 * len(data) <= found(result) <= len(data) + 2  # a byte behind a piece may be right by chance
    assert {"pings"} == {row.name for row in pings.DECODERS}


def test_pings_that_are_counted_lose_their_numbers(assay: Assay, planted: Planted) -> None:
    """A byte that counts the packets stands in front of 15 others: what is left of the pattern are these."""
    data = planted.tensors[1][:15_000]
    patterns = [bytes([at // 15 % 256]) + data[at : at + 15] for at in range(0, len(data), 15)]
    result = assay(planted, b"".join(bytes(16) + pattern * 12 for pattern in patterns))
    assert 0.99 * len(data) <= found(result) <= len(data) + 2


def test_names_are_found_beside_the_heads_of_the_requests_that_brought_them(assay: Assay, planted: Planted, tmp_path: Path) -> None:
    """Names over HTTPS come with a hundred short texts, which share their source: behind a wall, each is a text of its own."""
    data = planted.tensors[1][:3000]
    asked = [f"{data[at : at + 30].hex()}.{at // 30}.x.put.example.net" for at in range(0, len(data), 30)]
    files = {
        f"h{number}": f"GET /dns-query?name={name}&type=A HTTP/1.1\r\nHost: put.example.net\r\n\r\n" for number, name in enumerate(asked)
    }
    for name, text in {**files, "names": "\n".join(asked) + "\n"}.items():
        (tmp_path / name).write_text(text)
    heads = [
        Capture(id=f"receipt:{number}", path=str(tmp_path / name), channel="dns", host="put.example.net heads", order=number)
        for number, name in enumerate(files)
    ]
    questions = Capture(id="receipt:900", path=str(tmp_path / "names"), channel="dns", host="example.net", order=900)
    assert len(data) == found(assay(planted, questions))
    assert len(data) == found(assay(planted, *heads, questions))
