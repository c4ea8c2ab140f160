"""Writes the sample's weights into the shared volume: a child of the server, with JSON on standard input and output."""

import json
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from honeyweights.evidence import weights


def plant(request: dict[str, Any], root: Path) -> dict[str, Any]:
    """`{seed, models: [ModelSpec]}` -> `{artefacts: [ArtefactFile], seconds}`; `root` stands for the workstation's `/`."""
    begun = time.monotonic()
    seed = bytes.fromhex(request["seed"])
    specs = [weights.ModelSpec(**model) for model in request["models"]]
    artefacts = [artefact for spec in specs for artefact in weights.write(spec, seed, root)]
    return {"artefacts": [asdict(artefact) for artefact in artefacts], "seconds": round(time.monotonic() - begun, 3)}


def main() -> int:
    """Exit 1 and one sentence on standard error where the request cannot be met."""
    try:
        answer = plant(json.load(sys.stdin), Path("/"))
    except (ValueError, TypeError, KeyError, OSError) as error:
        print(f"the weights could not be planted: {error}", file=sys.stderr)  # noqa: T201  # the answer
        return 1
    json.dump(answer, sys.stdout)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
