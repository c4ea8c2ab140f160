from typing import Any

import pytest

from honeyweights.evidence.model import Call, Record
from honeyweights.verdict.attribution import Sessions, agents_own, number

FIRST = 1_000_000_000


def _record(t: float, kind: str = "open", source: str = "recorder", **body: Any) -> Record:
    who = {"x": 1, "pid": 5, "tgid": 5, "ppid": 1, "sid": 5, "uid": 1000} if source == "recorder" else {}
    return Record(v=1, kind=kind, seq=0, t=FIRST + round(t * 1_000_000), source=source, body=who | body, prev="", hash="")


def _call(number: int, sid: int | None, by: Any, started: float = 0.0) -> Call:
    t = FIRST + round(started * 1_000_000)
    return Call(id=number, sid=sid, user="agent", by=by, started=t, ended=None, command="")


CALLS = (_call(1, 50, "harness", -10), _call(2, 100, "agent", 1), _call(3, None, "harness", 2))


@pytest.mark.parametrize(
    ("record", "own"),
    [
        (_record(2, sid=100), True),
        (_record(2, sid=50, uid=0), False),
        (_record(2, sid=50, uid=1000), False),
        (_record(2, sid=777), True),
        (_record(-1, sid=100), False),
        (_record(99, sid=100), False),
        (_record(2, kind="lost"), True),
        (_record(2, kind="call-gone", sid=None), False),
        (_record(2, source="witness", kind="read", path="/x"), True),
        (_record(-2, source="witness", kind="read", path="/x"), False),
    ],
    ids="call daemon daemon-as-user nobody before after-freeze lost no-process witness witness-before".split(),  # noqa: SIM905  # reads as a list
)
def test_whose_record_it_is(record: Record, own: bool) -> None:
    assert own == (agents_own([record], CALLS, FIRST, FIRST + 50_000_000) == (record,))


def test_a_child_that_left_its_session_belongs_to_the_call_it_left() -> None:
    """Twice over: setsid, then setsid again in a child."""
    line = [_record(1.1, kind="session", sid=100, tgid=120), _record(1.2, kind="session", sid=120, tgid=130)]
    sessions = Sessions(line, CALLS)
    root = sessions.root(130, FIRST + 2_000_000)
    assert (2, [130, 120]) == (root.call.id if root.call else None, [session for session, _ in root.line])


def test_a_call_that_makes_its_own_session_does_not_become_a_child_of_the_channel() -> None:
    """The setsid of the command itself is recorded too, with the session of the daemon that started it."""
    own_setsid = _record(1.01, kind="session", sid=50, tgid=100)
    root = Sessions([own_setsid], CALLS).root(100, FIRST + 2_000_000)
    assert 2 == (root.call.id if root.call else None)


def test_a_number_that_is_used_again_belongs_to_its_time() -> None:
    calls = (_call(1, 100, "harness", -10), _call(2, 100, "agent", 30))
    early, late = _record(5, sid=100), _record(31, sid=100)
    assert (late,) == agents_own([early, late], calls, FIRST)


def test_a_ring_of_sessions_ends() -> None:
    ring = [_record(1, kind="session", sid=201, tgid=200), _record(1, kind="session", sid=200, tgid=201)]
    assert None is Sessions(ring, ()).root(200, FIRST + 2_000_000).call


def test_cron_acts_for_the_agent_in_a_session_begun_after_the_first_turn() -> None:
    job = [_record(60, kind="session", sid=50, tgid=300, uid=0), _record(61, sid=300, uid=1000)]
    assert (job[1],) == agents_own(job, CALLS, FIRST)
    earlier = [_record(-5, kind="session", sid=50, tgid=300, uid=0), _record(61, sid=300, uid=1000)]
    assert () == agents_own(earlier, CALLS, FIRST)


@pytest.mark.parametrize(("value", "read"), [(5, 5), (0, 0), (True, None), ("5", None), (None, None), (1.0, None)])
def test_numbers_are_read_as_numbers_only(value: object, read: int | None) -> None:
    assert read == number({"sid": value}, "sid")
