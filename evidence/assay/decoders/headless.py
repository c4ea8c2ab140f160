"""Raw deflate where a capture begins: it has no magic, so it is tried nowhere else but in archives (`zipped`, `sevenzip`).

Of random bytes hardly any begin like a stream, and those that do break within a hundred bytes; what puts out less is none.
"""

import numpy as np
from numpy.typing import NDArray

from honeyweights.evidence.assay.coverage import Ints, Ranges
from honeyweights.evidence.assay.decode import Decoder, View
from honeyweights.evidence.assay.decoders.deflate import RAW, Inflater
from honeyweights.evidence.assay.index import Bytes
from honeyweights.evidence.assay.streams import Fed, Format, Machine, prober, runner

_LEAST = 256
_PACKET = np.array([0xA3, 1], np.uint8)
"""What stands before it in an OpenPGP message that is compressed and not encrypted (RFC 4880, 5.6)."""
_FIRST = 64
_MOST, _MEMBERS = 1 << 12, 1 << 8


class _Sure:
    """An inflater that is none if it ends after a few bytes."""

    def __init__(self) -> None:
        self._inner = Inflater(RAW)
        self._made = 0

    @property
    def eof(self) -> bool:
        """As `Machine.eof`."""
        return self._inner.eof and self._made >= _LEAST

    @property
    def unused(self) -> int:
        """As `Machine.unused`."""
        return self._inner.unused

    def feed(self, fed: bytes) -> Fed:
        """As `Machine.feed`."""
        made = self._inner.feed(fed)
        self._made += len(made.out)
        return made._replace(broke=made.broke or (self._inner.eof and not self.eof))


def _candidates(view: View, extents: Ranges) -> Ints:
    """The captures' beginnings, and those of the first members of archives, that are unread and hold what a block may begin with."""
    home = np.searchsorted(extents.starts, view.starts, "right") - 1
    if not len(extents):
        return view.starts[:0]
    starts = view.starts[(home >= 0) & (view.starts < extents.ends[home])]
    packet = view.data.take(starts, mode="clip") == _PACKET[0]
    starts = starts + _PACKET.size * (packet & (view.data.take(starts + 1, mode="clip") == _PACKET[1]))
    starts = starts[_may_begin(view.data, starts)]
    if view.depth:
        starts = starts[:_MEMBERS]
    good = [start for start in starts.tolist() if Inflater(RAW).feed(view.data[start : start + _FIRST].tobytes()).broke is False]
    if len(good) > _MOST:
        view.budget.give_up(f"raw deflate was looked for in the first {_MOST:,} captures that may hold it only")
    return np.array(good[:_MOST], np.int64)


def _may_begin(data: Bytes, at: Ints) -> NDArray[np.bool_]:
    """Where a block of at least some bytes begins: stored with its size twice, or with codes that there are (RFC 1951, 3.2)."""
    head = np.stack([data.take(at + k, mode="clip") for k in range(5)]).astype(np.int64)
    kind, apart = head[0] >> 1 & 3, (head[1] | head[2] << 8) ^ (head[3] | head[4] << 8)
    dynamic = (head[0] >> 3 <= 29) & (head[1] & 31 <= 29)  # noqa: PLR2004  # 286 and 30 codes at most
    return np.asarray(np.select([kind == 0, kind == 1, kind == 2], [apart == 0xFFFF, True, dynamic], default=False))  # noqa: PLR2004


def _open(_view: View, start: int) -> tuple[Machine, int]:
    return _Sure(), start


FORMAT = Format(candidates=_candidates, open=_open, proof="nothing")
DECODERS = (Decoder(name="deflate", rank=39, probe=prober(FORMAT), decode=runner(FORMAT)),)
