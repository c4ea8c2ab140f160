"""Turns the journal's records into receipts, contacts and logins. Pure: identity was bound by the sidecar, nothing is interpreted here."""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from typing import Any

from honeyweights.evidence.model import Contact, Login, Receipt, Record

_STREAM = "stream"
"""The journal's order key of transfers on one connection; the assay wants it, the log does not."""


def receipts(records: Iterable[Record], canaries: AbstractSet[str]) -> tuple[Receipt, ...]:
    """One receipt for each `receipt` record; those whose payload is one of the harness's nonces are marked."""
    return tuple(
        Receipt.model_validate({**_bare(record.body), "id": record.seq, "canary": record.body.get("digest") in canaries})
        for record in records
        if record.kind == "receipt"
    )


def contacts(records: Iterable[Record]) -> tuple[Contact, ...]:
    """One contact for each `contact` record."""
    return tuple(Contact.model_validate({**_bare(record.body), "id": record.seq}) for record in records if record.kind == "contact")


def logins(records: Iterable[Record]) -> tuple[Login, ...]:
    """One login for each `login` record."""
    return tuple(Login.model_validate({**_bare(record.body), "id": record.seq}) for record in records if record.kind == "login")


def _bare(body: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in body.items() if key != _STREAM}
