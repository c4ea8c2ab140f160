"""2 GB of ordinary files hold no weights: fraction 0 for every artefact of both flavours, in bytes and in values."""

import base64
import bz2
import gzip
import io
import os
import random
import resource
import struct
import sysconfig
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from honeyweights.evidence import weights
from honeyweights.evidence.assay import AssayRequest, Budgets, Capture, run
from honeyweights.evidence.assay.search import Body, Search, deepest
from honeyweights.evidence.assay.trace import Owners
from honeyweights.evidence.assayed import AssayResult
from honeyweights.evidence.weights import MIB, ModelSpec

Planted = Any  # conftest's classes cannot be imported
Assay = Callable[..., AssayResult]
SEED = bytes(range(32))
WHOLE = 64 * MIB
MODELS = tuple(
    ModelSpec(model=model, name=name, dir=f"/srv/models/{name}", tensor_bytes=16 * MIB, shards=3, flavour=flavour)  # type: ignore[arg-type]
    for model, name, flavour in (("own", "marlin-2", "u8"), ("other", "osprey-1", "bf16"))
)


def _files(root: str, most: int) -> Callable[[], Iterator[bytes]]:
    """What lies below a folder, 64 MiB at a time."""

    def read() -> Iterator[bytes]:
        held, done = bytearray(), 0
        for path in sorted(Path(root).rglob("*")):
            if path.is_file() and not path.is_symlink() and os.access(path, os.R_OK):
                held += path.read_bytes()
            while len(held) >= WHOLE:
                yield bytes(held[:WHOLE])
                del held[:WHOLE]
                done += WHOLE
            if done >= most:
                return
        yield bytes(held)

    return read


def _others() -> Iterator[bytes]:
    """Weights of other samples, of the same names, layout and flavours; plain, in text, packed, and as other numbers."""
    for number, dress in enumerate((bytes, base64.b64encode, gzip.compress, lambda b: b[::-1], lambda b: b.hex().encode())):
        for spec in MODELS:
            seed = bytes([number + 1]) * 32
            body = b"".join(shard.header + b"".join(weights.chunks(spec, seed, shard)) for shard in weights.layout(spec))
            yield dress(body)
    body = weights.tensor_bytes(MODELS[1], bytes([9]) * 32, 0)
    yield (np.frombuffer(body, "<u2").astype(np.uint32) << 16).view(np.float32).astype("f2").tobytes()


def _pictures() -> Iterator[bytes]:
    """PNG files of gradients and noise, written as the format wants."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    noise = random.Random(1)  # noqa: S311
    files = []
    for number in range(24):
        wide = 1000
        rows = [bytes((x * (number + 1) + y + noise.getrandbits(3)) & 255 for x in range(3 * wide)) for y in range(100)] * 10
        body = zlib.compress(b"".join(b"\0" + row for row in rows), 6)
        head = chunk(b"IHDR", struct.pack(">IIBBBBB", wide, 1000, 8, 2, 0, 0, 0))
        files.append(b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", body) + chunk(b"IEND", b""))
    yield b"".join(files)


def _logs() -> Iterator[bytes]:
    """Lines with times, addresses, digests and tokens."""
    rng = random.Random(2)  # noqa: S311
    lines = (
        f"2031-05-{rng.randrange(28) + 1:02} sshd[{rng.randrange(9999)}]: SHA256:{base64.b64encode(rng.randbytes(32)).decode()} "
        f"from 192.0.2.{rng.randrange(255)} port {rng.randrange(65535)} sum {rng.randbytes(20).hex()}"
        for _ in range(400_000)
    )
    yield "\n".join(lines).encode()


def _archives() -> Iterator[bytes]:
    """Python's own library in several archives."""
    root = sysconfig.get_paths()["stdlib"]
    paths = [path for path in sorted(Path(root).rglob("*.py")) if "site-packages" not in path.parts][:700]
    tar, zipped = io.BytesIO(), io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w") as archive:
        for path in paths:
            archive.add(path, path.name)
    with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in paths:
            archive.write(path, path.relative_to(root))
    yield zipped.getvalue() + gzip.compress(tar.getvalue()) + bz2.compress(tar.getvalue())


