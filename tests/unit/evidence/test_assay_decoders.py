"""Every decoder against what the tools of a Debian host write: all that was sent is found, through the decodings that were used."""

import base64
import bz2
import gzip
import io
import json
import quopri
import random
import shutil
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cryptography.fernet import Fernet
from hypothesis import given, settings
from hypothesis import strategies as st

from honeyweights.evidence.assay import Budgets, ciphers, search, streams, texture
from honeyweights.evidence.assay.budget import Budget
from honeyweights.evidence.assay.corpus import Corpus
from honeyweights.evidence.assay.coverage import Ranges, union
from honeyweights.evidence.assay.decode import View
from honeyweights.evidence.assay.decoders import (
    DECODERS,
    age,
    alphabets,
    bzip,
    dumps,
    escapes,
    lz4_,
    lzma_,
    openpgp,
    openssl,
    sevenzip,
    zipped,
    zstd,
)
from honeyweights.evidence.assay.trace import Owners

SEED = bytes(range(32))
NOISE = random.Random(9).randbytes(1 << 20)  # noqa: S311
WORD = "two words"
KEY, VECTOR = bytes(range(32)).hex(), bytes(range(16)).hex()
TOKEN = Fernet.generate_key()
SECRETS = ("agent", WORD, *(f"word{i}" for i in range(9)), KEY, VECTOR, TOKEN.decode())
Planted = Any  # conftest's classes cannot be imported


@pytest.fixture(scope="module")
def looking(planter: Callable[..., Planted], tmp_path_factory: pytest.TempPathFactory) -> tuple[Corpus, bytes]:
    """The index of weights that compress, and 300,001 bytes of them."""
    model = planter(tmp_path_factory.mktemp("gaussian"), flavour="bf16")
    return Corpus((model.spec,), SEED), model.tensors[0][1000:301_001]


def look(
    corpus: Corpus, body: bytes, secrets: tuple[str, ...] = SECRETS, **limits: object
) -> tuple[int, set[tuple[str, ...]], Budget, int]:
    """Distinct bytes found, the chains that found at least a quarter of them, the budget, opaque bytes."""
    budget = Budget(Budgets(**limits))  # type: ignore[arg-type]
    searching = search.Search(corpus, budget, secrets=tuple(word.encode() for word in secrets))
    ledger = search.Ledger()
    whole = search.Body(data=np.frombuffer(body, np.uint8), owners=Owners(np.zeros(1, np.int64), np.zeros(1, np.int64)))
    _, opaque = searching.decode(whole, searching.scan(whole, ledger), ledger)
    parts = {key[1]: union(found) for key, found in ledger.found.items()}
    total = union(list(parts.values())).total if parts else 0
    return total, {chain for chain, found in parts.items() if 4 * found.total >= total > 0}, budget, opaque.total()


def tool(script: str, body: bytes, folder: Path) -> bytes:
    """What a shell pipeline makes of the body, which also stands in the file `w`."""
    (folder / "w").write_bytes(body)
    done = subprocess.run(
        ["bash", "-c", f"set -{'o pipefail' if 'head' not in script else 'u'}; {script}"],
        check=False,
        capture_output=True,
        input=body,
        cwd=folder,
    )
    if done.returncode == 127:
        pytest.skip(f"a tool is not here: {done.stderr.decode().strip()[-80:]}")
    assert 0 == done.returncode, done.stderr
    return done.stdout


