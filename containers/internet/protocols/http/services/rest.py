"""Interfaces that nobody knows: what is posted as JSON is made, has an id, and is there to be got; who asks for a token gets one."""

import re
import time

from honeyweights.containers.internet.protocols.http.exchange import Answering, Head, Reply, Service
from honeyweights.containers.internet.protocols.http.objects.answers import address, kept, shelf, short, told
from honeyweights.containers.internet.protocols.http.objects.shelf import given
from honeyweights.containers.internet.spool import Capture
from honeyweights.containers.internet.talk import House

_INTERFACE = re.compile(r"/(?:.*/)?(api|v\d+(\.\d+)?|rest)/.+", re.DOTALL)
_TOKEN = re.compile(r"/(.*/)?(oauth2?/.*)?(access_)?token/?", re.DOTALL)
KIND = "rest"


def claims(head: Head, house: House) -> bool:
    """JSON to an interface, what was left there, and who asks for a token."""
    if head.method in {"GET", "HEAD", "DELETE"}:
        return KIND + head.path in shelf(head, house).things
    if head.method == "POST" and _TOKEN.fullmatch(head.path):
        return True
    return head.method in {"POST", "PUT", "PATCH"} and "json" in head.header("content-type") and _INTERFACE.fullmatch(head.path) is not None


def serve(head: Head, house: House) -> Answering:
    """One call."""

    def answer(capture: Capture) -> Reply:
        known = shelf(head, house)
        if head.method == "DELETE":
            known.drop(KIND + head.path)
            return Reply(204, "")
        if head.method in {"GET", "HEAD"}:
            return given(head, house.ledger.spool, known.things[KIND + head.path])
        if head.method == "POST" and _TOKEN.fullmatch(head.path):
            return told({"access_token": short(head, house, 64), "token_type": "Bearer", "expires_in": 3599, "scope": "write"})
        thing = kept(capture, "application/json")
        if head.method != "POST":
            known.put(KIND + head.path, thing)
            return told({"status": "ok", "updated_at": _now()})
        key = short(head, house, 16)
        path = f"{head.path.rstrip('/')}/{key}"
        known.put(KIND + path, thing)
        about = {"id": key, "status": "created", "created_at": _now(), "size": capture.sent}
        return told(about, 201, (("Location", address(head, path)),))

    return Answering(answer)


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


SERVICES = (Service("rest", claims, "http.services.rest:serve", rank=90),)
