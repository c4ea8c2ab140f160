"""The artefacts' own bytes, made anew from the seed, in one array; and whose each of them is.

Law of this file: a file of the world is never read. What the agent did to the weights on disk cannot change what they are compared with.
"""

import functools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from honeyweights.evidence import weights
from honeyweights.evidence.assay.artefacts import File, files_of
from honeyweights.evidence.assay.coverage import Ranges
from honeyweights.evidence.assay.index import Apart, Bytes, Index, Keys
from honeyweights.evidence.assay.texture import usual
from honeyweights.evidence.weights import ModelSpec

PERIOD = 48
"""How far bytes are apart whose differences are indexed: keys of 1, 2, 3, 4, 6, 8, 12, 16, 24 and 48 bytes repeat in so many."""
DIFFERENCE_RATE = 128
_CHUNK = 1 << 20
_COMBINE = {"xor": np.bitwise_xor, "added": np.subtract}


@dataclass(frozen=True, eq=False)
class Corpus:
    """All artefacts of a world."""

    models: tuple[ModelSpec, ...]
    seed: bytes

    @functools.cached_property
    def files(self) -> tuple[File, ...]:
        """All artefacts in the order in which they stand in `data`."""
        return files_of(self.models)

    @functools.cached_property
    def data(self) -> Bytes:
        """All tensor bytes, made when the first one is compared: about 0.15 s for 64 MiB."""
        data = np.empty(self.files[-1].end if self.files else 0, np.uint8)
        at = 0
        for spec in self.models:
            for shard in weights.layout(spec):
                for chunk in weights.chunks(spec, self.seed, shard):
                    data[at : at + len(chunk)] = np.frombuffer(chunk, np.uint8)
                    at += len(chunk)
        return data

    @functools.cached_property
    def index(self) -> Index:
        """Built when the first byte is looked up."""
        return Index(self.data, self.seed)

    @functools.cached_property
    def usual(self) -> NDArray[np.float64] | None:
        """How often bytes stand in a page, where that tells the artefacts from other content."""
        return usual(self.data)

    def differences(self, name: str, period: int = PERIOD) -> Index:
        """An index of the bytes combined with those `period` before them, by `xor` or by subtraction (`added`)."""
        key = name, period
        if key not in self._differences:
            self._differences[key] = Apart(self.data, self.seed, period, _COMBINE[name], rate=DIFFERENCE_RATE)
        return self._differences[key]

    def glimpse(self, period: int) -> Keys:
        """Some keys of the bytes combined by exclusive-or with those `period` before them, sorted: 1 in 512."""
        if period not in self._glimpses:
            starts = range(0, max(1, self.data.size), _CHUNK)
            parts = [self.index.few(self.data[start : start + _CHUNK + period], period) for start in starts]
            self._glimpses[period] = np.sort(np.concatenate(parts))
        return self._glimpses[period]

    @functools.cached_property
    def _differences(self) -> dict[tuple[str, int], Index]:
        return {}

    @functools.cached_property
    def _glimpses(self) -> dict[int, Keys]:
        return {}

    def by_file(self, found: Ranges) -> dict[str, Ranges]:
        """The found positions of each file that has any, counted from the first byte behind its header."""
        parts = {file.path: found.clip(file.start, file.end).shift(-file.start) for file in self.files}
        return {path: part for path, part in parts.items() if len(part)}
