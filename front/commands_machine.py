"""Subcommands about this machine: `build` and `doctor`."""

import argparse
import sys

from honeyweights.sandbox import images


def build(_given: argparse.Namespace) -> int:
    """`honeyweights build`. Silent where nothing has to be built."""
    images.ensure(progress=_say)
    return 0


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()
