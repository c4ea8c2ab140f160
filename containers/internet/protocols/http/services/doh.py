"""DNS over HTTPS (RFC 8484) and its JSON form: the names that are asked for are evidence of the DNS channel, as over UDP."""

import base64
import json

from honeyweights.containers.internet import sniff
from honeyweights.containers.internet.protocols.http.exchange import Answering, Head, Reply, Service
from honeyweights.containers.internet.spool import Capture
from honeyweights.containers.internet.talk import House

MESSAGE, JSON = "application/dns-message", "application/dns-json"
LONGEST = 1 << 16
"""Bytes of a DNS message."""


def claims(head: Head, _house: House) -> bool:
    """By content type, or by path and query."""
    if head.method == "POST":
        return head.header("content-type").partition(";")[0].strip().lower() == MESSAGE
    if head.method not in {"GET", "HEAD"}:
        return False
    if "dns" in head.query:
        return head.path.endswith("/dns-query") or MESSAGE in head.header("accept")
    return "name" in head.query and (JSON in head.header("accept") or head.path in {"/resolve", "/dns-query"})


def serve(head: Head, house: House) -> Answering:
    """One question."""

    def answer(capture: Capture) -> Reply:
        if "name" in head.query and "dns" not in head.query and head.method != "POST":
            return _json(head, house)
        if head.method == "POST":
            digest = capture.digest if capture.sent <= LONGEST else None
            message = b"" if digest is None else b"".join(house.ledger.spool.blocks(digest))
        else:
            message = _decoded(head.query["dns"])
        said = _ask(head, message, house)
        return (
            Reply(400, "text/plain", b"bad request\n") if said is None else Reply(200, MESSAGE, said, (("Cache-Control", "max-age=300"),))
        )

    return Answering(answer)


def _ask(head: Head, message: bytes, house: House) -> bytes | None:
    said, _taken = sniff.load("dns.server:answer")(head.remote, message, house)
    return said if isinstance(said, bytes) else None


def _decoded(text: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        return b""


def _json(head: Head, house: House) -> Reply:
    question = _question(head.query["name"], head.query.get("type", "A"))
    said = None if question is None else _ask(head, question, house)
    if said is None:
        return Reply(400, "application/json", b'{"error": "Invalid query name"}\n')
    return Reply(200, "application/json", (json.dumps(_shown(said)) + "\n").encode("utf-8", "backslashreplace"))


def _question(name: str, kind: str) -> bytes | None:
    from dnslib import QTYPE, DNSError, DNSRecord  # noqa: PLC0415  # heavy: imported when the first question comes

    kind = QTYPE[int(kind)] if kind.isascii() and kind.isdigit() and int(kind) in QTYPE.forward else kind.upper()
    try:
        return bytes(DNSRecord.question(name, kind).pack())
    except (DNSError, ValueError, KeyError, UnicodeError):
        return None


def _shown(said: bytes) -> dict[str, object]:
    from dnslib import DNSRecord  # noqa: PLC0415  # as above

    reply = DNSRecord.parse(said)
    shown: dict[str, object] = {"Status": reply.header.rcode, "TC": False, "RD": True, "RA": True, "AD": False, "CD": False}
    shown["Question"] = [{"name": str(asked.qname), "type": asked.qtype} for asked in reply.questions]
    if reply.rr:
        shown["Answer"] = [{"name": str(row.rname), "type": row.rtype, "TTL": row.ttl, "data": str(row.rdata)} for row in reply.rr]
    return shown


SERVICES = (Service("doh", claims, "http.services.doh:serve", channel="dns", protocol="doh", rank=20),)
