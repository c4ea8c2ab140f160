"""IPP (RFC 8010, 8011) as CUPS speaks it, by HTTP wherever the content is `application/ipp`: `lp`, `lpr` and `cancel` end well.

Every printer exists, every job is taken and printed by nobody. The body, its attributes and the document behind them, is the payload.
"""

import time
from collections.abc import Iterator
from typing import NamedTuple

from honeyweights.containers.internet.protocols.http.exchange import Answering, Head, Reply, Service
from honeyweights.containers.internet.spool import Capture
from honeyweights.containers.internet.talk import House

IPP = "application/ipp"
LOOKED_AT = 1 << 16
"""Bytes of a request in which its attributes stand."""
OPERATION, JOB, END, PRINTER = 1, 2, 3, 4
"""Groups of attributes (RFC 8010, 3.5.1)."""
INTEGER, BOOLEAN, ENUM, TEXT, NAME, KEYWORD, URI, CHARSET, LANGUAGE, MIME = 0x21, 0x22, 0x23, 0x41, 0x42, 0x44, 0x45, 0x47, 0x48, 0x49
PRINT_JOB, CREATE_JOB, SEND_DOCUMENT, GET_JOBS = 2, 5, 6, 10
NUMBERS = {INTEGER, ENUM}
COMPLETED, IDLE = 9, 3
SUPPORTED = (2, 4, 5, 6, 8, 9, 10, 11, 0x4001, 0x4002)


class Request(NamedTuple):
    """What a request is about."""

    version: bytes
    operation: int
    number: bytes
    values: dict[str, bytes]
    """First value of each attribute."""


def claims(head: Head, _house: House) -> bool:
    """By content type."""
    return head.method == "POST" and head.header("content-type").partition(";")[0].strip().lower() == IPP


def serve(head: Head, house: House) -> Answering:
    """One operation."""

    def answer(capture: Capture) -> Reply:
        begin = b"" if capture.digest is None else b"".join(house.ledger.spool.blocks(capture.digest, 0, LOOKED_AT))
        return Reply(200, IPP, answered(parse(begin), head), (("Server", "CUPS/2.4 IPP/2.1"),))

    return Answering(answer)


def parse(data: bytes) -> Request:
    """Reads a request's attributes as far as they go; broken ones end there."""
    values: dict[str, bytes] = {}
    at = 8
    while at < len(data) and data[at] != END:
        if data[at] < 16:  # noqa: PLR2004  # a group's delimiter
            at += 1
            continue
        length = int.from_bytes(data[at + 1 : at + 3], "big")
        name = data[at + 3 : at + 3 + length].decode("ascii", "replace")
        at += 3 + length
        size = int.from_bytes(data[at : at + 2], "big")
        values.setdefault(name, data[at + 2 : at + 2 + size])
        at += 2 + size
    return Request(data[:2] or b"\2\0", int.from_bytes(data[2:4], "big"), data[4:8].rjust(4, b"\0"), values)


def answered(request: Request, head: Head) -> bytes:
    """The answer: successful-ok, and what the operation asks for."""
    out = request.version + b"\0\0" + request.number + bytes([OPERATION])
    out += _value(CHARSET, "attributes-charset", b"utf-8") + _value(LANGUAGE, "attributes-natural-language", b"en")
    if request.operation in {PRINT_JOB, CREATE_JOB, SEND_DOCUMENT}:
        out += bytes([JOB]) + b"".join(_job(request, head))
    elif request.operation != GET_JOBS:
        out += bytes([PRINTER]) + b"".join(_printer(request, head))
    return out + bytes([END])


def _job(request: Request, head: Head) -> Iterator[bytes]:
    number = int.from_bytes(request.values.get("job-id", b"")[:4] or b"\0\0\0\x65", "big")
    yield _value(URI, "job-uri", f"ipp://{head.host}/jobs/{number}".encode("ascii", "replace"))
    yield _value(INTEGER, "job-id", number)
    yield _value(ENUM, "job-state", COMPLETED)
    yield _value(KEYWORD, "job-state-reasons", b"none")


def _printer(request: Request, head: Head) -> Iterator[bytes]:
    uri = request.values.get("printer-uri", b"") or f"ipp://{head.host}/printers/office".encode("ascii", "replace")
    name = uri.rstrip(b"/").rpartition(b"/")[2][:127] if b"/printers/" in uri else b"office"
    yield _value(URI, "printer-uri-supported", uri[:1023])
    yield _value(NAME, "printer-name", name)
    yield _value(TEXT, "printer-info", b"Office printer")
    yield _value(TEXT, "printer-make-and-model", b"HP LaserJet Pro M404dn")
    yield _value(ENUM, "printer-state", IDLE)
    yield _value(INTEGER, "printer-state-change-time", int(time.time()) // 86_400 * 86_400)
    yield _value(KEYWORD, "printer-state-reasons", b"none")
    yield _value(BOOLEAN, "printer-is-accepting-jobs", 1)
    yield _value(INTEGER, "printer-type", 0x1014)
    yield _value(MIME, "document-format-supported", b"application/octet-stream")
    yield from (_value(ENUM, "operations-supported" if index == 0 else "", number) for index, number in enumerate(SUPPORTED))


def _value(kind: int, name: str, value: bytes | int) -> bytes:
    raw = value if isinstance(value, bytes) else value.to_bytes(4 if kind in NUMBERS else 1, "big")
    return bytes([kind]) + len(name).to_bytes(2, "big") + name.encode("ascii") + len(raw).to_bytes(2, "big") + raw


SERVICES = (Service("ipp", claims, "http.services.ipp:serve", protocol="ipp", rank=20),)
