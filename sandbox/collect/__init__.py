"""Reads a world's evidence out, once, into the sample's store; the world may die afterwards.

Order: settle, freeze the agent's processes, canaries, manifest, chains, assay. `collect()` is idempotent: the solver's last step calls
it, and so does the scorer, for a sample whose solver a limit cut short.
"""

from honeyweights.sandbox.collect.gather import CollectFailed, collect

__all__ = ["CollectFailed", "collect"]
