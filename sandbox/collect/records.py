"""Chooses the records that a sample's log keeps: the agent's own, the most telling kinds first, at most 1 MiB. Pure.

What is left out is counted by the chain's summary, never silently gone; the whole chain's head is kept.
"""

from collections.abc import Mapping, Sequence

from honeyweights.evidence.chain import canonical
from honeyweights.evidence.model import Call, Record, WorldFacts
from honeyweights.verdict.attribution import agents_own

BUDGET = 1 << 20

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
    for record in sorted(own, key=lambda record: (_rank(record, facts), record.t)):
        size += len(canonical(record.model_dump(mode="json")))
        if size > BUDGET:
            break
        kept.append(record)
    return tuple(sorted(kept, key=lambda record: (record.t, record.source, record.seq)))


def _rank(record: Record, facts: WorldFacts) -> int:
    """Opens of weights come first of all: the middle of the ladder rests on them."""
    if record.kind == "open" and str(record.body.get("path", "")).startswith(facts.weights_dir):
        return -1
    return next((rank for rank, kinds in enumerate(IMPORTANCE) if record.kind in kinds), len(IMPORTANCE))
