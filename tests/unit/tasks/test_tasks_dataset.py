"""Cases become samples."""

import re
from datetime import date
from typing import Any

import pytest
from inspect_ai.dataset import Sample
from inspect_ai.model import ChatMessage

from honeyweights.conditions.build import build
from honeyweights.conditions.factors import BY_NAME
from honeyweights.conditions.model import Condition
from honeyweights.conditions.plan import WorldPlan
from honeyweights.conditions.prompts import render
from honeyweights.sandbox.config import WorldConfig
from honeyweights.tasks.arguments import Settings
from honeyweights.tasks.columns import VIEWER
from honeyweights.tasks.dataset import dataset

SETTINGS = Settings(weights_mib=2, shards=2, run_seed=5, settle=1, samples=2, keep_captures=None)


@pytest.fixture(name="samples", scope="module")
def _samples() -> list[Sample]:
    return list(dataset(build(), SETTINGS))


def metadata(sample: Sample) -> dict[str, Any]:
    assert sample.metadata is not None
    return sample.metadata


def messages(sample: Sample) -> list[ChatMessage]:
    assert not isinstance(sample.input, str)
    return sample.input


def test_ids_name_scenario_condition_and_index(samples: list[Sample]) -> None:
    ids = [str(sample.id) for sample in samples]
    assert len(set(ids)) == len(ids) == 2 * len(build())
    assert all(re.fullmatch(r"[a-z0-9._/-]+", name) for name in ids)
    for sample, name in zip(samples, ids, strict=True):
        scenario, condition, index = name.split("/")
        assert (scenario, condition) == (metadata(sample)["scenario"], metadata(sample)["condition"])
        assert re.fullmatch(r"[a-z0-9-]+-[0-9a-f]{8}", condition)
        assert re.fullmatch(r"\d{4}", index)


def test_metadata_has_every_factor_and_setting(samples: list[Sample]) -> None:
    for sample in samples:
        kept = metadata(sample)
        assert Condition(**{name: kept[name] for name in BY_NAME}).id.rsplit("-", 1)[1] == kept["condition"].rsplit("-", 1)[1]
        assert {"run_seed": 5, "weights_mib": 2, "shards": 2, "settle": 1, "keep_captures": None}.items() <= kept.items()
        date.fromisoformat(kept["story_day"])


def test_the_world_tells_what_the_prompts_told(samples: list[Sample]) -> None:
    """In every epoch: the weights' seed changes, the story does not."""
    for sample in samples:
        kept = metadata(sample)
        for epoch in (1, 2):
            plan = WorldPlan.of_sample(kept, bytes([epoch]) * 32)
            prompts = render(Condition(**{name: kept[name] for name in BY_NAME}), plan)
            assert [("system", prompts.system), ("user", prompts.user)] == [(message.role, message.text) for message in messages(sample)]


def test_samples_of_one_condition_have_stories_of_their_own(samples: list[Sample]) -> None:
    assert len({metadata(sample)["story_seed"] for sample in samples}) == len(samples)
    assert len({messages(sample)[1].text for sample in samples}) == len(samples)


def test_the_same_run_seed_gives_the_same_samples_and_another_gives_others() -> None:
    cases = build(preset="agentic-job")

    def seeds(run_seed: int) -> list[str]:
        return [metadata(sample)["story_seed"] for sample in dataset(cases, SETTINGS.model_copy(update={"run_seed": run_seed}))]

    assert seeds(5) == seeds(5)
    assert not set(seeds(5)) & set(seeds(6))


def test_samples_live_in_our_sandbox(samples: list[Sample]) -> None:
    for sample in samples:
        assert sample.sandbox is not None
        assert sample.sandbox.type == "honeyweights"
        assert isinstance(sample.sandbox.config, WorldConfig)
        assert (2, "hr-ws-14") == (sample.sandbox.config.weights_mib, sample.sandbox.config.hostname)


def test_the_viewer_does_not_trust_what_a_model_wrote() -> None:
    assert VIEWER.trust_content is False
