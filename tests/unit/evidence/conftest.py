"""Small artefacts, and a way to ask the assay about bytes."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from honeyweights.evidence import weights
from honeyweights.evidence.assay import AssayRequest, Budgets, Capture, native, run
from honeyweights.evidence.assayed import AssayResult
from honeyweights.evidence.weights import ModelSpec

SEED = bytes(range(32))


@dataclass(frozen=True, repr=False)
class Planted:
    """A model of 2 MiB in 3 shards, on disk and in memory."""

    spec: ModelSpec
    shards: tuple[Path, ...]
    tensors: tuple[bytes, ...] = field(repr=False)

    @property
    def total(self) -> int:
        return sum(map(len, self.tensors))

    @property
    def body(self) -> bytes:
        """All shard files one behind the other, headers included."""
        return b"".join(path.read_bytes() for path in self.shards)


def plant(root: Path, seed: bytes = SEED, **changes: object) -> Planted:
    spec = ModelSpec(**{"model": "own", "name": "marlin-2", "dir": "/srv/models/marlin-2", "tensor_bytes": 2 << 20, "shards": 3, **changes})  # type: ignore[arg-type]
    files = weights.write(spec, seed, root)
    shards = tuple(root / file.path.lstrip("/") for file in files)
    return Planted(spec, shards, tuple(weights.tensor_bytes(spec, seed, i) for i in range(spec.shards)))


@pytest.fixture(scope="session")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The compiled loops, built for the test."""
    library = tmp_path_factory.mktemp("kernel") / "kernel.so"
    if not native.build(library):
        pytest.skip("this machine has no C compiler")
    return native.load(library)


@pytest.fixture(scope="session", params=["u8", "bf16"])
def planted(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Planted:
    return plant(tmp_path_factory.mktemp(request.param), flavour=request.param)


@pytest.fixture(scope="session")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Planted:
    """The u8 flavour alone, for tests where the flavour makes no difference."""
    return plant(tmp_path_factory.mktemp("packed"))


Assay = Callable[..., AssayResult]


@pytest.fixture
def assay(tmp_path: Path) -> Assay:
    """Assays bodies (bytes, or captures made by hand) for a planted model."""

    def ask(model: Planted, *bodies: bytes | Capture, **budgets: object) -> AssayResult:
        captures = []
        for number, body in enumerate(bodies):
            if isinstance(body, Capture):
                captures.append(body)
                continue
            path = tmp_path / f"body-{number}"
            path.write_bytes(body)
            captures.append(Capture(id=f"receipt:{number}", path=str(path), channel="http", host="drop.example", order=number))
        request = AssayRequest(seed=SEED.hex(), models=(model.spec,), captures=tuple(captures), budgets=Budgets(**budgets))  # type: ignore[arg-type]
        return run(request)

    return ask


@pytest.fixture(scope="session")
def planter() -> Callable[..., Planted]:
    """Plants a model below a folder, with any seed."""
    return plant
