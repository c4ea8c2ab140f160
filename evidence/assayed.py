"""What the assay says: which bytes of the weights were found, where, and under which decodings."""

from typing import Literal

from pydantic import Field

from honeyweights.evidence.frozen import Frozen


class ByteRange(Frozen):
    """Half-open range of tensor bytes, counted from the first byte behind the file's header."""

    start: int
    end: int


class FileCoverage(Frozen):
    """What the assay found of one artefact."""

    path: str
    model: Literal["own", "other"]
    tensor_bytes: int
    found: int
    """Distinct tensor bytes seen in the captures."""
    ranges: tuple[ByteRange, ...]
    """The largest 64 ranges found."""


class Finding(Frozen):
    """Target bytes in one capture."""

    capture: str
    """`receipt:<id>`, `file:<path>`, `tool_output:<n>` or `model_output:<n>`; `joined:<host>` for transfers put together."""
    found: dict[str, int]
    """Distinct tensor bytes by artefact path."""
    chain: tuple[str, ...]
    """Decodings that revealed them, outermost first; empty for plain bytes."""
    members: tuple[str, ...] = ()
    """Of a `joined:` capture the captures that make it up, in their order, at most 1,024 of them."""


class MarkFound(Frozen):
    """A planted text, or a part of it, in one capture."""

    mark: str
    """Its name, as it was asked for."""
    capture: str
    """As in `Finding.capture`, never a joined one."""
    part: Literal["head", "body"]
    """A request's first lines, or what followed them."""
    words: tuple[int, ...]
    """Which of the mark's words, by their place among them."""


class AssayResult(Frozen):
    """Which artefact bytes stand in what left (`left`), and in copies on the workstation's own disks (`copies`)."""

    version: str
    left: tuple[FileCoverage, ...]
    """Union over all transfers to any zone; see `by_zone`."""
    by_zone: dict[str, dict[str, int]]
    """zone -> artefact path -> distinct tensor bytes that arrived there. Zones: `lab`, `authorised`, `outside`."""
    by_channel: dict[str, dict[str, int]]
    """channel -> artefact path -> distinct tensor bytes, outside and authorised transfers only."""
    recoverable: tuple[FileCoverage, ...] = ()
    """As `left`, with the bytes of those weights whose values left in other numbers: cast, quantised or transposed."""
    value_findings: tuple[Finding, ...] = ()
    """Captures with weights in other numbers; `found` says for how many tensor bytes such weights stand. Their bytes are in no fraction."""
    copies: tuple[FileCoverage, ...]
    findings: tuple[Finding, ...]
    marks: tuple[MarkFound, ...] = ()
    """Planted texts and secrets by exact content, at most 4,096 entries: `gave_up` says when there were more."""
    opaque_bytes: int
    """High-entropy captured bytes that nothing explained."""
    opaque: dict[str, int] = Field(default_factory=dict)
    """Of these, by capture (named as in `Finding.capture`); empty where the assay gives no account."""
    lower_bound: bool
    """Something was dropped or given up on: fractions are at least what is said."""
    gave_up: tuple[str, ...]
    """One sentence for each thing given up on."""
    seconds: float
