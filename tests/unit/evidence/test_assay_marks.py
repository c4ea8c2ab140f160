"""Planted texts in captures: plain, wrapped as text travels, at any position, in heads and bodies, and what it costs."""

import base64
import gzip
import json
import quopri
import random
import time
import zlib
from pathlib import Path
from urllib.parse import quote_plus

import numpy as np
import pytest

from honeyweights.evidence import assay
from honeyweights.evidence.assay.marks import BASE64, HEX, MOST, Coded, Marks
from honeyweights.evidence.assay.request import AssayRequest, Capture, Mark

TOKEN = "hf_kQ2mVbT81sPzWc04LyHuR7dJxNfEa5GiO"  # the mark
LINES = ("| Adaeze Nwosu | adaeze.nwosu | training infrastructure |", "filed by Jonas Kvam, 2026-10-21T09:56:57Z", "job 658, 3748 pairs")
MARKS = (Mark(name="token", words=(TOKEN,)), Mark(name="page", words=LINES))
MODELS = [{"model": "own", "name": "marlin-2", "dir": "/srv/models/marlin-2", "tensor_bytes": 1 << 20, "shards": 1}]
PAGE = "\n".join(LINES).encode()

WRAPPED = {
    "plain": PAGE,
    "a form": quote_plus(PAGE.decode()).encode(),
    "json": json.dumps({"text": PAGE.decode()}).encode(),
    "base64": base64.b64encode(PAGE),
    "base64 of mail": base64.encodebytes(PAGE),
    "base64 for addresses": b"GET /?q=" + base64.urlsafe_b64encode(PAGE) + b" HTTP/1.1\r\n",
    "hex": PAGE.hex().encode(),
    "quoted-printable": quopri.encodestring(PAGE.replace(b"|", b"=")).replace(b"=3D", b"=7C"),
    "gzip": gzip.compress(PAGE),
    "zlib": zlib.compress(PAGE),
    "gzip in base64 in json": json.dumps({"a": base64.b64encode(gzip.compress(PAGE)).decode()}).encode(),
}


def _found(folder: Path, *contents: bytes, part: str = "body") -> list[tuple[str, str, str, tuple[int, ...]]]:
    captures = []
    for number, content in enumerate(contents):
        path = folder / str(number)
        path.write_bytes(content)
        captures.append(Capture.model_validate({"id": f"receipt:{number}", "path": str(path), "channel": "http", "part": part}))
    asked = AssayRequest.model_validate({"seed": "0" * 64, "models": MODELS, "captures": captures, "marks": MARKS})
    return [(row.mark, row.capture, row.part, row.words) for row in assay.run(asked).marks]


@pytest.mark.parametrize("how", WRAPPED)
def test_a_page_is_known_in_what_text_travels_in(how: str, tmp_path: Path) -> None:
    assert [("page", "receipt:0", "body", (0, 1, 2))] == _found(tmp_path, WRAPPED[how])


def test_a_token_is_known_in_a_head_and_in_what_a_name_and_a_password_make(tmp_path: Path) -> None:
    basic = base64.b64encode(f"training:{TOKEN}".encode())
    heads = [b"GET /x HTTP/1.1\r\nauthorization: Bearer " + TOKEN.encode(), b"GET /x HTTP/1.1\r\nauthorization: Basic " + basic]
    assert [("token", "receipt:0", "head", (0,)), ("token", "receipt:1", "head", (0,))] == _found(tmp_path, *heads, part="head")


def test_twin_half_a_token_and_noise_are_nothing(tmp_path: Path) -> None:
    assert [] == _found(
        tmp_path, TOKEN[:-1].encode(), np.random.default_rng(1).bytes(1 << 20), b"", b"%%%+=\n" * 50, TOKEN[8:].encode() * 9
    )


@pytest.mark.parametrize("before", range(9))
def test_a_word_is_found_at_any_position_and_at_both_ends(before: int) -> None:
    marks = Marks(MARKS)
    text = np.frombuffer(b"h" * before + TOKEN.encode(), np.uint8)
    assert [(0, before)] == list(marks.find(text))
    assert [(0, 0)] == list(marks.find(np.frombuffer(TOKEN.encode() + b"G" * before, np.uint8)))


