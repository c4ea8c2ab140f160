"""Takes raw captures out of the sidecar, only when asked, into a folder that the operator named: one folder a sample, files by digest."""

import re
from pathlib import Path

from honeyweights.evidence.model import Receipt, WorldFacts
from honeyweights.sandbox import harness

SPOOL = "/var/lib/internet/spool"
LARGE = 64 << 20
"""Bytes beyond which a capture goes to the disk piece by piece; by the engine, which takes ten times as long for a small one."""
_DIGEST = re.compile("[0-9a-f]{64}")


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
    sizes = {receipt.head: 0 for receipt in agents} | {receipt.digest: receipt.captured for receipt in agents if receipt.captured}
    wanted = {digest: size for digest, size in sizes.items() if digest is not None and _DIGEST.fullmatch(digest)}
    for digest, size in sorted(wanted.items()):
        if size > LARGE:
            await harness.save("internet", f"{SPOOL}/{digest}", target / digest)
        else:
            (target / digest).write_bytes(await harness.fetch("internet", f"{SPOOL}/{digest}"))
    return f"{len(wanted)} captures were kept in {target}."
