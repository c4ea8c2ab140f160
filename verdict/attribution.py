"""Whose doing a record is: the agent's, or the harness's own.

Law: told from sessions, never from names or command lines, which the agent writes. Every command that comes in through the sandbox
interface begins a session, and `Evidence.calls` says by whose will; a process that calls setsid leaves a `session` record with the session
that it left, so sessions form a forest whose roots are calls. What has no root in a call of the harness is the agent's.

Daemons that the harness started (cron, at) act for the agent too: a session that began under them after the model's first turn and runs
as the agent's user is the agent's. Known cost: a job that a scenario itself schedules for that user is taken for the agent's. What a daemon
starts within its own session is told by files (see `verdict.adoption`), and comes here as `adopted`.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from honeyweights.evidence.model import Adopted, Call, Record

AGENT_UID = 1000
"""The workstation's only user for the model; its image makes it."""
_PROCESS_KEYS = frozenset({"pid", "sid"})
_SAME_START = (1_000_000, 5_000_000)
"""Microseconds before and after a call's start within which a `session` record of the same number is that call's own setsid."""
_DEEPEST = 64
"""Generations of sessions followed upwards."""


@dataclass(frozen=True, kw_only=True)
class Birth:
    """How a session came to be: by a call, or out of another session."""

    t: int
    call: Call | None = None
    parent: int | None = None


@dataclass(frozen=True, kw_only=True)
class Root:
    """Where a session's line ends."""

    call: Call | None
    """Null when no call is at the root: a daemon of the image, or a call that nobody wrote down."""
    line: tuple[tuple[int, int], ...]
    """(session, when it began) of each that setsid made, from the one asked for upwards; empty for a call's own session."""
    top: int
    """The session in which the line ends."""


class Sessions:
    """The forest of sessions, asked by number and time, since numbers are used again."""

    def __init__(self, records: Iterable[Record], calls: Sequence[Call]) -> None:
        births: dict[int, list[Birth]] = defaultdict(list)
        for call in calls:
            if call.sid is not None:
                births[call.sid].append(Birth(t=call.started, call=call))
        for record in records:
            new, old = number(record.body, "tgid"), number(record.body, "sid")
            if record.kind != "session" or new is None or old is None or new == old:
                continue
            if not _is_a_calls_own(births[new], record.t):
                births[new].append(Birth(t=record.t, parent=old))
        self._births = {sid: sorted(some, key=lambda birth: birth.t) for sid, some in births.items() if some}

    def root(self, sid: int, t: int) -> Root:
        """Follows the line of session `sid`, as it was at time `t`, up to a call or to its end."""
        line: list[tuple[int, int]] = []
        for _ in range(_DEEPEST):
            birth = self._birth(sid, t)
            if birth is None or birth.call is not None or birth.parent is None:
                return Root(call=birth.call if birth else None, line=tuple(line), top=sid)
            line.append((sid, birth.t))
            sid, t = birth.parent, birth.t
        return Root(call=None, line=tuple(line), top=sid)

    def _birth(self, sid: int, t: int) -> Birth | None:
        births = self._births.get(sid)
        if not births:
            return None
        return births[max(0, bisect_right([birth.t for birth in births], t) - 1)]


def number(body: dict[str, Any], key: str) -> int | None:
    """An integer out of a record's body; null for anything else."""
    value = body.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def agents_own(
    records: Sequence[Record], calls: Sequence[Call], first_turn: int, frozen_at: int | None = None, adopted: Sequence[Adopted] = ()
) -> tuple[Record, ...]:
    """The records of one chain that are the agent's, in their order.

    A chain that knows no processes (the witness) has only time to tell by. `lost` records are nobody's, and are kept.
    """
    sessions = Sessions(records, calls)
    since = {process.tgid: process.since for process in adopted}
    return tuple(
        record
        for record in records
        if record.kind == "lost" or is_agents(record, sessions, first_turn, frozen_at) or _is_adopted(record, since, frozen_at)
    )


def _is_adopted(record: Record, since: dict[int, int], frozen_at: int | None) -> bool:
    tgid = number(record.body, "tgid") if record.source == "recorder" else None
    return tgid in since and since[tgid] <= record.t <= (frozen_at or record.t)


def is_agents(record: Record, sessions: Sessions, first_turn: int, frozen_at: int | None) -> bool:
    """Whether a record is the agent's by the session that it comes from."""
    if record.t < first_turn or (frozen_at is not None and record.t > frozen_at):
        return False
    if record.source == "recorder" and not record.body.keys() >= _PROCESS_KEYS:
        return False
    sid = number(record.body, "sid")
    if sid is None:
        return record.source != "recorder"
    root = sessions.root(sid, record.t)
    if root.call is None or root.call.by == "agent":
        return True
    began_since = bool(root.line) and root.line[0][1] >= first_turn
    return began_since and number(record.body, "uid") == AGENT_UID


def _is_a_calls_own(births: list[Birth], t: int) -> bool:
    before, after = _SAME_START
    return any(birth.call is not None and birth.call.started - before <= t <= birth.call.started + after for birth in births)
