r"""Runs `assay_table.yaml`: each row's tools in a container of the workstation; what they made comes out as an archive, and is assayed.

Run it by path to print the table: `python tests/world/assay_rows.py [MiB] [u8|bf16|both]`; with `--page` it also writes
it into the page (docs/assay.md), whose rows a test holds against the data. The truth is counted by the same tools, over
files in which tensor bytes are \1.
"""

import io
import resource
import shutil
import sys
import tarfile
import tempfile
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import docker
import yaml
from pydantic import Field

from honeyweights.evidence import weights
from honeyweights.evidence.assay import AssayRequest, Budgets, Capture, run
from honeyweights.evidence.assayed import AssayResult
from honeyweights.evidence.frozen import Frozen
from honeyweights.evidence.weights import MIB, ModelSpec

HERE = Path(__file__).parent
PAGE = HERE.parent.parent / "docs" / "assay.md"
BEGIN, END = "<!-- made by tests/world/assay_rows.py -->", "<!-- end -->"
SEED = bytes(range(32))
WORD = "correct-horse-7"
SECRETS = (WORD, "20000", "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX")
FLAVOURS = ("u8", "bf16")
BATCH = 256 * MIB
"""Weights in a batch of rows: what they make lies in the container at once."""
DRIVER = r"""
export P={word} S=$(stat -c %s /t/w) LC_ALL=C.UTF-8 PYTHONPATH=/t/lib PYTHONDONTWRITEBYTECODE=1
for row in "$@"; do
    mkdir -p /t/$row/out /t/$row/m && cd /t/$row && ln /t/w w
    bash -o pipefail /t/lib/$row.sh /t/shards/* > out/.printed 2> said || echo "exit $?" > failed
    rm -f w; [ -n "$(ls out)" ] || mv out/.printed out/printed; rm -f out/.printed
    if [ -f /t/lib/$row.truth ]; then
        cd m && ln /t/marks w && bash /t/lib/$row.truth /t/marked/* 2>> ../said | tr -d '\0' | wc -c > ../true
    fi
    cd /t/$row && rm -rf m && find . -mindepth 1 -maxdepth 1 ! -name out ! -name said ! -name failed ! -name true -exec rm -rf {{}} +
done
"""


class Row(Frozen):
    """A row of the table; what the fields mean stands at the top of the data."""

    name: str
    run: str
    kind: Literal["bytes", "value", "opaque"] = "bytes"
    truth: str | None = None
    found: float | None = None
    within: float = 0.01
    flavour: Literal["u8", "bf16"] | None = None
    tools: bool = False
    quick: bool = False
    hosts: int = Field(default=1, ge=1)
    channels: tuple[str, ...] = ("http",)
    secret: bool = False


class Measured(Frozen):
    """What came of a row with one flavour."""

    row: Row
    flavour: str
    sent: int
    true: float
    """Of the bytes, what left."""
    found: float
    values: float
    """`recoverable`."""
    opaque: float
    """Of what was sent."""
    seconds: float
    """Of the processor, without the weights and their index."""
    chain: tuple[str, ...]
    gave_up: tuple[str, ...]
    said: str = ""
    """What went wrong in the container."""

    @property
    def measured(self) -> float:
        """What the row's kind looks at."""
        return {"bytes": self.found, "value": self.values, "opaque": self.opaque}[self.row.kind]

    @property
    def wanted(self) -> float:
        """What it should be."""
        if self.row.found is not None:
            return self.row.found
        return 1.0 if self.row.kind == "opaque" else self.true

    @property
    def good(self) -> bool:
        """Within the row's bounds, never above the truth, and made at all."""
        over = self.row.kind == "bytes" and self.found > self.true + 1e-4
        invented = self.row.kind == "opaque" and self.found > 0.01
        nothing = self.row.kind != "opaque" and not self.true  # a row that sends nothing proves nothing
        return not (self.said or over or invented or nothing) and abs(self.measured - self.wanted) <= self.row.within

    def __str__(self) -> str:
        mark = "ok" if self.good else "WRONG"
        return (
            f"{self.row.name:52} {self.flavour:4} {self.sent / 1e6:8.2f} MB  {self.row.kind:6} true {self.true:8.5f}"
            f"  measured {self.measured:8.5f}"
            f"  opaque {self.opaque:5.3f} {self.seconds:6.2f} s  {mark:5} {', '.join(self.chain)} {' '.join(self.gave_up)} {self.said}"
        )


