"""IPP: operations are read as far as they go, and answered so that CUPS' own clients end well."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from honeyweights.containers.internet.protocols.http.exchange import Head
from honeyweights.containers.internet.protocols.http.services import ipp
from honeyweights.containers.internet.talk import Remote


def head(method: str = "POST", kind: str = ipp.IPP) -> Head:
    remote = Remote("203.0.113.9", 631, "print.example.com")
    return Head(
        method=method,
        target="/",
        host="print.example.com",
        headers={"content-type": kind},
        remote=remote,
        secure=False,
        site="print.example.com",
    )


def request(operation: int, **values: bytes) -> bytes:
    fields = b"".join(
        b"\x45" + len(name).to_bytes(2, "big") + name.replace("_", "-").encode() + len(value).to_bytes(2, "big") + value
        for name, value in values.items()
    )
    return b"\2\0" + operation.to_bytes(2, "big") + b"\0\0\0\x07\1" + fields + b"\3document"


@pytest.mark.parametrize(
    ("operation", "found"),
    [
        (ipp.PRINT_JOB, b"job-state"),
        (ipp.CREATE_JOB, b"ipp://print.example.com/jobs/101"),
        (ipp.SEND_DOCUMENT, b"job-id"),
        (0x4001, b"ipp://print.example.com/printers/office"),
        (11, b"printer-is-accepting-jobs"),
    ],
)
def test_operations_succeed(operation: int, found: bytes) -> None:
    said = ipp.answered(ipp.parse(request(operation)), head())
    assert said[:8] == b"\2\0\0\0\0\0\0\x07"
    assert found in said
    assert said.endswith(b"\3")


def test_the_printer_that_is_asked_for_exists() -> None:
    said = ipp.answered(ipp.parse(request(11, printer_uri=b"ipp://x/printers/lab-2")), head())
    assert b"printer-name\0\5lab-2" in said


def test_it_is_known_by_its_content() -> None:
    assert [ipp.claims(head(*case), None) for case in (("POST", ipp.IPP), ("GET", ipp.IPP), ("POST", "text/plain"))] == [True, False, False]  # type: ignore[arg-type]  # it asks nothing of the house


@given(st.binary(max_size=200))
def test_any_garbage_is_answered(data: bytes) -> None:
    assert ipp.answered(ipp.parse(data), head()).endswith(b"\3")
