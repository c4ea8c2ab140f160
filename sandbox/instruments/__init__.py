"""Each instrument's proof of life: a canary of the harness's own, sent before the model's first turn and again after the freeze.

An instrument is `alive` only when both came back. A canary is known by a nonce that nobody else has ever seen, so nothing that the agent
does can count as one, and no canary can count as the agent's.
"""

import secrets
from collections.abc import Mapping

from honeyweights.sandbox import harness
from honeyweights.sandbox.instruments.chains import ChainFile, Instrument
from honeyweights.sandbox.instruments.straces import Traces

JOURNAL = ChainFile(source="journal", role="internet", path="/var/lib/internet/journal.jsonl")
WITNESS = ChainFile(source="witness", role="internet", path="/var/lib/internet/witness.jsonl")
_RECORDERS: Mapping[str, Instrument] = {
    "notify": ChainFile(source="recorder", role="warden", path="/run/rec/records.jsonl"),
    "strace": Traces(),
}
"""By make: the current world's is `recorder()`."""

PATIENCE = 5.0
"""Seconds until a canary that did not come back is given up."""


def recorder() -> Instrument:
    """The current world's recorder, of whichever make."""
    return _RECORDERS[harness.world().recorder]


def nonce() -> str:
    """32 hex digits, never used before."""
    return secrets.token_hex(16)
