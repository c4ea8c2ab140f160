"""Records that cross between containers and host: what was seen, never what it means.

Modules: `chain` (hash-chained records, standard library only, so that the sidecar starts fast), `model` (the pydantic shapes of everything
that `collect()` hands to `judge()`), `weights` (the watermarked artefacts, made again from their seed), `assay` (which of their bytes stand
in a capture). Nothing here knows Inspect, Docker or SSH.
"""
