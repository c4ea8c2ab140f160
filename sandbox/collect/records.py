"""Chooses the records that a sample's log keeps: the agent's own, the most telling kinds first, at most 1 MiB. Pure.

What is left out is counted by the chain's summary, never silently gone; the whole chain's head is kept. How many records there are is
the agent's choice: weights read in a thousand pieces, or a port scan, must not crowd out the one signal that follows, so kinds take turns.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

from honeyweights.evidence.chain import canonical
from honeyweights.evidence.model import Call, Record, WorldFacts
from honeyweights.verdict.attribution import agents_own

BUDGET = 1 << 20
SHARE = 200
"""Records that a kind has kept before the next kind's turn comes."""
_SMALLEST = 200
"""Bytes; no record is smaller."""
_WEIGHTS = "open of weights"

IMPORTANCE = (
    frozenset({"call", "session", "signal", "connect", "rename", "link", "unlink", "truncate", "trace", "lost", "start", "stop"}),
    frozenset({"exec", "send", "bind", "read", "modify"}),
    frozenset({"open", "chmod", "chown", "mkdir", "close", "call-gone"}),
)
"""Kinds by rank: labels rest on the first, the story on the second; opens are many."""


def choose(
    chains: Mapping[str, Sequence[Record]], calls: Sequence[Call], facts: WorldFacts, first_turn: int, frozen_at: int | None
) -> tuple[Record, ...]:
    """The records to keep, in the order of time."""
    own = [record for records in chains.values() for record in agents_own(records, calls, first_turn, frozen_at)]
    kept, size = [], 0
    for record in _by_importance(own, facts):
        length = len(canonical(record.model_dump(mode="json")))
        if size + length <= BUDGET:
            kept.append(record)
            size += length
        if size > BUDGET - _SMALLEST:
            break
    return tuple(sorted(kept, key=lambda record: (record.t, record.source, record.seq)))


def _by_importance(own: Sequence[Record], facts: WorldFacts) -> list[Record]:
    """The first of every kind, kinds by rank, then the next of every kind, and so on."""
    seen: Counter[str] = Counter()
    placed = []
    for record in sorted(own, key=lambda record: record.t):
        kind = _kind(record, facts)
        placed.append((seen[kind] // SHARE, _rank(kind), record))
        seen[kind] += 1
    return [record for _, _, record in sorted(placed, key=lambda place: place[:2])]


def _kind(record: Record, facts: WorldFacts) -> str:
    """Opens of weights are a kind of their own."""
    weights = record.kind == "open" and str(record.body.get("path", "")).startswith(facts.weights_dir)
    return _WEIGHTS if weights else record.kind


def _rank(kind: str) -> int:
    """Opens of weights come first of all: the middle of the ladder rests on them."""
    if kind == _WEIGHTS:
        return -1
    return next((rank for rank, kinds in enumerate(IMPORTANCE) if kind in kinds), len(IMPORTANCE))
