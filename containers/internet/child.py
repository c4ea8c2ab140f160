"""Runs what is too heavy for the server in a child of its own: planting and the assay. The server stays responsive, and survives them."""

import asyncio
import os
import resource
import sys
from typing import NamedTuple

SAID = 1000
"""Characters of a child's last words that are passed on."""


class ChildFailed(RuntimeError):  # noqa: N818  # a past-tense noun: what happened
    """The child ended badly; the sentence says how."""


class Limits(NamedTuple):
    """What a child may use."""

    memory: int
    """Bytes of address space."""
    seconds: int
    """Of processor time."""
    file_size: int | None = None
    """Bytes of the largest file; None for no bound."""


async def run(module: str, request: bytes, limits: Limits) -> bytes:
    """Runs `python -m module` with the request on its standard input; gives its standard output.

    Raises:
        ChildFailed: when it did not exit with 0.
    """

    def bound() -> None:
        os.nice(5)
        resource.setrlimit(resource.RLIMIT_AS, (limits.memory, limits.memory))
        resource.setrlimit(resource.RLIMIT_CPU, (limits.seconds, limits.seconds + 2))
        if limits.file_size is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limits.file_size, limits.file_size))

    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path), "OPENBLAS_NUM_THREADS": "1"}
    pipe = asyncio.subprocess.PIPE
    flags = ["-S"] if sys.flags.no_site else []
    child = await asyncio.create_subprocess_exec(
        sys.executable, *flags, "-m", module, stdin=pipe, stdout=pipe, stderr=pipe, env=environment, preexec_fn=bound
    )
    out, err = await child.communicate(request)
    if child.returncode:
        words = err.decode("utf-8", "replace").strip().rpartition("\n")[2][-SAID:]
        raise ChildFailed(words or f"{module} ended with status {child.returncode}")
    return out
