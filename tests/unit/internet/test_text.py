"""Text for records: bounded, printable, unambiguous."""

import json

from hypothesis import given
from hypothesis import strategies as st

from honeyweights.containers.internet.text import LIMIT, plain


@given(st.one_of(st.binary(max_size=3000), st.text(max_size=3000)))
def test_anything_becomes_printable_and_bounded(raw: bytes | str) -> None:
    shown = plain(raw)
    assert len(shown) <= LIMIT
    assert shown.isprintable()
    assert json.loads(json.dumps(shown)) == shown


@given(st.binary(max_size=40), st.binary(max_size=40))
def test_different_bytes_look_different(one: bytes, two: bytes) -> None:
    assert (plain(one) == plain(two)) == (one == two)


def test_escapes() -> None:
    assert plain(b"a\xff\n\\x41\x1b[0m") == "a\\xff\\x0a\\\\x41\\x1b[0m"
    assert plain("na\u00efve \u202e") == "na\u00efve \\xe2\\x80\\xae"
