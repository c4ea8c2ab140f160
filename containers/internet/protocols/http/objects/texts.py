"""XML and JSON of strangers, read within bounds; XML of ours, written so that nobody else's text can be taken for it."""

import json
import re
from html import escape
from typing import Any
from xml.parsers import expat

from honeyweights.containers.internet.spool import Capture, Spool

LONGEST = 4 << 20
"""Bytes of a text that is read at all."""
MOST_NODES = 60_000
"""Elements or values: ten thousand parts of an upload have thirty thousand."""
_STRUCTURE = re.compile(rb"[\[{,:]")
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'


class Strange(ValueError):  # noqa: N818  # what is found out here
    """Not what it should be, or more than anybody means."""


def body(spool: Spool, capture: Capture, most: int = LONGEST) -> bytes:
    """What a closed capture holds; at most so many bytes."""
    return b"" if capture.digest is None else b"".join(spool.blocks(capture.digest, 0, most))


def parsed(raw: bytes) -> list[tuple[str, str]]:
    """(path, text) of each element of an XML document, in the order of their ends: `Delete/Object/Key`. Prefixes of names are gone.

    Raises:
        Strange: no XML, too much of it, or with a document type, which nobody needs and every attack on parsers does.
    """
    found: list[tuple[str, str]] = []
    path: list[str] = []
    texts: list[list[str]] = []

    def begin(name: str, _attributes: dict[str, str]) -> None:
        if len(found) + len(path) >= MOST_NODES or len(path) > 20:  # noqa: PLR2004  # levels; real ones have five
            raise Strange("too many elements")
        path.append(name.rpartition(":")[2])
        texts.append([])

    def end(_name: str) -> None:
        found.append(("/".join(path), "".join(texts.pop())))
        path.pop()

    def typed(*_told: object) -> None:
        raise Strange("a document type")

    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler, parser.StartDoctypeDeclHandler = begin, end, typed
    parser.CharacterDataHandler = lambda text: texts[-1].append(text) if texts else None
    if len(raw) >= LONGEST:
        raise Strange("too long")
    try:
        parser.Parse(raw, True)  # noqa: FBT003  # expat's signature
    except (expat.ExpatError, LookupError, ValueError) as error:
        raise Strange("no XML") from error
    return found


def values(rows: list[tuple[str, str]], name: str) -> list[str]:
    """The texts of all elements whose path ends so."""
    return [text for path, text in rows if path == name or path.endswith("/" + name)]


def octets(name: str) -> bytes:
    """The bytes of a name: of one from a path those that came, of one from JSON, which may hold halves of characters, something."""
    try:
        return name.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return name.encode("utf-8", "surrogatepass")


def tag(name: str, *inner: str) -> str:
    """An element of elements."""
    return f"<{name}>{''.join(inner)}</{name}>" if inner else f"<{name}/>"


def text(name: str, value: object) -> str:
    """An element of text; what XML cannot say becomes a question mark."""
    return f"<{name}>{escape(_UNPRINTABLE.sub('?', str(value)))}</{name}>"


def loaded(raw: bytes) -> Any:
    """A JSON value.

    Raises:
        Strange: no JSON, or too many values: each costs many times its length.
    """
    if sum(1 for _ in _STRUCTURE.finditer(raw)) > MOST_NODES:
        raise Strange("too many values")
    try:
        return json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise Strange("no JSON") from error


def mapping(raw: bytes) -> dict[str, Any]:
    """A JSON object; an empty one where it is none."""
    try:
        found = loaded(raw)
    except Strange:
        return {}
    return found if isinstance(found, dict) else {}


def dumped(value: object) -> bytes:
    """JSON of ours."""
    return json.dumps(value).encode("ascii")
