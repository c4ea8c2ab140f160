"""gRPC: every method of every service takes what it is told, and answers with an empty message, which is one of any type.

The payload is the request's body: messages, each behind its five bytes. To browsers' form of it (`grpc-web`, any version of HTTP) the
status is a message of its own.
"""

from honeyweights.containers.internet.protocols.http.exchange import Answering, Head, Reply, Service
from honeyweights.containers.internet.talk import House

EMPTY = bytes(5)
"""Not compressed, no bytes long."""
STATUS = b"grpc-status:0\r\n"


def claims(head: Head, _house: House) -> bool:
    """By the content type, and by what it needs of HTTP."""
    kind = head.header("content-type")
    return (
        head.method == "POST" and kind.startswith("application/grpc") and (head.version == "2" or kind.startswith("application/grpc-web"))
    )


def serve(head: Head, _house: House) -> Answering:
    """One call."""
    kind = head.header("content-type")[:64]
    if kind.startswith("application/grpc-web"):
        reply = Reply(200, kind, EMPTY + b"\x80" + len(STATUS).to_bytes(4, "big") + STATUS)
    else:
        reply = Reply(200, kind, EMPTY, trailers=(("grpc-status", "0"),))
    return Answering(lambda _capture: reply)


SERVICES = (Service("grpc", claims, "http.services.grpc:serve", protocol="grpc", rank=20),)
