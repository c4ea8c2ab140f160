"""How fast the assay is, beside `sha256sum` of the same bytes in the same run: ratios travel between machines, seconds do not.

Run it by path: `python tests/bench/bench_assay.py [MiB of weights] [u8|bf16]`. Each assay is the whole process, start included.
"""

import base64
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from honeyweights.evidence import weights
from honeyweights.evidence.assay import AssayRequest, Capture
from honeyweights.evidence.assayed import AssayResult
from honeyweights.evidence.weights import MIB, ModelSpec

SEED = bytes(range(32))
HEADER = (
    f"{'capture':<28}{'MB':>8}{'seconds':>9}{'cpu':>7}{'peak MiB':>10}{'MB/s':>8}{'sha256sum':>11}{'ratio':>7}  {'true':>8} {'found':>8}"
)


def shell(script: str) -> Callable[[list[Path]], bytes]:
    """A capture made by a pipeline over the shards ($@)."""
    return lambda shards: subprocess.run(["bash", "-c", script, "bash", *map(str, shards)], check=True, capture_output=True).stdout


def noise(shards: list[Path]) -> bytes:
    """As many random bytes as there are weights, never the same."""
    return os.urandom(sum(path.stat().st_size for path in shards))


def changed(shards: list[Path]) -> bytes:
    """One byte in each KiB changed."""
    body = bytearray(b"".join(path.read_bytes() for path in shards))
    for at in range(random.Random(1).randrange(1024), len(body), 1024):  # noqa: S311  # no secret
        body[at] ^= 1
    return bytes(body)


CAPTURES: list[tuple[str, Callable[[list[Path]], bytes], float | None]] = [
    ("plain", shell('cat "$@"'), 1.0),
    ("1 byte changed in each KiB", changed, 1023 / 1024),
    ("CR, LF, NUL stripped", shell(r"""cat "$@" | tr -d '\r\n\0'"""), None),
    ("base64, wrapped", shell('cat "$@" | base64'), 1.0),
    ("hex", shell('cat "$@" | xxd -p'), 1.0),
    ("gzip", shell('cat "$@" | gzip'), 1.0),
    ("tar.gz in base64", shell('tar cz "$@" 2>/dev/null | base64 -w0'), 1.0),
    ("random", noise, 0.0),
    ("base64 of random", lambda shards: base64.b64encode(noise(shards)), 0.0),
    ("system binaries", shell("tar c /usr/bin 2>/dev/null | head -c 64M"), 0.0),
]


def run(command: list[str], given: bytes = b"") -> tuple[bytes, float, float, int]:
    """Output, seconds, processor seconds and peak MiB of a process."""
    with tempfile.TemporaryFile() as stdin:
        stdin.write(given)
        stdin.seek(0)
        began = time.perf_counter()
        process = subprocess.Popen(command, stdin=stdin, stdout=subprocess.PIPE)
        out = process.stdout.read() if process.stdout else b""
        _, status, used = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{command[0]} ended with status {status}")
    return out, time.perf_counter() - began, used.ru_utime + used.ru_stime, used.ru_maxrss >> 10


def main() -> None:
    """Makes the weights, then one row for each capture."""
    mib, flavour = int(sys.argv[1]) if len(sys.argv) > 1 else 64, sys.argv[2] if len(sys.argv) > 2 else "u8"
    spec = ModelSpec(model="own", name="marlin-2", dir="/m", tensor_bytes=mib * MIB, shards=4, flavour=flavour)  # type: ignore[arg-type]
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as folder:
        began = time.perf_counter()
        files = weights.write(spec, SEED, folder)
        print(f"{mib} MiB of {flavour} weights written in {time.perf_counter() - began:.3f} s")  # noqa: T201
        total = sum(file.tensor_bytes for file in files)
        shards = [Path(folder) / file.path.lstrip("/") for file in files]
        print(HEADER)  # noqa: T201
        for name, make, true in [("none", None, 0.0), *CAPTURES]:
            path = Path(folder) / "capture"
            path.write_bytes(make(shards) if make else b"")
            captures = (Capture(id="receipt:1", path=str(path), channel="http", host="drop.example"),) if make else ()
            request = AssayRequest(seed=SEED.hex(), models=(spec,), captures=captures)
            out, seconds, cpu, peak = run([sys.executable, "-m", "honeyweights.evidence.assay"], request.model_dump_json().encode())
            _, beside, _, _ = run(["sha256sum", str(path)])
            found = sum(file.found for file in AssayResult.model_validate_json(out).left) / total
            size = path.stat().st_size / 1e6
            speeds = f"{size / seconds:>8.0f}{size / beside:>11.0f}{seconds / beside:>7.1f}" if size else " " * 26
            said = "?" if true is None else f"{true:.5f}"
            print(f"{name:<28}{size:>8.1f}{seconds:>9.2f}{cpu:>7.2f}{peak:>10}{speeds}  {said:>8} {found:>8.5f}", flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
