"""The hub where models are published: its API as its own client speaks it. Which request is its, and the answers that need no memory.

What repositories remember is in `objects/hub`. Large files come by Git LFS (`lfs`), or in the hub's own blocks (xet), which are kept as
they come: their receipts hold them, and no file is put together from them here.
"""

import re
from collections.abc import Callable
from typing import Any

from honeyweights.containers.internet.protocols.http.exchange import Answering, Head, Reply, Service
from honeyweights.containers.internet.protocols.http.objects.answers import shelf, told
from honeyweights.containers.internet.protocols.http.objects.hub import NAME, Asked, Hub
from honeyweights.containers.internet.talk import House

REPOSITORY = r"(?P<kind>models|datasets|spaces)/(?P<repo>[^/]+(?:/[^/]+)?)"
ACTIONS = (
    r"preupload|commit|tree|paths-info|refs|branch|tag|revision|xet-write-token|xet-read-token|settings|commits|lfs-files|super-squash"
)
_API = re.compile(rf"/api/{REPOSITORY}/(?P<what>{ACTIONS})(?:/(?P<rest>.*))?", re.DOTALL)
_INFO = re.compile(rf"/api/{REPOSITORY}/?")
_FILE = re.compile(r"/(?:(?P<kind>datasets|spaces)/)?(?P<repo>[^/]+/[^/]+)/(?P<what>resolve|raw)/(?P<rest>.+)", re.DOTALL)
_XET = re.compile(r"(?:/xet)?(?:/v[12])?/(?P<what>xorbs?|xorb-grants|shards?|chunks|reconstructions)(?:/.*)?", re.DOTALL)
_TAKEN: dict[str, dict[str, object]] = {
    "xorb": {"was_inserted": True},
    "xorbs": {"was_inserted": True},
    "shard": {"result": 1},
    "shards": {"result": 1},
}
"""What is said to blocks by the first version of their protocol. Of later ones we are too old to know."""
_PLAIN = ("/api/whoami-v2", "/api/repos/create", "/api/repos/delete", "/api/repos/move", "/api/validate-yaml")
LISTED = ("/api/models", "/api/datasets", "/api/spaces")


def asked(head: Head) -> Asked | None:
    """A request about one repository."""
    for pattern in (_API, _INFO, _FILE):
        found = pattern.fullmatch(head.path)
        if found is not None:
            words = found.groupdict()
            return Asked(words["kind"] or "models", words["repo"], words.get("what") or "info", words.get("rest") or "")
    return None


def claims(head: Head, house: House) -> bool:
    """By path; files and blocks, whose paths others could have, only of who is the hub's client, and files that are here."""
    if head.path in _PLAIN or _API.fullmatch(head.path):
        return True
    agent = head.header("user-agent")
    client = "hf_hub" in agent or "huggingface" in agent or "hf-cli" in agent
    about = asked(head)
    if about is not None and about.what in {"resolve", "raw"}:
        return client or f"hub/{about.kind}/{about.repo}/{about.rest.partition('/')[2]}" in shelf(head, house).things
    if about is not None or head.path in LISTED or head.path.startswith("/api/telemetry"):
        return client or head.path.startswith("/api/models/")
    return _XET.fullmatch(head.path) is not None and "authorization" in head.headers and ("xet" in agent or client)


def _whoami(_head: Head) -> Reply:
    token = {"displayName": "upload", "role": "write", "createdAt": "2024-02-19T10:11:12.000Z"}
    about: dict[str, Any] = {"type": "user", "id": "65d3281b0f9c4e7a2b8d1c60", "name": NAME, "fullname": "Research Mirror", "isPro": False}
    about |= {"email": f"{NAME}@mail.example.com", "emailVerified": True, "canPay": False, "periodEnd": None, "orgs": []}
    return told(about | {"auth": {"type": "access_token", "accessToken": token}})


def _xet(head: Head) -> Reply:
    found = _XET.fullmatch(head.path)
    what = found["what"] if found else ""
    if head.method == "POST" and "/v2/" not in head.path and what in _TAKEN:
        return told(_TAKEN[what])
    return told({"error": "Not found"}, 404)


_BY_PATH: dict[str, Callable[[Head], Reply]] = {
    "/api/whoami-v2": _whoami,
    "/api/validate-yaml": lambda _head: told({"errors": [], "warnings": []}),
    "/api/repos/move": lambda _head: told({}),
    **dict.fromkeys(LISTED, lambda _head: told([])),
}


def serve(head: Head, house: House) -> Answering:
    """One request."""
    simple = _BY_PATH.get(head.path)
    if simple is not None:
        return Answering(lambda _capture: simple(head))
    about = asked(head)
    if about is None and not head.path.startswith("/api/repos/"):
        return Answering(lambda _capture: told({}) if head.path.startswith("/api/telemetry") else _xet(head))
    return Answering(Hub(head, house, about).answer)


SERVICES = (Service("hub", claims, "http.services.hub:serve", protocol="hub", rank=33),)
