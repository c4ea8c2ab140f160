"""The ordinary web as data: a table of shapes (host, path, method, client) and what is answered. The first row that fits answers.

The rows that are shipped lie in `containers/internet/sites/*.yaml`; the harness may put rows of a scenario before them. Only requests for
something are answered here: what somebody sends is taken by the other services, and what was put somewhere is read back before any row.
"""

import hashlib
import html
import json
import re
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from difflib import get_close_matches
from email.utils import formatdate
from fnmatch import fnmatchcase
from functools import cache
from http import HTTPStatus
from pathlib import Path
from string import Template
from typing import Any
from urllib.parse import quote

from honeyweights.containers.internet.protocols.http.exchange import Fields, Head, Reply, origin
from honeyweights.containers.internet.text import plain

FOLDER = Path(__file__).parents[2] / "sites"
FRONTS = "fronts.yaml"
"""The file there that is no table of rows: see `fronts`."""
MEMO = "sites"
"""Where in the house the scenario's rows are."""
LONGEST = 1 << 20
"""Characters of a body."""
METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})
OLDEST, YEARS = 1_600_000_000, 90_000_000
"""When a file that lies somewhere was put there: seconds of 1970 and how many after."""
IN_A_FIELD = "%/:@!$&'()*+,;=?~ "
"""What stands as it is in the value of a field, beside letters and digits."""
_FIELD = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
_VALUE = re.compile(r"[\t\x20-\x7e]{0,1000}")


@dataclass(frozen=True, kw_only=True)
class Site:
    """One row."""

    host: tuple[str, ...] = ("*",)
    """Globs over the site's name, lower case."""
    path: tuple[str, ...] = ("*",)
    """Globs over the decoded path; `*` stands for slashes too."""
    scheme: tuple[str, ...] = ("*",)
    """`http`, `https`."""
    method: tuple[str, ...] = ("GET", "HEAD")
    agent: tuple[str, ...] = ("*",)
    """Globs over `User-Agent`."""
    status: int = 200
    type: str = "text/html"
    headers: Fields = ()
    body: str = ""
    """May name, as may the values of fields, `$host`, its `$label` (the first), `$domain` (the last two labels) and `$name` (the domain as
    a firm's name), `$path`, `$request` (with its query), `$url`, `$date`, `$address` (the client's), `$egress` (the lab's own outside) and
    `$id` (eight hex digits, the same for the same URL). Fields also `$modified` and `$etag`, as of a file that lies there unchanged."""

    def fits(self, head: Head) -> bool:
        """Whether the row is about this request."""
        asked = (
            (self.host, head.site),
            (self.path, head.path),
            (self.agent, head.header("user-agent")),
            (self.scheme, "https" if head.secure else "http"),
        )
        return head.method in self.method and all(any(fnmatchcase(text, glob) for glob in globs) for globs, text in asked)

    def reply(self, head: Head, egress: str) -> Reply:
        """The answer, with what the client said in it made harmless."""
        encode = next((encode for word, encode in _ENCODE.items() if word in self.type), plain)
        host = head.host or head.site
        url = f"{'https' if head.secure else 'http'}://{host}{head.path}"
        labels = host.split(".") if host.rpartition(".")[2].isalpha() else [host]
        slots = {
            "host": host,
            "label": labels[0],
            "domain": ".".join(labels[-2:]),
            "name": labels[-2 if len(labels) > 1 else 0].replace("-", " ").title(),
            "path": head.path,
            "request": "/" + origin(head.target).lstrip("/"),
            "url": url,
            "date": formatdate(usegmt=True),
            "address": head.remote.source[0],
            "egress": egress,
            "id": hashlib.sha256(url.encode("utf-8", "surrogateescape")).hexdigest()[:8],
        }
        body = Template(self.body).safe_substitute({name: encode(text) for name, text in slots.items()})
        whole = body.encode("utf-8", "backslashreplace")
        since = OLDEST + zlib.crc32(f"{host}{head.path}".encode("utf-8", "surrogateescape")) % YEARS
        slots = {name: quote(text, safe=IN_A_FIELD) for name, text in slots.items()}
        slots |= {"modified": formatdate(since, usegmt=True), "etag": f"{since:x}-{len(whole):x}"}
        return Reply(self.status, self.type, whole, tuple((name, Template(text).safe_substitute(slots)) for name, text in self.headers))


