"""The second make of the recorder in a real container: strace around a command, out of the agent's reach."""

import io
import tarfile
import time
from collections.abc import Callable, Iterator

import docker
import pytest
import recorder_world
from docker.models.containers import Container

from honeyweights.evidence.strace import Parsed, parse
from honeyweights.sandbox.strace import wrap

pytestmark = pytest.mark.engine

WEIGHTS = "/srv/models/marlin-2/model.safetensors"
OUTPUT = "/root/record"
SCRIPT = f"""
cat {WEIGHTS} > /tmp/copy; echo "$(id -un)"
tracer=$(awk '/TracerPid/ {{print $2}}' /proc/self/status)
probe kill $tracer 9; cat {OUTPUT}; ls /root
echo untraced=$(probe untraced mark-untraced)
(sleep 0.5; setsid -f true mark-late) >/dev/null 2>&1 &
exit 7
"""

Run = Callable[..., tuple[int, str, float]]


def _record(container: Container) -> bytes:
    """What strace has written by now."""
    parts, _ = container.get_archive(OUTPUT)
    with tarfile.open(fileobj=io.BytesIO(b"".join(parts))) as archive:
        member = archive.extractfile("record")
        assert member is not None
        return member.read()


@pytest.fixture(scope="module")
def done() -> Iterator[tuple[int, str, float, Parsed]]:
    """Exit status, output and duration of the script, and what was recorded of it and of what it left in the background."""
    world, client = recorder_world, docker.from_env()
    world.build(client)
    caps = [*world.ROOT_CAPS, "SYS_PTRACE"]
    options = {"network_mode": "none", "cap_drop": ["ALL"], "cap_add": caps, "security_opt": ["no-new-privileges"], "init": True}
    container = client.containers.create(world.WORKSTATION, ["sleep", "infinity"], labels=world.LABELS, **options)
    try:
        container.start()
        began = time.monotonic()
        ran = container.exec_run(wrap(["bash", "-c", SCRIPT], output=OUTPUT, user="agent"), workdir="/tmp")
        took = time.monotonic() - began
        until = time.monotonic() + recorder_world.PATIENCE
        while b"mark-late" not in (text := _record(container)) and time.monotonic() < until:
            time.sleep(0.1)
        yield ran.exit_code, ran.output.decode(), took, parse(text[: text.rfind(b"\n") + 1], x=1, sid=1, uid=1000)
    finally:
        container.remove(force=True)
        client.close()


def test_the_command_runs_as_the_user_with_its_own_exit_status(done: tuple[int, str, float, Parsed]) -> None:
    status, output, took, _ = done
    assert 7 == status
    assert "agent" in output.split("\n"), "two streams, in any order"
    assert took < 10


def test_the_agent_reaches_neither_the_tracer_nor_its_record(done: tuple[int, str, float, Parsed]) -> None:
    _, output, _, parsed = done
    assert "1\n" in output, "kill(2) gave EPERM"
    assert 2 == output.count("Permission denied")
    assert [seen.body["error"] for seen in parsed.seen if seen.kind == "signal"] == ["EPERM"]


def test_it_says_the_same_as_the_warden(done: tuple[int, str, float, Parsed]) -> None:
    _, _, _, parsed = done
    opened = {(seen.body["path"], seen.body["mode"], seen.body["comm"]) for seen in parsed.seen if seen.kind == "open"}
    assert {(WEIGHTS, "r", "cat"), ("/tmp/copy", "w", "bash")} <= opened
    assert 0 == parsed.unreadable


def test_background_work_is_recorded_after_the_command_came_back(done: tuple[int, str, float, Parsed]) -> None:
    _, _, _, parsed = done
    assert any(seen.kind == "exec" and seen.body["argv"] == ["true", "mark-late"] for seen in parsed.seen)


def test_a_child_that_no_tracer_may_follow_can_run_nothing(done: tuple[int, str, float, Parsed]) -> None:
    """CLONE_UNTRACED: its calls fail rather than go unseen."""
    assert "untraced=1\n" in done[1]