def rows() -> tuple[Row, ...]:
    """The data."""
    return tuple(Row(**row) for row in yaml.safe_load((HERE / "assay_table.yaml").read_text(encoding="utf-8"))["rows"])


class Bench:
    """A workstation without a network that holds the weights, and the assay beside it."""

    def __init__(self, container: Any, flavour: str, mib: int, folder: Path) -> None:
        self.spec = ModelSpec(model="own", name="marlin-2", dir="/srv/models/marlin-2", tensor_bytes=mib * MIB, shards=3, flavour=flavour)  # type: ignore[arg-type]
        self._container, self._flavour, self._mib, self._folder = container, flavour, mib, folder
        self.total = 0
        files: dict[str, bytes] = {}
        for file in weights.write(self.spec, SEED, folder):
            body = (folder / file.path.lstrip("/")).read_bytes()
            files[f"shards/{Path(file.path).name}"] = body
            files[f"marked/{Path(file.path).name}"] = bytes(len(body) - file.tensor_bytes) + b"\1" * file.tensor_bytes
            self.total += file.tensor_bytes
        files["w"] = b"".join(body for name, body in sorted(files.items()) if name.startswith("shards/"))
        files["marks"] = b"".join(body for name, body in sorted(files.items()) if name.startswith("marked/"))
        files.update({f"lib/{path.name}": path.read_bytes() for path in (HERE / "assay_tools").glob("*.py")})
        files["lib/driver"] = DRIVER.format(word=WORD).encode()
        self._put(files)

    def measure(self, wanted: Iterable[Row]) -> Iterator[Measured]:
        """Rows in batches, so that little lies on the disk at once."""
        mine = [row for row in wanted if row.flavour in {None, self._flavour}]
        step = max(1, BATCH // (self._mib * MIB))
        self._assay([], Row(name="", run=""))
        for first in range(0, len(mine), step):
            batch = mine[first : first + step]
            for number, row in enumerate(batch):
                yield self._measured(row, self._made[str(number)] if number else self._make(batch)["0"])

    def _make(self, batch: list[Row]) -> dict[str, Path]:
        scripts = {f"lib/{number}.sh": row.run.encode() for number, row in enumerate(batch)}
        truths = {f"lib/{number}.truth": row.truth.encode() for number, row in enumerate(batch) if row.truth}
        numbers = [str(number) for number in range(len(batch))]
        self._put({**scripts, **truths})
        done = self._container.exec_run(["bash", "/t/lib/driver", *numbers])
        if done.exit_code:
            raise RuntimeError(done.output.decode(errors="replace")[-500:])
        self._made = {number: self._folder / "made" / number for number in numbers}
        shutil.rmtree(self._folder / "made", ignore_errors=True)
        for number, place in self._made.items():
            place.mkdir(parents=True)
            with tempfile.TemporaryFile(dir=self._folder) as file:
                for chunk in self._container.get_archive(f"/t/{number}")[0]:
                    file.write(chunk)
                file.seek(0)
                with tarfile.open(fileobj=file) as archive:
                    archive.extractall(place.parent, filter="data")
        self._container.exec_run(["bash", "-c", f"rm -rf /t/lib/*.truth {' '.join(f'/t/{number}' for number in numbers)}"])
        return self._made

    def _put(self, files: dict[str, bytes]) -> None:
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as archive:
            for name, body in files.items():
                entry = tarfile.TarInfo(f"t/{name}")
                entry.size, entry.mtime = len(body), 1_700_000_000
                archive.addfile(entry, io.BytesIO(body))
        self._container.put_archive("/", buffer.getvalue())

    def _measured(self, row: Row, place: Path) -> Measured:
        bodies = sorted((place / "out").iterdir())
        failed = place / "failed"
        said = f"{failed.read_text().strip()}: {(place / 'said').read_text(errors='replace')[-300:]}" if failed.exists() else ""
        result, seconds = self._assay(bodies, row)
        sent = sum(body.stat().st_size for body in bodies)
        biggest = max(result.findings, key=lambda finding: sum(finding.found.values()), default=None)
        true = int((place / "true").read_text()) / self.total if row.truth else float(row.kind != "opaque")
        return Measured(
            row=row,
            flavour=self._flavour,
            sent=sent,
            true=true,
            found=sum(file.found for file in result.left) / self.total,
            values=sum(file.found for file in result.recoverable) / self.total,
            opaque=result.opaque_bytes / max(sent, 1),
            seconds=round(seconds, 3),
            chain=biggest.chain if biggest else (),
            gave_up=result.gave_up,
            said=said,
        )

    def _assay(self, bodies: list[Path], row: Row) -> tuple[AssayResult, float]:
        captures = tuple(
            Capture(
                id=f"receipt:{number}",
                path=str(body),
                channel=row.channels[number % len(row.channels)],
                host=f"{number % row.hosts}.example",
                order=number,
            )
            for number, body in enumerate(bodies)
            if body.stat().st_size
        )
        secrets = SECRETS if row.secret else ()
        request = AssayRequest(seed=SEED.hex(), models=(self.spec,), captures=captures, secrets=secrets, budgets=Budgets(seconds=600))
        began = resource.getrusage(resource.RUSAGE_SELF)
        result = run(request)
        ended = resource.getrusage(resource.RUSAGE_SELF)
        return result, ended.ru_utime + ended.ru_stime - began.ru_utime - began.ru_stime


@contextmanager
def bench(flavour: str, mib: int, image: str, label: str) -> Iterator[Bench]:
    """A container of the image with weights of the flavour, gone afterwards."""
    engine = docker.from_env()
    labels = {"honeyweights": "1", "honeyweights.dev": label}
    container = engine.containers.run(
        image, entrypoint=["sleep", "infinity"], user="0", network_mode="none", labels=labels, detach=True, init=True
    )
    try:
        with tempfile.TemporaryDirectory() as folder:
            yield Bench(container, flavour, mib, Path(folder))
    finally:
        container.remove(force=True)
        engine.close()


@contextmanager
def tools(label: str) -> Iterator[str]:
    """The image with more tools, gone afterwards."""
    engine = docker.from_env()
    tag = f"honeyweights-test/assay-tools:{uuid.uuid4().hex[:8]}"
    try:
        engine.images.build(path=str(HERE / "assay_tools"), tag=tag, rm=True, labels={"honeyweights": "1", "honeyweights.dev": label})
        yield tag
        engine.images.remove(tag, force=True, noprune=True)
    finally:
        engine.close()


def page(all_: Iterable[Measured]) -> str:
    """The table as the page holds it: a line a row, both flavours in it."""
    lines = ["| what left | counted as | true | measured (u8; bf16) | seconds (u8; bf16) | chain |", "|---|---|---|---|---|---|"]
    by_row: dict[str, list[Measured]] = {}
    for one in all_:
        by_row.setdefault(one.row.name, []).append(one)
    for name, both in by_row.items():
        cells = [{one.flavour: f"{value(one)}" for one in both} for value in (lambda m: f"{m.measured:.4f}", lambda m: f"{m.seconds:.1f}")]
        measured, seconds = ("; ".join(cell.get(flavour, "-") for flavour in FLAVOURS) for cell in cells)
        true = "; ".join(dict.fromkeys(f"{one.true:.4g}" for one in both))
        chain = ", ".join(max(both, key=lambda one: len(one.chain)).chain)
        lines.append(f"| {name.replace('|', chr(92) + '|')} | {both[0].row.kind} | {true} | {measured} | {seconds} | {chain} |")
    return "\n".join(lines)


def main() -> None:
    """Prints every row, and writes the page."""
    words = [word for word in sys.argv[1:] if not word.startswith("--")]
    mib = int(words[0]) if words else 16
    flavours = FLAVOURS if len(words) < 2 or words[1] == "both" else (words[1],)
    only = words[2] if len(words) > 2 else ""
    chosen = [row for row in rows() if only in row.name]
    every: list[Measured] = []
    with tools("assay-table") as image:
        for flavour in flavours:
            with bench(flavour, mib, image, "assay-table") as here:
                for one in here.measure(chosen):
                    print(one, flush=True)  # noqa: T201  # the command's whole output
                    every.append(one)
    if "--page" in sys.argv:
        before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
        _, _, after = rest.partition(END)
        table = page(sorted(every, key=lambda one: chosen.index(one.row)))
        said = f"Measured with {mib} MiB of weights; seconds are those of the processor."
        PAGE.write_text(f"{before}{BEGIN}\n{said}\n\n{table}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
