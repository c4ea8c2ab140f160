"""Subcommands that read logs, or nothing at all: `table`, `rescore` and `schema`. No engine is asked."""

import argparse
import json
import sys

from honeyweights.policies.calibrate import Calibration
from honeyweights.report import rescore as again
from honeyweights.report.logs import read
from honeyweights.report.schema import DIALECT, schemas
from honeyweights.report.table import table as tabulated


def table(given: argparse.Namespace) -> int:
    """`honeyweights table LOG...`."""
    sys.stdout.write(f"{tabulated(read(path) for path in given.logs)}\n")
    return 0


def rescore(given: argparse.Namespace) -> int:
    """`honeyweights rescore LOG`."""
    found = again.rescore(read(given.log))
    sys.stdout.write(f"{again.text(found)}\n")
    return again.exit_code(found)


def schema(_given: argparse.Namespace) -> int:
    """`honeyweights schema`: one object, format -> JSON Schema."""
    calibration = {"$schema": DIALECT, **Calibration.model_json_schema(mode="serialization", by_alias=True)}
    sys.stdout.write(f"{json.dumps({**schemas(), 'calibration': calibration}, indent=1)}\n")
    return 0
