"""HTTP: what a request looks like from its first bytes."""

from honeyweights.containers.internet.rules import Rule, begins

METHODS = (b"GET", b"HEAD", b"POST", b"PUT", b"DELETE", b"OPTIONS", b"PATCH", b"TRACE", b"CONNECT", b"PROPFIND", b"PROPPATCH", b"MKCOL",
           b"MOVE", b"COPY", b"LOCK", b"UNLOCK", b"REPORT", b"SEARCH", b"PURGE")  # fmt: skip


def request(first: bytes) -> bool | None:
    """A method that is spoken on the web and the beginning of a target (RFC 9112, 3)."""
    method, space, target = first.partition(b" ")
    if not space:
        return None if any(known.startswith(method) for known in METHODS) else False
    if method not in METHODS:
        return False
    return None if not target else method == b"CONNECT" or target[:1] in b"/hH*"


RULES = (Rule("http", request, "http.server:Http"), Rule("http2", begins(b"PRI * HTTP/2.0\r\n"), "http.http2:Http2"))
