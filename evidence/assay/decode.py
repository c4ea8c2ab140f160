"""The contract between the search and its decoders; the table of them stands in `decoders`.

A decoder looks at the bytes of a body that nothing has explained yet (`probe`) and puts out what they decode to, a piece at a time
(`decode`). It may put out nonsense, the same bytes twice or too little: what it says is only ever compared with the artefacts. It must
stay within the budget, and it may crash: the search then calls its bytes opaque and goes on.

Law of this file: no decoder is named here, and a decoder knows neither captures nor artefacts.
"""

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from honeyweights.evidence.assay.budget import Budget
from honeyweights.evidence.assay.coverage import EMPTY, Ints, Ranges
from honeyweights.evidence.assay.index import Bytes
from honeyweights.evidence.assay.texture import text_ranges
from honeyweights.evidence.assay.trace import Trace

LEAST = 24
"""Unexplained stretches shorter than this are not decoded: no encoding of 16 bytes is shorter."""
LARGEST = 1 << 27
"""Bytes that a decoder puts out in one piece, so that memory stays bounded."""


@dataclass(kw_only=True, eq=False)
class Decoded:
    """A piece that a decoder put out."""

    data: Bytes
    traces: tuple[Trace, ...]
    """From the piece's positions to those of the body, one step after the other."""
    streams: tuple[Ints, Ints, Ints] | None = None
    """Inner start, outer start and outer end of each compressed stream in it, which only as a whole means anything."""
    explained: Ranges = EMPTY
    """What of it the search explained: filled in before the decoder is asked for the next piece."""


@dataclass(kw_only=True, eq=False)
class View:
    """A body as its decoders see it; the search keeps `residue` up to date."""

    data: Bytes
    residue: Ranges
    """What nothing has explained, in stretches of at least `LEAST` bytes."""
    budget: Budget
    promise: Callable[[Bytes], int]
    """How many bytes of a short sample the artefacts explain at once."""
    claimed: list[Ranges] = field(default_factory=list)
    """What decoded as its format wants, and so is not opaque at this level."""

    @functools.cached_property
    def text(self) -> Ranges:
        """Where the residue was text when this was first asked."""
        return text_ranges(self.data, self.residue)

    def explain(self, found: Ranges) -> None:
        """Takes away from the residue what a decoder's output explained."""
        if len(found):
            self.residue = (self.residue - found).longer(LEAST)


@dataclass(frozen=True, kw_only=True)
class Decoder:
    """A row of the table."""

    name: str
    """As findings name it."""
    probe: Callable[[View], Ranges]
    """Where it is worth trying; empty means not at all."""
    decode: Callable[[View, Ranges], Iterator[Decoded]]
    alternatives: bool = False
    """Its pieces are readings of the same bytes (phases), each of what the former ones left: the last one's opaque bytes are what count."""
