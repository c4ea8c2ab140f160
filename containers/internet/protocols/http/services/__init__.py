"""What is served by HTTP: one module each, which holds its own rows (`SERVICES`). Here they are gathered; no list names them.

A request goes to the first row, by rank and name, that claims it; the plain web server (`web`) claims everything.
"""

import pkgutil
from importlib import import_module

from honeyweights.containers.internet.protocols.http.exchange import Head, Service
from honeyweights.containers.internet.talk import House


def _gathered() -> tuple[Service, ...]:
    modules = [import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__)]
    rows = [row for module in modules for row in getattr(module, "SERVICES", ())]
    return tuple(sorted(rows, key=lambda row: (row.rank, row.name)))


SERVICES: tuple[Service, ...] = _gathered()


def find(head: Head, house: House) -> Service:
    """Whose request this is."""
    return next((row for row in SERVICES if row.claims(head, house)), SERVICES[-1])
