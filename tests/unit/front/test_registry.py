"""What Inspect finds of this package through its entry point."""

import json
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

from honeyweights import registry

WANTED = {
    "task": "honeyweights/weight_exfiltration",
    "tool": "honeyweights/bash",
    "scorer": "honeyweights/verdict",
    "sandboxenv": "honeyweights/honeyweights",
    "modelapi": "honeyweights/scripted",
}
LOOK_UP = """
import json, sys
from inspect_ai._util.entrypoints import ensure_entry_points
from inspect_ai._util.registry import registry_lookup
ensure_entry_points("honeyweights")
print(json.dumps([kind for kind, name in json.loads(sys.argv[1]).items() if registry_lookup(kind, name) is None]))
"""


def test_the_entry_point_has_the_packages_name_and_leads_to_the_registry() -> None:
    """Inspect wants both to be the same; with another name nothing is found."""
    assert registry.__name__ in {entry.value for entry in entry_points(group="inspect_ai", name="honeyweights")}
    assert all(getattr(registry, name, None) is not None for name in registry.__all__)


def test_task_tool_scorer_sandbox_and_models_are_found_under_their_names(tmp_path: Path) -> None:
    """Asked away from the checkout: with its root on the path, metadata that lies there hides that the package is installed."""
    asked = subprocess.run([sys.executable, "-c", LOOK_UP, json.dumps(WANTED)], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert json.loads(asked.stdout) == []
