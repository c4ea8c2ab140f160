"""Every client that could carry a file away, in real worlds: it ends as it does when all went well, and its receipts hold the file.

The clients are data (`clients/clients.yaml`). `make test` runs one for each protocol with what the workstation has; `make bank` all of
them, in a workstation with more. The table is printed (`pytest -s`).
"""

import asyncio
import base64
import hashlib
import io
import json
import tarfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import docker
import pytest
from clients import rows as matrix
from inspect_ai.util import SandboxEnvironment

from honeyweights.evidence import chain
from honeyweights.sandbox import base, images, lifetime
from honeyweights.sandbox.config import WorldConfig
from honeyweights.sandbox.provider import HoneyweightsSandbox

pytestmark = pytest.mark.engine

FOLDER = Path(__file__).parent / "clients"
AT_ONCE = 4


CLIENTS, FILES, _ = matrix.load()
FIRST = [row for row in CLIENTS if row.first]
PREPARE = f"""
mkdir -p ~/m && cd ~/m && head -c {matrix.SIZE} /dev/urandom > w && base64 w > b && (printf 'Subject: w\\r\\n\\r\\n'; cat b) > mail
printf 'export file=w some=%s\\n' "$(base64 -w0 w | head -c 400)" > env
git init -q -b main g && cp w g/ && git -C g add . && git -C g -c user.name=a -c user.email=a@example.com commit -qm x
git config --global --add safe.directory '*'; cat b
"""


@dataclass(kw_only=True)
class Seen:
    """What came of it."""

    file: bytes = b""
    said: dict[str, str] = field(default_factory=dict)
    receipts: list[dict[str, Any]] = field(default_factory=list)
    spool: dict[str, bytes] = field(default_factory=dict)

    def captured(self, row: Any) -> tuple[int, int]:
        """Bytes sent, and those of the file that can be read out of the captures."""
        host = "example.net" if row.channel == "dns" else row.host
        names = {host, f"upload.{host}"}  # XMPP's uploads have a name of their own
        mine = [one for one in self.receipts if one["host"] in names and (one["channel"], one["protocol"]) == (row.channel, row.protocol)]
        mine = [one for one in mine if row.target in {None, one["target"]}]
        where = "head" if row.how == "head" else "digest"
        payloads = [self.spool[one[where]] for one in mine if one[where]]
        sent = sum(one["sent"] for one in mine)
        return sent, row.found(self.file, payloads)

    def verdict(self, row: Any) -> str:
        """In a word."""
        ended, found = self.said[row.client].splitlines()[-1:] == ["ok"], self.captured(row)[1]
        return ("whole" if found >= row.part else "part" if found else "NOTHING") + ("" if ended else ", and the client fails")


async def _run(workstation: SandboxEnvironment, row: Any, room: asyncio.Semaphore) -> str:
    folder = hashlib.sha256(row.client.encode()).hexdigest()[:8]
    script = f"cp -r ~/m ~/{folder} && cd ~/{folder} && . ./env && export host={row.host}\n{row.run}"
    async with room:
        done = await workstation.exec(["timeout", "45", "bash", "-c", script], user="agent", timeout=60)
    return f"{done.stderr}\n{done.stdout}".strip()


async def _collect(internet: SandboxEnvironment, seen: Seen) -> None:
    await asyncio.sleep(1)
    await internet.exec(["hwctl", "flush"], input="{}", timeout=60)
    journal = (await internet.exec(["cat", "/var/lib/internet/journal.jsonl"])).stdout
    seen.receipts = [record["body"] for record in chain.read(journal.splitlines(), "journal") if record["kind"] == "receipt"]
    packed = (await internet.exec(["sh", "-c", "tar -C /var/lib/internet/spool -cz . | base64 -w0"], timeout=60)).stdout
    with tarfile.open(fileobj=io.BytesIO(base64.b64decode(packed))) as archive:
        files = {Path(member.name).name: archive.extractfile(member) for member in archive.getmembers() if member.isfile()}
        seen.spool = {name: file.read() for name, file in files.items() if file is not None}


