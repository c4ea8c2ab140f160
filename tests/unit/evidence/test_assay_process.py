"""The assay's process outlives its decoders: one that kills its child is left out, and the result says so."""

import io
import mmap
import os
import signal
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from honeyweights.evidence.assay import AssayRequest, Capture, run
from honeyweights.evidence.assay import __main__ as process
from honeyweights.evidence.assayed import AssayResult

Planted = Any  # conftest's classes cannot be imported


class Dying:
    """An assay that is killed while certain decoders are at work; `None` stands for any other code."""

    def __init__(self, *guilty: str | None) -> None:
        self.guilty = guilty

    def __call__(self, request: AssayRequest, note: mmap.mmap) -> AssayResult:
        for name in self.guilty:
            if name not in request.without:
                note.write((name or "").encode())
                os.kill(os.getpid(), signal.SIGKILL)
        return run(request, note)


def _asked(model: Planted, body: Path, monkeypatch: pytest.MonkeyPatch, dying: Dying) -> tuple[int, bytes]:
    request = AssayRequest(
        seed=bytes(range(32)).hex(), models=(model.spec,), captures=(Capture(id="receipt:1", path=str(body), channel="http"),)
    )
    out = io.BytesIO()
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(request.model_dump_json().encode())))
    monkeypatch.setattr(sys, "stdout", SimpleNamespace(buffer=out))
    monkeypatch.setattr(process, "run", dying)
    return process.main(), out.getvalue()


@pytest.fixture
def body(tmp_path: Path, packed: Planted) -> Path:
    path = tmp_path / "body"
    path.write_bytes(packed.tensors[0][:100_000])
    return path


@pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")
def test_what_killed_it_is_left_out_and_said(packed: Planted, body: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    status, out = _asked(packed, body, monkeypatch, Dying("zstd", "7z"))
    result = AssayResult.model_validate_json(out)
    assert (0, 100_000, True) == (status, sum(file.found for file in result.left), result.lower_bound)
    assert [True, True] == [any(f"the {name} decoder" in sentence for sentence in result.gave_up) for name in ("zstd", "7z")]


@pytest.mark.parametrize("guilty", [(None,), ("a", "b", "c", "d", "e", "f")], ids=["no decoder", "too many"])
@pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")
def test_what_cannot_be_left_out_ends_it(
    packed: Planted, body: Path, monkeypatch: pytest.MonkeyPatch, guilty: tuple[str | None, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    """And says so: the sample is then unscored, never clean."""
    assert (1, b"") == _asked(packed, body, monkeypatch, Dying(*guilty))
    assert "killed again and again" in capsys.readouterr().err
