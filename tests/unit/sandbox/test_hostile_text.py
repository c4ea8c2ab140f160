"""What an adversary calls things: bytes stay bytes, and what a log is told can be written."""

import pytest

from honeyweights.sandbox.text import legible, plain, raw


@pytest.mark.parametrize("name", [b"plain", "\u00e9\U0001f600".encode(), b"\xff\xfe-bad", b"half \xe2\x82 of a sign", b"\xed\xa0\x80"])
def test_a_name_comes_back_as_the_bytes_it_was_and_is_legible_as_the_recorder_has_it(name: bytes) -> None:
    read = name.decode("utf-8", "surrogateescape")
    assert name == raw(read)
    assert name.decode("utf-8", "backslashreplace") == legible(read)


def test_any_lone_surrogate_that_json_can_carry_is_taken() -> None:
    """The first is part of no name; with it the other stands for itself too."""
    assert "a\ud800\udcff".encode("utf-8", "surrogatepass") == raw("a\ud800\udcff")
    assert r"a\ud800\xff" == legible("a\ud800\udcff")


def test_what_is_shown_does_nothing_to_a_terminal() -> None:
    assert "a [31mb c d" == plain("a\x1b[31mb\nc\u202ed")