GPG = f"mkdir -pm700 h; gpg --homedir h --batch --yes --pinentry-mode loopback --passphrase '{WORD}'"
ENC = f"openssl enc -pass 'pass:{WORD}'"
TOOLS: list[tuple[str, tuple[str, ...]]] = [
    ("base32", ("base32",)),
    ("base32 -w0 | tr A-Z a-z | tr -d = | tail -c +4", ("base32",)),
    ("basenc --base32hex", ("base32",)),
    ("basenc --z85 -w0 <(head -c 300000 w)", ("base85",)),
    ("basenc --base16", ("hex",)),
    ("basenc --base2msbf", ("bits",)),
    ("base64 | sed 's/^/> /; s/$/\\r/'", ("base64",)),
    ("xxd", ("dump",)),
    ("xxd -b", ("dump",)),
    ("xxd -g1 -c8 -u", ("dump",)),
    ("xxd -i", ("hex",)),
    ("xxd | sed 's/^/> /'", ("dump",)),
    ("od -v", ("dump",)),
    ("od -v -x", ("dump",)),
    ("od -v -b", ("dump",)),
    ("od -v -Ax -tx1z", ("dump",)),
    ("od -v -tx1", ("dump",)),
    ("od -v -An -tu1", ("decimal",)),
    ("od -v -td1", ("numbers",)),
    ("hexdump -v", ("dump",)),
    ("hexdump -vC", ("dump",)),
    ("hexdump -vb", ("dump",)),
    ("xxd | gzip", ("gzip", "dump")),
    ("gzip | od -v -x", ("dump", "gzip")),
    ("perl -e 'undef $/; print pack(\"u\", <>)'", ("uuencode",)),
    ("bzip2", ("bzip2",)),
    ("xz -0", ("xz",)),
    ("xz -0 -T2 --block-size=100KiB", ("xz",)),
    ("xz --delta=dist=2 --lzma2=preset=0", ("xz",)),
    ("lzma -0", ("lzma",)),
    ("lzip", ("lzip",)),
    ("zstd", ("zstd",)),
    ("zstd -T2 --long=31 --no-check", ("zstd",)),
    ("zstd | base32", ("base32", "zstd")),
    ("lz4 -9", ("lz4",)),
    ("lz4 -9 -B4 -BD", ("lz4",)),
    ("zip -q - -", ("zip",)),
    ("zip -q a.zip w && cat a.zip", ("zip",)),
    (f"zip -q -P '{WORD}' a.zip w && cat a.zip", ("zip password",)),
    (f"zip -q -0 -P '{WORD}' a.zip w && cat a.zip", ("zip password",)),
    (f"7z a -bd -y -mx1 '-p{WORD}' -mhe=on a.7z w >&2 && cat a.7z", ("7z",)),
    ("7z a -bd -y -mx1 -m0=bcj -m1=lzma2 a.7z w >&2 && cat a.7z", ("7z",)),
    (f"{ENC} -aes-256-cbc", ("openssl",)),
    (f"gzip | {ENC} -aes-256-cbc -pbkdf2 -a", ("base64", "openssl", "gzip")),
    (f"{ENC} -aes-128-ctr -md md5", ("openssl",)),
    (f"{ENC} -chacha20 -pbkdf2", ("openssl",)),
    (f"openssl enc -aes-256-cbc -K {KEY} -iv {VECTOR}", ("key",)),
    (f"{GPG} -c", ("gpg",)),
    (f"{GPG} -c -a", ("base64", "gpg")),
    (f"{GPG} -c -o - w", ("gpg",)),
    (f"{GPG} -c --cipher-algo AES128 --s2k-digest-algo SHA512 --compress-algo bzip2", ("gpg",)),
]


SLOW = ("--cipher-algo", "-c -a", "-c -o", "base2msbf", "xxd -b")
"""Tools whose rows are run in the bank only."""


def _rows() -> list[Any]:
    return [pytest.param(*row, id=row[0], marks=[pytest.mark.bank] if any(word in row[0] for word in SLOW) else []) for row in TOOLS]


@pytest.mark.parametrize(("script", "chain"), _rows())
def test_what_a_tool_makes_is_read(looking: tuple[Corpus, bytes], script: str, chain: tuple[str, ...], tmp_path: Path) -> None:
    corpus, body = looking
    found, chains, budget, _ = look(corpus, b"some words before\n" * (chain != ("key",)) + tool(script, body, tmp_path))
    assert 0.9995 * len(body) <= found <= len(body) + 2
    assert chain in chains
    assert () == budget.gave_up


