"""Uploads in parts: by Content-Range, and by tus. The whole can be read back."""

from typing import Any

import pytest

from honeyweights.containers.internet.files import File, Piece
from honeyweights.containers.internet.protocols.http.parts import lay, reached
from honeyweights.containers.internet.protocols.http.services import resume, tus


def said(text: bytes) -> tuple[int, dict[str, str], bytes]:
    head, _, body = text.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    return int(lines[0].split()[1]), {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:])}, body


def ask(
    line: Any, method: str, target: str, body: bytes = b"", step: int | None = None, **fields: str
) -> tuple[int, dict[str, str], bytes]:
    more = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in fields.items())
    head = f"{method} {target} HTTP/1.1\r\nHost: up.example.com\r\nContent-Length: {len(body)}\r\n{more}\r\n"
    return said(line.hear(head.encode("latin-1") + body, step))


@pytest.mark.parametrize(
    ("field", "start", "total"),
    [("bytes 0-4/10", 0, 10), ("bytes 5-9/*", 5, None), ("bytes */10", None, 10), ("BYTES  1-1/2", 1, 2)],
)
def test_ranges(field: str, start: int | None, total: int | None) -> None:
    assert resume.part(field) == (start, total)


@pytest.mark.parametrize("field", ["", "bytes", "bytes 5-4/10", "lines 0-1/2", "bytes 0-1", "bytes 1-" + "9" * 30 + "/*"])
def test_what_is_no_range(field: str) -> None:
    assert resume.part(field) is None


def test_how_far_a_file_reaches() -> None:
    assert reached(None) == 0
    assert reached(File(pieces=(Piece(5, 5, 0, "b"), Piece(0, 5, 0, "a")))) == 10
    assert reached(File(pieces=(Piece(0, 3, 0, "a"), Piece(5, 5, 0, "b")))) == 3


def test_parts_lie_where_they_belong(place: Any) -> None:
    disk = place.house.files.disk("up.example.com", "/", kind="web")
    for start, text in ((3, b"def"), (0, b"abc")):
        capture = place.spool.open()
        capture.write(text)
        capture.close()
        lay(disk, "/f", start, capture)
    assert b"".join(disk.blocks("/f")) == b"abcdef"


@pytest.mark.parametrize("step", [None, 1])
def test_an_upload_is_resumed_and_read_back(place: Any, step: int | None) -> None:
    line = place.line()
    status, fields, _ = ask(line, "PUT", "/big", b"hello", step, Content_Range="bytes 0-4/11")
    assert (status, fields["range"], fields["content-length"]) == (308, "bytes=0-4", "0")
    status, fields, _ = ask(line, "PUT", "/big", b"", step, Content_Range="bytes */11")
    assert (status, fields["range"]) == (308, "bytes=0-4")
    assert ask(line, "PUT", "/big", b" world", step, Content_Range="bytes 5-10/11")[0] == 200
    assert ask(line, "GET", "/big")[2] == b"hello world"
    assert [(r["sent"], r["headers"]["content-range"]) for r in place.receipts() if r["target"] == "/big" and r["method"] == "PUT"] == [
        (5, "bytes 0-4/11"),
        (0, "bytes */11"),
        (6, "bytes 5-10/11"),
    ]


def test_an_upload_that_has_not_begun(place: Any) -> None:
    status, fields, _ = ask(place.line(), "PUT", "/none", b"", Content_Range="bytes */11")
    assert (status, "range" in fields) == (308, False)


def test_tus_from_the_first_word_to_the_last(place: Any) -> None:
    line = place.line()
    version = {"Tus_Resumable": "1.0.0"}
    status, fields, _ = ask(line, "OPTIONS", "/files/", **version)
    assert (status, fields["tus-version"]) == (204, "1.0.0")
    status, fields, _ = ask(line, "POST", "/files/", **version, Upload_Length="11", Upload_Metadata="filename bS5iaW4=")
    assert (status, fields["upload-offset"]) == (201, "0")
    place_of = fields["location"].removeprefix("http://up.example.com")
    binary = {"Content_Type": tus.BYTES}
    assert ask(line, "PATCH", place_of, b"hello", None, **version, **binary, Upload_Offset="0")[1]["upload-offset"] == "5"
    assert ask(line, "PATCH", place_of, b"x", None, **version, **binary, Upload_Offset="3")[0] == 409
    status, fields, _ = ask(line, "HEAD", place_of, **version)
    assert (status, fields["upload-offset"], fields["upload-length"]) == (200, "5", "11")
    assert fields["upload-metadata"] == "filename bS5iaW4="
    status, fields, _ = ask(line, "PATCH", place_of, b" world", 1, **version, **binary, Upload_Offset="5")
    assert (status, fields["upload-offset"]) == (204, "11")
    assert ask(line, "GET", place_of)[2] == b"hello world"
    assert ask(line, "DELETE", place_of, **version)[0] == 204
    assert ask(line, "HEAD", place_of, **version)[0] == 404


def test_tus_with_a_length_that_comes_later_and_bytes_at_once(place: Any) -> None:
    line = place.line()
    version = {"Tus_Resumable": "1.0.0"}
    status, fields, _ = ask(line, "POST", "/files", b"abc", **version, Upload_Defer_Length="1", Content_Type=tus.BYTES)
    assert (status, fields["upload-offset"]) == (201, "3")
    place_of = fields["location"].removeprefix("http://up.example.com")
    assert ask(line, "HEAD", place_of, **version)[1]["upload-defer-length"] == "1"
    ask(line, "PATCH", place_of, b"d", **version, Upload_Offset="3", Upload_Length="4")
    assert ask(line, "HEAD", place_of, **version)[1]["upload-length"] == "4"


@pytest.mark.parametrize(
    ("method", "target", "fields", "status"),
    [
        ("POST", "/files", {}, 400),
        ("PATCH", "/files/none", {"Upload_Offset": "0"}, 404),
        ("DELETE", "/files/none", {}, 404),
        ("PUT", "/files/none", {}, 405),
        ("POST", "/files", {"X_HTTP_Method_Override": "PATCH", "Upload_Offset": "x"}, 404),
    ],
)
def test_tus_says_no(place: Any, method: str, target: str, fields: dict[str, str], status: int) -> None:
    assert ask(place.line(), method, target, Tus_Resumable="1.0.0", **fields)[0] == status
