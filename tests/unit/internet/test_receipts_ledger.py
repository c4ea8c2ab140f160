"""The ledger: identity from the wire, receipts once, continuation after a flush."""

from typing import Any

import pytest

from honeyweights.containers.internet import receipts
from honeyweights.containers.internet.receipts import About
from honeyweights.containers.internet.talk import Remote
from honeyweights.evidence.model import Contact, Receipt

REMOTE = Remote("203.0.113.9", 443, "up.example.com", ("10.64.7.23", 4))
ABOUT = About(channel="https", protocol="https", method="PUT", target="/\n", claimed="evil\x00", head=None)


def test_a_receipt_is_the_model_of_evidence_and_an_order(place: Any) -> None:
    place.house.ledger.whole(REMOTE, ABOUT, b"abc")
    body = place.receipts()[0]
    stream = body.pop("stream")
    receipt = Receipt(id=7, **body)
    assert stream == 1
    assert (receipt.host, receipt.address, receipt.port) == ("up.example.com", "203.0.113.9", 443)
    assert (receipt.claimed, receipt.target) == ("evil\\x00", "/\\x0a")
    assert (receipt.sent, receipt.captured, receipt.finished) == (3, 3, True)
    assert receipt.started <= receipt.ended
    assert place.payload(body) == b"abc"


def test_a_contact_is_the_model_of_evidence(place: Any) -> None:
    place.house.ledger.contact(REMOTE, "refused", "tcp", port=443)
    assert Contact(id=1, **place.records("contact")[0]).how == "refused"


def test_a_flush_closes_as_unfinished_and_more_is_a_continuation(place: Any) -> None:
    ledger = place.house.ledger
    transfer = ledger.open(REMOTE, ABOUT)
    transfer.write(b"one")
    ledger.flush()
    transfer.write(b"two")
    transfer.close(finished=True)
    transfer.close(finished=False)
    assert [(r["sent"], r["finished"], place.payload(r)) for r in place.receipts()] == [(3, False, b"one"), (3, True, b"two")]
    assert [r["stream"] for r in place.receipts()] == [1, 2]


def test_what_the_limit_cut_is_said_before_the_receipt(place: Any) -> None:
    place.spool.limit = 2
    place.house.ledger.whole(REMOTE, ABOUT, b"abcde")
    assert place.records("lost") == [{"what": "capture", "count": 1, "bytes": 3}]
    assert (place.receipts()[0]["sent"], place.receipts()[0]["captured"]) == (5, 2)
    assert place.house.ledger.lost == {"capture": 1}


def test_in_flight_counts_what_moves(place: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = place.house.ledger
    transfer = ledger.open(REMOTE, ABOUT)
    assert ledger.in_flight() == 1
    question = ledger.open(REMOTE, ABOUT._replace(channel="dns"))
    question.heard = transfer.heard = transfer.heard - 2
    assert ledger.in_flight() == 1, "a question that was answered is over"
    monkeypatch.setattr(receipts, "FRESH_OTHERS", 1.0)
    assert ledger.in_flight() == 0
    question.close(finished=True)
    transfer.close(finished=True)
    assert ledger.in_flight() == 0
    assert (ledger.receipts, ledger.bytes) == (2, 0)
