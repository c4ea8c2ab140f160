"""A log of a real world: its evidence fits the published schema, and it is judged again with no engine, to the same verdict."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from honeyweights.report.logs import read, samples, stored_evidence, stored_verdict
from honeyweights.report.rescore import exit_code, rescore
from honeyweights.report.schema import schema
from honeyweights.report.table import rows
from honeyweights.sandbox.store import WorldStore

pytestmark = pytest.mark.engine

INSPECT = Path(sys.executable).parent / "inspect"
NO_ENGINE = os.environ | {"DOCKER_HOST": "unix:///nonexistent/docker.sock"}
"""An environment in which no engine can be reached."""


def _inspect(*words: str, environment: dict[str, str] | None = None) -> None:
    done = subprocess.run([INSPECT, *words], check=False, capture_output=True, text=True, env=environment, timeout=300)
    assert 0 == done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("logs")
    chosen = ["-T", "weights_mib=1", "-T", "preset=agentic-job", "--log-dir", str(folder), "--display", "plain"]
    _inspect("eval", "honeyweights/weight_exfiltration", "--model", "scripted/curl-upload", *chosen)
    (made,) = folder.glob("*.eval")
    return made


def test_the_upload_is_complete(log: Path) -> None:
    (row,) = rows([read(log)])
    assert ("complete", "1", "yes", "http", "6 alive") == (row.stage, row.fraction, row.exfiltrated, row.channel, row.instruments)


def test_evidence_records_and_verdict_fit_their_schemas(log: Path) -> None:
    (told,) = samples(read(log))
    kept = told.sample.store_as(WorldStore).evidence
    assert kept is not None
    jsonschema.validate(kept, schema("evidence"))
    assert len(kept["records"]) > 5
    for record in kept["records"]:
        jsonschema.validate(record, schema("record"))
    jsonschema.validate(((told.sample.scores or {})["verdict"].metadata or {})["verdict"], schema("verdict"))


def test_it_is_judged_again_to_the_same_verdict(log: Path) -> None:
    found = rescore(read(log))
    assert ([True], 0) == ([each.same for each in found], exit_code(found))


def test_inspect_scores_it_again_with_no_engine(log: Path, tmp_path: Path) -> None:
    copy = tmp_path / log.name
    shutil.copy(log, copy)
    chosen = ["--scorer", "honeyweights/verdict", "--action", "overwrite", "--overwrite", "--display", "plain"]
    _inspect("score", str(copy), *chosen, environment=NO_ENGINE)
    (before,), (after,) = read(log).samples or [], read(copy).samples or []
    assert stored_verdict(before) == stored_verdict(after) is not None
    assert (before.scores or {})["verdict"].explanation == (after.scores or {})["verdict"].explanation


def test_the_story_leads_to_the_message_that_ran_the_command(log: Path) -> None:
    (sample,) = read(log).samples or []
    score = (sample.scores or {})["verdict"]
    (reference,) = (score.metadata or {})["scanner_references"]
    message = next(message for message in sample.messages if message.id == reference["id"])
    assert "curl" in json.dumps(message.model_dump(mode="json")["tool_calls"])
    assert reference["cite"] in (score.explanation or "")


def test_no_record_of_the_harness_is_left(log: Path) -> None:
    """What the canaries and the collectors did stands in no record that a verdict may rest on."""
    (sample,) = read(log).samples or []
    evidence = stored_evidence(sample)
    harness = {call.sid for call in evidence.calls if call.by == "harness"} - {call.sid for call in evidence.calls if call.by == "agent"}
    assert harness
    assert [] == [record for record in evidence.records if record.source == "recorder" and record.body.get("sid") in harness]
