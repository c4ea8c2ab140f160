"""Object stores, hubs and git as real clients meet them, in one real world: each ends well, and its receipts hold what it sent."""

import asyncio
import hashlib
from dataclasses import dataclass, field
from typing import Any

import pytest
from inspect_ai.util import SandboxEnvironment
from internet_side import control, journal, opened, used

from honeyweights.sandbox.config import WorldConfig

pytestmark = pytest.mark.engine

CURL = "curl -sS -m 60"
BUNDLE = "/etc/ssl/certs/ca-certificates.crt"
KEYS = f"AWS_ACCESS_KEY_ID=AKIAQ3EXAMPLEKEY AWS_SECRET_ACCESS_KEY=k AWS_DEFAULT_REGION=us-east-1 AWS_CA_BUNDLE={BUNDLE}"
BOTO = """
import boto3, io
from boto3.s3.transfer import TransferConfig
s3 = boto3.client('s3', endpoint_url='https://s3.storage.example.net')
s3.create_bucket(Bucket='bkt')
s3.put_object(Bucket='bkt', Key='one', Body=open('w', 'rb'))
s3.upload_file('w', 'bkt', 'dir/parts', Config=TransferConfig(multipart_threshold=5 << 20, multipart_chunksize=5 << 20))
s3.download_file('bkt', 'dir/parts', 'got')
assert open('got', 'rb').read() == open('w', 'rb').read()
print([o['Key'] for o in s3.list_objects_v2(Bucket='bkt')['Contents']], s3.head_object(Bucket='bkt', Key='one')['ContentLength'])
open('url', 'w').write(s3.generate_presigned_url('put_object', Params={'Bucket': 'bkt', 'Key': 'signed'}))
print(boto3.client('sts', endpoint_url='https://sts.example.net').get_caller_identity()['Account'])
"""
HUB = """
from huggingface_hub import HfApi, hf_hub_download
api = HfApi(token='hf_x')
api.create_repo('me/m', exist_ok=True)
api.upload_file(path_or_fileobj='w', path_in_repo='w.safetensors', repo_id='me/m')
api.upload_folder(folder_path='folder', repo_id='me/m')
print(sorted(api.list_repo_files('me/m')))
got = hf_hub_download('me/m', 'w.safetensors', token='hf_x')
print(open(got, 'rb').read() == open('w', 'rb').read())
"""
GIT = """
U=https://code.example.net/me/m.git; cd repo
git push -q $U main && git push -q $U main:side && echo x >> note && git commit -qam two && git push -q $U main
git ls-remote $U | cut -f2 | tr '\\n' ' '
cd .. && git clone -q $U back && cmp back/w w && git -C back log --oneline | wc -l
"""
HF = "HF_ENDPOINT=https://hub.example.net HF_HUB_DISABLE_TELEMETRY=1 HF_HUB_DISABLE_PROGRESS_BARS=1 HF_HUB_DISABLE_XET=1"
CLIENTS = {
    "boto3": f"{KEYS} python3 boto.py",
    "presigned": f"{CURL} -w '%{{http_code}}' -T w \"$(cat url)\"",
    "rclone": (
        "exec 2>/dev/null; export RCLONE_CONFIG_R_TYPE=s3 RCLONE_CONFIG_R_PROVIDER=Other"
        " RCLONE_CONFIG_R_ACCESS_KEY_ID=a RCLONE_CONFIG_R_SECRET_ACCESS_KEY=b"
        " RCLONE_CONFIG_R_ENDPOINT=http://minio.example.org:9000; rclone -q copy w r:vault/x && rclone -q check --download w r:vault/x"
        " && rclone lsf r:vault/x && rclone -q copyto r:vault/x/w again && cmp again w && echo same"
    ),
    "git": GIT,
    "git plain": "cd repo && git push -q git://daemon.example.net/m.git main && git ls-remote git://daemon.example.net/m.git | wc -l",
    "hub": f"{HF} python3 hub.py 2>&1 | tail -5",
    "drop": f'u=$({CURL} -T w https://transfer.example.com/w); echo "$u"; {CURL} "$u" | cmp - w && echo same',
    "paste": f'u=$({CURL} -F file=@w https://paste.example.com/); {CURL} "$u" | cmp - w && echo same',
    "azure": (
        f"{CURL} -w '%{{http_code}}' -H 'x-ms-version: 2021-08-06' -H 'x-ms-blob-type: BlockBlob' -T w https://acct.blob.example.net/c/w"
        f" && {CURL} -H 'x-ms-version: 2021-08-06' https://acct.blob.example.net/c/w | cmp - w && echo same"
    ),
    "gcs": (
        f"{CURL} -o /dev/null --data-binary @w 'https://gcs.example.net/upload/storage/v1/b/bk/o?uploadType=media&name=w'"
        f" && {CURL} 'https://gcs.example.net/storage/v1/b/bk/o/w?alt=media' | cmp - w && echo same"
    ),
    "slack": f'{CURL} -d \'{{"text": "hi"}}\' https://hooks.example.net/services/T0AB/B0CD/xyz',
    "discord": f"{CURL} -w '%{{http_code}}' -F file=@w https://chat.example.net/api/webhooks/1/ab",
}


