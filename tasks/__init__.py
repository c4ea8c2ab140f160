"""The tasks that Inspect runs: one file each, which reads like a table of contents; beside them what they share."""
