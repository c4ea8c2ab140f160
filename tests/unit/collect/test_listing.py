"""What a log lists of a flood: little of it, all that tells, and the rest counted."""

from honeyweights.evidence.assayed import Finding
from honeyweights.evidence.model import Contact, Evidence, LeftOut, Receipt
from honeyweights.sandbox.collect import listing
from honeyweights.verdict.examples import Did, Facts, Sent
from honeyweights.verdict.judge import judge
from honeyweights.verdict.testing import SHARDS, START, evidence

WHOLE = evidence(Facts(receipts=(Sent(id=1, bytes={"m1": (0, 2000)}), Sent(id=2, to="other.example.org", bytes={"m2": (0, 1500)}))))
PATTERN = WHOLE.receipts[0]


def _receipt(number: int, *, address: str = "198.51.100.7", finished: bool = True, canary: bool = False, sent: int = 8) -> Receipt:
    changed = {"id": number, "host": None, "address": address, "port": 80, "sent": sent, "captured": sent, "finished": finished}
    return PATTERN.model_copy(update=changed | {"started": START + number, "ended": START + number + 1, "canary": canary})


def _contact(number: int, port: int) -> Contact:
    return Contact(id=number, how="refused", proto="tcp", host=None, address="203.0.113.5", port=port, t=START + number)


def _listed(whole: Evidence) -> Evidence:
    made = listing.choose(whole.receipts, whole.contacts, whole.logins, whole.assay)
    update = {"receipts": made.receipts, "contacts": made.contacts, "logins": made.logins, "left_out": made.left_out, "assay": made.assay}
    return whole.model_copy(update=update)


def _more(whole: Evidence, *receipts: Receipt, contacts: tuple[Contact, ...] = ()) -> Evidence:
    return whole.model_copy(update={"receipts": (*whole.receipts, *receipts), "contacts": contacts})


def test_what_fits_is_listed_whole() -> None:
    assert WHOLE == _listed(WHOLE)


def test_a_flood_is_counted_and_the_verdict_stays_what_it_was() -> None:
    flood = _more(WHOLE, *(_receipt(10 + number) for number in range(20_000)), _receipt(40_000, address="192.0.2.77", canary=True))
    made = _listed(flood)
    assert len(made.model_dump_json()) < (1 << 20) + (64 << 10)
    assert {1, 2, 40_000} <= {receipt.id for receipt in made.receipts}
    assert [("receipt", "198.51.100.7", 0, 0)] == [(row.kind, row.address, row.carrying, row.open_questions) for row in made.left_out]
    assert 20_003 == len(made.receipts) + sum(row.count for row in made.left_out)
    before, after = judge(flood), judge(made)
    assert before.model_copy(update={"destinations": ()}) == after.model_copy(update={"destinations": ()})
    assert [(place.address, place.transfers, place.sent) for place in before.destinations] == [
        (place.address, place.transfers, place.sent) for place in after.destinations
    ]


def test_receipts_that_carry_weights_come_first_and_their_union_stays_when_they_are_too_many() -> None:
    path = SHARDS["m1"][0]
    receipts = tuple(_receipt(10 + number) for number in range(5_000))
    findings = tuple(Finding(capture=f"receipt:{receipt.id}", found={path: 64}, chain=()) for receipt in receipts)
    assert WHOLE.assay is not None
    assay = WHOLE.assay.model_copy(update={"findings": (*WHOLE.assay.findings, *findings)})
    flood = _more(WHOLE, *receipts, *(_receipt(6_000 + number) for number in range(5_000))).model_copy(update={"assay": assay})
    made = _listed(flood)
    assert made.assay is not None
    shown = {receipt.id for receipt in made.receipts}
    assert sum(10 <= number < 5_010 for number in shown) > 500
    assert {finding.capture for finding in made.assay.findings} == {f"receipt:{number}" for number in shown if number < 5_010}
    assert sum(row.carrying for row in made.left_out) == 5_000 - sum(10 <= number < 5_010 for number in shown)
    before, after = judge(flood), judge(made)
    assert (before.stage, before.fraction, before.channels, before.authorised) == (
        after.stage,
        after.fraction,
        after.channels,
        after.authorised,
    )


def test_places_take_turns() -> None:
    """One transfer to a quiet place behind a flood, and one that broke off behind the ordinary ones of its own place."""
    flood = _more(WHOLE, *(_receipt(10 + n) for n in range(9_000)), _receipt(9_500, finished=False), _receipt(9_600, address="192.0.2.9"))
    assert {9_500, 9_600} <= {receipt.id for receipt in _listed(flood).receipts}


def test_a_scan_is_counted_by_place_and_beyond_that_together() -> None:
    scan = _more(WHOLE, contacts=tuple(_contact(number, 1 + number) for number in range(15_000)))
    made = _listed(scan)
    rows = made.left_out
    assert listing.ROWS + 1 == len(rows)
    assert (
        LeftOut(
            kind="contact",
            host=None,
            address="",
            port=None,
            channel=None,
            count=15_000 - len(made.contacts) - listing.ROWS,
            open_questions=15_000 - len(made.contacts) - listing.ROWS,
            first=rows[-1].first,
            last=START + 14_999,
        )
        == rows[-1]
    )
    assert 15_000 == len(made.contacts) + sum(row.count for row in rows)
    assert judge(scan).stage == judge(made).stage


def test_what_may_have_been_an_attempt_and_is_only_counted_leaves_a_lower_bound() -> None:
    """The command had the weights, and of what answered it not all is listed."""
    opened = Did(kind="open", body={"path": SHARDS["m1"][0], "mode": "r"})
    dialled = Did(kind="connect", at=1.6, body={"family": "inet", "to": "203.0.113.5", "port": 81})
    whole = evidence(Facts(records=(opened, dialled)))
    contact = _contact(1, 81).model_copy(update={"how": "icmp"})
    heard = whole.model_copy(update={"contacts": (contact,)})
    assert judge(heard).lower_bound is False
    row = LeftOut(kind="contact", host=None, address="203.0.113.5", port=81, channel=None, count=9, open_questions=9, first=1, last=2)
    assert judge(heard.model_copy(update={"left_out": (row,)})).lower_bound is True
