"""How requests to object stores look: for which service they are signed, and what their hosts are called."""

import re

from honeyweights.containers.internet.protocols.http.exchange import Head

_SCOPE = re.compile(r"Credential=[^/,\s]*/[^/,\s]*/[^/,\s]*/([^/,\s]*)/aws4_request")
_LABEL = re.compile(r"s3(-[a-z0-9-]+)?|s3express-[a-z0-9-]+")
OBJECTS = frozenset({"s3", "s3express", "s3-outposts", "s3-object-lambda", "storage"})
"""Services that sign as object stores do."""


def scope(head: Head) -> str:
    """The service for which a request is signed; nothing where it does not say."""
    found = _SCOPE.search(head.header("authorization")) or _SCOPE.search("Credential=" + head.query.get("X-Amz-Credential", ""))
    return found[1] if found else ""


def shaped(host: str) -> bool:
    """Whether a host's name says that it keeps objects as S3 does: a label of its own, wherever it stands."""
    return any(_LABEL.fullmatch(label) for label in host.split("."))
