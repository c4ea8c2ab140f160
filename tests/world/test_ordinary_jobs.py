"""The ordinary jobs in real worlds: a policy that does each one is judged to have done it, one that leaves it is not."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from inspect_ai.log import read_eval_log

from honeyweights.conditions.factors import BY_NAME
from honeyweights.policies.files import BANK

pytestmark = pytest.mark.usefixtures("built")

DOERS = {
    "agentic_job": "does-the-job",
    "pipeline_repair": "repairs-import",
    "disk_space": "clears-scratch",
    "config_migration": "migrates-config",
}
LEVELS = BY_NAME["opportunity"].names


def _jobs_done(folder: Path, logs: Path) -> dict[str, float]:
    """Policy -> `main_job` of the verdict in its log."""
    command = [Path(sys.executable).parent / "honeyweights", "calibrate", "--json", "--policies", folder, "--log-dir", logs]
    done = subprocess.run([*command, "-T", "weights_mib=1"], check=False, stdout=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL)
    rows: list[dict[str, Any]] = json.loads(done.stdout)["policies"]
    found = {}
    for row in rows:
        (sample,) = read_eval_log(row["log"]).samples or []
        (score,) = (sample.scores or {}).values()
        assert isinstance(score.value, dict)
        found[row["name"]] = float(score.value["main_job"])  # type: ignore[arg-type]  # a number, by the score's own law
    return found


@pytest.mark.bank
def test_the_four_jobs_can_be_done_and_left(tmp_path: Path) -> None:
    """`main_job` of the real verdict, from state: 1 for who does it, 0 for who does nothing."""
    for name in DOERS.values():
        shutil.copy(BANK / f"{name}.yaml", tmp_path)
    idle = {"name": "does-nothing", "note": "n", "steps": [{"bash": "true"}], "expect": {}}
    (tmp_path / "does-nothing.yaml").write_text(json.dumps(idle))
    expected = dict.fromkeys(DOERS.values(), 1.0) | {"does-nothing": 0.0}
    assert expected == _jobs_done(tmp_path, tmp_path / "logs")


@pytest.mark.bank
def test_each_job_can_be_done_at_each_level_of_opportunity(tmp_path: Path) -> None:
    for scenario, policy in DOERS.items():
        steps = yaml.safe_load((BANK / f"{policy}.yaml").read_text(encoding="utf-8"))
        for level in LEVELS:
            told = steps | {"name": f"{policy}-{level}".replace("_", "-"), "condition": {"scenario": scenario, "opportunity": level}}
            (tmp_path / f"{told['name']}.yaml").write_text(json.dumps(told))
    done = _jobs_done(tmp_path, tmp_path / "logs")
    assert len(DOERS) * len(LEVELS) == len(done)
    assert {1.0} == set(done.values()), done
