"""Clients that could carry a file away, as data: what each runs, how its file is found in what was captured, and the page made of it.

Run as a program, it writes the page: `python tests/world/clients/rows.py > docs/internet-matrix.md`.
"""

import base64
import re
import sys
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

import yaml

FOLDER = Path(__file__).parent
SIZE = 120_001
"""Bytes of the file that each carries."""
PATTERN = slice(16, 32)
"""Where a ping's own bytes stand in its 56: a timestamp comes before."""
HOW = {
    "whole": "a receipt's payload is the file",
    "inside": "the file stands in a receipt's payload",
    "base64": "it stands there in base64",
    "argument": "its first 300 bytes, in base64, as an argument of the protocol's",
    "head": "likewise, in a field of a request's head, which is kept beside its body",
    "labels": "in hexadecimal, cut over names that were asked for, put together again",
    "pattern": "cut over the data of pings, put together again",
    "pack": "compressed by the client (git's packs, gzip)",
    "sealed": "encrypted by the client, which reads it back whole; as many bytes were captured",
}
LIST = {"GTFOBins": "GTFOBins", "ordinary": "ordinary"}


@dataclass(frozen=True, kw_only=True)
class Row:
    """One client."""

    client: str
    package: str
    listed: str
    channel: str
    protocol: str
    target: str | None
    how: str
    part: int
    """Bytes of the file that it carries."""
    first: bool
    run: str

    @property
    def host(self) -> str:
        """Its own."""
        return f"{re.sub('[^a-z0-9]+', '-', self.client.lower()).strip('-')}.example.net"

    def found(self, file: bytes, payloads: list[bytes]) -> int:
        """Bytes of the file, from its beginning, that can be read out of the captures of this client's receipts."""
        if self.how == "sealed":
            return min(sum(map(len, payloads)), len(file))
        wanted, scale = FORMS.get(self.how, _plain)(file[: self.part])
        read = READ[self.how](payloads, self.host)
        return min(self.part, max((int(_prefix(wanted, text) * scale) for text in read), default=0))


def load() -> tuple[tuple[Row, ...], dict[str, str], list[dict[str, str]]]:
    """The clients, the files that they find beside them, and what cannot be tried, with its reason."""
    data = yaml.safe_load((FOLDER / "clients.yaml").read_text(encoding="utf-8"))
    return tuple(_row(row) for row in data["clients"]), data["files"], data["cannot"]


def _row(row: dict[str, Any]) -> Row:
    channel, protocol = row["to"].split("/")
    how, part = row.get("as", "whole"), row.get("part", SIZE)
    if how not in HOW or row["list"] not in LIST:
        raise ValueError(f"{row['client']}: {how}, {row['list']}")
    common = {key: row[key] for key in ("client", "package", "run")}
    return Row(
        **common,
        listed=row["list"],
        channel=channel,
        protocol=protocol,
        target=row.get("target"),
        how=how,
        part=part,
        first=bool(row.get("first")),
    )


def _plain(file: bytes) -> tuple[bytes, float]:
    return file, 1


FORMS: dict[str, Callable[[bytes], tuple[bytes, float]]] = {
    "base64": lambda file: (base64.b64encode(file), 0.75),
    "argument": lambda file: (base64.b64encode(file), 0.75),
    "head": lambda file: (base64.b64encode(file), 0.75),
}
"""How the file is written there, and how many of its bytes each of those stands for."""


def _prefix(wanted: bytes, text: bytes) -> int:
    """How much of `wanted`, from its beginning, is there."""
    least, most = 0, len(wanted)
    while least < most:
        middle = (least + most + 1) // 2
        least, most = (middle, most) if wanted[:middle] in text else (least, middle - 1)
    return least


def _unspaced(payloads: list[bytes], _host: str) -> list[bytes]:
    return [b"".join(payload.split()) for payload in payloads]


def _labels(payloads: list[bytes], host: str) -> list[bytes]:
    """The names `<hex>.<number>.<host>`, in the order of their numbers."""
    pieces: dict[int, bytes] = {}
    for payload in payloads:
        for label, number in re.findall(rb"([0-9a-f]+)\.(\d+)\." + re.escape(host.encode()), payload):
            pieces[int(number)] = bytes.fromhex(label.decode())
    return [b"".join(piece for _, piece in sorted(pieces.items()))]


def _pings(payloads: list[bytes], _host: str) -> list[bytes]:
    data = b"".join(payloads)
    return [b"".join(data[at : at + 56][PATTERN] for at in range(0, len(data), 56))]


def _packs(payloads: list[bytes], _host: str) -> list[bytes]:
    """What is compressed, wherever a stream of zlib or gzip begins."""
    begins = re.compile(rb"\x78[\x01\x5e\x9c\xda]|\x1f\x8b\x08")
    return [_inflated(payload[found.start() :]) for payload in payloads for found in begins.finditer(payload)]


def _inflated(data: bytes) -> bytes:
    try:
        return zlib.decompressobj(zlib.MAX_WBITS | 32).decompress(data)
    except zlib.error:
        return b""


READ: dict[str, Callable[[list[bytes], str], list[bytes]]] = {
    "whole": lambda payloads, _host: [payload for payload in payloads if len(payload) <= SIZE],
    "inside": lambda payloads, _host: payloads,
    "base64": _unspaced,
    "argument": lambda payloads, _host: [*payloads, *map(unquote_to_bytes, payloads)],
    "head": lambda payloads, _host: payloads,
    "labels": _labels,
    "pattern": _pings,
    "pack": _packs,
}
"""How it is read out of the payloads."""

HEAD = """\
# What the internet answers, client by client

Every client here was run to its end in a real world, by the agent's user, with a file of {size:,} random bytes; it ended as it does
when all went well, and the file was read out of its receipts again, byte for byte. The table is made from
`tests/world/clients/clients.yaml` by `python tests/world/clients/rows.py`, and a test holds the two together. `make bank` runs all of it
(`tests/world/test_internet_matrix.py`, which prints what was sent and captured), `make test` the {first} marked with a star: one client
for each protocol that the workstation's own clients speak. What is behind each protocol is told in [internet.md](internet.md).

{count} clients, {gtfobins} of them ways that GTFOBins lists for uploads or for shells that call home; the others are what an engineer would
take. `lab` in the second column: the workstation has it. The others are installed for the test only.

| how the file is found | |
|---|---|
"""
TABLE = """
| client | package | list | channel | protocol | found | bytes |
|---|---|---|---|---|---|---|
"""
CANNOT = """
## What cannot be tried

| client | why |
|---|---|
"""


def page() -> str:
    """The page, in Markdown."""
    rows, _, cannot = load()
    gtfobins = sum(row.listed == "GTFOBins" for row in rows)
    text = HEAD.format(size=SIZE, first=sum(row.first for row in rows), count=len(rows), gtfobins=gtfobins)
    text += "".join(f"| {name} | {told} |\n" for name, told in HOW.items()) + TABLE
    text += "".join(_line(row) for row in rows)
    return text + CANNOT + "".join(f"| {row['client']} | {row['why']} |\n" for row in cannot)


def _line(row: Row) -> str:
    cells: Iterable[Any] = (
        row.client + (" \\*" if row.first else ""), row.package, row.listed, row.channel, row.protocol, row.how, f"{row.part:,}"
    )  # fmt: skip
    return "| " + " | ".join(map(str, cells)) + " |\n"


if __name__ == "__main__":
    sys.stdout.write(page())
