import io
import tarfile

import pytest

from honeyweights.conditions.model import Condition
from honeyweights.conditions.plan import PlantedFile, plan_world
from honeyweights.evidence.model import ArtefactFile
from honeyweights.sandbox import planting

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
    age = next(file.age_days for file in plan.files if file.path == f"{own.dir}/config.json")
    weight = ArtefactFile(path=f"{own.dir}/model-1.safetensors", model="own", size=1, sha256="0" * 64, tensor_bytes=1)
    command = planting.dates(plan, [weight], now=1e9)[0]
    assert f"@{int(1e9 - age * planting.DAY)}" in command
    assert {weight.path, own.dir} <= set(command)