_ENCODE: Mapping[str, Callable[[str], str]] = {
    "html": lambda text: html.escape(plain(text)),
    "xml": lambda text: html.escape(plain(text)),
    "json": lambda text: json.dumps(plain(text))[1:-1],
}
"""Word of a content type -> how text of an adversary's becomes harmless in it."""


def read(rows: Iterable[Any]) -> tuple[Site, ...]:
    """Checks rows of a YAML or JSON table.

    Raises:
        ValueError: one sentence that says which row is wrong, and how.
    """
    return tuple(_read(row, f"site {number}") for number, row in enumerate(rows, 1))


def _read(row: Any, place: str) -> Site:
    if not isinstance(row, dict):
        raise ValueError(f"{place} is no table of keys and values")  # noqa: TRY004  # of somebody's file, not of our code
    known = {field.name for field in fields(Site)}
    for key in row:
        if key not in known:
            near = get_close_matches(str(key), known, 1)
            raise ValueError(
                f"{place} has an unknown key {key!r}; {f'perhaps {near[0]!r} was meant' if near else f'there are {sorted(known)}'}"
            )
    return Site(**{key: _CHECKS[key](value, f"{place}: {key}") for key, value in row.items()})


def _globs(value: Any, place: str) -> tuple[str, ...]:
    globs = [value] if isinstance(value, str) else value
    if not isinstance(globs, list) or not globs or not all(isinstance(glob, str) and glob for glob in globs):
        raise ValueError(f"{place} must be a glob or a list of globs, and is {value!r}")
    return tuple(globs)


def _hosts(value: Any, place: str) -> tuple[str, ...]:
    return tuple(glob.lower() for glob in _globs(value, place))


def _methods(value: Any, place: str) -> tuple[str, ...]:
    methods = tuple(method.upper() for method in _globs(value, place))
    if not METHODS.issuperset(methods):
        raise ValueError(f"{place} must be among {', '.join(sorted(METHODS))}, and is {value!r}")
    return methods


def _status(value: Any, place: str) -> int:
    if not isinstance(value, int) or value not in frozenset(HTTPStatus) or value < HTTPStatus.OK:
        raise ValueError(f"{place} must be a status that HTTP knows, 200 or above, and is {value!r}")
    return value


def _type(value: Any, place: str) -> str:
    if not isinstance(value, str) or "/" not in value or not _VALUE.fullmatch(value):
        raise ValueError(f"{place} must be a content type such as text/html, and is {value!r}")
    return value


def _headers(value: Any, place: str) -> Fields:
    good = isinstance(value, dict) and all(_FIELD.fullmatch(str(name)) and _VALUE.fullmatch(str(text)) for name, text in value.items())
    if not good:
        raise ValueError(f"{place} must map field names to one line of text each, and is {value!r}")
    if any(str(name).lower() in {"content-length", "content-type", "transfer-encoding"} for name in value):
        raise ValueError(f"{place} may not set Content-Length, Content-Type or Transfer-Encoding: the server does")
    return tuple((str(name), str(text)) for name, text in value.items())


def _body(value: Any, place: str) -> str:
    if not isinstance(value, str) or len(value) > LONGEST:
        raise ValueError(f"{place} must be text of at most {LONGEST} characters")
    return value


_CHECKS: Mapping[str, Callable[[Any, str], Any]] = {
    "host": _hosts,
    "path": _globs,
    "method": _methods,
    "agent": _globs,
    "scheme": _globs,
    "status": _status,
    "type": _type,
    "headers": _headers,
    "body": _body,
}


@cache
def shipped() -> tuple[Site, ...]:
    """The rows of the files, by file name. Read when the first request needs them: YAML costs more than the server at rest."""
    import yaml  # noqa: PLC0415  # see above

    rows: list[Any] = []
    for file in sorted(set(FOLDER.glob("*.yaml")) - {FOLDER / FRONTS}):
        rows += yaml.safe_load(file.read_text(encoding="utf-8"))["sites"]
    return read(rows)
