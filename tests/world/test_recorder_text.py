"""The warden's C writes what Python would have written: the same canonical JSON, the same hashes, for any bytes at all."""

import io
import json
import random
import struct
import tarfile
from pathlib import Path

import docker
import pytest
import recorder_world

from honeyweights.evidence import chain

pytestmark = pytest.mark.engine

HERE = Path(__file__).parent
SOURCES = HERE.parent.parent / "containers" / "warden"
FLAGS = "-std=gnu17 -D_GNU_SOURCE -g -fsanitize=address,undefined -fno-sanitize-recover"
RUN = f"gcc {FLAGS} -o /in/lines /in/*.c -lnettle && mkdir /out && /in/lines < /in/cases"
SPECIAL = [
    *(b"", b'"', b"\\", b"\\x41", b"\x00", b"\x7f", b"\x1f ~", b"\n\r\t\b\f\v", bytes(range(256)), b"a" * 65_536),
    *("\u00e9\u20ac\U0001f36f\U0010ffff".encode(), "\ufffd\uffff\ufeff".encode()),
    *(b"\xc3", b"\xe2\x82", b"\xf0\x9f\x8d", b"\xe2(\xa1", b"\xff\xfe", b"\x80\xbf"),  # cut short, or never begun
    *(b"\xc0\x80", b"\xc1\xbf", b"\xe0\x80\x80", b"\xe0\x9f\xbf", b"\xf0\x80\x80\x80", b"\xf0\x8f\xbf\xbf"),  # longer than they need be
    *(
        b"\xed\x9f\xbf\xed\xa0\x80\xed\xbf\xbf\xee\x80\x80",
        b"\xf4\x8f\xbf\xbf\xf4\x90\x80\x80",
        b"\xf5\x80\x80\x80",
    ),  # surrogates; beyond Unicode
]


def _cases() -> list[bytes]:
    """The awkward ones, every pair of bytes around the edges of UTF-8, and random mixtures of text and noise."""
    rng = random.Random(1)  # noqa: S311  # the same cases each time
    edges = [0x00, 0x22, 0x5C, 0x7F, 0x80, 0x9F, 0xA0, 0xBF, 0xC1, 0xC2, 0xDF, 0xE0, 0xED, 0xEF, 0xF0, 0xF4, 0xF5, 0xFF]
    cases = [*SPECIAL, *(bytes(rng.choices(edges, k=length)) for length in range(1, 9) for _ in range(300))]
    for _ in range(500):
        parts = (
            rng.choice([rng.randbytes(3), chr(rng.choice([rng.randrange(0xD800), rng.randrange(0xE000, 0x110000)])).encode()])
            for _ in range(20)
        )
        cases.append(b"".join(parts))
    return cases


def _written(cases: list[bytes]) -> bytes:
    """What the warden's code makes of them, built with the sanitizers and run in a container of its own."""
    files = {
        path.name: path.read_bytes()
        for path in [SOURCES / name for name in (f"{part}.{kind}" for part in ("record", "budget", "log", "text", "die") for kind in "ch")]
    }
    files |= {"lines.c": (HERE / "recorder_lines.c").read_bytes(), "cases": b"".join(struct.pack("=I", len(case)) + case for case in cases)}
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(f"in/{name}")
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    client = docker.from_env()
    recorder_world.build_toolchain(client)
    labels = {"honeyweights": "1", "honeyweights.dev": "warden"}
    container = client.containers.create("honeyweights/toolchain", ["sh", "-c", RUN], network_mode="none", labels=labels)
    try:
        container.put_archive("/", packed.getvalue())
        container.start()
        status = container.wait()["StatusCode"]
        assert status == 0, container.logs().decode(errors="replace")
        parts, _ = container.get_archive("/out/records.jsonl")
        with tarfile.open(fileobj=io.BytesIO(b"".join(parts))) as archive:
            member = archive.extractfile("records.jsonl")
            assert member is not None
            return member.read()
    finally:
        container.remove(force=True)
        client.close()


def test_every_line_is_the_canonical_text_that_python_writes() -> None:
    cases = _cases()
    lines = _written(cases).splitlines()
    records = list(chain.read(lines, "recorder"))
    assert [chain.canonical(json.loads(line)) for line in lines] == lines
    bodies = [record["body"] for record in records if record["kind"] == "open"]

    def text(case: bytes) -> str:
        return case.decode("utf-8", "backslashreplace")

    expected = [
        {
            "path": text(case),
            "z": -len(case),
            "dir": bool(len(case) % 2),
            "a": None,
            "argv": [text(case[: len(case) // 2]), text(case[len(case) // 2 :])],
        }
        for case in cases
    ]
    assert expected == bodies
    assert ("start", "stop") == (records[0]["kind"], records[-1]["kind"])