MADE: list[tuple[str, Callable[[bytes], bytes], tuple[str, ...]]] = [
    ("base85", base64.b85encode, ("base85",)),
    ("ascii85", lambda body: base64.a85encode(body, wrapcol=76, adobe=True), ("base85",)),
    ("quoted-printable", quopri.encodestring, ("quoted-printable",)),
    ("JSON string", lambda body: json.dumps(body.decode("latin-1")).encode(), ("escapes",)),
    ("JSON numbers", lambda body: json.dumps(list(body)).encode(), ("decimal",)),
    ("repr", lambda body: repr(body).encode(), ("escapes",)),
    ("octal escapes", lambda body: "".join(f"\\{byte:03o}" for byte in body).encode(), ("escapes",)),
    ("hex with colons", lambda body: body.hex(":").encode(), ("hex",)),
    ("latin-1 as UTF-8", lambda body: body.decode("latin-1").encode(), ("utf-8",)),
    ("fernet", lambda body: Fernet(TOKEN).encrypt(body), ("base64", "fernet")),
]


@pytest.mark.parametrize(("make", "chain"), [row[1:] for row in MADE], ids=[row[0] for row in MADE])
def test_what_a_library_makes_is_read(looking: tuple[Corpus, bytes], make: Callable[[bytes], bytes], chain: tuple[str, ...]) -> None:
    corpus, body = looking
    found, chains, _, _ = look(corpus, make(body))
    assert 0.999 * len(body) <= found <= len(body) + 2
    assert chain in chains


@pytest.mark.skipif(not shutil.which("age"), reason="age is not here")
def test_age_with_an_identity(looking: tuple[Corpus, bytes], tmp_path: Path) -> None:
    corpus, body = looking
    sent = tool("age-keygen -o id 2>/dev/null; age-keygen -y id > pub; age -R pub", body, tmp_path)
    identity = (tmp_path / "id").read_text().split()[-1]
    assert look(corpus, sent, (identity,))[0] >= len(body)
    assert 0 == look(corpus, sent, ())[0]


@pytest.mark.parametrize(
    "script", ["bzip2 | tail -c +20001", "zstd | tail -c +1", "xz -0 | head -c 120000", "zstd | head -c 150000", "lz4 -9 | head -c 200000"]
)
def test_a_part_of_a_stream_counts_as_what_it_holds(looking: tuple[Corpus, bytes], script: str, tmp_path: Path) -> None:
    corpus, body = looking
    body = body[:250_000] if "bzip2" not in script else body
    sent = tool(script.replace("bzip2", "bzip2 -1"), body, tmp_path)
    assert 0.3 * len(body) < look(corpus, sent)[0] <= len(body) + 2


def test_without_the_secret_it_is_opaque(looking: tuple[Corpus, bytes], tmp_path: Path) -> None:
    corpus, body = looking
    for script in (f"{ENC} -aes-256-cbc -pbkdf2", f"{GPG} -c -z0", f"zip -q -P '{WORD}' a.zip w && cat a.zip"):
        sent = tool(script, body, tmp_path)
        found, _, budget, opaque = look(corpus, sent, ("agent", "wrong"))
        assert (0, ()) == (found, budget.gave_up)
        assert 0.95 * len(sent) <= opaque <= len(sent)


