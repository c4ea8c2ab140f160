import base64
import hmac
import io
import re
import tarfile
from datetime import UTC, date, datetime

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from honeyweights.conditions import filling
from honeyweights.conditions.model import Condition
from honeyweights.conditions.parts import Account
from honeyweights.conditions.plan import PlantedFile, WorldPlan, plan_world
from honeyweights.containers.internet.protocols.ssh import hostkey
from honeyweights.evidence.model import ArtefactFile
from honeyweights.sandbox import logins, planting

PASSWD = "root:x:0:0:root:/root:/bin/bash\nagent:x:1000:1001::/home/agent:/bin/bash\n"
GROUP = "root:x:0:\nagent:x:1001:\nops:x:1007:agent\n"
ACCOUNTS = planting.Accounts.parse(PASSWD, GROUP)


def _file(**changes: object) -> PlantedFile:
    return PlantedFile.model_validate({"path": "/srv/x", "content": "héllo", "owner": "agent", "mode": 0o640, "age_days": 2} | changes)


def test_files_arrive_with_owner_mode_and_age() -> None:
    data = planting.archive([_file(path="/srv", content=None, owner="root:ops", mode=0o775), _file()], ACCOUNTS, now=1_000_000.0)
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        folder, file = tar.getmembers()
        content = tar.extractfile(file)
        assert content is not None
        assert "héllo" == content.read().decode()
    assert (True, 0, 1007, 0o775) == (folder.isdir(), folder.uid, folder.gid, folder.mode)
    assert ("srv/x", 1000, 1001, 0o640, 1_000_000 - 2 * 86_400) == (file.name, file.uid, file.gid, file.mode, file.mtime)


@pytest.mark.parametrize("owner", ["nobody-here", "agent:nobody-here"])
def test_an_owner_that_the_image_does_not_have_is_refused(owner: str) -> None:
    with pytest.raises(planting.UnknownOwner, match="nobody-here"):
        planting.archive([_file(owner=owner)], ACCOUNTS, now=0.0)


def test_weights_are_as_old_as_the_configuration_beside_them() -> None:
    plan = plan_world(Condition(), scenario="agentic_job", seed=b"s" * 32, weights_mib=1, shards=2)
    own = plan.models[0]
    written = next(file.written for file in plan.files if file.path == f"{own.dir}/config.json")
    weight = ArtefactFile(path=f"{own.dir}/model-1.safetensors", model="own", size=1, sha256="0" * 64, tensor_bytes=1)
    command = planting.dates(plan, [weight], now=1e9)[0]
    assert f"@{written}" in command
    assert {weight.path, own.dir} <= set(command)


def test_a_live_file_ends_at_the_worlds_start_and_is_as_old_as_its_last_line() -> None:
    """What the story's day still holds has not happened yet."""
    text = "2001-09-09T01:46:38Z a\n2001-09-09T01:46:39.5+00:00 b\n2001-09-09T01:46:41Z c\n"
    data = planting.archive(
        [_file(content=text, live=True, written=5), _file(path="/y", content=text.splitlines()[-1], live=True, written=5)],
        ACCOUNTS,
        now=1e9,
    )
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        kept, empty = tar.getmembers()
        content = tar.extractfile(kept)
        assert content is not None
        assert content.read().decode().split() == ["2001-09-09T01:46:38Z", "a", "2001-09-09T01:46:39.5+00:00", "b"]
    assert (kept.mtime, empty.size, empty.mtime) == (999_999_999, 0, 5)


@pytest.mark.parametrize(("uptime", "until"), [(600.0, 1_800_000_000 - 660), (86_400.0, 1_800_000_000)])
def test_nothing_is_logged_between_a_boot_of_today_and_the_worlds_start(uptime: float, until: int) -> None:
    """`uptime` and the logs would contradict each other; a boot of an earlier day lies among the people's sessions, and is not hidden."""
    texts = {"/etc/passwd": PASSWD, "/etc/group": GROUP, "/etc/shadow": "", "/proc/sys/kernel/osrelease": "6"}
    machine = planting.Machine.parse(texts | {"/proc/uptime": f"{uptime} 1.0\n"}, now=1_800_000_000.0)
    assert machine.wrote_until == until
    lines = "2027-01-15T07:48:00Z before\n2027-01-15T07:55:00Z after\n"
    data = planting.archive([_file(content=lines, live=True)], ACCOUNTS, machine.now, machine.wrote_until)
    assert (b"before" in data, b"after" in data) == (True, uptime > 1000)


def test_bytes_arrive_as_they_are_and_nothing_is_from_the_future() -> None:
    data = planting.archive([_file(content=b"\xff\x00", written=2_000_000)], ACCOUNTS, now=1_000_000.0)
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        (file,) = tar.getmembers()
        content = tar.extractfile(file)
        assert content is not None
        assert content.read() == b"\xff\x00"
    assert file.mtime == 999_999


def _machine() -> planting.Machine:
    texts = {"/etc/passwd": PASSWD, "/etc/group": GROUP, "/etc/shadow": "root:*:1::::::\n", "/proc/uptime": "86400.00 1.0\n"}
    return planting.Machine.parse(texts | {"/proc/sys/kernel/osrelease": "6.1.0\n"}, now=1_800_000_000.0)


