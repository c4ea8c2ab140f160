"""How fast the assay is, beside `sha256sum` of the same bytes in the same run: ratios travel between machines, seconds do not.

MB/s and ratios are of processor seconds: other work on the machine does not change them much.

Run it by path: `python tests/bench/bench_assay.py [MiB of weights] [u8|bf16] [growth]`. Behind the captures stands what plain bytes cost
apart from start and index; behind that, or alone with `growth`, how the cost grows with payload, artefacts and transfers. Each assay is the
whole process: its start (0.25 s), the weights made anew and their index included. The compiled loops are built first where there are none,
as the sidecar's image has them.
"""

import base64
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from honeyweights.evidence import weights
from honeyweights.evidence.assay import AssayRequest, Budgets, Capture, native
from honeyweights.evidence.assayed import AssayResult
from honeyweights.evidence.weights import MIB, ModelSpec

SEED = bytes(range(32))
HEADER = (
    f"{'capture':<28}{'MB':>8}{'seconds':>9}{'cpu':>7}{'peak MiB':>10}{'MB/s':>8}{'sha256sum':>11}{'ratio':>7}"
    f"  {'true':>8} {'found':>8} {'values':>8}"
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


def whole(shards: list[Path]) -> np.ndarray:
    """All files one behind the other."""
    return np.frombuffer(b"".join(path.read_bytes() for path in shards), np.uint8)


def made(make: Callable[[np.ndarray], np.ndarray]) -> Callable[[list[Path]], bytes]:
    """A capture made of the whole by arithmetic."""
    return lambda shards: np.ascontiguousarray(make(whole(shards))).tobytes()


def shuffled(make: Callable[[list[Path]], bytes], size: int) -> Callable[[list[Path]], bytes]:
    """A capture cut in parts, in any order."""

    def cut(shards: list[Path]) -> bytes:
        body = make(shards)
        parts = [body[start : start + size] for start in range(0, len(body), size)]
        random.Random(1).shuffle(parts)  # noqa: S311  # no secret
        return b"".join(parts)

    return cut


def interleaved(body: np.ndarray) -> np.ndarray:
    """Both halves, a byte of each in turn."""
    return body[: body.size // 2 * 2].reshape(2, -1).T


def as_floats(body: np.ndarray) -> np.ndarray:
    """Bytes of bf16 as fp16, headers and all."""
    return (body[: body.size // 2 * 2].view("<u2").astype(np.uint32) << 16).view(np.float32).clip(-9, 9).astype(np.float16).view(np.uint8)


CAPTURES: list[tuple[str, Callable[[list[Path]], bytes], float | None, int]] = [
    ("plain", shell('cat "$@"'), 1.0, 1),
    ("plain, 10,000 transfers", shell('cat "$@"'), 1.0, 10_000),
    ("plain, shuffled KiB", shuffled(shell('cat "$@"'), 1000), 1.0, 1),
    ("1 byte changed in each KiB", changed, 1023 / 1024, 1),
    ("CR, LF, NUL stripped", shell(r"""cat "$@" | tr -d '\r\n\0'"""), None, 1),
    ("base64, wrapped", shell('cat "$@" | base64'), 1.0, 1),
    ("base64, cut and shuffled", shuffled(shell('cat "$@" | base64 -w0'), 9997), 1.0, 1),
    ("hex", shell('cat "$@" | xxd -p'), 1.0, 1),
    ("gzip", shell('cat "$@" | gzip'), 1.0, 1),
    ("tar.gz in base64", shell('tar cz "$@" 2>/dev/null | base64 -w0'), 1.0, 1),
    ("reversed", made(lambda body: body[::-1]), 1.0, 1),
    ("pairs swapped", made(lambda body: body[: body.size // 2 * 2].reshape(-1, 2)[:, ::-1]), 1.0, 1),
    ("exclusive-or, one byte", made(lambda body: body ^ np.uint8(90)), 1.0, 1),
    ("exclusive-or in base64", lambda shards: base64.b64encode(made(lambda body: body ^ np.uint8(90))(shards)), 1.0, 1),
    ("two halves interleaved", made(interleaved), 1.0, 1),
    ("bf16 as fp16 (by value)", made(as_floats), None, 1),
    ("random", noise, 0.0, 1),
    ("random, 10,000 transfers", noise, 0.0, 10_000),
    ("base64 of random", lambda shards: base64.b64encode(noise(shards)), 0.0, 1),
    ("system binaries", shell("tar c /usr/bin 2>/dev/null | head -c 64M"), 0.0, 1),
]
"""Name, maker, true fraction, and over how many transfers to as many hosts it is spread."""


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


def spread(body: bytes, parts: int, path: Path) -> Iterator[Capture]:
    """The capture, or as many of about the same size."""
    if parts == 1:
        yield Capture(id="receipt:1", path=str(path), channel="http", host="drop.example")
        return
    for number in range(parts):
        part = path.with_name(f"part-{number}")
        part.write_bytes(body[len(body) * number // parts : len(body) * (number + 1) // parts])
        yield Capture(id=f"receipt:{number}", path=str(part), channel="http", host=f"h{number}.example", order=number)


def assayed(specs: tuple[ModelSpec, ...], captures: tuple[Capture, ...]) -> tuple[AssayResult, float, float, int]:
    """The result of a whole process, its seconds, processor seconds and peak MiB."""
    request = AssayRequest(seed=SEED.hex(), models=specs, captures=captures, budgets=Budgets(seconds=600))
    out, seconds, cpu, peak = run([sys.executable, "-m", "honeyweights.evidence.assay"], request.model_dump_json().encode())
    return AssayResult.model_validate_json(out), seconds, cpu, peak


def steadily(mib: int, flavour: str) -> None:
    """What plain bytes cost apart from start, weights and index: of the same ones sent once, and five times in one capture."""
    spec = ModelSpec(model="own", name="marlin-2", dir="/m", tensor_bytes=mib * MIB, shards=4, flavour=flavour)  # type: ignore[arg-type]
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as folder:
        files = weights.write(spec, SEED, folder)
        body, path = whole([Path(folder) / file.path.lstrip("/") for file in files]).tobytes(), Path(folder) / "capture"
        spent = []
        for times in (1, 5):
            path.write_bytes(body * times)
            spent.append(assayed((spec,), tuple(spread(b"", 1, path)))[2])
        _, _, beside, _ = run(["sha256sum", str(path)])
    size = 4 * len(body) / 1e6
    print(f"plain, apart from start and index: {size / (spent[1] - spent[0]):.0f} MB/s a core; sha256sum: {size * 5 / 4 / beside:.0f} MB/s")  # noqa: T201


def growth(flavour: str) -> None:
    """Base64 of weights and as many random bytes: 16 to 128 MiB of payload, one to four artefacts, one to 10,000 transfers."""
    rows = [(mib, 1, 1) for mib in (16, 32, 64, 128)] + [(64, 2, 1), (64, 4, 1), (64, 1, 100), (64, 1, 10_000)]
    print(f"{'MiB of weights':>15}{'artefacts':>10}{'transfers':>10}{'MB sent':>9}{'cpu':>7}{'cpu of 64 MiB sent':>20}{'found':>9}")  # noqa: T201
    for mib, artefacts, parts in rows:
        specs = tuple(
            ModelSpec(model="own", name=f"m{n}", dir=f"/m{n}", tensor_bytes=mib // artefacts * MIB, shards=4, flavour=flavour)  # type: ignore[arg-type]
            for n in range(artefacts)
        )
        with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as folder:
            files = [file for spec in specs for file in weights.write(spec, SEED, folder)]
            body = whole([Path(folder) / file.path.lstrip("/") for file in files]).tobytes()
            path, sent = Path(folder) / "capture", base64.b64encode(body) + os.urandom(len(body))
            path.write_bytes(sent)
            result, _, cpu, _ = assayed(specs, tuple(spread(sent, parts, path)))
            found = sum(file.found for file in result.left) / sum(file.tensor_bytes for file in files)
            per = cpu * 64 * MIB / len(sent)
            print(f"{mib:>15}{artefacts:>10}{parts:>10}{len(sent) / 1e6:>9.0f}{cpu:>7.2f}{per:>20.2f}{found:>9.5f}", flush=True)  # noqa: T201


def main() -> None:
    """Makes the weights, then one row for each capture; then how costs grow."""
    if native.KERNEL is None:
        native.build()
    mib, flavour = int(sys.argv[1]) if len(sys.argv) > 1 else 64, sys.argv[2] if len(sys.argv) > 2 else "u8"
    if "growth" not in sys.argv:
        each_capture(mib, flavour)
        steadily(mib, flavour)
    growth(flavour)


def each_capture(mib: int, flavour: str) -> None:
    """One row for each capture."""
    spec = ModelSpec(model="own", name="marlin-2", dir="/m", tensor_bytes=mib * MIB, shards=4, flavour=flavour)  # type: ignore[arg-type]
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as folder:
        began = time.perf_counter()
        files = weights.write(spec, SEED, folder)
        print(f"{mib} MiB of {flavour} weights written in {time.perf_counter() - began:.3f} s")  # noqa: T201
        total = sum(file.tensor_bytes for file in files)
        shards = [Path(folder) / file.path.lstrip("/") for file in files]
        print(HEADER)  # noqa: T201
        for name, make, true, parts in [("none", lambda _: b"", 0.0, 0), *CAPTURES]:
            body = make(shards)
            path = Path(folder) / "capture"
            path.write_bytes(body)
            result, seconds, cpu, peak = assayed((spec,), tuple(spread(body, parts, path)))
            _, _, beside, _ = run(["sha256sum", str(path)])
            found, worth = (sum(file.found for file in files) / total for files in (result.left, result.recoverable))
            size = path.stat().st_size / 1e6
            speeds = f"{size / cpu:>8.0f}{size / beside:>11.0f}{cpu / beside:>7.1f}" if size else " " * 26
            said = "?" if true is None else f"{true:.5f}"
            print(f"{name:<28}{size:>8.1f}{seconds:>9.2f}{cpu:>7.2f}{peak:>10}{speeds}  {said:>8} {found:>8.5f} {worth:>8.5f}", flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
