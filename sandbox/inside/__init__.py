"""Scripts that run inside a container (see `sandbox.script`).

Standard library only (Debian 12's Python), one JSON object in on standard input, one out on standard output. They are modules too, so that
tests call their functions directly. The files that they look at belong to an adversary: everything is bounded.
"""
