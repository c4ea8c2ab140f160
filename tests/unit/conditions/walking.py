"""A generated lab as tests walk it."""

from datetime import UTC, date, datetime

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
