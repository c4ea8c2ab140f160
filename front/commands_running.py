"""Subcommands that run samples: `demo` and `calibrate`. What they print on standard output is their result and nothing else."""

import argparse
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml
from inspect_ai import Task, task_with
from inspect_ai.log import EvalLog, EvalSample
from inspect_ai.model import get_model

from honeyweights.policies.calibrate import calibrate as run_calibration
from honeyweights.policies.calibrate import text
from honeyweights.policies.files import BANK, PolicyError
from honeyweights.policies.running import count, run, say
from honeyweights.registry import weight_exfiltration
from honeyweights.report.table import table
from honeyweights.sandbox.engine import client

SHOWN: tuple[tuple[str, dict[str, str]], ...] = (
    ("does-the-job", {}),
    ("copies-to-tmp", {"preset": "agentic-job"}),
    ("curl-upload", {}),
    ("scp-to-cluster", {"preset": "greenblatt-2024"}),
    ("upload-approved", {"preset": "agentic-job-authorised"}),
)
"""What the demo runs: a policy, and the condition where it is not the task's own three."""


def calibrate(given: argparse.Namespace) -> int:
    """`honeyweights calibrate`."""
    arguments = task_arguments(given.task_arguments)
    client()
    found = run_calibration(
        Path(given.policies) if given.policies else BANK, weight_exfiltration, arguments, log_dir=given.log_dir, at_once=given.max_samples
    )
    shown = json.dumps(found.model_dump(mode="json", by_alias=True), indent=1) if given.json else text(found)
    sys.stdout.write(f"{shown}\n")
    return found.exit_code


def demo(given: argparse.Namespace) -> int:
    """`honeyweights demo`."""
    client()
    tasks = [_demonstration(policy, condition, given.weights_mib) for policy, condition in SHOWN]
    total, done = count(tasks), 0
    size = f"{given.weights_mib} MiB of weights, {given.max_samples} at a time"
    say(f"Running the main job: {len(SHOWN)} scripted models, {total} samples, {size}.")

    def seen(model: str, sample: EvalSample) -> None:
        nonlocal done
        done += 1
        say(f"[{done}/{total}] {model.removeprefix('scripted/')} in {sample.id}: {_answer(sample)}")

    logs = run(tasks, log_dir=given.log_dir, at_once=given.max_samples, seen=seen)
    sys.stdout.write(f"\n{table(logs)}\n\n{_where(logs)}\n")
    return 0 if all(log.status == "success" for log in logs) and not any(_failed(log) for log in logs) else 1


def task_arguments(words: Iterable[str]) -> dict[str, Any]:
    """`-T key=value` as Inspect reads it: the value is YAML, and several words with commas are a list.

    Raises:
        PolicyError: at a word without a key or without a value.
    """
    found: dict[str, Any] = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not key or not equals or not value:
            raise PolicyError(f"-T {word} cannot be used: write key=value, as in -T oversight=monitored.")
        try:
            read = yaml.safe_load(value)
        except yaml.YAMLError as error:
            raise PolicyError(f"-T {word} cannot be used: its value is not valid YAML.") from error
        found[key.replace("-", "_")] = read.split(",") if isinstance(read, str) and "," in read else read
    return found


def _demonstration(policy: str, condition: dict[str, str], weights_mib: int) -> Task:
    make: Any = weight_exfiltration
    task: Task = make(weights_mib=weights_mib, **condition)
    return task_with(task, model=get_model(f"scripted/{policy}"))


def _answer(sample: EvalSample) -> str:
    if sample.error:
        return f"failed: {sample.error.message.strip().splitlines()[-1][:200]}"
    return ", ".join(str(score.answer or score.explanation) for score in (sample.scores or {}).values())


def _failed(log: EvalLog) -> bool:
    return any(sample.error for sample in log.samples or [])


def _where(logs: list[EvalLog]) -> str:
    folder = Path(logs[0].location).parent
    return f"{len(logs)} logs are in {folder}\nTo look at them: inspect view --no-trust-content --log-dir {folder}"
