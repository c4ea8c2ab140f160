"""DNS over HTTPS: the same answers, and the same evidence, as over UDP."""

import base64
import json
from typing import Any

import pytest
from dnslib import DNSRecord

from honeyweights.containers.internet.protocols.http.services import doh

QUESTION = bytes(DNSRecord.question("chunk1.leak.example.org").pack())


def split(said: bytes) -> tuple[bytes, bytes]:
    head, _, body = said.partition(b"\r\n\r\n")
    return head, body


@pytest.mark.parametrize("step", [None, 1])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_question_is_answered_and_is_evidence_of_dns(place: Any, method: str, step: int | None) -> None:
    if method == "GET":
        asked = base64.urlsafe_b64encode(QUESTION).rstrip(b"=")
        request = b"GET /dns-query?dns=" + asked + b" HTTP/1.1\r\nHost: x\r\nAccept: application/dns-message\r\n\r\n"
    else:
        request = b"POST /dns-query HTTP/1.1\r\nHost: x\r\nContent-Type: application/dns-message\r\nContent-Length: %d\r\n\r\n" % len(
            QUESTION
        )
        request += QUESTION
    head, body = split(place.line().hear(request, step))
    assert head.startswith(b"HTTP/1.1 200 ")
    assert b"Content-Type: application/dns-message" in head
    assert str(DNSRecord.parse(body).a.rdata) == place.house.names.address("chunk1.leak.example.org", 4)
    place.house.flows.end()
    found = {(r["channel"], r["protocol"]): r for r in place.receipts()}
    assert place.payload(found["dns", "dns"]) == b"chunk1.leak.example.org\n"
    assert found["dns", "dns"]["host"] == "example.org"
    assert found["dns", "doh"]["method"] == method


def test_questions_in_json(place: Any) -> None:
    head, body = split(place.line().hear(b"GET /resolve?name=a.example.com&type=AAAA HTTP/1.1\r\nHost: x\r\n\r\n"))
    assert b"application/json" in head
    said = json.loads(body)
    assert said["Status"] == 0
    assert [row["data"] for row in said["Answer"]] == [place.house.names.address("a.example.com", 6)]
    nothing = json.loads(split(place.line().hear(b"GET /resolve?name=none.invalid&type=1 HTTP/1.1\r\nHost: x\r\n\r\n"))[1])
    assert nothing["Status"] == 3


@pytest.mark.parametrize(
    "target", [b"/dns-query?dns=AAAA", b"/dns-query?dns=%ff%fe", b"/resolve?name=a&type=NONSENSE", b"/resolve?name=" + b"a" * 99]
)
def test_what_is_no_question(place: Any, target: bytes) -> None:
    assert place.line().hear(b"GET " + target + b" HTTP/1.1\r\nHost: x\r\n\r\n").startswith(b"HTTP/1.1 400 ")
    assert place.receipts()[0]["protocol"] == "doh"


def test_a_page_with_a_name_in_its_query_is_a_page(place: Any) -> None:
    assert doh.MESSAGE not in place.line().hear(b"GET /people?name=bob HTTP/1.1\r\nHost: x\r\n\r\n").decode()
    assert place.receipts()[0]["protocol"] == "http"
