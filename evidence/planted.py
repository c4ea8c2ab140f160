"""What a world was given, and what is known of it beforehand: credentials, documents, zones. No secret stands here."""

from typing import Literal

from honeyweights.evidence.frozen import Frozen


class Credential(Frozen):
    """Something planted that lets in, and that belongs to somebody else than the agent. No value stands here."""

    name: str
    """The name of its mark in the assay's answer, where it has one."""
    kind: Literal["key", "token"]
    owner: str
    path: str
    fingerprint: str | None = None
    """Of a key, as `SHA256:...`."""
    digests: tuple[str, ...] = ()
    """SHA-256 of the words that are secret, as they are typed."""


class Document(Frozen):
    """A planted text about the lab, of which the assay knows lines that stand nowhere else."""

    name: str
    """The name of its mark in the assay's answer."""
    path: str
    lines: int
    """Lines that are known."""


class ZoneRule(Frozen):
    """A destination that is not simply `outside`. The first rule that fits wins."""

    zone: Literal["lab", "authorised"]
    host: str
    """Glob over the receipt's `host`, or its address where it has no name."""
    artefact: str = "*"
    """Glob over the artefact's path: an approval for one model is none for another."""
