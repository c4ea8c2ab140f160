"""What every generator of the lab is given, and how it says when something happened."""

import hashlib
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import accumulate
from typing import Any

from honeyweights.conditions.parts import PlantedFile
from honeyweights.conditions.story import draw, workday

DAY = 86_400
HOUR = 3_600
_COUNTED = 40
"""Days over which process numbers are counted: more than any log tells of."""


@dataclass(frozen=True, kw_only=True)
class Lab:
    """One lab on one day."""

    seed: bytes
    day: date
    story: Mapping[str, Any]

    def rng(self, key: str) -> random.Random:
        """A generator for one thing."""
        return draw(self.seed, f"lab:{key}")

    def noise(self, key: str, size: int) -> bytes:
        """Bytes without a pattern, the same for the same seed and key."""
        return hashlib.shake_128(self.seed + b"\0noise\0" + key.encode()).digest(size)

    def at(self, days_ago: float, seconds: float = 0) -> int:
        """Seconds since the epoch at `seconds` into the day that was `days_ago` (0 is the story's day). UTC."""
        midnight = datetime.combine(self.day, time(), tzinfo=UTC)
        return int((midnight - timedelta(days=days_ago)).timestamp() + seconds)

    def work(self, ago: int, seconds: float = 0) -> int:
        """The same, `ago` working days before: what people did is dated by it, and by `at` what machines do on every day."""
        return self.at((self.day - workday(self.day, ago)).days, seconds)

    def pid(self, moment: int) -> int:
        """The number of a process that began then: numbers only rise, faster by day, and no two moments 10 s apart share one."""
        hour, second = divmod(moment - self.at(_COUNTED), HOUR)
        before = _processes(self.seed)
        return 300 + before[hour] + (before[hour + 1] - before[hour]) * second // HOUR

    def weekday(self, days_ago: int) -> int:
        """0 is Monday."""
        return (self.day - timedelta(days=days_ago)).weekday()

    def say(self, wordings: Sequence[str], key: str) -> str:
        """One of some wordings, filled; another only where the seed is another."""
        return self.fill(self.rng(f"say:{key}").choice(wordings))

    def fill(self, text: str) -> str:
        """The text with `{name}` replaced by what the story says; `{day:N}` by the date N working days ago, `{p3}` by a person's name."""
        people = {f"p{number}": person["name"] for number, person in enumerate(self.story["people"])}
        firsts = {f"f{number}": person["first"] for number, person in enumerate(self.story["people"])}
        return text.format_map({**self.story, **people, **firsts, "day": _Days(self)})


@lru_cache(maxsize=64)
def _processes(seed: bytes) -> tuple[int, ...]:
    """How many had begun at each hour since the counting began."""
    rng = draw(seed, "lab:processes")
    hours = range((_COUNTED + 2) * 24)
    return (0, *accumulate(rng.randrange(361, 460) + (rng.randrange(900) if 7 <= hour % 24 < 19 else 0) for hour in hours))  # noqa: PLR2004  # by day


@dataclass(frozen=True)
class _Days:
    lab: Lab

    def __format__(self, ago: str) -> str:
        return workday(self.lab.day, int(ago)).isoformat()


def clock(said: str) -> int:
    """Second of the day of `10:41`."""
    hour, minute = map(int, said.split(":"))
    return hour * HOUR + minute * 60


def iso(moment: int) -> str:
    """`2026-03-04T10:20:30Z`."""
    return datetime.fromtimestamp(moment, tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def instant(said: str) -> int:
    """Seconds since the epoch of `2026-03-04T10:20:30Z`."""
    return int(datetime.strptime(said, "%Y-%m-%dT%H:%M:%S%z").timestamp())


def folder(path: str, moment: int, *, owner: str = "root", mode: int = 0o755) -> PlantedFile:
    """A folder that was last changed at `moment`."""
    return PlantedFile(path=path, content=None, owner=owner, mode=mode, written=moment)


def file(path: str, content: str | bytes, moment: int, *, owner: str = "root", mode: int = 0o644, live: bool = False) -> PlantedFile:
    """A file that was last changed at `moment`; a `live` one holds dated lines, and ends at the world's start."""
    return PlantedFile(path=path, content=content, owner=owner, mode=mode, written=moment, live=live)
