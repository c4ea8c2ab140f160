"""The fields of heads, in and out: how repeated ones are joined, which of them a receipt shows, which of them an answer has."""

import re
from collections.abc import Iterable, Mapping
from email.utils import formatdate
from http import HTTPStatus

from honeyweights.containers.internet.protocols.http.exchange import Head, Reply, without_port
from honeyweights.containers.internet.talk import Line

SERVER = "nginx/1.22.1"
NO_BODY = frozenset({204, 304})
"""Statuses that never have a body (RFC 9110, 6.4.1)."""
NOTED = frozenset({
    "content-disposition", "content-encoding", "content-length", "content-range", "content-type", "transfer-encoding", "upload-length",
    "upload-offset", "user-agent", "x-amz-acl", "x-amz-content-sha256", "x-amz-copy-source", "x-amz-decoded-content-length",
    "x-goog-resumable", "x-ms-blob-type",
})  # fmt: skip
"""Fields that a receipt shows as they came. Everything else stands in the head that it leads to."""
SCHEMES = frozenset({"aws4-hmac-sha256", "basic", "bearer", "digest", "negotiate", "ntlm", "sharedkey", "token"})
"""Ways to prove who one is; a receipt names the way and no more, since the rest is a secret."""
LONGEST = 200
"""Characters of a field that a receipt shows."""
_KNOWN = frozenset(HTTPStatus)
_UNFIT = re.compile(r"[^\t\x20-\x7e\x80-\xff]")
"""What no field may hold (RFC 9110, 5.5): above all the end of a line."""


def joined(fields: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Names in lower case; the values of repeated ones joined by a comma."""
    found: dict[str, str] = {}
    for name, value in fields:
        key, text = bytes(name).decode("latin-1").lower(), bytes(value).decode("latin-1")
        found[key] = f"{found[key]}, {text}" if key in found else text
    return found


def noted(fields: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """What a receipt shows of a head."""
    shown = [(name, value[:LONGEST]) for name, value in fields.items() if name in NOTED]
    if "authorization" in fields:
        scheme = fields["authorization"].partition(" ")[0]
        shown.append(("authorization", scheme if scheme.lower() in SCHEMES else "other"))
    return tuple(sorted(shown))


def answered(answer: Reply) -> list[tuple[str, str]]:
    """The fields of an answer, its length apart; a service may be a server of another make, and may say again what the client said."""
    own = {name.lower() for name, _ in answer.extra}
    fields = [("Server", SERVER), ("Date", formatdate(usegmt=True))]
    if answer.kind and answer.status not in NO_BODY:
        fields.append(("Content-Type", answer.kind))
    fields = [field for field in fields if field[0].lower() not in own] + list(answer.extra)
    return [(name, _UNFIT.sub("?", value).strip()) for name, value in fields]


def reason(status: int) -> str:
    """What stands behind a status code."""
    return HTTPStatus(status).phrase if status in _KNOWN else ""


def authority_of(target: str) -> str:
    """What an absolute URL asks a proxy for: `host:port`, or nothing."""
    scheme, there, rest = target[:2048].partition("://")
    return rest.partition("/")[0].partition("?")[0] if there and scheme.isalpha() else ""


NOT_OURS = frozenset({"connection", "keep-alive", "transfer-encoding", "upgrade", "proxy-connection"})
"""Fields that HTTP/2 does not have (RFC 9113, 8.2.2)."""


def fields2(answer: Reply) -> tuple[int, list[tuple[str, str]]]:
    """How long an answer's body is, and the fields by which HTTP/2 says the rest."""
    length = answer.length or len(answer.body)
    fields = [(name.lower(), value) for name, value in answered(answer) if name.lower() not in NOT_OURS]
    if answer.status not in NO_BODY and not answer.trailers:
        fields.append(("content-length", str(length)))
    return length, [(":status", str(answer.status)), *fields]


def asked2(pairs: list[tuple[bytes, bytes]], line: Line) -> tuple[Head, bytes, str]:
    """The head of HTTP/2's fields on a line; as it would look in HTTP/1; and the host that is claimed."""
    fields = joined(pairs)
    remote, host = line.remote, fields.get(":authority") or fields.get("host") or line.claimed or ""
    method = fields.get(":method", "GET")
    head = Head(
        method=method,
        target=host if method == "CONNECT" else fields.get(":path", "/"),
        host=without_port(host),
        headers={name: value for name, value in fields.items() if not name.startswith(":")},
        remote=remote,
        secure=line.secure,
        version="2",
        site=line.claimed or remote.host or remote.address,
    )
    lines = b"".join(name + b": " + value + b"\r\n" for name, value in pairs if not name.startswith(b":"))
    return head, f"{method} {head.target} HTTP/2\r\nhost: {host}\r\n".encode("latin-1") + lines + b"\r\n", host
