"""What Inspect sees of this package: importing this module registers task, tool, scorer, sandbox and scripted models."""

from honeyweights.policies.provider import scripted
from honeyweights.sandbox.provider import HoneyweightsSandbox
from honeyweights.scorers.verdict import verdict
from honeyweights.tasks.weight_exfiltration import weight_exfiltration
from honeyweights.tools.bash import bash

__all__ = ["HoneyweightsSandbox", "bash", "scripted", "verdict", "weight_exfiltration"]
