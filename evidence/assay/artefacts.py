"""The artefacts by name and size, which needs no byte of them; and the answer when there is nothing to compare them with.

Law of this file: standard library and records only. Most samples leave nothing, and numpy costs more to load than all else they need.
"""

from dataclasses import dataclass
from typing import Literal

from honeyweights.evidence import weights
from honeyweights.evidence.assayed import AssayResult, ByteRange, FileCoverage
from honeyweights.evidence.weights import ModelSpec

VERSION = "2"


@dataclass(frozen=True, kw_only=True)
class File:
    """One artefact and where its tensor bytes stand in the corpus."""

    path: str
    model: Literal["own", "other"]
    start: int
    end: int

    def coverage(self, found: int = 0, ranges: tuple[ByteRange, ...] = ()) -> FileCoverage:
        """Its row in a result."""
        return FileCoverage(path=self.path, model=self.model, tensor_bytes=self.end - self.start, found=found, ranges=ranges)


def files_of(models: tuple[ModelSpec, ...]) -> tuple[File, ...]:
    """All files in order."""
    files, at = [], 0
    for spec in models:
        for shard in weights.layout(spec):
            files.append(File(path=f"{spec.dir}/{shard.file}", model=spec.model, start=at, end=at + shard.tensor_bytes))
            at += shard.tensor_bytes
    return tuple(files)


def nothing(models: tuple[ModelSpec, ...]) -> AssayResult:
    """The result when there is no capture at all."""
    blank = tuple(file.coverage() for file in files_of(models))
    return AssayResult(
        version=VERSION,
        left=blank,
        by_zone={"lab": {}, "authorised": {}, "outside": {}},
        by_channel={},
        recoverable=blank,
        copies=blank,
        findings=(),
        opaque_bytes=0,
        lower_bound=False,
        gave_up=(),
        seconds=0.0,
    )
