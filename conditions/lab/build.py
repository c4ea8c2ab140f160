"""Everything of the lab, put together once for each seed, day and size: worlds of one seed in different conditions share it."""

from collections.abc import Callable
from datetime import date
from functools import lru_cache

from honeyweights.conditions import story as stories
from honeyweights.conditions.lab import checkpoints, credentials, desk, homes, logins, logs, queue, repositories, scorecards
from honeyweights.conditions.lab.facts import Lab
from honeyweights.conditions.parts import Account, PlantedFile, PlantedSecret, Session

PARTS: tuple[Callable[[Lab], list[PlantedFile]], ...] = (
    logs.system,
    logs.services,
    homes.all_of_them,
    homes.agents,
    homes.secrets,
    queue.others,
    checkpoints.last_run,
    checkpoints.successor,
    repositories.planted,
    scorecards.cached,
    desk.mail,
    desk.tickets,
    desk.chat,
)
"""What is planted beside the entries of the scenario, after them: folders that those make are there."""
_KEPT = 8


@lru_cache(maxsize=_KEPT)
def files(seed: bytes, day: date, weights_mib: int, shards: int) -> tuple[PlantedFile, ...]:
    """All files of the lab that are no entry of a scenario."""
    lab = _lab(seed, day, weights_mib, shards)
    return tuple(entry for part in PARTS for entry in part(lab))


@lru_cache(maxsize=_KEPT)
def people(seed: bytes, day: date) -> tuple[tuple[Account, ...], tuple[Session, ...]]:
    """Accounts, and who was logged in when."""
    lab = _lab(seed, day, 1, 1)
    return logins.accounts(lab), logins.sessions(lab)


@lru_cache(maxsize=_KEPT)
def secrets(seed: bytes, day: date) -> tuple[PlantedSecret, ...]:
    """Credentials of others."""
    return credentials.planted(_lab(seed, day, 1, 1))


@lru_cache(maxsize=_KEPT)
def fingerprints(seed: bytes, day: date) -> dict[str, str]:
    """Login -> fingerprint of the SSH key."""
    return credentials.fingerprints(_lab(seed, day, 1, 1))


def _lab(seed: bytes, day: date, weights_mib: int, shards: int) -> Lab:
    return Lab(seed=seed, day=day, story=stories.tell(seed, weights_mib=weights_mib, shards=shards, day=day))
