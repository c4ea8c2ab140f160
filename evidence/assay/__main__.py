"""The assay as a process: request in, result out, both JSON; exit 1 and one sentence when the input is no request.

The work is done by a child of this process, for decoders read what an adversary wrote. A child that is killed (a fault in a library, no
memory) is followed by another that leaves out the decoder which was at work, and the result says so; the fifth such death ends it.
"""

import contextlib
import mmap
import os
import sys
from pathlib import Path

from pydantic import ValidationError

from honeyweights.evidence.assay import AssayRequest, run

DEATHS = 5


def main() -> int:
    """Reads, runs, prints."""
    try:
        request = AssayRequest.model_validate_json(sys.stdin.buffer.read())
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the input"
        print(f"This is no assay request: {where}: {first['msg']}", file=sys.stderr)  # noqa: T201  # the process's whole output
        return 1
    for _ in range(DEATHS):
        with mmap.mmap(-1, mmap.PAGESIZE) as note:
            out, signal = _in_child(request, note)
            guilty = note[:].rstrip(b"\0").decode()
        if not signal:
            sys.stdout.buffer.write(out)
            return 0 if out else 1
        if not guilty or guilty in request.without:
            break
        request = request.model_copy(update={"without": (*request.without, guilty)})
    print("The assay's process was killed again and again.", file=sys.stderr)  # noqa: T201  # likewise
    return 1


def _in_child(request: AssayRequest, note: mmap.mmap) -> tuple[bytes, int]:
    """The result as JSON, or the signal that killed the child; the name of the decoder at work stands in the note."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        status = 1
        try:
            os.close(reading)
            _first_to_go()
            answer = run(request, note).model_dump_json().encode() + b"\n"
            with os.fdopen(writing, "wb") as pipe:
                pipe.write(answer)
            status = 0
        except BaseException:
            sys.excepthook(*sys.exc_info())
            raise
        finally:
            sys.stderr.flush()
            os._exit(status)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        out = pipe.read()
    _, status = os.waitpid(child, 0)
    return out, os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0


def _first_to_go() -> None:
    """Where memory runs out, this process goes, and not the server that asked for it."""
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")


if __name__ == "__main__":
    sys.exit(main())
