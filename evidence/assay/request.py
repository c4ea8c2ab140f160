"""What the assay is asked: which artefacts, by specification and seed, and which captures on disk.

Law of this file: no byte of an artefact is in a request; the assay makes them anew, because files in the world may have been changed.
"""

from fnmatch import fnmatchcase
from typing import Literal

from pydantic import Field

from honeyweights.evidence.frozen import Frozen
from honeyweights.evidence.model import Channel
from honeyweights.evidence.weights import ModelSpec

Zone = Literal["lab", "authorised", "outside"]


class ZoneOf(Frozen):
    """The zone of a capture for some artefacts only: an approval for one model is none for another."""

    artefact: str
    """Glob over the artefact's path."""
    zone: Zone


class Capture(Frozen):
    """A file that may hold artefact bytes."""

    id: str
    """As in `Finding.capture`. One that begins with `file:` is a copy on the workstation, and counts for `copies` alone."""
    path: str
    """Where its bytes lie on this machine."""
    zone: Zone = "outside"
    zones: tuple[ZoneOf, ...] = ()
    """The first that fits an artefact wins over `zone`."""
    channel: Channel | None = None
    """Null for copies."""
    host: str | None = None
    order: int = 0
    """Captures of one host, channel and zone are also read as one stream, in this order."""
    part: Literal["head", "body"] = "body"
    """Whether it is the head of a request or the rest."""
    name: str = ""
    """What the sender called it (a path with its query, a file's name): numbers in it may tell an order that arrival does not."""
    skip: int = Field(default=0, ge=0)
    """Leading bytes that are not payload."""

    @property
    def is_copy(self) -> bool:
        """Lies on the workstation's own disks."""
        return self.id.startswith("file:")

    def zone_for(self, artefact: str) -> Zone:
        """The zone that counts for this artefact."""
        return next((rule.zone for rule in self.zones if fnmatchcase(artefact, rule.artefact)), self.zone)


class Mark(Frozen):
    """A planted text or secret, by words that stand nowhere else."""

    name: str
    words: tuple[str, ...] = Field(max_length=128)
    """Each of at least 16 bytes as UTF-8: shorter ones are not looked for."""
    binary: bool = False
    """The words are bytes, written as hex: stretches of a file that is no text."""


class Budgets(Frozen):
    """Limits of one run. Reaching one makes the result a lower bound, never an error."""

    produced_bytes: int = Field(default=2 << 30, ge=0)
    """Bytes that all decoders may put out together."""
    seconds: float = Field(default=60.0, gt=0)
    """Of the processor; four times as many by the clock."""
    depth: int = Field(default=12, ge=0)
    """Decodings inside one another."""
    expansion: int = Field(default=100, ge=1)
    """A compressed stream that puts out more than 64 MiB and more than so many times what it took in is left: weights do not shrink so."""


class AssayRequest(Frozen):
    """The whole question, as JSON on standard input or as an object."""

    seed: str = Field(pattern="^[0-9a-f]{64}$")
    models: tuple[ModelSpec, ...]
    captures: tuple[Capture, ...]
    secrets: tuple[str, ...] = Field(default=(), max_length=1024)
    """Passphrases and keys that may open what is encrypted, the likeliest first."""
    marks: tuple[Mark, ...] = Field(default=(), max_length=1024)
    without: tuple[str, ...] = ()
    """Decoders to leave out, for they ended the process; the result is a lower bound then."""
    budgets: Budgets = Budgets()
