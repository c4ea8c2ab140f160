"""Mercurial by HTTP, to be pushed to: every repository exists and is empty. The payload is the bundle; nothing is given back.

Its own client asks what we can do (`capabilities`), what we have, and sends what we lack (`unbundle`), in a bundle of the first form.
"""

from honeyweights.containers.internet.protocols.http.exchange import Answering, Head, Reply, Service
from honeyweights.containers.internet.spool import Capture
from honeyweights.containers.internet.talk import House

NULL = b"0" * 40
CAN = b"batch branchmap known lookup pushkey unbundle=HG10GZ,HG10BZ,HG10UN unbundlehash httpheader=1024"
SAYS = {
    "capabilities": CAN,
    "heads": NULL + b"\n",
    "branchmap": b"",
    "branches": b"",
    "between": b"\n",
    "listkeys": b"",
    "pushkey": b"1\n",
    "lookup": b"0 unknown revision\n",
    "unbundle": b"1\nadding changesets\nadding manifests\nadding file changes\n",
}
"""Command -> the answer."""


def claims(head: Head, _house: House) -> bool:
    """By the command, and by what only this client says of what it takes."""
    return head.query.get("cmd", "") in {*SAYS, "batch", "known"} and "mercurial" in head.header("accept") + head.header("user-agent")


def _known(nodes: str) -> bytes:
    return b"0" * (len(nodes.split()) if nodes else 0)


def _said(command: str, arguments: dict[str, str]) -> bytes:
    if command == "known":
        return _known(arguments.get("nodes", ""))
    return SAYS.get(command, b"")


def _arguments(head: Head) -> dict[str, str]:
    """Of a command, in numbered fields (`X-HgArg-1`, ...) as a query would be."""
    told = "".join(head.header(f"x-hgarg-{number}") for number in range(1, 65))
    return Head(method="GET", target=f"/?{told}", host="", headers={}, remote=head.remote, secure=False).query


def _batch(commands: str) -> bytes:
    """Several commands in one, each with its arguments."""
    found = []
    for command in commands.split(";"):
        name, _, rest = command.partition(" ")
        found.append(_said(name, dict(pair.split("=", 1) for pair in rest.split(",") if "=" in pair)))
    return b";".join(found)


def serve(head: Head, _house: House) -> Answering:
    """One command."""
    command = head.query["cmd"]
    arguments = _arguments(head)

    def answer(_capture: Capture) -> Reply:
        body = _batch(arguments.get("cmds", head.query.get("cmds", ""))) if command == "batch" else _said(command, arguments | head.query)
        return Reply(200, "application/mercurial-0.1", body)

    return Answering(answer)


SERVICES = (Service("mercurial", claims, "http.services.mercurial:serve", protocol="hg", rank=31),)
