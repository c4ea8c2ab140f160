"""Findings of captures put together say of which they are made; copies on disk are put together too."""

import base64
import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from honeyweights.evidence.assay import Capture, artefacts
from honeyweights.evidence.assayed import AssayResult, Finding
from honeyweights.evidence.model import ArtefactFile
from honeyweights.verdict.coverage import cover

Planted = Any  # conftest's classes cannot be imported
Assay = Callable[..., AssayResult]


@pytest.fixture
def split(tmp_path: Path) -> Callable[..., list[Capture]]:
    """A body over captures of a size, named by a prefix."""

    def cut(body: bytes, size: int, prefix: str = "receipt:", **fields: Any) -> list[Capture]:
        captures = []
        for number, start in enumerate(range(0, len(body), size)):
            path = tmp_path / f"{prefix.replace('/', '_')}{number}"
            path.write_bytes(body[start : start + size])
            captures.append(Capture(id=f"{prefix}{number}", path=str(path), order=number, **fields))
        return captures

    return cut


def test_a_joined_finding_lists_its_captures(assay: Assay, planter: Any, tmp_path: Path, split: Callable[..., list[Capture]]) -> None:
    """Two archives over seven transfers: each finding has the transfers of its own archive only."""
    model = planter(tmp_path / "world", flavour="bf16")
    first, second = (gzip.compress(tensor[:200_000]) for tensor in model.tensors[:2])
    captures = split(first + second, 60_000, channel="http", host="drop.example")
    result = assay(model, *captures)
    joined = [finding for finding in result.findings if finding.capture == "joined:drop.example"]
    cut = len(first) // 60_000
    assert [captures[k].id for k in range(cut + 1)] == list(joined[0].members)
    assert [captures[k].id for k in range(cut, len(captures))] == list(joined[-1].members)
    assert 400_000 == sum(file.found for file in result.left)
    assert all(not finding.members for finding in result.findings if finding not in joined)


def test_a_name_beside_hex_is_given_none_of_its_bytes(assay: Assay, packed: Planted, split: Callable[..., list[Capture]]) -> None:
    """Short streams share a source; how many digits each holds is counted, not taken to be even."""
    digits = packed.tensors[1][:2_800].hex().encode()
    posts = split(digits, 1_400, channel="http", host="drop.example")
    asked = split(b"drop.example zone question no", 100, "question:", channel="dns", host="drop.example")
    result = assay(packed, *asked, *posts)
    assert {"http"} == set(result.by_channel)


def test_copies_in_pieces_are_whole(assay: Assay, planter: Any, tmp_path: Path, split: Callable[..., list[Capture]]) -> None:
    model = planter(tmp_path / "world", flavour="bf16")
    result = assay(model, *split(gzip.compress(model.tensors[0]), 100_000, "file:/tmp/x."))
    assert len(model.tensors[0]) == result.copies[0].found
    assert (0, {}) == (result.left[0].found, result.by_zone["outside"])
    (finding,) = result.findings
    assert ("joined:files", "file:/tmp/x.0") == (finding.capture, finding.members[0])


def test_zones_and_hosts_do_not_mix_where_short_streams_share_a_source(
    assay: Assay, packed: Planted, split: Callable[..., list[Capture]]
) -> None:
    """A gzip to each of three hosts, one of them the lab's; in pieces, and each decoded for itself."""
    parts = [packed.tensors[0][start : start + 9000] for start in (0, 20_000, 40_000)]
    captures = []
    for number, part in enumerate(parts):
        fields = {"channel": "http", "host": f"h{number}.example", "zone": "lab" if number == 2 else "outside"}  # the third
        pieces = split(gzip.compress(base64.b64encode(part)), 3000, f"receipt:{number}", **fields)
        captures += [piece.model_copy(update={"order": piece.order * 3 + number}) for piece in pieces]
    result = assay(packed, *captures)
    path = result.left[0].path
    assert {"lab": {path: 9000}, "authorised": {}, "outside": {path: 18_000}} == result.by_zone
    assert {f"joined:h{number}.example" for number in range(3)} == {finding.capture for finding in result.findings}


def test_a_thousand_hosts_are_counted(assay: Assay, packed: Planted, split: Callable[..., list[Capture]]) -> None:
    """1,000 transfers of 300 bytes, each to a host of its own."""
    captures = [
        capture.model_copy(update={"host": f"h{number}.example"})
        for number, capture in enumerate(split(packed.tensors[1][:300_000], 300, channel="http"))
    ]
    result = assay(packed, *captures)
    assert 300_000 - 20 <= result.left[1].found <= 300_000 + 2
    assert 512 == len(result.findings)


def test_each_file_of_a_split_copy_is_a_copy() -> None:
    """What `staged` rests on."""
    joined = Finding(capture="joined:files", found={"/m": 1000}, chain=("gzip",), members=("file:/tmp/x.0", "file:/tmp/x.1"))
    file = ArtefactFile(path="/m", model="own", size=2000, sha256="", tensor_bytes=2000)
    result = artefacts.nothing(()).model_copy(update={"findings": (joined,)})
    assert (("/tmp/x.0", 500), ("/tmp/x.1", 500)) == cover(result, (file,), (), ()).copies  # a name
