"""What captures tell only together: over several hosts, and in the order of their names."""

import base64
import gzip
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from honeyweights.evidence.assay import Capture
from honeyweights.evidence.assay.search import Body, Search
from honeyweights.evidence.assayed import AssayResult

Planted = Any  # conftest's classes cannot be imported
Assay = Callable[..., AssayResult]


@pytest.fixture(name="model")
def _model(planter: Any, tmp_path: Path) -> Planted:
    return planter(tmp_path / "world", flavour="bf16")


@pytest.fixture(name="cut")
def _cut(tmp_path: Path) -> Callable[..., list[Capture]]:
    def cut(body: bytes, size: int, hosts: int, **fields: Any) -> list[Capture]:
        captures = []
        for number, start in enumerate(range(0, len(body), size)):
            path = tmp_path / f"part-{number}"
            path.write_bytes(body[start : start + size])
            host = f"h{number % hosts}.example"
            name = f"/bucket/w?partNumber={number + 1}&uploadId=x"
            captures.append(Capture(id=f"receipt:{number}", path=str(path), order=number, host=host, name=name, channel="http", **fields))
        return captures

    return cut


def _found(result: AssayResult) -> int:
    return sum(file.found for file in result.left)


def test_a_stream_cut_over_hosts_and_channels_is_whole(assay: Assay, model: Planted, cut: Callable[..., list[Capture]]) -> None:
    captures = cut(gzip.compress(model.tensors[0]), 40_000, 3)
    captures[1] = captures[1].model_copy(update={"channel": "ftp"})
    result = assay(model, *captures)
    assert len(model.tensors[0]) == _found(result)
    assert result.opaque_bytes < 5000
    assert [capture.id for capture in captures] == list(max(result.findings, key=lambda finding: len(finding.members)).members)


@pytest.mark.parametrize("hosts", [1, 4])
def test_parts_that_arrived_in_no_order_are_sorted_by_their_numbers(
    assay: Assay, model: Planted, cut: Callable[..., list[Capture]], hosts: int
) -> None:
    captures = cut(gzip.compress(model.tensors[1]), 30_000, hosts)
    orders = random.Random(7).sample(range(len(captures)), len(captures))  # noqa: S311
    result = assay(model, *(c.model_copy(update={"order": order}) for c, order in zip(captures, orders, strict=True)))
    assert len(model.tensors[1]) == _found(result)


def test_zones_are_never_put_together(assay: Assay, model: Planted, cut: Callable[..., list[Capture]]) -> None:
    """Half of a stream that stayed in the lab is none of an outsider's."""
    captures = cut(gzip.compress(model.tensors[0]), 40_000, 2)
    captures = [c.model_copy(update={"zone": "lab"}) if n % 2 else c for n, c in enumerate(captures)]
    assert _found(assay(model, *captures)) < 0.25 * len(model.tensors[0])


def test_what_is_noise_alone_is_noise_together(assay: Assay, model: Planted, cut: Callable[..., list[Capture]]) -> None:
    body = random.Random(8).randbytes(300_000)  # noqa: S311
    result = assay(model, *cut(body, 20_000, 5))
    assert (0, 300_000, False) == (_found(result), result.opaque_bytes, result.lower_bound)


def test_what_is_read_already_is_not_put_together_once_more(assay: Assay, model: Planted, tmp_path: Path) -> None:
    """Headers stay unread. A question to a name server, sent beside a body that is read, carries none of that body's bytes."""
    header = b"{" + bytes(range(32, 127)) * 40 + b"}"
    body, name = tmp_path / "body", tmp_path / "name"
    body.write_text((header + model.tensors[0]).hex("\n", 30))
    name.write_text("put.example.net\n" * 3)
    posted = Capture(id="receipt:1", path=str(body), order=1, host="put.example.net", channel="http")
    asked = Capture(id="receipt:2", path=str(name), order=2, host="example.net", channel="dns")
    result = assay(model, posted, asked)
    assert len(model.tensors[0]) == _found(result)
    assert {"receipt:1"} == {finding.capture for finding in result.findings}
    assert {"http"} == {channel for channel, found in result.by_channel.items() if found}


@pytest.mark.parametrize("dress", [bytes, gzip.compress, base64.b64encode, lambda body: base64.encodebytes(gzip.compress(body))])
@pytest.mark.parametrize("flavour", ["u8", "bf16"])
def test_long_parts_over_hosts_are_whole(  # noqa: PLR0917  # fixtures
    assay: Assay, planter: Any, tmp_path: Path, cut: Callable[..., list[Capture]], flavour: str, dress: Callable[[bytes], bytes]
) -> None:
    """Only where they meet are they looked through again, if they were read; what is packed is read as a whole."""
    model = planter(tmp_path / "other", flavour=flavour)
    result = assay(model, *cut(dress(model.tensors[0]), 100_003, 3))
    assert 0.99995 * len(model.tensors[0]) < _found(result) <= len(model.tensors[0])
    assert result.opaque_bytes < 5000


def test_parts_that_were_read_are_not_read_again(
    assay: Assay, model: Planted, cut: Callable[..., list[Capture]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Noise beside them has everything put together once more: of what was read, only where the parts meet."""
    decoded: list[int] = []
    decode = Search.decode

    def counted(self: Search, body: Body, *rest: Any, **more: Any) -> Any:
        decoded.append(body.data.size if body.chain else 0)
        return decode(self, body, *rest, **more)

    monkeypatch.setattr(Search, "decode", counted)
    captures = cut(base64.b64encode(model.tensors[0]) + random.Random(9).randbytes(100_000), 100_000, 5)  # noqa: S311
    assert _found(assay(model, *captures)) > 0.9999 * len(model.tensors[0])
    assert len(model.tensors[0]) < sum(decoded) < 1.4 * len(model.tensors[0])