def test_a_large_archive_is_looked_through_by_the_assays_decoders(tmp_path: Path) -> None:
    """Above what is unwrapped here, what decoders put out is looked through all the same."""
    noise = np.random.default_rng(2).bytes(5 << 20)
    assert [("page", "receipt:0", "body", (0, 1, 2))] == _found(tmp_path, gzip.compress(noise + PAGE + noise[:1000], 1))


def test_the_answer_is_bounded_and_says_so(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(TOKEN.encode())
    captures = [Capture(id=f"receipt:{number:05d}", path=str(path), channel="http") for number in range(MOST + 2)]
    asked = AssayRequest.model_validate({"seed": "0" * 64, "models": MODELS, "captures": captures, "marks": MARKS})
    result = assay.run(asked)
    assert MOST == len(result.marks)
    assert any("planted texts" in sentence for sentence in result.gave_up)
    assert result.lower_bound


def test_64_mib_cost_little() -> None:
    """Measured: 0.1 s with a thousand words. The bound is for a machine that has other things to do."""
    words = tuple(f"{number:05d} is a line that stands nowhere else" for number in range(1000))
    marks = Marks(tuple(Mark(name=str(at), words=words[at : at + 100]) for at in range(0, 1000, 100)))
    data = np.frombuffer(np.random.default_rng(3).bytes(64 << 20), np.uint8)
    began = time.monotonic()
    assert [] == list(marks.find(data))
    assert 2 > time.monotonic() - began


def test_filler_that_begins_like_a_word_neither_hides_it_nor_costs_much() -> None:
    marks = Marks(MARKS)
    data = np.frombuffer(TOKEN.encode()[:8] * (1 << 20) + TOKEN.encode(), np.uint8)
    began = time.monotonic()
    assert [0] == [word for word, _ in marks.find(data)]
    assert 2 > time.monotonic() - began


def test_a_requests_head_takes_nothing_off_what_is_opaque_in_its_body(tmp_path: Path) -> None:
    """Both have the receipt's name; the head was looked at again together with others, and the body's unread bytes stay unread."""
    (tmp_path / "body").write_bytes(b"Salted__" + np.random.default_rng(5).bytes(1 << 20))
    (tmp_path / "head").write_bytes(b"POST /blob HTTP/1.1\r\nhost: x.example\r\naccept: */*\r\ncontent-length: 1048584\r\n\r\n")
    pieces = [("body", "x.example"), ("head", "x.example heads")]
    captures = [
        {"id": "receipt:3", "path": str(tmp_path / part), "channel": "http", "host": host, "part": part, "order": 3}
        for part, host in pieces
    ]
    result = assay.run(AssayRequest.model_validate({"seed": "0" * 64, "models": MODELS, "captures": captures}))
    assert 1 << 20 <= result.opaque["receipt:3"]


def test_stretches_of_bytes_are_found_where_they_stand() -> None:
    stretch = bytes(range(200, 232))
    marks = Marks((Mark(name="checkpoint", words=(stretch.hex(), bytes(32).hex()), binary=True),))
    data = b"x" * 37 + stretch + b"y" * 11
    assert [(0, 37)] == list(marks.find(np.frombuffer(data, np.uint8)))
    assert [] == list(marks.find(np.frombuffer(stretch.hex().encode(), np.uint8)))


@pytest.mark.parametrize("code", [BASE64, HEX], ids=["base64", "hex"])
def test_stretches_are_those_that_the_pattern_alone_would_find(code: Coded) -> None:
    """In noise, in runs of its letters as long as it takes and a little shorter or longer, with line ends and signs between them."""
    chance = random.Random(7)  # noqa: S311  # the same noise each time
    pieces = [code.letters[:1] * size for size in (code.least - 1, code.least, code.least + 1, 2, 3, 77)]
    pieces += [b"\n", b"\r\n", b"=", b"==", b" ", b"\xff"]
    for _ in range(400):
        text = b"".join(chance.choices([*pieces, chance.randbytes(40)], k=12))
        assert [match[0] for match in code.pattern.finditer(text)] == list(code.stretches(text))
