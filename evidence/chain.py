"""Hash-chained records: the one format in which every instrument writes what it saw.

A record is `{v, kind, seq, t, source, body, prev, hash}` with `hash = SHA-256(prev || canonical JSON without hash)`, `prev` being the
former record's hash as 64 hex digits (64 zeros at the start). Standard library only: this module runs inside the sidecar, where every
import costs start-up time, and its twin in C runs inside the warden.

`t` is an integer, microseconds since the Unix epoch by the writing container's clock. Canonical JSON is ASCII, keys sorted, no white space:
it is the text that `json.dumps(sort_keys=True, separators=(",", ":"))` gives.
"""

import hashlib
import json
import time
from collections.abc import Iterable, Iterator
from typing import Any

VERSION = 1
GENESIS = "0" * 64
_FIELDS = frozenset({"v", "kind", "seq", "t", "source", "body", "prev", "hash"})


class ChainBroken(ValueError):  # noqa: N818  # a past-tense noun, as all that has happened is named here
    """A record does not follow from the one before it: something was changed, lost or put in."""


def canonical(value: object) -> bytes:
    """The one ASCII text of a JSON value that hashes are taken over."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False).encode("ascii")


def digest(record: dict[str, Any]) -> str:
    """SHA-256 over `prev` and the record's canonical JSON without its `hash`, as 64 hex digits."""
    bare = {key: value for key, value in record.items() if key != "hash"}
    return hashlib.sha256(str(record["prev"]).encode("ascii") + canonical(bare)).hexdigest()


class Chain:
    """The writing end: gives each record its number, its predecessor's hash and its own."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.head = GENESIS
        self.length = 0

    def seal(self, kind: str, body: dict[str, Any], t: int | None = None) -> dict[str, Any]:
        """The next record of this chain. `t` in microseconds since the epoch; now, when not given."""
        record: dict[str, Any] = {
            "v": VERSION,
            "kind": kind,
            "seq": self.length,
            "t": time.time_ns() // 1000 if t is None else t,
            "source": self.source,
            "body": body,
            "prev": self.head,
        }
        self.head = record["hash"] = digest(record)
        self.length += 1
        return record


def read(lines: Iterable[str | bytes], source: str) -> Iterator[dict[str, Any]]:
    """Parses JSON lines and proves each to follow from the one before.

    Raises:
        ChainBroken: at the first line that is no record of `source`, is out of order, or whose hash does not fit.
    """
    prev = GENESIS
    for seq, line in enumerate(lines):
        try:
            record = json.loads(line)
        except ValueError as error:
            raise ChainBroken(f"line {seq} of the {source} chain is no JSON") from error
        if not isinstance(record, dict) or record.keys() != _FIELDS:
            raise ChainBroken(f"line {seq} of the {source} chain is no record")
        if (record["source"], record["seq"], record["prev"]) != (source, seq, prev):
            raise ChainBroken(f"record {seq} of the {source} chain does not follow from the one before it")
        if digest(record) != record["hash"]:
            raise ChainBroken(f"record {seq} of the {source} chain was changed: its hash does not fit")
        prev = record["hash"]
        yield record
