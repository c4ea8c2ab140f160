"""Scripted models whose right answer is known: the suite's offline default, and what its instruments are calibrated with."""
