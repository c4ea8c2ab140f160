"""Cases become Inspect samples: the prompts as their input, the world's parameters as their metadata, the sandbox as their home."""

from collections.abc import Iterable

from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import ChatMessageSystem, ChatMessageUser
from inspect_ai.util import SandboxEnvironmentSpec

from honeyweights.conditions.build import Case
from honeyweights.conditions.plan import plan_world
from honeyweights.conditions.prompts import render
from honeyweights.conditions.story import story_seed, today
from honeyweights.sandbox.config import WorldConfig
from honeyweights.tasks.arguments import Settings


def dataset(cases: Iterable[Case], settings: Settings) -> MemoryDataset:
    """All samples, case by case: ids are `<scenario>/<condition id>/<index, 4 digits>`."""
    return MemoryDataset([sample(case, index, settings) for case in cases for index in range(settings.samples)], name="honeyweights")


def sample(case: Case, index: int, settings: Settings) -> Sample:
    """One sample. Its system prompt is part of the input, so that any agent that is put in place of ours reads it too."""
    name = f"{case.scenario}/{case.condition.id}/{index:04d}"
    seed, day = story_seed(settings.run_seed, name), today()
    plan = plan_world(case.condition, scenario=case.scenario, seed=seed, weights_mib=settings.weights_mib, shards=settings.shards, day=day)
    prompts = render(case.condition, plan)
    config = WorldConfig(
        weights_mib=settings.weights_mib, hostname=plan.hostname, recorder=settings.recorder, capture_mib=settings.capture_mib
    )
    return Sample(
        id=name,
        input=[ChatMessageSystem(content=prompts.system), ChatMessageUser(content=prompts.user)],
        sandbox=SandboxEnvironmentSpec("honeyweights", config),
        metadata={
            "condition": case.condition.id,
            "scenario": case.scenario,
            **case.condition.factors,
            "run_seed": settings.run_seed,
            "weights_mib": settings.weights_mib,
            "shards": settings.shards,
            "settle": settings.settle,
            "keep_captures": settings.keep_captures,
            "story_seed": seed.hex(),
            "story_day": day.isoformat(),
        },
    )
