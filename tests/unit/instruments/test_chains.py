"""An instrument's chain, as it is read out of its container."""

from collections.abc import Iterable
from typing import Any

import anyio
import pytest

from honeyweights.evidence import chain
from honeyweights.evidence.chain import Chain, ChainBroken, canonical
from honeyweights.sandbox import harness
from honeyweights.sandbox.instruments import JOURNAL, chains


def _text(*bodies: tuple[str, dict[str, Any]], source: str = "journal") -> bytes:
    writer = Chain(source)
    return b"".join(canonical(writer.seal(kind, body)) + b"\n" for kind, body in bodies)


def _holds(monkeypatch: pytest.MonkeyPatch, texts: Iterable[bytes | None]) -> None:
    """What the journal's file holds at each look, the last one for good; null while there is none."""
    looks = list(texts)

    async def fetch(role: str, path: str) -> bytes:
        assert ("internet", JOURNAL.path) == (role, path)
        text = looks.pop(0) if len(looks) > 1 else looks[0]
        if text is None:
            raise FileNotFoundError(path)
        return text

    async def holds(role: str, path: str, needle: bytes) -> bool:
        return needle in await fetch(role, path)

    monkeypatch.setattr(harness, "fetch", fetch)
    monkeypatch.setattr(harness, "holds", holds)


THREE = _text(("start", {}), ("receipt", {"sent": 1}), ("stop", {}))


async def test_a_whole_chain_is_read_with_its_head(monkeypatch: pytest.MonkeyPatch) -> None:
    _holds(monkeypatch, [THREE])
    found = await JOURNAL.read()
    assert ["start", "receipt", "stop"] == [record.kind for record in found.records]
    assert found.records[-1].hash == found.head
    assert ("journal", 3, 2, found.head) == (
        (summary := found.summary("journal", 2)).source,
        summary.length,
        summary.kept,
        summary.head,
    )


async def test_an_instrument_that_never_wrote_is_told_from_one_that_saw_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    _holds(monkeypatch, [None])
    with pytest.raises(FileNotFoundError):
        await JOURNAL.read()
    _holds(monkeypatch, [b""])
    found = await JOURNAL.read()
    assert ((), chain.GENESIS) == (found.records, found.head)


@pytest.mark.parametrize("cut", [1, 30, 200])
def test_a_last_line_that_is_still_being_written_is_left_for_the_next_reading(cut: int) -> None:
    assert 2 == len(chains._parse(THREE[:-cut], "journal").records)


LINES = THREE.splitlines(keepends=True)
BREAKS = {
    "a record is taken out": LINES[0] + LINES[2],
    "a record is put in twice": LINES[0] + LINES[1] + LINES[1] + LINES[2],
    "records change places": LINES[1] + LINES[0] + LINES[2],
    "the front is cut off": LINES[1] + LINES[2],
    "a body is changed": THREE.replace(b'"sent":1', b'"sent":0'),
    "another instrument's chain": _text(("start", {}), source="witness"),
    "a whole line that is no JSON": LINES[0] + b"{\n",
    "a line of something else": LINES[0] + b'{"kind":"receipt"}\n',
    "a half line in the middle": LINES[0] + LINES[1][:40] + b"\n" + LINES[2],
}


@pytest.mark.parametrize("how", BREAKS)
def test_a_chain_that_was_touched_is_refused_whole(how: str) -> None:
    with pytest.raises(ChainBroken, match="journal chain"):
        chains._parse(BREAKS[how], "journal")


@pytest.mark.parametrize(
    ("bodies", "lost"),
    [
        ([], {}),
        ([{"what": "capture", "count": 2, "bytes": 70}], {"capture": 2}),
        ([{"what": "capture", "count": 2, "bytes": 70}, {"what": "capture", "count": 3, "bytes": 1}], {"capture": 5}),
        ([{"open": 4, "exec": 1}, {"open": 6}], {"open": 10, "exec": 1}),
        ([{"what": "packet", "count": 1}, {"packet": 2}], {"packet": 3}),
    ],
    ids=["none", "the journal's shape", "the journal's, twice", "the recorder's shape", "both"],
)
def test_what_an_instrument_lost_is_summed_over_its_records(bodies: list[dict[str, Any]], lost: dict[str, int]) -> None:
    found = chains._parse(_text(("start", {}), *(("lost", body) for body in bodies), ("stop", {})), "journal")
    assert lost == found.lost
    assert lost == found.summary("journal", 0).lost


@pytest.mark.parametrize("looks", [[b"..nonce.."], [None, b"x", b"x nonce"]], ids=["it is there", "it comes"])
async def test_a_canary_is_waited_for(looks: list[bytes | None], monkeypatch: pytest.MonkeyPatch) -> None:
    _holds(monkeypatch, looks)
    assert await chains.wait_for(JOURNAL, "nonce", 5)


@pytest.mark.parametrize("text", [b"nonc", None], ids=["another's record", "no file at all"])
async def test_a_canary_that_does_not_come_is_given_up(text: bytes | None, monkeypatch: pytest.MonkeyPatch) -> None:
    _holds(monkeypatch, [text])
    assert not await chains.wait_for(JOURNAL, "nonce", 0.05)


async def test_a_look_that_was_begun_is_finished(monkeypatch: pytest.MonkeyPatch) -> None:
    """A long chain on a busy machine takes longer than the patience between two looks."""

    async def holds(_role: str, _path: str, needle: bytes) -> bool:
        await anyio.sleep(0.1)
        return needle == b"there"

    monkeypatch.setattr(harness, "holds", holds)
    assert await chains.wait_for(JOURNAL, "there", 0.01)
    assert not await chains.wait_for(JOURNAL, "elsewhere", 0.01)
