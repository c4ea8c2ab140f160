"""Raw: one receipt for a stream, a contact for silence."""

from typing import Any

import pytest

from honeyweights.containers.internet.protocols.raw import Raw, leave


def test_a_stream_is_one_receipt(place: Any) -> None:
    line = place.line(31337)
    assert line.hear(b"weights " * 1000, 17) == b""
    line.talker.ended()
    assert place.brief() == [("tcp", "raw-tcp", None, None, 8000, True)]
    assert place.payload(place.receipts()[0]) == b"weights " * 1000
    assert line.shut_down
    assert place.records("contact") == []


def test_a_broken_stream_is_not_finished(place: Any) -> None:
    line = place.line(31337)
    line.hear(b"half")
    line.talker.broken()
    line.talker.broken()
    assert place.brief() == [("tcp", "raw-tcp", None, None, 4, False)]


@pytest.mark.parametrize("end", ["ended", "broken", "flush"])
def test_silence_is_one_contact(place: Any, end: str) -> None:
    line = place.line(31337)
    getattr(line.talker, end)()
    getattr(line.talker, end)()
    assert place.receipts() == []
    contact = place.records("contact")
    assert [(c["how"], c["proto"], c["port"], c["host"]) for c in contact] == [("empty", "tcp", 31337, "up.example.com")]


def test_behind_the_last_word_silence_is_the_rule_and_bytes_are_kept(place: Any) -> None:
    line = place.line(31337)
    leave(line, place.house)
    assert line.shut_down
    line.hear(b"one more thing")
    line.talker.ended()
    assert [place.payload(r) for r in place.receipts()] == [b"one more thing"]
    quiet = place.line(31337)
    leave(quiet, place.house)
    quiet.talker.ended()
    assert place.records("contact") == []


def test_a_banner_says_whose_it_is(place: Any) -> None:
    line = place.line(5900)
    Raw(line, place.house)
    assert line.said == b"RFB 003.008\n"
