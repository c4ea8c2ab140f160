"""Weights: valid checkpoints, unique by seed, the same wherever they are made."""

import hashlib
import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors import safe_open

from honeyweights.evidence import weights
from honeyweights.evidence.model import ArtefactFile
from honeyweights.evidence.weights import MIB, ModelSpec

SEED = bytes(range(32))
GOOD = {"model": "own", "name": "marlin-2", "dir": "/srv/models/marlin-2", "tensor_bytes": MIB, "shards": 2, "flavour": "u8"}


DIGESTS = {"u8": "79adda52a019aaa3", "bf16": "82c60eeed4a3be7d"}
SEED_DIGEST = "17d72f498e1b4953"


def _spec(**changes: object) -> ModelSpec:
    return ModelSpec(**{**GOOD, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize("flavour", ["u8", "bf16"])
@pytest.mark.parametrize(("mib", "shards"), [(1, 1), (1, 7), (1, 64), (3, 4), (20, 3)])
def test_files_are_valid_and_add_up(tmp_path: Path, mib: int, shards: int, flavour: str) -> None:
    """`safetensors` opens each shard; the index names every tensor; the sum is what was asked for within 0.1 %."""
    spec = _spec(tensor_bytes=mib * MIB, shards=shards, flavour=flavour)
    files = weights.write(spec, SEED, tmp_path)
    folder = tmp_path / "srv/models/marlin-2"
    index = json.loads((folder / "model.safetensors.index.json").read_bytes())
    seen = {}
    for number, file in enumerate(files):
        path = tmp_path / file.path.lstrip("/")
        content = path.read_bytes()
        assert (file.size, file.sha256) == (len(content), hashlib.sha256(content).hexdigest())
        assert content[-file.tensor_bytes :] == weights.tensor_bytes(spec, SEED, number)
        assert 0o644 == path.stat().st_mode & 0o777
        with safe_open(path, framework="np") as opened:  # type: ignore[no-untyped-call]
            seen |= dict.fromkeys(opened.keys(), path.name)
    assert index["weight_map"] == seen
    total = sum(file.tensor_bytes for file in files)
    assert index["metadata"]["total_size"] == total
    assert 0.999 * spec.tensor_bytes <= total <= spec.tensor_bytes
    assert [f"model-{i:05d}-of-{shards:05d}.safetensors" for i in range(1, shards + 1)] == [Path(file.path).name for file in files]


def test_the_geometry_agrees_with_the_tensors() -> None:
    """A config.json written from it describes the checkpoint that lies beside it."""
    spec = _spec(tensor_bytes=64 * MIB, shards=4)
    shape = weights.geometry(spec)
    tensors = {tensor.name: tensor for shard in weights.layout(spec) for tensor in shard.tensors}
    assert (shape.vocab * shape.hidden // 2, 1) == tensors["model.embed_tokens.weight"].shape
    assert (shape.intermediate * shape.hidden // 2, 1) == tensors["model.layers.0.mlp.up_proj.weight"].shape
    assert f"model.layers.{shape.layers - 1}.self_attn.q_proj.weight" in tensors
    assert f"model.layers.{shape.layers}.self_attn.q_proj.weight" not in tensors
    assert shape.hidden == shape.heads * 64


def test_shards_of_an_ordinary_checkpoint_are_even() -> None:
    sizes = [shard.tensor_bytes for shard in weights.layout(_spec(tensor_bytes=64 * MIB, shards=4))]
    assert max(sizes) < 1.1 * min(sizes)


@pytest.mark.parametrize(
    "change",
    [{"name": "osprey-1"}, {"seed": bytes(32)}, {"shards": 3}],
    ids=["name", "seed", "shards"],
)
def test_another_identity_shares_no_bytes(change: dict[str, object]) -> None:
    """No 16 bytes of the first megabyte come again, at any offset."""
    seed = change.pop("seed", SEED)
    one, two = weights.tensor_bytes(_spec(), SEED, 0), weights.tensor_bytes(_spec(**change), seed, 0)  # type: ignore[arg-type]
    grams = {one[i : i + 16] for i in range(len(one) - 15)}
    assert 0 == sum(two[i : i + 16] in grams for i in range(len(two) - 15))


def test_bytes_never_change() -> None:
    """Old logs can be assayed again only while these digests hold."""
    digests = {
        flavour: hashlib.sha256(weights.tensor_bytes(_spec(flavour=flavour), SEED, 0)).hexdigest()[:16] for flavour in ("u8", "bf16")
    }
    assert DIGESTS == digests
    assert SEED_DIGEST == weights.world_seed(7, "agentic_job/plain-00000000/0000", 1).hex()[:16]


def test_the_seed_depends_on_each_of_its_three_parts() -> None:
    seeds = {weights.world_seed(*parts) for parts in ((1, "a", 1), (2, "a", 1), (1, "b", 1), (1, "a", 2), (11, "a", 1), (1, "a", 11))}
    assert 6 == len(seeds)
    assert {32} == {len(seed) for seed in seeds}


def test_packed_bytes_are_uniform_and_bf16_values_plausible() -> None:
    packed = np.bincount(np.frombuffer(weights.tensor_bytes(_spec(), SEED, 0), np.uint8), minlength=256)
    assert packed.min() > 0.9 * packed.mean()
    spec = _spec(flavour="bf16", shards=1)
    shard = weights.layout(spec)[0]
    gaussian = b"".join(c for c, t in zip(weights.chunks(spec, SEED, shard), shard.tensors, strict=True) if t.kind == "gaussian")
    values = (np.frombuffer(gaussian, np.uint16).astype(np.uint32) << 16).view(np.float32)
    assert 0.0199 < values.std() < 0.0201
    assert abs(float(values.mean())) < 0.0002


@pytest.mark.parametrize(
    "change",
    [
        {"tensor_bytes": 0},
        {"tensor_bytes": -1},
        {"tensor_bytes": MIB - 1},
        {"tensor_bytes": 5000 * MIB},
        {"shards": 0},
        {"shards": 65},
        {"flavour": "fp8"},
        {"name": ""},
        {"dir": "srv"},
        {"dir": "/srv/../etc"},
        {"dir": "/srv/"},
    ],
    ids=str,
)
def test_what_makes_no_checkpoint_is_refused_in_one_sentence(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"choose|needed") as refused:
        _spec(**change)
    assert "\n" not in str(refused.value)


@settings(max_examples=40, deadline=None)
@given(st.integers(MIB, 200 * MIB), st.integers(1, 64), st.sampled_from(["u8", "bf16"]))
def test_every_size_and_count_has_a_layout(size: int, shards: int, flavour: str) -> None:
    """No empty shard, no tensor twice, never more than was asked for."""
    layout = weights.layout(_spec(tensor_bytes=size, shards=shards, flavour=flavour))
    names = [tensor.name for shard in layout for tensor in shard.tensors]
    assert shards == len(layout)
    assert all(shard.tensors for shard in layout)
    assert len(names) == len(set(names))
    assert 0.99 * size < sum(shard.tensor_bytes for shard in layout) <= size


def test_what_was_written_has_the_fields_of_an_artefact(tmp_path: Path) -> None:
    spec = weights.ModelSpec(model="own", name="m", dir="/srv/models/m", tensor_bytes=1 << 20, shards=1)
    (written,) = weights.write(spec, SEED, tmp_path)
    assert asdict(written) == ArtefactFile.model_validate(asdict(written)).model_dump()
