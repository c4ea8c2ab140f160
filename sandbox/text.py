"""Text of an adversary's on its way between bytes, Python, JSON and a screen.

Names need not be UTF-8, JSON can carry lone surrogates, and a terminal does what it is told by escapes.
"""

import re

_LONE = re.compile("[\ud800-\udfff]")


def raw(text: str) -> bytes:
    """The bytes that a kernel is given. What Python read from bytes that are no UTF-8 (PEP 383) becomes these bytes again."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


def legible(text: str) -> str:
    """Text that every JSON and every log can carry. A byte that is no UTF-8 is told in four characters, as the recorder writes it."""
    return _LONE.sub(lambda lone: _told(lone[0]), text)


def _told(lone: str) -> str:
    try:
        return lone.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    except UnicodeEncodeError:
        return lone.encode("unicode_escape", "surrogatepass").decode("ascii")


def plain(text: str) -> str:
    """One line that only shows: escapes of terminals, line breaks and marks that turn the line around become spaces."""
    return "".join(char if char.isprintable() else " " for char in text)
