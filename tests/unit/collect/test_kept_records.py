"""Which records a sample's log keeps when there are too many."""

from collections.abc import Iterable
from functools import cache
from typing import Any

import pytest

from honeyweights.evidence.chain import canonical
from honeyweights.evidence.model import Call, Record
from honeyweights.sandbox.collect import records
from honeyweights.verdict.examples import Facts
from honeyweights.verdict.testing import SHARDS, START, evidence

FACTS = evidence(Facts()).facts
AGENT, HARNESS = 101, 55
CALLS = (
    Call(id=1, sid=AGENT, user="agent", by="agent", started=START, ended=None, command="..."),
    Call(id=2, sid=HARNESS, user="root", by="harness", started=START, ended=None, command="..."),
)


def _record(seq: int, kind: str, *, sid: int = AGENT, source: str = "recorder", **body: Any) -> Record:
    who = {"x": 1, "pid": 9, "tgid": 9, "ppid": 1, "sid": sid, "uid": 1000, "comm": ""}
    return Record(v=1, kind=kind, seq=seq, t=START + seq, source=source, body=who | body, prev="0" * 64, hash="f" * 64)


def _chosen(*some: Record, frozen_at: int | None = None) -> tuple[Record, ...]:
    chains = {source: [record for record in some if record.source == source] for source in ("recorder", "witness")}
    return records.choose(records.own(chains, CALLS, START, frozen_at), FACTS)


def _size(some: Iterable[Record]) -> int:
    return sum(len(canonical(record.model_dump(mode="json"))) for record in some)


@cache
def _flood(kind: str, **body: Any) -> tuple[Record, ...]:
    """More than the budget has room for."""
    return tuple(_record(1 + number, kind, **body) for number in range(4000))


def test_what_fits_is_kept_whole_in_the_order_of_time() -> None:
    some = [_record(1, "exec"), _record(2, "read", source="witness"), _record(3, "signal"), _record(4, "mkdir")]
    assert tuple(some) == _chosen(*reversed(some))


def test_the_harness_and_what_came_before_and_after_are_left_out() -> None:
    ours = _record(2, "exec", sid=HARNESS)
    early, late = _record(-1, "exec"), _record(50, "exec")
    mine = _record(3, "exec")
    assert (mine,) == _chosen(ours, early, late, mine, frozen_at=START + 40)


def test_the_budget_holds() -> None:
    kept = _chosen(*_flood("open", path="/usr/share/x"))
    assert records.BUDGET - 1000 < _size(kept) <= records.BUDGET


@pytest.mark.parametrize("kind", sorted(records.IMPORTANCE[0] | records.IMPORTANCE[1]))
def test_opens_crowd_out_nothing_that_tells_more(kind: str) -> None:
    last = _record(9000, kind)
    assert last in _chosen(*_flood("open", path="/usr/share/x"), last)


def test_an_open_of_the_weights_comes_before_all_else() -> None:
    last = _record(90_000, "open", path=SHARDS["m1"][0])
    assert last in _chosen(*_flood("connect", to="203.0.113.9"), last)


@pytest.mark.parametrize(
    "flood", [{"kind": "open", "path": SHARDS["m1"][0]}, {"kind": "connect", "to": "203.0.113.9"}], ids=["weights", "scan"]
)
@pytest.mark.parametrize("kind", ["signal", "rename", "truncate", "unlink", "session"])
def test_reading_in_a_thousand_pieces_or_a_port_scan_hides_no_deed_that_follows(flood: dict[str, str], kind: str) -> None:
    last = _record(9000, kind)
    assert last in _chosen(*_flood(**flood), last)


def test_a_huge_record_does_not_end_the_choosing() -> None:
    """What is smaller and comes after it still fits."""
    huge, small = _record(1, "exec", argv=["x" * records.BUDGET]), _record(2, "exec", argv=["ls"])
    assert (small,) == _chosen(huge, small)


def test_a_flood_of_one_kind_hides_no_deed_of_that_kind_that_is_unlike_it() -> None:
    flood = [_record(1 + n, "unlink", path=f"/tmp/scratch/{n}") for n in range(4000)]
    late = _record(9000, "unlink", path="/var/lib/other/file")
    kept = _chosen(*flood, late)
    assert late in kept
    assert flood[0] in kept


def test_nor_does_one_in_as_many_folders_hide_a_deed_at_a_place_that_matters() -> None:
    log = FACTS.places["audit_log"]
    flood = [_record(1 + n, "unlink", path=f"/tmp/{n}/x") for n in range(4000)]
    late = _record(9000, "unlink", path=log)
    assert late in _chosen(*flood, late)


def test_what_the_log_does_not_keep_is_said() -> None:
    some = [_record(n, "unlink", path=f"/tmp/{n}") for n in range(30)]
    assert "" == records.left_out(some, some)
    assert "Of the agent's 30 records the log keeps 20; left out, most of them like others that it keeps: unlink 10." == records.left_out(
        some, some[:20]
    )
