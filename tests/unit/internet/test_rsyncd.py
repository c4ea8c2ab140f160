"""The rsync daemon: its greeting and modules as a dialogue. Its relay is tried in `test_served`."""

from typing import Any

import pytest

from honeyweights.containers.internet.protocols import rsyncd
from honeyweights.containers.internet.protocols.rsyncd import talker


@pytest.mark.parametrize("step", [1, None])
@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        (b"#list\n", b"data           \tshared data\n@RSYNCD: EXIT\n"),
        (b"\n", b"data           \tshared data\n@RSYNCD: EXIT\n"),
        (b"../etc\n", b"@ERROR: Unknown module '../etc'\n"),
        (b"data\n", b"@ERROR: max connections (48) reached -- try again later\n"),
    ],
)
def test_the_dialogue_before_it(place: Any, asked: bytes, answer: bytes, step: int | None) -> None:
    """The line of a test has no socket to hand over."""
    line = place.line(873)
    assert line.hear(b"@RSYNCD: 31.0 md5\n" + asked, step) == talker.GREETING + answer
    line.talker.ended()
    assert place.payload(place.receipts()[0]) == b"@RSYNCD: 31.0 md5\n" + asked
    assert 873 in rsyncd.PORT
