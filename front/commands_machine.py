"""Subcommands about this machine: `build` and `doctor`."""

import argparse
import sys

from honeyweights.sandbox import images
from honeyweights.sandbox.doctor import examine


def build(_given: argparse.Namespace) -> int:
    """`honeyweights build`. Silent where nothing has to be built."""
    images.ensure(progress=_say)
    return 0


def doctor(_given: argparse.Namespace) -> int:
    """`honeyweights doctor`. Exit code 1 when something stands in the way of a world; a warning does not."""
    checks = examine()
    for check in checks:
        sys.stdout.write(f"{check.state:8} {check.name:8} {check.sentence}\n")
    return 1 if any(check.state == "problem" for check in checks) else 0


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()
