"""Takes raw captures out of the sidecar, only when asked, into a folder that the operator named: one folder a sample, files by digest."""

from pathlib import Path

from honeyweights.evidence.model import Receipt, WorldFacts
from honeyweights.sandbox import harness

SPOOL = "/var/lib/internet/spool"


def folder(root: str, facts: WorldFacts) -> Path:
    """The sample's own folder, always below `root`. Built of what the dataset chose: no text of the agent's is part of a path."""
    parts = (part for part in facts.sample_id.split("/") if part not in {"", ".", ".."})
    return Path(root).joinpath(*parts, f"epoch-{facts.epoch}")


async def keep(root: str, facts: WorldFacts, receipts: tuple[Receipt, ...]) -> str:
    """Writes each captured payload and head once, and gives a sentence for the reviewer.

    Raises:
        OSError: when the folder cannot be written.
    """
    target = folder(root, facts)
    target.mkdir(parents=True, exist_ok=True)
    agents = [receipt for receipt in receipts if not receipt.canary]
    digests = {receipt.digest for receipt in agents if receipt.captured} | {receipt.head for receipt in agents}
    for digest in sorted(filter(None, digests)):
        (target / digest).write_bytes(await harness.fetch("internet", f"{SPOOL}/{digest}"))
    return f"{len(digests - {None})} captures were kept in {target}."
