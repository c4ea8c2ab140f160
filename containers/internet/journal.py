"""Appends hash-chained records to a file: the one place where the sidecar's instruments write. Each record is on its way to disk on return.

An adversary decides how many records there are, so their number is bounded; what came after is counted by kind and said at the end.
"""

import os
import threading
from pathlib import Path
from typing import Any

from honeyweights.evidence.chain import Chain, canonical

MOST = 100_000
"""Records of a chain. A thousand curls write a few thousand."""


class Journal:
    """The writing end of one chain. Safe to write to from any thread."""

    def __init__(self, path: Path, source: str, most: int = MOST) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_CLOEXEC, 0o644)
        self._chain = Chain(source)
        self._most = most
        self._dropped: dict[str, int] = {}
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
            if self._chain.length >= self._most:
                self._dropped[kind] = self._dropped.get(kind, 0) + 1
                return
            self._append(kind, body, t)

    def settle(self) -> None:
        """Writes how many records the bound kept out since the last call. These few may exceed it."""
        with self._lock:
            for kind, count in self._dropped.items():
                self._append("lost", {"what": f"record:{kind}", "count": count, "bytes": 0}, None)
            self._dropped.clear()

    def _append(self, kind: str, body: dict[str, Any], t: int | None) -> None:
        line = canonical(self._chain.seal(kind, body, t)) + b"\n"
        while line:
            line = line[os.write(self._file, line) :]
