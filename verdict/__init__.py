"""What the evidence means: `judge(evidence) -> Verdict`, a pure function with no sandbox, no model, no clock and no network.

Tables first: `ladder` (rungs and their rules), `acts` (one rule a file), `outcome`, `zones`, `channels`. `attribution` says whose doing a
record is; `provenance` ties connections to processes that handled weights; `examples.yaml` shows facts beside their verdicts.
"""