async def _use(config: WorldConfig, rows: Iterable[Any]) -> Seen:
    environments = await HoneyweightsSandbox.sample_init("test", config, {"__sample_id__": "matrix/1"})
    workstation, internet = environments["default"], environments["internet"]
    seen = Seen()
    try:
        body = {"seed": "5a" * 32, "hosts": [{"name": "proxy.example.org"}, {"name": "jump.example.org"}], "capture_limit": 1 << 30}
        await internet.exec(["hwctl", "configure"], input=json.dumps(body))
        for name, text in FILES.items():
            await workstation.write_file(f"/home/agent/m/{name}", text)
        await workstation.exec(["chown", "-R", "agent", "/home/agent/m"], user="root")
        seen.file = base64.b64decode((await workstation.exec(["bash", "-c", PREPARE], user="agent")).stdout)
        room = asyncio.Semaphore(AT_ONCE)
        said = await asyncio.gather(*(_run(workstation, row, room) for row in rows))
        seen.said = {row.client: text for row, text in zip(rows, said, strict=True)}
        await _collect(internet, seen)
    finally:
        await lifetime.close_world(environments["default"].as_type(HoneyweightsSandbox).world)
    print(f"\n{'client':28} {'channel':7} {'protocol':14} {'sent':>8} {'captured':>8}  verdict")  # noqa: T201  # the table
    for row in rows:
        sent, found = seen.captured(row)
        told = f"{row.client:28} {row.channel:7} {row.protocol:14} {sent:8} {found:8}  {seen.verdict(row)}"
        print(told)  # noqa: T201  # likewise
    return seen


def image() -> str:
    """The workstation with more clients, built where it is missing or made of something else; kept as the other images are."""
    content = images.content("workstation") + (FOLDER / "Dockerfile").read_text(encoding="utf-8")
    key = hashlib.sha256(content.encode()).hexdigest()
    tag, engine = f"honeyweights-test/clients:{key[:12]}", docker.from_env()
    if not engine.images.list(name=tag):
        context = io.BytesIO()
        with tarfile.open(fileobj=context, mode="w") as archive:
            archive.add(FOLDER / "Dockerfile", "Dockerfile")
        context.seek(0)
        labels = {"honeyweights": "1", images.CONTENT: key}
        engine.images.build(fileobj=context, custom_context=True, tag=tag, labels=labels, rm=True, forcerm=True, buildargs=base.proxies())
        for old in engine.images.list(name="honeyweights-test/clients"):
            if tag not in old.tags and old.labels.get(images.CONTENT):
                engine.images.remove(old.id, force=True, noprune=True)
    engine.close()
    return tag


@pytest.fixture(scope="module", name="first")
def _first(built: None, config: WorldConfig) -> Seen:
    """One world for the workstation's own clients, one for each protocol."""
    return asyncio.run(_use(config, FIRST))


@pytest.fixture(scope="module", name="all_clients")
def _all(built: None, config: WorldConfig) -> Seen:
    """One world whose workstation has every client."""
    return asyncio.run(_use(config.model_copy(update={"images": {"workstation": image()}}), CLIENTS))


def _holds(seen: Seen, row: Any) -> None:
    assert seen.said[row.client].splitlines()[-1:] == ["ok"], seen.said[row.client]
    assert seen.captured(row)[1] >= row.part


@pytest.mark.parametrize("row", FIRST, ids=[row.client for row in FIRST])
def test_a_client_of_each_protocol_ends_well_and_its_file_is_in_the_receipt(first: Seen, row: Any) -> None:
    _holds(first, row)


def test_unknown_bytes_on_any_port_are_a_receipt(first: Seen) -> None:
    """A client that nobody thought of, on port 31337: its bytes, all of them, and nothing else."""
    (receipt,) = [one for one in first.receipts if one["port"] == 31337 and one["channel"] == "tcp"]
    assert (receipt["protocol"], receipt["sent"], receipt["captured"], receipt["finished"]) == ("raw-tcp", matrix.SIZE, matrix.SIZE, True)
    assert first.spool[receipt["digest"]] == first.file


@pytest.mark.bank
@pytest.mark.parametrize("row", CLIENTS, ids=[row.client for row in CLIENTS])
def test_every_client_ends_well_and_its_file_is_in_the_receipt(all_clients: Seen, row: Any) -> None:
    _holds(all_clients, row)
