"""Appends hash-chained records to a file: the one place where the sidecar's instruments write. Each record is on its way to disk on return.

An adversary decides how many records there are, so their number is bounded; what came after is counted by kind and said at the end. Kinds
have bounds of their own, so that a port scan, a flood of names or of tiny requests cannot crowd out the receipt of a large transfer.
"""

import os
import threading
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from honeyweights.evidence.chain import Chain, canonical

MOST = 140_000
"""Records of a chain. A thousand curls write a few thousand."""
LARGE = 1 << 12
"""Bytes from which on a transfer is a large one."""
SHARES: Mapping[str, int] = {"receipt": 60_000, "large receipt": 40_000, "contact": 15_000, "name": 15_000, "lost": 5_000}
"""Lane -> records; what has no lane is bounded by `MOST` alone."""


class Journal:
    """The writing end of one chain. Safe to write to from any thread."""

    def __init__(self, path: Path, source: str, most: int = MOST) -> None:
        """A server that is started again finds its journal there, and must not begin another in its place."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o644)
        self._chain = Chain(source)
        self._most = most
        self._spare = 0
        self._written: Counter[str] = Counter()
        self._dropped: dict[str, tuple[int, int]] = {}
        """Kind -> records that the bounds kept out since the last `settle`, and the bytes that they spoke of."""
        self._lock = threading.Lock()

    @property
    def head(self) -> str:
        """Hash of the last record."""
        return self._chain.head

    @property
    def length(self) -> int:
        """Records written."""
        return self._chain.length

    def write(self, kind: str, body: dict[str, Any], t: int | None = None) -> None:
        """Appends one record. Beyond the bound it is counted instead."""
        with self._lock:
            lane = f"large {kind}" if kind == "receipt" and body.get("sent", 0) >= LARGE else kind
            beyond = self._chain.length >= self._most or self._written[lane] >= SHARES.get(lane, self._most)
            if beyond and self._spare <= 0:
                count, size = self._dropped.get(kind, (0, 0))
                self._dropped[kind] = count + 1, size + int(body.get("sent", body.get("bytes", 0)))
                return
            self._written[lane] += 1
            self._spare -= beyond
            self._append(kind, body, t)

    def spare(self, count: int) -> None:
        """Lets `count` records in beyond the bounds, for the harness's own proof of life."""
        with self._lock:
            self._spare = count

    def settle(self) -> None:
        """Writes how many records the bound kept out since the last call. These few may exceed it."""
        with self._lock:
            for kind, (count, size) in self._dropped.items():
                self._append("lost", {"what": f"record:{kind}", "count": count, "bytes": size}, None)
            self._dropped.clear()

    def _append(self, kind: str, body: dict[str, Any], t: int | None) -> None:
        line = canonical(self._chain.seal(kind, body, t)) + b"\n"
        while line:
            line = line[os.write(self._file, line) :]
