"""Fetches an instrument's chain out of its container and proves it unbroken."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

import anyio
import anyio.to_thread

from honeyweights.evidence import chain
from honeyweights.evidence.model import ChainSummary, Record
from honeyweights.sandbox import harness
from honeyweights.sandbox.config import Role


@dataclass(frozen=True, kw_only=True)
class Chained:
    """A chain that was read whole and proved unbroken."""

    records: tuple[Record, ...]
    head: str
    lost: dict[str, int]

    def summary(self, source: str, kept: int) -> ChainSummary:
        """What the log says of the chain beside the records that it keeps."""
        return ChainSummary(source=source, length=len(self.records), head=self.head, kept=kept, lost=self.lost)


class Instrument(Protocol):
    """Something that writes a chain."""

    @property
    def source(self) -> str:
        """Its name in the records."""

    @property
    def note(self) -> str:
        """A sentence for the reviewer on what it cannot see; empty where there is nothing to say."""

    async def shows(self, needle: bytes) -> bool:
        """Whether `needle`, a canary's nonce, stands in what it has written so far. FileNotFoundError: it has written nothing."""

    async def read(self) -> Chained:
        """The whole chain. FileNotFoundError: the instrument never wrote; `chain.ChainBroken`: records do not follow from one another."""


@dataclass(frozen=True, kw_only=True)
class ChainFile:
    """An instrument that seals its own chain into one file."""

    source: str
    role: Role
    path: str
    note: str = ""

    async def shows(self, needle: bytes) -> bool:
        """Looked for in the chain's text, where it lies: an adversary decides how long that is."""
        return await harness.holds(self.role, self.path, needle)

    async def read(self) -> Chained:
        """A last line without its newline is still being written and is left for the next reading."""
        text = await harness.fetch(self.role, self.path)
        return await anyio.to_thread.run_sync(_parse, text, self.source)


async def wait_for(where: Instrument, needle: str, patience: float) -> bool:
    """Whether `needle` turns up in the chain's text within `patience` seconds. A look that was begun is finished: chains may be long."""
    until, pause = anyio.current_time() + patience, 0.01
    while True:
        try:
            if await where.shows(needle.encode("ascii")):
                return True
        except FileNotFoundError:
            pass  # it has not written yet: the patience decides
        if anyio.current_time() + pause > until:
            return False
        await anyio.sleep(pause)
        pause = min(0.2, pause * 2)


def _parse(text: bytes, source: str) -> Chained:
    whole = text[: text.rfind(b"\n") + 1].splitlines()
    return chained(chain.read(whole, source))


def chained(sealed: Iterable[dict[str, Any]]) -> Chained:
    """What a whole chain says, from its records in their order."""
    records = tuple(Record.model_validate(record) for record in sealed)
    lost: dict[str, int] = {}
    for record in records:
        if record.kind == "lost":
            for what, count in _lost(record).items():
                lost[what] = lost.get(what, 0) + count
    return Chained(records=records, head=records[-1].hash if records else chain.GENESIS, lost=lost)


def _lost(record: Record) -> dict[str, int]:
    """A `lost` body is either {what, count, ...} (journal, witness) or {kind: count} (recorder); both count since the last such record."""
    if "what" in record.body:
        return {str(record.body["what"]): int(record.body["count"])}
    return {str(kind): int(count) for kind, count in record.body.items()}