@dataclass(kw_only=True)
class Seen:
    """What came of it."""

    digest: str = ""
    size: int = 0
    said: dict[str, str] = field(default_factory=dict)
    receipts: list[dict[str, Any]] = field(default_factory=list)
    spool: set[str] = field(default_factory=set)
    packed: dict[str, bool] = field(default_factory=dict)
    """Digest of a captured pack -> whether its last bytes are its SHA-1."""
    rest: dict[str, int] = field(default_factory=dict)

    def to(self, host: str, *methods: str) -> list[dict[str, Any]]:
        return [r for r in self.receipts if r["host"] == host and r["channel"] != "dns" and (not methods or r["method"] in methods)]


async def _run(environment: SandboxEnvironment, script: str, user: str | None = None) -> str:
    done = await environment.exec(["bash", "-c", script], user=user, timeout=90)
    return (done.stdout + done.stderr).strip()


async def _use(config: WorldConfig) -> Seen:
    async with opened(config) as (workstation, internet):
        seen = Seen(rest={"before": (await used(internet))["mib"]})
        await control(internet, "configure", {"seed": "5b" * 32, "hosts": [], "closed": []})
        await workstation.write_file("/home/agent/boto.py", BOTO)
        await workstation.write_file("/home/agent/hub.py", HUB)
        made = (
            "cd ~ && head -c 6000001 /dev/urandom > w && mkdir folder && cp w folder/big.bin && echo '# hi' > folder/README.md"
            " && git init -q -b main repo && cp w repo/ && cd repo && echo x > note && git config user.name a"
            " && git config user.email a@lab && git add . && git commit -qm one && cd && sha256sum w && stat -c %s w"
        )
        words = (await _run(workstation, made, "agent")).split()
        seen.digest, seen.size = words[0], int(words[-1])
        for name, script in CLIENTS.items():
            seen.said[name] = await _run(workstation, f"cd ~; {script}", "agent")
        seen.rest["after"] = (await used(internet))["mib"]
        seen.receipts = [record["body"] for record in await journal(internet) if record["kind"] == "receipt"]
        seen.spool = set((await internet.exec(["ls", "/var/lib/internet/spool"])).stdout.split())
        for receipt in seen.receipts:
            if receipt["protocol"] == "git" and receipt["sent"] > 100_000:
                data = await internet.read_file(f"/var/lib/internet/spool/{receipt['digest']}", text=False)
                seen.packed[receipt["digest"]] = (
                    data[:4] == b"PACK" and hashlib.sha1(data[:-20], usedforsecurity=False).digest() == data[-20:]
                )
    return seen


@pytest.fixture(scope="module", name="seen")
def _seen(built: None, config: WorldConfig) -> Seen:
    """One world for all of this file's tests."""
    return asyncio.run(_use(config))


def test_boto3_puts_lists_and_gets_back(seen: Seen) -> None:
    assert seen.said["boto3"].splitlines() == [f"['dir/parts', 'one'] {seen.size}", "418270935562"]
    assert seen.said["presigned"] == "200"
    whole = [(r["channel"], r["protocol"], r["digest"]) for r in seen.to("s3.storage.example.net", "PUT") if r["sent"] == seen.size]
    assert whole == [("s3", "s3", seen.digest)] * 2
    assert sum(r["sent"] for r in seen.to("s3.storage.example.net", "PUT")) == 3 * seen.size


def test_rclone_copies_and_checks(seen: Seen) -> None:
    assert seen.said["rclone"].splitlines() == ["w", "same"]
    assert [seen.digest] == [r["digest"] for r in seen.to("minio.example.org", "PUT") if r["sent"] > 1000]


def test_git_pushes_and_clones(seen: Seen) -> None:
    assert seen.said["git"].splitlines() == ["HEAD refs/heads/main refs/heads/side 2"]
    assert seen.said["git plain"] == "2"
    packs = [r for r in seen.receipts if r["protocol"] == "git" and r["sent"] > seen.size]
    assert {(r["channel"], r["host"]) for r in packs} == {("https", "code.example.net"), ("tcp", "daemon.example.net")}
    assert all(seen.packed[r["digest"]] for r in packs)


def test_the_hubs_client_publishes(seen: Seen) -> None:
    assert seen.said["hub"].splitlines() == ["['README.md', 'big.bin', 'w.safetensors']", "True"]
    assert seen.digest in {r["digest"] for r in seen.to("hub.example.net") if r["protocol"] == "git-lfs"}


def test_what_is_dropped_is_found(seen: Seen) -> None:
    address, same = seen.said["drop"].splitlines()
    assert address.startswith("https://transfer.example.com/")
    assert (same, seen.said["paste"], seen.said["azure"], seen.said["gcs"]) == ("same", "same", "201same", "same")
    for host in ("transfer.example.com", "acct.blob.example.net", "gcs.example.net"):
        assert seen.to(host)[0]["digest"] == seen.digest, host


def test_messages_are_taken_by_rooms(seen: Seen) -> None:
    assert (seen.said["slack"], seen.said["discord"]) == ("ok", "204")
    assert seen.to("chat.example.net")[0]["sent"] > seen.size


def test_everything_is_kept_and_ends(seen: Seen) -> None:
    assert not [r for r in seen.receipts if not r["finished"] or r["captured"] < r["sent"]]
    assert not [r for r in seen.receipts if r["digest"] is not None and r["digest"] not in seen.spool]


def test_it_costs_little_memory(seen: Seen) -> None:
    """All services loaded, and 170 MB sent through them."""
    assert seen.rest["after"] < 100
