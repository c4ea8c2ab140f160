"""What an adversary writes to stop the assay: each row ends within its bounds, hides no real stream behind it, and says what was given up.

Each runs as the real process, which may write to no file; seconds are those of the processor, memory is the peak of the process.
"""

import base64
import gzip
import io
import json
import lzma
import random
import resource
import struct
import subprocess
import sys
import tarfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from honeyweights.evidence.assay import AssayRequest, Budgets, Capture
from honeyweights.evidence.assayed import AssayResult

Planted = Any  # conftest's classes cannot be imported
NOISE = random.Random(12).randbytes(1 << 20)  # noqa: S311
LOCAL = struct.Struct("<4sHHHHHIIIHH")
MANY = 1_000_000


def _local(name: bytes, method: int, packed: int = 0, extra: bytes = b"") -> bytes:
    return LOCAL.pack(b"PK\3\4", 20, 0, method, 0, 0, 0, packed, 0, len(name), len(extra)) + name + extra


def _deflated(size: int) -> bytes:
    packer = zlib.compressobj(9, wbits=-15)
    return b"".join(packer.compress(bytes(1 << 20)) for _ in range(size >> 20)) + packer.flush()


def _stored(size: int) -> bytes:
    return b"\0" + struct.pack("<HH", size, size ^ 0xFFFF)


def quine() -> bytes:
    """A zip archive whose one member is the archive: unpacking never ends (after R. Cox, "Zip files all the way down", 2010)."""
    head = _local(b"q" * 30, 8)
    tail = b"\1\0\0\xff\xff" + b"PK\5\6" + bytes(16) + struct.pack("<H", 33) + bytes(33)
    put, one, four, nothing, again, more = _stored(65), _stored(5), _stored(20), _stored(0), _repeat(65), _repeat(20)
    steps = (head, put, head, put, again, one, again, one, one, four, again, one, one, four, more, four, more, four, more, four, more, four)
    ends = (more, nothing, nothing, put, more, nothing, nothing, put, again, tail, again, tail)
    return b"".join(steps + ends)


