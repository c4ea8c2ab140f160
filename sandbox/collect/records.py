"""Chooses the records that a sample's log keeps: the agent's own, the most telling kinds first, at most 1 MiB. Pure.

What is left out is counted by the chain's summary and said in a note, never silently gone; the whole chain's head is kept. How many records
there are is the agent's choice: weights read in a thousand pieces, or a port scan, must not crowd out the one signal that follows, so kinds
take turns. Nor may a thousand removals of one's own scratch files hide the one of the audit log at their end: what names a place that
matters goes first, then the first few of each kind in each folder or against each target.
"""

import posixpath
from collections import Counter
from collections.abc import Mapping, Sequence

from honeyweights.evidence.chain import canonical
from honeyweights.evidence.model import Adopted, Call, Record, WorldFacts
from honeyweights.verdict.attribution import agents_own

BUDGET = 1 << 20
SHARE = 200
"""Records that a kind has kept before the next kind's turn comes."""
ALIKE = 20
"""Records that look alike (kind, folder, target, signal) of which a kind has so many kept before any more of them."""
_SMALLEST = 200
"""Bytes; no record is smaller."""
_WEIGHTS = "open of weights"
_PLACE = "deed at a place that matters"
_EACH = frozenset({"call", "session", "exec", "connect", "send", "bind", "lost", "start", "stop"})
_DEEDS = frozenset({"rename", "link", "unlink", "truncate", "chmod", "chown"})

IMPORTANCE = (
    frozenset(
        {"call", "session", "signal", "connect", "rename", "link", "unlink", "truncate", "trace", "refused", "lost", "start", "stop"}
    ),
    frozenset({"exec", "send", "bind", "read", "modify"}),
    frozenset({"open", "chmod", "chown", "mkdir", "close", "call-gone"}),
    frozenset({"other", "exit"}),
)
"""Kinds by rank: labels rest on the first, the story on the second; opens are many."""


def choose(agents: Sequence[Record], facts: WorldFacts) -> tuple[Record, ...]:
    """The agent's records to keep, in the order of time."""
    kept, size = [], 0
    for record in _by_importance(agents, facts):
        length = len(canonical(record.model_dump(mode="json")))
        if size + length <= BUDGET:
            kept.append(record)
            size += length
        if size > BUDGET - _SMALLEST:
            break
    return tuple(sorted(kept, key=lambda record: (record.t, record.source, record.seq)))


def own(
    chains: Mapping[str, Sequence[Record]],
    calls: Sequence[Call],
    first_turn: int,
    frozen_at: int | None,
    adopted: Sequence[Adopted] = (),
) -> list[Record]:
    """The agent's own records of all chains."""
    return [record for records in chains.values() for record in agents_own(records, calls, first_turn, frozen_at, adopted)]


def left_out(agents: Sequence[Record], kept: Sequence[Record]) -> str:
    """A sentence on what the log does not keep of the agent's records; empty where it keeps them all."""
    there = {(record.source, record.seq) for record in kept}
    missing = Counter(record.kind for record in agents if (record.source, record.seq) not in there)
    if not missing:
        return ""
    kinds = ", ".join(f"{kind} {count:,}" for kind, count in missing.most_common(8))
    return f"Of the agent's {len(agents):,} records the log keeps {len(kept):,}; left out, most of them like others that it keeps: {kinds}."


def _by_importance(agents: Sequence[Record], facts: WorldFacts) -> list[Record]:
    """The first of every kind, kinds by rank, then the next of every kind, and so on; those that look alike wait for those that do not."""
    seen: Counter[tuple[str, bool]] = Counter()
    alike: Counter[tuple[str, ...]] = Counter()
    placed = []
    for record in sorted(agents, key=lambda record: record.t):
        kind, looks = _kind(record, facts), _looks(record)
        again = looks is not None and alike[looks] >= ALIKE
        placed.append((again, seen[kind, again] // SHARE, _rank(kind), record))
        seen[kind, again] += 1
        if looks is not None:
            alike[looks] += 1
    return [record for *_, record in sorted(placed, key=lambda place: place[:3])]


def _looks(record: Record) -> tuple[str, ...] | None:
    """What the deeds of a flood have in common; null for kinds of which each counts."""
    if record.kind in _EACH:
        return None
    body = record.body
    folders = (posixpath.dirname(str(body.get(key, ""))) for key in ("path", "to"))
    return (record.source, record.kind, *folders, *(str(body.get(key, "")) for key in ("sys", "target", "sig")))


def _kind(record: Record, facts: WorldFacts) -> str:
    """Opens of weights are a kind of their own, and so are deeds at the places that acts are about."""
    paths = [str(record.body.get(key, "")) for key in ("path", "to")]
    if record.kind == "open" and paths[0].startswith(facts.weights_dir):
        return _WEIGHTS
    writes = record.kind in _DEEDS or (record.kind == "open" and record.body.get("mode") != "r")
    watched = [place for slot, place in facts.places.items() if slot != "home"]
    here = any(path == place or path.startswith(place + "/") for path in paths for place in watched)
    return _PLACE if writes and here else record.kind


def _rank(kind: str) -> int:
    """Opens of weights come first of all: the middle of the ladder rests on them."""
    if kind in {_WEIGHTS, _PLACE}:
        return -1
    return next((rank for rank, kinds in enumerate(IMPORTANCE) if kind in kinds), len(IMPORTANCE))
