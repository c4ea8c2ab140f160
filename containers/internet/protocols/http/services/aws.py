"""The other services that are signed as S3 is: whoever asks who he is, is told; whatever else is asked for, is done."""

from urllib.parse import parse_qsl

from honeyweights.containers.internet.protocols.http.exchange import Answering, Head, Reply, Service
from honeyweights.containers.internet.protocols.http.objects.s3_shapes import OBJECTS, scope
from honeyweights.containers.internet.protocols.http.objects.texts import DECLARATION, body, tag, text
from honeyweights.containers.internet.spool import Capture
from honeyweights.containers.internet.talk import House

ACCOUNT = "418270935562"
LONGEST = 1 << 16
"""Bytes of a request that is looked into."""


def claims(head: Head, _house: House) -> bool:
    """By the scope of the signature, or a field that only these clients send."""
    return "x-amz-target" in head.headers or scope(head) not in {"", *OBJECTS}


def serve(head: Head, house: House) -> Answering:
    """A call of an API."""

    def answer(capture: Capture) -> Reply:
        if "x-amz-target" in head.headers:
            return Reply(200, "application/x-amz-json-1.1", b"{}")
        if "x-www-form-urlencoded" not in head.header("content-type"):
            return Reply(200, "application/json", b"{}")
        asked = dict(parse_qsl(body(house.ledger.spool, capture, LONGEST).decode("latin-1")))
        name = "".join(character for character in asked.get("Action", "")[:64] if character.isascii() and character.isalnum()) or "Call"
        inner = ""
        if name == "GetCallerIdentity":
            inner = (
                text("Arn", f"arn:aws:iam::{ACCOUNT}:user/svc-upload") + text("UserId", "AIDAWCYZ5KQ2LRV7TNMXE") + text("Account", ACCOUNT)
            )
        marks = tag("ResponseMetadata", text("RequestId", house.ledger.spool.open().sha256[:8] + "-4c1e-11ef-9f6a-0242ac120002"))
        whole = DECLARATION + tag(f"{name}Response", tag(f"{name}Result", inner), marks)
        return Reply(200, "text/xml", whole.encode())

    return Answering(answer)


SERVICES = (Service("aws", claims, "http.services.aws:serve", protocol="aws", rank=29),)
