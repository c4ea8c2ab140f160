"""The server of restic's backups (its REST protocol, versions 1 and 2): every repository is there to be made, kept and read back."""

import re

from honeyweights.containers.internet.protocols.http.exchange import Answering, Head, Reply, Service
from honeyweights.containers.internet.protocols.http.objects.answers import kept, shelf
from honeyweights.containers.internet.protocols.http.objects.shelf import given
from honeyweights.containers.internet.protocols.http.objects.texts import dumped
from honeyweights.containers.internet.spool import Capture
from honeyweights.containers.internet.talk import House

_FILE = re.compile(r"(?P<folder>/(?:.*/)?)(?P<kind>config|(?:data|keys|locks|snapshots|index)/(?P<name>[0-9a-f]{64})?)", re.DOTALL)
SECOND = "application/vnd.x.restic.rest.v2"
KIND = "restic"


def claims(head: Head, house: House) -> bool:
    """By the path, and by the client's kind: it says that it is a program in Go, or which version it speaks."""
    asks = head.header("user-agent").startswith("Go-http-client/") or "restic.rest" in head.header("accept")
    if not asks:
        return False
    making = head.method == "POST" and head.query.get("create") == "true"
    return making or (_FILE.fullmatch(head.path) is not None and (head.method != "GET" or head.path.endswith("/") or _there(head, house)))


def _there(head: Head, house: House) -> bool:
    return KIND + head.path in shelf(head, house).things


def serve(head: Head, house: House) -> Answering:
    """A file, a list of files, or the making of a repository."""

    def answer(capture: Capture) -> Reply:
        known = shelf(head, house)
        key = KIND + head.path
        if head.query.get("create") == "true":
            return Reply(200, "")
        if head.path.endswith("/") and head.method == "GET":
            names = [(name.removeprefix(key), thing.size) for name, thing in known.things.items() if name.startswith(key)]
            second = SECOND in head.header("accept")
            rows = [{"name": name, "size": size} for name, size in names] if second else [name for name, _ in names]
            return Reply(200, SECOND if second else "application/vnd.x.restic.rest.v1", dumped(rows))
        if head.method == "POST":
            known.put(key, kept(capture))
            return Reply(200, "")
        if head.method == "DELETE":
            return Reply(200 if known.drop(key) else 404, "")
        thing = known.things.get(key)
        return Reply(404, "text/plain; charset=utf-8", b"Not Found\n") if thing is None else given(head, house.ledger.spool, thing)

    return Answering(answer)


SERVICES = (Service("restic", claims, "http.services.restic:serve", protocol="restic", rank=32),)
