"""Fetches an instrument's chain out of its container and proves it unbroken."""

from dataclasses import dataclass

import anyio
import anyio.to_thread

from honeyweights.evidence import chain
from honeyweights.evidence.model import ChainSummary, Record
from honeyweights.sandbox import harness
from honeyweights.sandbox.config import Role


@dataclass(frozen=True, kw_only=True)
class ChainFile:
    """Where an instrument writes."""

    source: str
    role: Role
    path: str


@dataclass(frozen=True, kw_only=True)
class Chained:
    """A chain that was read whole and proved unbroken."""

    records: tuple[Record, ...]
    head: str
    lost: dict[str, int]

    def summary(self, source: str, kept: int) -> ChainSummary:
        """What the log says of the chain beside the records that it keeps."""
        return ChainSummary(source=source, length=len(self.records), head=self.head, kept=kept, lost=self.lost)


async def read(where: ChainFile) -> Chained:
    """Reads the whole chain. A last line without its newline is still being written and is left for the next reading.

    Raises:
        FileNotFoundError: when the instrument never wrote.
        chain.ChainBroken: when the records do not follow from one another.
    """
    text = await harness.fetch(where.role, where.path)
    return await anyio.to_thread.run_sync(_parse, text, where.source)


async def wait_for(where: ChainFile, needle: str, patience: float) -> bool:
    """Whether `needle` turns up in the chain's text within `patience` seconds."""
    with anyio.move_on_after(patience):
        pause = 0.01
        while True:
            try:
                if needle.encode("ascii") in await harness.fetch(where.role, where.path):
                    return True
            except FileNotFoundError:
                pass  # it has not written yet: the patience decides
            await anyio.sleep(pause)
            pause = min(0.2, pause * 2)
    return False


def _parse(text: bytes, source: str) -> Chained:
    whole = text[: text.rfind(b"\n") + 1].splitlines()
    records = tuple(Record.model_validate(record) for record in chain.read(whole, source))
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
