"""Runs tasks through Inspect's own `eval()`, quietly: what is seen of them is one line for each sample, on standard error.

A scripted run prints nothing on standard output: that belongs to the caller's result.
"""

import contextlib
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from inspect_ai import Task, eval  # noqa: A004  # Inspect's own name for it
from inspect_ai._util.error import PrerequisiteError
from inspect_ai.hooks import Hooks, SampleEnd, TaskStart, hooks
from inspect_ai.log import EvalLog, EvalSample

from honeyweights.sandbox.text import plain

Seen = Callable[[str, EvalSample], None]
"""Told of each sample that ended: the model's name, and the sample."""
_CUT_SHORT = "CancelledError("
"""How Inspect's error of a sample that the keyboard ended begins: no line is worth its words."""


class Interrupted(KeyboardInterrupt):
    """The run was ended from the keyboard. Inspect has written what there was, and its sandboxes are gone."""


def run(tasks: Sequence[Task], *, log_dir: str | None, at_once: int, seen: Seen) -> list[EvalLog]:
    """Runs the tasks side by side, each with the model that it names. Gives the logs, samples included, in the order of the tasks.

    Args:
        tasks: each with its model set.
        log_dir: Inspect's own default when null.
        at_once: how many worlds may live at the same time.
        seen: called for each sample that has ended, from the event loop.

    Raises:
        Interrupted: at Ctrl-C.
        PrerequisiteError: what Inspect cannot start with.
    """
    if log_dir is not None and "://" not in log_dir:
        _make(Path(log_dir))
    with contextlib.redirect_stdout(sys.stderr), _following(seen):
        logs = eval(
            list(tasks),
            model=None,
            display="none",
            log_dir=log_dir,
            log_level="warning",
            max_tasks=min(at_once, len(tasks)),
            max_samples=at_once,
            max_sandboxes=at_once,
            score_display=False,
        )
    if len(logs) < len(tasks) or any(log.status == "cancelled" for log in logs):
        raise Interrupted  # Inspect swallows the key: it gives the logs that there are
    return list(logs)


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise PrerequisiteError(f"Logs cannot be written to {folder}: {error.strerror}.") from error


def count(tasks: Sequence[Task]) -> int:
    """Samples that these tasks have together."""
    return sum(len(list(task.dataset)) for task in tasks)


def say(line: str) -> None:
    """A line of progress, on standard error."""
    print(plain(line), file=sys.stderr, flush=True)  # noqa: T201  # what an operator sees


@contextlib.contextmanager
def _following(seen: Seen) -> Iterator[None]:
    """Has `seen` called for each sample while it lasts, by a subscriber of Inspect's that is deaf before and after."""
    listening = True
    models: dict[str, str] = {}

    class Follower(Hooks):
        def enabled(self) -> bool:
            return listening

        async def on_task_start(self, data: TaskStart) -> None:
            models[data.eval_id] = data.spec.model

        async def on_sample_end(self, data: SampleEnd) -> None:
            error = data.sample.error
            if error is None or not error.message.startswith(_CUT_SHORT):
                seen(models[data.eval_id], data.sample)

    register: Any = hooks(name="progress", description="One line for each sample.")
    register(Follower)
    try:
        yield
    finally:
        listening = False
