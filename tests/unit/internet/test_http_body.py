"""Bodies cut out of a stream."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from honeyweights.containers.internet.protocols.http import body as http_body
from honeyweights.containers.internet.protocols.http.body import Chunked, NotChunked, Sized


def test_a_sized_body_leaves_the_rest() -> None:
    body = Sized(5)
    assert b"".join(bytes(piece) for piece in body.feed(b"hel")) == b"hel"
    assert not body.done
    assert b"".join(bytes(piece) for piece in body.feed(b"lo tail")) == b"lo"
    assert body.done
    assert bytes(body.rest) == b" tail"


@given(st.binary(max_size=300), st.integers(1, 40))
def test_any_bytes_are_chunks_or_the_one_error(data: bytes, step: int) -> None:
    body = Chunked()
    for at in range(0, len(data), step):
        if body.done:
            break
        try:
            list(body.feed(data[at : at + step]))
        except NotChunked:
            assert bytes(body.rest) in data
            return


@pytest.mark.parametrize("size", [b"+5", b"0x5", b" 5", b"5_0", b"", b"-1", b"g"])
def test_sizes_are_plain_hexadecimal(size: bytes) -> None:
    """Python's own int() would take some of these."""
    with pytest.raises(NotChunked):
        list(Chunked().feed(size + b"\r\nhello\r\n"))


def test_padding_can_carry_a_message_and_is_kept() -> None:
    body = Chunked()
    assert b"".join(bytes(piece) for piece in body.feed(b"00000005\r\nhello\r\n0\r\n\r\n")) == b"hello"
    assert bytes(body.extras) == b"00000005\n"


def test_a_line_without_end_is_no_chunk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_body, "LONGEST_LINE", 5000)
    body = Chunked()
    with pytest.raises(NotChunked):
        list(body.feed(b"5;" + b"x" * 20_000))
    assert bytes(body.rest) == b"5;" + b"x" * 20_000
