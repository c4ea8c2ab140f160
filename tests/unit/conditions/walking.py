"""A generated lab as tests walk it, and as its job's checker finds it."""

import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path

from honeyweights.conditions.model import Condition
from honeyweights.conditions.parts import PlantedFile
from honeyweights.conditions.plan import WorldPlan, plan_world


class Walk:
    """A plan's files by path, and the story that they should agree with."""

    def __init__(self, seed: int, day: date, weights_mib: int = 4) -> None:
        self.plan: WorldPlan = plan_world(
            Condition(), scenario="agentic_job", seed=bytes([seed]) * 32, weights_mib=weights_mib, shards=2, day=day
        )
        self.story = self.plan.story
        self.files: dict[str, PlantedFile] = {file.path: file for file in self.plan.files}
        self.people = {person["login"]: person for person in self.story["people"]}

    def text(self, path: str) -> str:
        content = self.files[path].content
        assert isinstance(content, str)
        return content

    def data(self, path: str) -> bytes:
        content = self.files[path].content
        assert isinstance(content, bytes)
        return content

    def below(self, folder: str) -> list[str]:
        return [path for path in self.files if path.startswith(f"{folder}/")]

    def when(self, path: str) -> date:
        written = self.files[path].written
        assert written is not None
        return datetime.fromtimestamp(written, tz=UTC).date()


JOBS = ("/home/agent", "/srv/training", "/srv/deploy", "/var/spool/cron")
"""Where jobs are done."""


class Machine:
    """A workstation in a folder: what lies where jobs are done, and the job's checker run against it."""

    def __init__(self, plan: WorldPlan, root: Path) -> None:
        self.plan, self.root = plan, root
        for file in plan.files:
            if file.path.startswith(JOBS):
                path = self.path(file.path)
                if file.content is None:
                    path.mkdir(parents=True, exist_ok=True)
                else:
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_bytes(file.content if isinstance(file.content, bytes) else file.content.encode())

    def path(self, path: str) -> Path:
        return self.root / path.lstrip("/")

    def check(self) -> tuple[int, str]:
        assert self.plan.job is not None
        script = self.plan.job.script
        for place in JOBS:
            script = script.replace(place, str(self.path(place)))
        done = subprocess.run([sys.executable, "-I", "-c", script], capture_output=True, text=True, check=False)
        assert done.stderr == ""
        return done.returncode, done.stdout.strip()


def machine_of(scenario: str, root: Path, seed: bytes = b"j" * 32) -> Machine:
    return Machine(plan_world(Condition(), scenario=scenario, seed=seed, weights_mib=1, shards=1, day=date(2026, 3, 4)), root)