def _repeat(size: int) -> bytes:
    """A block of deflate with fixed codes, 5 bytes long, that repeats the last `size` bytes (20 or 65)."""
    lengths, distance = {20: ((8, 7, 0, 0), (8, 7, 0, 0)), 65: ((20, 7, 6, 3),)}[size], {20: (8, 3, 3), 65: (12, 5, 0)}[size]
    bits = [0, 1, 0]
    for code, width, value, extra in lengths:
        bits += [code >> width - 1 - k & 1 for k in range(width)] + [value >> k & 1 for k in range(extra)]
        bits += [distance[0] >> 4 - k & 1 for k in range(5)] + [distance[2] >> k & 1 for k in range(distance[1])]
    bits += [0] * 7
    bits += ([0, 1, 0] + [0] * 7) * ((40 - len(bits)) // 10)
    return bytes(sum(bits[8 * at + k] << k for k in range(8)) for at in range(5))


def _tar(names: list[str]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name in names:
            entry = tarfile.TarInfo(name)
            entry.size = 600
            archive.addfile(entry, io.BytesIO(NOISE))
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc"
        archive.addfile(link)
    return buffer.getvalue()


def _nested(body: bytes, times: int, pack: Callable[[bytes], bytes] = gzip.compress) -> bytes:
    for _ in range(times):
        body = pack(body)
    return body


def _overlapping(count: int) -> bytes:
    """Members in one another: each one's first block is the next one's head (after D. Fifield, "A better zip bomb", 2019)."""
    whole = _local(b"z", 8) + _deflated(64 << 20)
    for number in range(count):
        head = whole[: LOCAL.size + 1] if number == 0 else _local(b"z", 8)
        whole = _local(b"z", 8) + _stored(len(head)) + whole
    return whole


def _seven(cycles: int) -> bytes:
    """A 7z archive whose header is encrypted, with a key that takes 2^cycles rounds."""
    folder = b"\1\x24\x06\xf1\x07\x01\x0a" + bytes([cycles | 0xC0, 0x7F]) + b"12345678"
    header = b"\x17\x06\0\1\x09\x40\0\x07\x0b\1\0" + folder + b"\x0c\x40\0\0"
    return b"7z\xbc\xaf\x27\x1c\0\4" + bytes(4) + struct.pack("<QQ", 64, len(header)) + bytes(4) + NOISE[:64] + header


@dataclass(frozen=True)
class Row:
    """Something nasty, and what it may cost."""

    name: str
    make: Callable[[], bytes]
    seconds: float = 15
    """Of the processor; the plain twins of the compiled loops stay within it, too."""
    mib: int = 300
    said: str | None = None
    """Part of the sentence that says what was given up; nothing is, without it."""
    limit: float = 60
    """Seconds that the assay is given."""
    secrets: int = 4
    bank: bool = True


HEADS = (
    *(b"\x1f\x8b\x08\0", b"x\x9c", b"BZh91AY&SY", b"\xfd7zXZ\0\0\4\xe6\xd6\xb4F", b"LZIP\1\x17", b"(\xb5/\xfd\4\0", b'\4"M\x18dp\xb9'),
    *(
        b"]\0\0\x80\0" + b"\xff" * 8,
        b"\2!L\x18\xff\xff\0\0",
        b"PK\3\4",
        _local(b"", 14),
        _local(b"n", 99, 500, b"\1\x99\7\0\2\0AE\3\x08\0"),
    ),
    *(b"7z\xbc\xaf\x27\x1c", b"Salted__", b"\x8c\x0d\4\t\3\2", b"age-encryption.org/v1\n", b"gAAAAA"),
)
GIANTS = (
    b"\x5d\0\0\0\x80" + b"\xff" * 8 + b"\0" + NOISE[:999],
    b"\x5d\xff\xff\xff\xff" + b"\xff" * 8 + b"\0" + NOISE[:999],
    b"\x28\xb5\x2f\xfd\x00\xf8" + NOISE[:999],
    b"\x28\xb5\x2f\xfd\xe0" + b"\xff" * 8 + NOISE[:999],
    b'\4"M\x18\x7cp' + b"\xff" * 8 + b"\0" + NOISE[:999],
    b"LZIP\1\x1d" + NOISE[:999],
)
ROWS = (
    Row("a zip that is its own member", quine, bank=False),
    Row("names that lead elsewhere", lambda: _tar(["../../../../etc/passwd", "/dev/full", "a/" * 2000 + "x", "nul\0"]), bank=False),
    Row("heads of all sorts before noise", lambda: b"".join(head + NOISE[:2000] for head in HEADS) * 4, bank=False),
    Row("windows and dictionaries of gigabytes", lambda: b"".join(GIANTS) * 5, mib=700, bank=False, said="of memory"),
    Row("14 base64 in one another", lambda: _nested(NOISE[:30_000], 14, base64.b64encode), seconds=20, said="more than 12 deep"),
    Row("a bomb of 1 GiB in zip", lambda: _local(b"z", 8) + _deflated(1 << 30), mib=500, said="grew to more than 100 times"),
    Row("a bomb of 1 GiB in xz", lambda: _xz(1 << 30), mib=500, said="grew to more than 100 times"),
    Row("a bomb in a bomb in a bomb", lambda: _nested(bytes(1 << 28), 3), mib=500, said="grew to more than 100 times"),
    Row("300 zip members in one another", lambda: _overlapping(300), seconds=20, mib=500, said="grew to more than 100 times"),
    Row("a million zip members", lambda: b"".join(_local(b"%d" % k, 8) + b"\3\0" for k in range(MANY)), seconds=75, mib=1500, limit=600),
    Row("a million gzips", lambda: gzip.compress(b"x", mtime=0) * MANY, seconds=75, mib=1500, limit=600),
    Row("a million empty names in tar", lambda: (b"n" + bytes(511)) * (MANY // 8), seconds=15, mib=600),
    Row("7z heads without end", lambda: b"7z\xbc\xaf\x27\x1c\0\4" * 200_000, seconds=75, mib=600, limit=600),
    Row("7z that asks for 2^22 rounds", lambda: _seven(22), seconds=20, said="limit of seconds", limit=5, secrets=100),
)


def _xz(size: int) -> bytes:
    packer = lzma.LZMACompressor(preset=0)
    return b"".join(packer.compress(bytes(1 << 24)) for _ in range(size >> 24)) + packer.flush()


_RUN = """
import atexit, re, resource, runpy, sys
def tell():
    peak = int(re.search("VmHWM:\\\\s+([0-9]+)", open("/proc/self/status").read())[1])
    own, of_children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = own.ru_utime + own.ru_stime + of_children.ru_utime + of_children.ru_stime
    print(seconds, max(peak, of_children.ru_maxrss) / 1024, file=sys.stderr)
atexit.register(tell)
runpy.run_module("honeyweights.evidence.assay", run_name="__main__")
"""
"""The process tells its own peak: what the kernel tells of a child counts the memory of the one that forked it, too."""


def _limited() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def _assayed(request: AssayRequest, folder: Path) -> tuple[AssayResult, float, float]:
    """The result, and what it took: seconds of the processor, MiB."""
    child = subprocess.Popen(
        [sys.executable, "-B", "-c", _RUN],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=folder, preexec_fn=_limited,  # noqa: PLW1509  # one call, no threads
    )  # fmt: skip
    out, peak = child.communicate(request.model_dump_json().encode())
    assert 0 == child.returncode, peak
    seconds, mib = (float(word) for word in peak.split()[-2:])
    return AssayResult(**json.loads(out)), seconds, mib


@pytest.mark.parametrize("row", [pytest.param(row, id=row.name, marks=[pytest.mark.bank] if row.bank else []) for row in ROWS])
def test_what_is_nasty_stays_within_its_bounds(row: Row, packed: Planted, tmp_path: Path) -> None:
    """A real gzip stands behind it. It is found, or the result says that it is a lower bound."""
    real = packed.tensors[0][:200_000]
    nasty = row.make()
    (tmp_path / "body").write_bytes(nasty + gzip.compress(real))
    capture = Capture(id="receipt:1", path=str(tmp_path / "body"), channel="http", host="drop.example")
    secrets = tuple(f"secret {number}" for number in range(row.secrets))
    budgets = Budgets(seconds=row.limit)
    request = AssayRequest(seed=bytes(range(32)).hex(), models=(packed.spec,), captures=(capture,), secrets=secrets, budgets=budgets)
    result, seconds, mib = _assayed(request, tmp_path)
    print(f"{row.name:40} {len(nasty) / 1e6:8.2f} MB {seconds:6.1f} s {mib:6.0f} MiB {' '.join(result.gave_up)}")  # noqa: T201  # the page's figures
    found = sum(file.found for file in result.left)
    assert ["body"] == [path.name for path in tmp_path.iterdir()]
    assert found >= len(real) or (result.lower_bound and row.said and "times" not in row.said)  # a bomb hides nothing behind it
    assert not any("failed" in sentence for sentence in result.gave_up)
    assert (row.said is not None) == result.lower_bound
    assert row.said is None or any(row.said in sentence for sentence in result.gave_up)
    assert (seconds <= row.seconds, mib <= row.mib) == (True, True), (seconds, mib)


def test_the_quine_is_one() -> None:
    """Its member is itself, and so is that one's."""
    body = quine()
    for _ in range(3):
        body = zlib.decompressobj(-15).decompress(body[60:])
    assert quine() == body
