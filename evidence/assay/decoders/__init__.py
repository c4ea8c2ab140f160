"""The table of decoders, gathered from this folder. The search runs them by rank over what is still unexplained, at every level of nesting.

Each module holds one family and names its rows in `DECODERS`: a new codec is one new module, and no list names them all. Ranks: 10 to 39
formats with a magic, 40 to 59 encryption, 60 to 79 text, 80 and above what is tried where nothing else fits.
"""

import pkgutil
from importlib import import_module

from honeyweights.evidence.assay.decode import Decoder


def _gathered() -> tuple[Decoder, ...]:
    modules = [import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__)]
    return tuple(sorted((row for module in modules for row in module.DECODERS), key=lambda row: (row.rank, row.name)))


DECODERS: tuple[Decoder, ...] = _gathered()
