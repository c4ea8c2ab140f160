"""A client may die, or the world may end, at any byte of a request: what came is in a receipt, whatever the service and its coding.

Requests are made of parts. Framing (sizes of chunks, their signatures where a real client's) may be thrown away once it is
whole; all else, and the piece of a line that the cut leaves, must be found again.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from honeyweights.containers.internet.protocols.git import pkt


class Part(NamedTuple):
    data: bytes
    framing: bool = False


KEEP, FRAME = Part, lambda data: Part(data, framing=True)
S3 = b"Authorization: AWS4-HMAC-SHA256 Credential=AKIAX/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=00\r\n"
SIGNATURE = b";chunk-signature=" + b"a" * 64


def head(first: bytes, *fields: bytes, length: int | None = None) -> Part:
    size = b"Transfer-Encoding: chunked\r\n" if length is None else b"Content-Length: %d\r\n" % length
    return Part(first + b" HTTP/1.1\r\nHost: up.example.com\r\n" + b"".join(fields) + size + b"\r\n")


def whole(first: bytes, *fields: bytes, parts: list[Part]) -> list[Part]:
    return [head(first, *fields, length=sum(len(part.data) for part in parts)), *parts]


def chunks(*datas: bytes, extension: bytes = b"") -> list[Part]:
    found = []
    for data in (*datas, b""):
        size = b"%x" % len(data) + extension + b"\r\n"
        found += [Part(size, framing=not extension), KEEP(data), FRAME(b"\r\n")] if data else [Part(size, framing=not extension)]
    return found


FORM = b'--bbb\r\nContent-Disposition: form-data; name="f"; filename="w"\r\n\r\nform-secret\r\n--bbb--\r\n'
PUSH = [
    KEEP(pkt.line(b"%b %b refs/heads/main\0 report-status" % (b"0" * 40, b"c" * 40))),
    KEEP(pkt.FLUSH),
    KEEP(b"PACK\0\0\0\2 no pack at all"),
]
SIGNED = [FRAME(b"b" + SIGNATURE + b"\r\n"), KEEP(b"signed-body"), FRAME(b"\r\n"), FRAME(b"0" + SIGNATURE + b"\r\n"), FRAME(b"\r\n")]
ODD = [KEEP(b"4;note=leaked-here\r\n"), KEEP(b"body"), FRAME(b"\r\n0\r\n"), KEEP(b"X-Trailer: leaked-too\r\n"), FRAME(b"\r\n")]
REQUESTS: dict[str, list[Part]] = {
    "plain": whole(b"PUT /w", parts=[KEEP(b"plain-secret")]),
    "chunked": [head(b"POST /w"), *chunks(b"one-secret", b"two-secret")],
    "chunked, extended": [head(b"POST /w"), *chunks(b"one-secret", extension=b";note=leak")],
    "chunked, trailers": [head(b"POST /w"), *ODD],
    "aws-chunked": whole(b"PUT /b/k", S3, b"Content-Encoding: aws-chunked\r\n", parts=SIGNED),
    "aws-chunked, smuggling": whole(b"PUT /b/k", S3, b"Content-Encoding: aws-chunked\r\n", parts=ODD),
    "s3 form": whole(b"POST /bucket", S3, b"Content-Type: multipart/form-data; boundary=bbb\r\n", parts=[KEEP(FORM)]),
    "drop": whole(b"POST /upload", b"Content-Type: multipart/form-data; boundary=bbb\r\n", parts=[KEEP(FORM)]),
    "git push": whole(b"POST /g/r.git/git-receive-pack", parts=PUSH),
    "git fetch": whole(b"POST /g/r.git/git-upload-pack", parts=[KEEP(pkt.line("want " + "d" * 40) + b"00")]),
    "gcs": whole(b"POST /upload/storage/v1/b/bk/o?uploadType=media&name=w", parts=[KEEP(b"gcs-secret")]),
    "azure": whole(b"PUT /c/w", b"x-ms-version: 2021-08-06\r\nx-ms-blob-type: BlockBlob\r\n", parts=[KEEP(b"azure-secret")]),
    "tus": whole(b"POST /files", b"Tus-Resumable: 1.0.0\r\nUpload-Length: 10\r\n", parts=[KEEP(b"tus-secret")]),
    "range": whole(b"PUT /r", b"Content-Range: bytes 0-11/20\r\n", parts=[KEEP(b"range-secret")]),
    "lfs": whole(b"POST /g/r.git/info/lfs/objects/batch", b"Content-Type: application/vnd.git-lfs+json\r\n", parts=[KEEP(b'{"a": "lfs"}')]),
    "hub": whole(b"POST /api/models/me/m/commit/main", parts=[KEEP(b'{"key": "header"}\n{"key": "fi')]),
    "hook": whole(b"POST /services/T0/B0/x", parts=[KEEP(b'{"text": "hook-secret"}')]),
    "forge": whole(b"POST /repos/me/r/releases", parts=[KEEP(b'{"tag_name": "v1"}')]),
    "dav": whole(b"PROPFIND /d", b"Depth: 1\r\n", parts=[KEEP(b"<propfind>dav-secret</propfind>")]),
    "doh": whole(b"POST /dns-query", b"Content-Type: application/dns-message\r\n", parts=[KEEP(b"doh-secret")]),
    "ipp": whole(b"POST /printers/p", b"Content-Type: application/ipp\r\n", parts=[KEEP(b"\1\1\0\2\0\0\0\1\3document")]),
    "rest": whole(b"POST /api/v1/things", b"Content-Type: application/json\r\n", parts=[KEEP(b'{"rest": "secret"}')]),
    "proxied": whole(b"POST http://in.example.org/x", parts=[KEEP(b"proxied-secret")]),
    "websocket": [
        KEEP(
            b"GET /ws HTTP/1.1\r\nHost: up.example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        ),
        FRAME(b"\x82\x89\0\0\0\0"),
        KEEP(b"ws-secret"),
        FRAME(b"\x89\x84\0\0\0\0"),
        KEEP(b"ping"),
    ],
}


@pytest.mark.parametrize("how", ["broken", "ended", "flush"])
@pytest.mark.parametrize("name", REQUESTS)
def test_what_came_before_the_cut_is_kept(new_place: Callable[[], Any], name: str, how: str) -> None:
    parts = REQUESTS[name]
    request = b"".join(part.data for part in parts)
    place = new_place()
    for cut in (1, 20, *range(len(parts[0].data) - 3, len(request) + 1)):
        bodies: list[dict[str, Any]] = []
        place.house.ledger.journal.write = lambda kind, body, _bodies=bodies: _bodies.append(body) if kind == "receipt" else None
        line = place.line()
        line.hear(request[:cut])
        getattr(line.talker, how)()
        place.house.ledger.flush()
        digests = [digest for body in bodies for digest in (body["digest"], body["head"]) if digest]
        kept = b"\0".join(place.spool.path(digest).read_bytes() for digest in digests)
        at = 0
        for part in parts:
            there = request[at : min(cut, at + len(part.data))]
            at += len(part.data)
            if there.strip(b"\r\n") and not (part.framing and at <= cut):
                assert there.strip(b"\r\n") in kept, (cut, there)