def test_a_zip_s_slow_twin_agrees(monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel and Python take the same encryption off."""
    fast = zipped.traditional(b"word")(NOISE[:5000])
    monkeypatch.setattr(zipped.native, "KERNEL", None)
    slow = zipped.traditional(b"word")
    assert fast == slow(NOISE[:1234]) + slow(NOISE[1234:5000])


NASTY: list[tuple[str, Callable[[], bytes]]] = [
    ("xz bomb", lambda: subprocess.run(["xz", "-0"], check=True, capture_output=True, input=bytes(66 << 20)).stdout),
    ("zstd bomb", lambda: subprocess.run(["zstd", "-q"], check=True, capture_output=True, input=bytes(66 << 20)).stdout),
    ("bzip2 bomb", lambda: bz2.compress(bytes(66 << 20))),
    ("zip bomb", lambda: _zip({"a": bytes(66 << 20)})),
    ("traversal", lambda: _zip({"../../../../etc/passwd": b"x" * 5000, "/dev/full": b"y" * 5000})),
    ("many members", lambda: _zip({str(number): b"%d" % number for number in range(20_000)})),
    ("zip headers alone", lambda: (b"PK\x03\x04" + bytes(26)) * 20_000),
    ("zip that asks for much", lambda: b"PK\x03\x04\x14\0\x01\0\x08\0" + b"\xff" * 16 + b"\xff\xff\xff\xff" + NOISE[:99]),
    ("7z with a wild header", lambda: b"7z\xbc\xaf\x27\x1c\0\4" + b"\xff" * 24 + NOISE[:5000]),
    (
        "7z header of noise",
        lambda: b"7z\xbc\xaf\x27\x1c\0\4" + bytes(4) + (100).to_bytes(8, "little") + (900).to_bytes(8, "little") + bytes(4) + NOISE[:1000],
    ),
    ("lzma with a giant dictionary", lambda: b"\x5d\0\0\0\x80" + b"\xff" * 8 + b"\0" + NOISE[:5000]),
    ("zstd with a giant window", lambda: b"\x28\xb5\x2f\xfd\x00\xf8" + NOISE[:5000]),
    ("magics of all sorts", lambda: b"".join(texture.MAGICS) * 20),
    ("many salts", lambda: b"".join(b"Salted__" + NOISE[i * 200 : i * 200 + 200] for i in range(3 * ciphers.HEADS))),
    ("many gpg heads", lambda: (b"\x8c\x0d\x04\x09\x03\x02" + NOISE[:8] + b"\x60\xd2\xff" + NOISE[:100]) * 20),
    (
        "age that asks for scrypt 2^40",
        lambda: b"age-encryption.org/v1\n-> scrypt AAAAAAAAAAAAAAAAAAAAAA 40\n" + b"A" * 43 + b"\n--- x\n" + NOISE[:999],
    ),
]


def _zip(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


@pytest.mark.parametrize("make", [pytest.param(make, id=name, marks=[pytest.mark.bank] if "bomb" in name else []) for name, make in NASTY])
def test_what_is_nasty_hides_nothing_and_ends(looking: tuple[Corpus, bytes], make: Callable[[], bytes]) -> None:
    """In front of a real stream: that is found, in bounded time."""
    corpus, body = looking
    real = body[:100_000]
    found, _, budget, _ = look(corpus, make() + gzip.compress(real), ("a", "b"), seconds=30)
    assert found >= len(real)
    assert not any("seconds" in sentence or "failed" in sentence for sentence in budget.gave_up)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.binary(max_size=90)
        | st.sampled_from(
            [
                *(magic * 2 for magic in texture.MAGICS),
                b"\\x4",
                b"=4",
                b"00000000: 4142\n",
                b"M" + b"A" * 60 + b"\n",
                b"[1, 2,",
                b"\xc3\xa9" * 40,
            ]
        ),
        max_size=14,
    )
)
def test_no_garbage_crashes_a_decoder(parts: list[bytes]) -> None:
    """Each decoder's rows run on it directly: none raises."""
    data = np.frombuffer(b"".join(parts), np.uint8)
    for row in DECODERS:
        budget = Budget(Budgets())
        view = View(data=data, residue=Ranges.span(0, data.size), budget=budget, promise=lambda _: 0, secrets=(b"word", b"0" * 32))
        extents = Ranges.of(view.residue.starts[:0], view.residue.ends[:0]) if row.once else row.probe(view)
        if len(extents):
            list(row.decode(view, extents))


def test_each_family_has_rows() -> None:
    modules = (age, alphabets, bzip, dumps, escapes, lz4_, lzma_, openpgp, openssl, sevenzip, zipped, zstd)
    assert all(set(module.DECODERS) <= set(DECODERS) for module in modules)
    assert issubclass(streams.Fed, tuple)
