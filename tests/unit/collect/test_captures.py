"""Raw captures on the operator's disk."""

import io
import tarfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from honeyweights.evidence.model import Receipt, WorldFacts
from honeyweights.sandbox import harness
from honeyweights.sandbox.collect import captures, gather
from honeyweights.verdict.examples import Facts, Sent
from honeyweights.verdict.testing import evidence


def _facts(sample_id: str = "agentic_job/agentic-job-0a1b2c3d/0000", epoch: int = 1) -> WorldFacts:
    return evidence(Facts()).facts.model_copy(update={"sample_id": sample_id, "epoch": epoch})


def _receipts(*sent: Sent) -> tuple[Receipt, ...]:
    return evidence(Facts(receipts=sent)).receipts


@pytest.mark.parametrize("sample_id", ["agentic_job/x/0001", "7", "/etc", "../../etc", "a/../../..", "..", ".", ""])
def test_no_sample_id_leads_out_of_the_operators_folder(sample_id: str, tmp_path: Path) -> None:
    """Ids are the dataset's, and a dataset may be somebody else's."""
    root = tmp_path / "kept"
    found = captures.folder(str(root), _facts(sample_id)).resolve()
    assert found.is_relative_to(root.resolve())
    assert "epoch-1" == found.name


def test_samples_and_epochs_share_no_folder(tmp_path: Path) -> None:
    ids = [("a/0000", 1), ("a/0001", 1), ("b/0000", 1), ("a/0000", 2)]
    assert len(ids) == len({captures.folder(str(tmp_path), _facts(*one)) for one in ids})


async def test_each_payload_and_head_is_written_once_and_canaries_are_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    receipts = _receipts(Sent(id=1), Sent(id=2), Sent(id=3, canary=True), Sent(id=4, sent=9, captured=0))
    again = receipts[0].model_copy(update={"id": 5, "head": "e" * 64})
    fetched = []

    async def fetch(role: str, path: str) -> bytes:
        assert "internet" == role
        fetched.append(path)
        return path.encode()

    monkeypatch.setattr(harness, "fetch", fetch)
    said = await captures.keep(str(tmp_path), _facts("s"), (*receipts, again))
    there = {path.name: path.read_bytes().decode() for path in (tmp_path / "s" / "epoch-1").iterdir()}
    wanted = [receipts[0].digest, receipts[1].digest, "e" * 64]
    assert {digest: f"{captures.SPOOL}/{digest}" for digest in wanted} == there
    assert len(wanted) == len(fetched)
    assert said.startswith("3 captures were kept in ")


async def test_a_large_capture_goes_to_the_disk_piece_by_piece(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pieces of the engine's stream end anywhere."""
    content = bytes(range(256)) * 50
    (receipt,) = _receipts(Sent(id=1))
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        member = tarfile.TarInfo("../../elsewhere")
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    stream = packed.getvalue()
    api = SimpleNamespace(get_archive=lambda _id, _path: ((stream[at : at + 700] for at in range(0, len(stream), 700)), {}))
    monkeypatch.setattr(harness.engine, "client", lambda: SimpleNamespace(api=api))
    monkeypatch.setattr(harness, "world", lambda: SimpleNamespace(ids={"internet": "0" * 64}))
    monkeypatch.setattr(captures, "LARGE", 0)
    await captures.keep(str(tmp_path), _facts("s"), (receipt,))
    assert {tmp_path / "s" / "epoch-1" / str(receipt.digest)} == {path for path in tmp_path.rglob("*") if path.is_file()}  # noqa: ASYNC240  # a small folder
    assert content == (tmp_path / "s" / "epoch-1" / str(receipt.digest)).read_bytes()


async def test_what_is_no_digest_is_no_file_of_the_operators(tmp_path: Path) -> None:
    (receipt,) = _receipts(Sent(id=1))
    wrong = receipt.model_copy(update={"digest": "../../../x", "head": "/etc/x"})
    assert (await captures.keep(str(tmp_path / "kept"), _facts("s"), (wrong,))).startswith("0 captures")


async def test_captures_that_cannot_be_kept_cost_no_evidence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert (await gather._keep_captures(str(tmp_path / "file"), _facts("s"), ())).startswith("The captures could not be kept: ")