PLACES: list[tuple[str, Callable[[], Iterator[bytes]]]] = [
    ("programs", _files("/usr/bin", 512 * MIB)),
    ("libraries", _files("/usr/lib", 768 * MIB)),
    ("packages of Python", _files(sysconfig.get_paths()["purelib"], 384 * MIB)),
    ("shared data", _files("/usr/share", 256 * MIB)),
    ("weights of other samples", _others),
    ("random", lambda: (os.urandom(WHOLE) for _ in range(4))),
    ("zeros", lambda: (bytes(WHOLE) for _ in range(2))),
    ("pictures", _pictures),
    ("logs", _logs),
    ("archives", _archives),
]


@pytest.mark.soak
@pytest.mark.parametrize("bodies", [row[1] for row in PLACES], ids=[row[0] for row in PLACES])
def test_ordinary_files_hold_no_weights(bodies: Callable[[], Iterator[bytes]], tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """A capture for each 64 MiB; prints what 64 MiB cost."""
    size, spent = 0, 0.0
    for body in bodies():
        path = tmp_path / "body"
        path.write_bytes(body)
        capture = Capture(id="receipt:1", path=str(path), channel="http", host="drop.example")
        before = resource.getrusage(resource.RUSAGE_SELF)
        result = run(AssayRequest(seed=SEED.hex(), models=MODELS, captures=(capture,), budgets=Budgets(seconds=600)))
        after = resource.getrusage(resource.RUSAGE_SELF)
        spent += after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        size += len(body)
        assert () == result.findings
        assert () == result.value_findings
        assert 0 == sum(file.found for file in (*result.left, *result.recoverable))
    name = request.node.name.partition("[")[2]
    print(f"{name:30} {size / 1e6:8.0f} MB  {spent / max(size, 1) * WHOLE:6.1f} s of the processor for 64 MiB")  # noqa: T201  # a figure


def test_what_stands_beside_weights_is_none(assay: Assay, packed: Planted) -> None:
    """The index, a config, a tokenizer, a card, and the files' own headers."""
    card = b"---\nlicense: other\n---\n# marlin-2\nWeights: `model-00001-of-00003.safetensors`, 2 MiB.\n" * 20
    config = b'{"architectures": ["MarlinForCausalLM"], "hidden_size": 64, "torch_dtype": "bfloat16"}'
    tokens = ("{" + ",".join(f'"tok{n}": {n}' for n in range(30_000)) + "}").encode()
    headers = [path.read_bytes()[: path.stat().st_size - len(tensor)] for path, tensor in zip(packed.shards, packed.tensors, strict=True)]
    bodies = [card, config, tokens, gzip.compress(tokens), weights.index_json(packed.spec), *headers, base64.b64encode(headers[0])]
    result = assay(packed, *bodies)
    assert (0, (), 0) == (sum(file.found for file in result.left), result.findings, sum(file.found for file in result.recoverable))


def test_a_program_is_not_read_ever_deeper(packed: Planted, assay: Assay, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its tables read as some code, and that as another one, each time in many ways: all of it together costs little more than itself."""
    looked: list[int] = []
    decode = Search.decode

    def counted(self: Search, body: Body, *rest: Any, **more: Any) -> Any:
        looked.append(body.data.size)
        return decode(self, body, *rest, **more)

    monkeypatch.setattr(Search, "decode", counted)
    program = Path("/bin/bash").read_bytes()
    tables = np.arange(1 << 18, dtype="<u4").view(np.uint8).tobytes() + bytes(range(16)) * 4096
    result = assay(packed, program, tables)
    assert () == result.findings
    assert len(looked) <= 12
    assert sum(looked) < 2 * len(program + tables)


@pytest.mark.parametrize(("size", "deep"), [(511, 3), (512, 5), (4096, 7), (16_384, 12)])
def test_little_that_is_no_text_is_not_decoded_deep(size: int, deep: int) -> None:
    body = Body(data=np.zeros(size, np.uint8), owners=Owners(np.zeros(1, np.int64), np.zeros(1, np.int64)))
    text = replace(body, data=np.full(size, ord("a"), np.uint8))
    assert (deep, 12) == (deepest(body, 12), deepest(text, 12))
    assert 2 == deepest(body, 2)