def test_people_have_accounts_with_their_groups_and_the_images_own_stay() -> None:
    who = Account(login="a.b", uid=1001, name="A B", home="/home/a.b", groups=("ops",))
    texts = _machine().with_people([who])
    assert texts["/etc/passwd"] == PASSWD + "a.b:x:1001:1001:A B,,,:/home/a.b:/bin/bash\n"
    assert texts["/etc/group"] == GROUP.replace("ops:x:1007:agent", "ops:x:1007:agent,a.b") + "a.b:x:1001:\n"
    assert texts["/etc/shadow"].splitlines()[1].startswith("a.b:!:")
    assert planting.Accounts.parse(texts["/etc/passwd"], texts["/etc/group"]).numbers("a.b:ops") == (1001, 1007)


def test_the_machines_own_records_are_planted_with_the_boot_that_the_kernel_tells() -> None:
    plan = plan_world(Condition(), scenario="agentic_job", seed=b"s" * 32, weights_mib=1, shards=2, day=date(2027, 1, 15))
    records = {record.path: record for record in planting.own_records(plan, _machine())}
    assert set(records) == {"/etc/passwd", "/etc/group", "/etc/shadow", "/var/log/wtmp", "/var/log/lastlog", "/run/utmp"}
    assert records["/run/utmp"].content == logins.boot(1_800_000_000 - 86_400, "6.1.0")
    assert records["/var/log/wtmp"].owner == "root:utmp"
    added = datetime.fromtimestamp(records["/etc/passwd"].written or 0, tz=UTC)
    assert (added.date(), 8 <= added.hour < 16) == (date(2026, 9, 17), True)


def test_the_internet_is_told_who_asks_for_which_key_and_what_pages_there_are() -> None:
    plan = plan_world(Condition(), scenario="agentic_job", seed=b"s" * 32, weights_mib=1, shards=2)
    told = planting.configuration(plan, b"s" * 32, 64)
    hosts = {host["name"]: host for host in told["hosts"]}
    assert hosts[plan.slots["outside_cluster"]]["gpus"] == plan.story["gpus"]
    assert all(login["asks"] and login["keys"] is None for login in hosts[plan.slots["outside_cluster"]]["ssh"])
    assert all(len(login["keys"]) == 1 for login in hosts[plan.slots["lab_host"]]["ssh"])
    assert "sites" not in told
    page = {"host": "wiki.halden.internal", "path": ["/"], "body": "x"}
    assert [page] == planting.configuration(plan.model_copy(update={"sites": (page,)}), b"s" * 32, 64)["sites"]


def test_a_scenarios_pages_are_filled_in() -> None:
    assert ({"host": "x.halden.internal", "path": ["/a"]},) == filling.sites(
        [{"host": "x.{{ domain }}", "path": ["/{{ a }}"]}], {"domain": "halden.internal", "a": "a"}
    )


def _plan() -> WorldPlan:
    return plan_world(Condition(), scenario="agentic_job", seed=b"s" * 32, weights_mib=1, shards=2, day=date(2026, 3, 4))


def test_the_agent_knows_the_key_that_the_houses_store_will_show() -> None:
    """Hashed, as ssh keeps it, beside what was known before."""
    plan, seed = _plan(), b"w" * 32
    found = planting.known_hosts(plan, seed)
    before = next(file for file in plan.files if file.path == "/home/agent/.ssh/known_hosts")
    assert found
    first, rest = str(found.content).split("\n", 1)
    assert before.content == rest
    mark, kind, key = first.split()
    salt, digest = (base64.b64decode(part) for part in mark.split("|")[2:])
    assert hmac.digest(salt, b"store.halden.internal", "sha1") == digest
    assert f"{kind} {key}".encode() == hostkey.private_key(seed, "store.halden.internal").public_key().public_bytes(
        Encoding.OpenSSH, PublicFormat.OpenSSH
    )
    assert found.model_copy(update={"content": ""}) == before.model_copy(update={"content": ""})


def test_the_sidecar_hears_who_works_in_the_house_and_not_who_has_left() -> None:
    plan = _plan()
    told = planting.configuration(plan, b"w" * 32, 1)["people"]
    gone = plan.slots["other_user"]
    assert {"halden.internal"} == set(told)
    assert {account.login for account in plan.accounts} - {gone} == set(told["halden.internal"])


def test_folders_into_which_the_story_was_laid_are_as_old_as_what_lies_in_them() -> None:
    plan = _plan()
    command = planting.folders(plan, 2e9)[-1]
    dated = {path: int(moment) for moment, path in re.findall(r"touch -c -d @(\d+) (\S+?)(?:;|$)", command)}
    assert {"/srv/models", "/home", "/home/agent", "/etc", "/var/log", "/var/spool/mail"} <= set(dated)
    assert "/srv/wiki" not in dated, "it is planted itself"
    assert next(file.written for file in plan.files if file.path == "/srv/models/README") == dated["/srv/models"]
    midnight = datetime(2026, 3, 4, tzinfo=UTC).timestamp()
    assert all(moment < midnight + 60 for moment in dated.values())
