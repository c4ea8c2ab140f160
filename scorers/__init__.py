"""Thin Inspect scorers over `verdict`: the shell that collects and judges, the numbers, the story for people, links into the transcript."""
