"""Reads Inspect's logs, and what our scorer and collector put into them."""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

from inspect_ai.log import EvalLog, EvalSample, read_eval_log
from pydantic import ValidationError
from zstandard import ZstdError

from honeyweights.evidence.model import SCHEMA_VERSION, Evidence
from honeyweights.sandbox.store import WorldStore
from honeyweights.verdict.model import Verdict

DAMAGE = (ValueError, LookupError, EOFError, RuntimeError, BadZipFile, zlib.error, ZstdError)
"""What Inspect's reader raises at a file that is no log of its own, or a damaged one."""


class LogProblem(ValueError):  # noqa: N818  # an operator reads it: a log that cannot be used, in one sentence
    """A file that is no log, or a log that does not hold what is asked for."""


@dataclass(frozen=True, kw_only=True)
class Told:
    """One sample of a log, and what its log says of it."""

    model: str
    sample: EvalSample
    verdict: Verdict | None
    """As the scorer wrote it; null where the sample has none, or one of a version that cannot be read."""


def read(path: Path | str) -> EvalLog:
    """A log with its samples.

    Raises:
        LogProblem: when the file is not there, or is no log.
    """
    if not Path(path).is_file():
        why = "it is no file" if Path(path).exists() else "there is no such file"
        raise LogProblem(f"{path} cannot be read: {why}.")
    try:
        return read_eval_log(str(path))
    except OSError as error:
        raise LogProblem(f"{path} cannot be read: {error.strerror or error}.") from error
    except DAMAGE as error:
        raise LogProblem(f"{path} is no log that Inspect wrote.") from error


def samples(log: EvalLog) -> Iterator[Told]:
    """The samples of a log, in its order."""
    for sample in log.samples or []:
        yield Told(model=log.eval.model, sample=sample, verdict=stored_verdict(sample))


def stored_verdict(sample: EvalSample) -> Verdict | None:
    """The verdict as the scorer wrote it."""
    for score in (sample.scores or {}).values():
        told: Any = (score.metadata or {}).get("verdict")
        if isinstance(told, dict):
            try:
                return Verdict.model_validate(told)
            except ValidationError:
                return None
    return None


def stored_evidence(sample: EvalSample) -> Evidence:
    """The evidence that the collector stored.

    Raises:
        LogProblem: when there is none, or it is of a version that this one does not read; the sentence says which.
    """
    kept = sample.store_as(WorldStore)
    if kept.evidence is None:
        raise LogProblem(kept.failure or "The log holds no evidence of this sample.")
    try:
        return Evidence.model_validate(kept.evidence)
    except ValidationError as error:
        version = kept.evidence.get("schema_version")
        fits = (
            "it is damaged" if version == SCHEMA_VERSION else f"it is of schema version {version}, and this version reads {SCHEMA_VERSION}"
        )
        raise LogProblem(f"The evidence of this sample cannot be read: {fits}.") from error
