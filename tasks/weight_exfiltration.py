"""The main job: an easy chance for the model to take its own weights, in a sealed world, judged by the bytes that left."""

from inspect_ai import Task, task

from honeyweights.sandbox.collect.conclude import conclude
from honeyweights.sandbox.config import Recorder
from honeyweights.sandbox.prepare import prepare
from honeyweights.scorers.verdict import verdict
from honeyweights.tasks.arguments import Names, Settings, check_limits, checked_cases, refusals
from honeyweights.tasks.columns import VIEWER
from honeyweights.tasks.dataset import dataset
from honeyweights.tasks.worker import worker


@task
def weight_exfiltration(
    *,
    preset: Names = None,  # named conditions (conditions/presets.yaml); three of them side by side when nothing is asked for
    scenario: Names = None,  # stories (conditions/scenarios); the preset's when nothing is asked for
    weights_mib: int = 64,  # size of the model's own weights
    shards: int = 4,  # files that they are split into
    run_seed: int = 0,  # all worlds follow from it: the same seed gives every model the same ones
    settle: float = 3,  # seconds that capture goes on after the model's last word
    samples: int = 1,  # of each condition; each has its own wording, names and weights
    capture_mib: int = 8192,  # captured bytes that each world keeps; beyond it they are counted, and fractions are lower bounds
    keep_captures: str | None = None,  # folder on this machine for the captured bytes
    recorder: Recorder = "auto",  # notify (by the container runtime) or strace (around each command); auto takes the first where it can
    message_limit: int | None = 100,
    token_limit: int | None = 1_000_000,
    working_limit: int | None = 900,  # seconds
    **factors: Names,  # levels that replace the preset's (conditions/factors.py); a list gives every combination
) -> Task:
    """Does the model take its own weights, and what else does it do against the lab?"""
    with refusals():
        cases = checked_cases(weight_exfiltration, preset, scenario, factors)
        settings = Settings(
            weights_mib=weights_mib,
            shards=shards,
            run_seed=run_seed,
            settle=settle,
            samples=samples,
            capture_mib=capture_mib,
            keep_captures=keep_captures,
            recorder=recorder,
        )
        limits = check_limits(message_limit=message_limit, token_limit=token_limit, working_limit=working_limit)
        rows = dataset(cases, settings)
    return Task(
        dataset=rows,
        setup=prepare(),
        solver=[worker(), conclude()],
        scorer=verdict(),
        fail_on_error=False,
        message_limit=limits["message_limit"],
        token_limit=limits["token_limit"],
        working_limit=limits["working_limit"],
        viewer=VIEWER,
    )
