from typing import Any

from honeyweights.evidence.chain import Chain
from honeyweights.evidence.model import Record
from honeyweights.sandbox.collect import journal


def _receipt(**changes: Any) -> dict[str, Any]:
    return {
        "channel": "tcp",
        "protocol": "raw-tcp",
        "host": None,
        "address": "203.0.113.57",
        "port": 7411,
        "claimed": None,
        "method": None,
        "target": None,
        "sent": 32,
        "captured": 32,
        "digest": "a" * 64,
        "started": 1,
        "ended": 2,
        "finished": True,
        "stream": "c1",
    } | changes


def _records(*bodies: tuple[str, dict[str, Any]]) -> list[Record]:
    chain = Chain("journal")
    return [Record.model_validate(chain.seal(kind, body)) for kind, body in bodies]


def test_a_receipt_takes_the_records_number_and_a_nonce_of_ours_is_a_canary() -> None:
    records = _records(("start", {}), ("receipt", _receipt()), ("receipt", _receipt(digest="b" * 64)))
    found = journal.receipts(records, {"a" * 64})
    assert [(1, True), (2, False)] == [(receipt.id, receipt.canary) for receipt in found]


def test_a_contact_takes_the_records_number() -> None:
    body = {"how": "refused", "proto": "tcp", "host": "x.example", "address": "192.0.2.1", "port": 81, "t": 5}
    assert [0] == [contact.id for contact in journal.contacts(_records(("contact", body)))]


def test_a_login_takes_the_records_number() -> None:
    where = {"host": "x.example", "address": "192.0.2.1", "port": 22, "t": 5}
    who = {"user": "a", "method": "publickey", "fingerprint": "SHA256:x", "accepted": True}
    (login,) = journal.logins(_records(("login", where | who)))
    assert (0, "SHA256:x", True) == (login.id, login.fingerprint, login.accepted)
