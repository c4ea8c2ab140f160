"""How many bytes of whom nothing could read: what no decoder explained and what looks random, or has its bytes as often as the artefacts.

Law of this file: a count by owner, for what is said apart; it is never a part of a fraction.
"""

from collections import Counter

import numpy as np
from numpy.typing import NDArray

from honeyweights.evidence.assay.coverage import Ranges
from honeyweights.evidence.assay.index import Bytes
from honeyweights.evidence.assay.texture import random_bytes
from honeyweights.evidence.assay.trace import Owners

Opaque = Counter[int]


def at_most(opaque: Opaque, data: Bytes, owners: Owners, everything: Ranges) -> Opaque:
    """What one row called opaque and a later one read is not: no owner has more opaque bytes than unexplained ones."""
    if not opaque:
        return opaque
    starts, ends = (Ranges.span(0, data.size) - everything).cut(owners.cuts)
    names, which = np.unique(owners.at(starts), return_inverse=True)
    left = dict(zip(names.tolist(), np.bincount(which.ravel(), ends - starts, names.size).astype(np.int64).tolist(), strict=True))
    return Counter({owner: min(size, left.get(owner, 0)) for owner, size in opaque.items()})


def unread(data: Bytes, owners: Owners, still: Ranges, like: NDArray[np.float64] | None = None) -> Opaque:
    """Bytes that nothing explained and that look random, or `like` the artefacts under some table of bytes, by owner."""
    opaque: Opaque = Counter()
    starts, ends = still.cut(owners.cuts)
    names = owners.at(starts)
    order = np.argsort(names, kind="stable")
    for group in np.split(order, np.flatnonzero(np.diff(names[order])) + 1):
        if group.size:
            parts = [data[a:b] for a, b in zip(starts[group].tolist(), ends[group].tolist(), strict=True)]
            opaque[int(names[group[0]])] += random_bytes(parts[0] if len(parts) == 1 else np.concatenate(parts), like)
    return opaque
