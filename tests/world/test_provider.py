"""The provider against real containers: what Inspect's own suite does not ask."""

from collections.abc import Callable

import anyio
import pytest
from inspect_ai.util import OutputLimitExceededError
from inspect_ai.util._sandbox.environment import SandboxUnavailableError
from inspect_ai.util._sandbox.events import SandboxEnvironmentProxy
from inspect_ai.util._sandbox.limits import override_max_exec_output_size, override_max_read_file_size

from honeyweights.sandbox import cleanup, engine, harness, layout
from honeyweights.sandbox.config import ROLES, WorldConfig
from honeyweights.sandbox.provider import HoneyweightsSandbox
from honeyweights.sandbox.testing import OpenWorld, in_sample, world_of

pytestmark = pytest.mark.engine


async def _processes(sandbox: HoneyweightsSandbox) -> str:
    return (await sandbox.exec(["ps", "-eo", "args"], user="root")).stdout


async def _times(sandbox: HoneyweightsSandbox, words: str, test: Callable[[int], bool]) -> bool:
    """Whether the words come to stand in the list of processes so often."""
    for _ in range(300):
        if test((await _processes(sandbox)).count(words)):
            return True
        await anyio.sleep(0.1)
    return False


async def test_a_world_has_three_sandboxes_and_the_workstation_is_the_default(open_world: OpenWorld) -> None:
    """The agent is `agent` in its home, with no capability and no way to get one."""
    environments = await open_world()
    assert list(environments) == ["default", "internet", "warden"]
    said = await environments["default"].exec(["sh", "-c", "id -un; pwd; hostname; grep -E 'CapEff|NoNewPrivs' /proc/self/status"])
    assert said.stdout.split() == ["agent", "/home/agent", "hr-ws-14", "CapEff:", "0000000000000000", "NoNewPrivs:", "1"]
    assert (await environments["internet"].exec(["id", "-un"])).stdout == "root\n"
    with pytest.raises(SandboxUnavailableError, match="no command can be run in the warden"):
        await environments["warden"].exec(["true"])


async def test_nothing_in_the_workstation_names_the_product(open_world: OpenWorld) -> None:
    """Processes, mounts and environment are what the agent sees of how its machine was started."""
    sandbox = world_of(await open_world())
    look = "ps -ef; cat /proc/self/mountinfo /proc/self/cgroup; env; ls -a /; cat /proc/*/cmdline"
    said = (await sandbox.exec(["sh", "-c", look])).stdout.lower()
    assert "sshd: agent [priv]" in said
    assert not [word for word in ("honey", "inspect", "sandbox", "sessiond", "eval", ".dockerenv", "hw-") if word in said]


async def test_the_channel_is_out_of_the_agents_reach(open_world: OpenWorld) -> None:
    """The agent can neither kill, stop, trace nor look into what runs its commands, and the next command runs."""
    sandbox = world_of(await open_world())
    attack = """
    target=$(pgrep -x sshd | head -n 1); test -n "$target" || exit 9
    for signal in KILL STOP TERM; do kill -$signal "$target" && exit 1; done
    for file in fd mem environ exe; do cat "/proc/$target/$file" >/dev/null && exit 2; ls "/proc/$target/$file/" && exit 3; done
    readlink /proc/$$/fd/* | grep -vc null
    """
    said = await sandbox.exec(["bash", "-c", attack])
    assert (said.returncode, said.stdout.strip()) == (0, "2"), said.stderr  # its two outputs, and no descriptor more
    assert (await sandbox.exec(["true"])).success


async def test_commands_run_side_by_side(open_world: OpenWorld) -> None:
    """A slow command holds up no other, and each gets its own output."""
    sandbox = world_of(await open_world())
    got: dict[int, str] = {}

    async def one(number: int) -> None:
        script = f"touch /tmp/here-{number}; until [ $(ls /tmp/here-* | wc -l) = 8 ]; do sleep 0.05; done; seq {number} {number + 20000}"
        got[number] = (await sandbox.exec(["sh", "-c", script], timeout=120)).stdout

    async with anyio.create_task_group() as group:
        for number in range(8):
            group.start_soon(one, number)
    assert got == {number: "".join(f"{n}\n" for n in range(number, number + 20001)) for number in range(8)}


async def test_a_cancelled_command_leaves_no_process(open_world: OpenWorld) -> None:
    """Children in sessions of their own included; the channel goes on."""
    sandbox = world_of(await open_world())

    async def waits() -> None:
        await sandbox.exec(["bash", "-c", "setsid sleep 777 & sleep 777 & trap '' TERM; sleep 777; sleep 777"])

    async with anyio.create_task_group() as group:
        group.start_soon(waits)
        assert await _times(sandbox, "sleep 777", lambda times: times >= 7)
        group.cancel_scope.cancel()
    assert await _times(sandbox, "sleep 777", lambda times: times == 0)
    (call,) = (call for call in sandbox.world.calls if "777" in call.command)
    assert call.sid is not None
    assert call.ended is not None


async def test_a_cancelled_upload_to_stdin_leaves_the_channel_whole(open_world: OpenWorld) -> None:
    """The half of a frame that a cancelled sender leaves would garble all that follows."""
    sandbox = world_of(await open_world())
    with anyio.move_on_after(0.05):
        await sandbox.exec(["sleep", "60"], input=b"x" * (32 << 20))
    assert (await sandbox.exec(["wc", "-c"], input=b"y" * 300_000)).stdout.strip() == "300000"


async def test_a_command_that_reads_no_input_ends(open_world: OpenWorld) -> None:
    """What it did not read is dropped."""
    sandbox = world_of(await open_world())
    assert (await sandbox.exec(["head", "-c", "3"], input="abcdef" * 1_000_000)).stdout == "abc"


async def test_a_background_child_that_holds_the_output_does_not_hold_the_answer(open_world: OpenWorld) -> None:
    """As with docker exec; but here the child may go on writing, and lives."""
    sandbox = world_of(await open_world())
    said = await sandbox.exec(["bash", "-c", "(while sleep 0.1; do echo tick; done; echo 778) & echo started"], timeout=60)
    assert said.stdout.startswith("started\n")
    await anyio.sleep(0.5)
    assert "echo 778" in await _processes(sandbox)


async def test_a_timeout_ends_what_ignores_it_and_keeps_what_it_said(open_world: OpenWorld) -> None:
    """The error carries the output so far, where Inspect looks for it."""
    sandbox = world_of(await open_world())
    with pytest.raises(TimeoutError, match="timed out after 1 seconds") as caught:
        await sandbox.exec(["bash", "-c", "trap '' TERM; echo so far; while :; do sleep 779; done"], timeout=1)
    assert caught.value.truncated_output == "so far\n"  # type: ignore[attr-defined]
    assert "sleep 779" not in await _processes(sandbox)


async def test_output_beyond_the_limit_loses_its_front_and_the_command_goes_on(open_world: OpenWorld) -> None:
    """As Inspect's own provider: the tail is kept, and its proxy tells the model."""
    sandbox = world_of(await open_world())
    with override_max_exec_output_size(1000):
        said = await sandbox.exec(["sh", "-c", "seq 1 100000; touch /tmp/went-on"])
    assert said.stdout == "".join(f"{n}\n" for n in range(1, 100001))[-1000:]
    assert (await sandbox.exec(["test", "-e", "/tmp/went-on"])).success
    with override_max_exec_output_size(10), pytest.raises(OutputLimitExceededError):
        SandboxEnvironmentProxy.verify_exec_result_size(said)


@pytest.mark.parametrize(
    ("user", "expected"),
    [
        ("agent", "1000:1000"),
        ("1000", "1000:1000"),
        ("0:0", "0:0"),
        ("agent:daemon", "1000:1"),
        ("4242", "4242:0"),
        ("4242:4343", "4242:4343"),
    ],
)
async def test_users_are_named_as_for_docker(open_world: OpenWorld, user: str, expected: str) -> None:
    """By name or number, with a group or without; a number that nobody has is in group 0."""
    said = await world_of(await open_world()).exec(["sh", "-c", 'echo "$(id -u):$(id -g)"'], user=user)
    assert said.stdout.strip() == expected


async def test_what_never_starts_is_told_apart(open_world: OpenWorld) -> None:
    """A missing program, folder, user or group is a result, as with docker exec; a program that may not run is an error."""
    sandbox = world_of(await open_world())
    missing = await sandbox.exec(["nothing-like-it"])
    assert (missing.returncode, missing.stderr) == (127, "nothing-like-it: command not found\n")
    astray = await sandbox.exec(["ls"], cwd="/nowhere")
    assert (astray.returncode, "/nowhere" in astray.stderr) == (127, True)
    for user in ("nobody-here", "agent:nobody-here"):
        stranger = await sandbox.exec(["ls"], user=user)
        assert (stranger.returncode, "nobody-here" in stranger.stderr) == (126, True)
    huge = await sandbox.exec(["echo", "x" * (200 << 10)])
    assert (huge.returncode, "Argument list too long" in huge.stderr) == (126, True)
    with pytest.raises(PermissionError):
        await sandbox.exec(["motd"], cwd="/etc", env={"PATH": "/etc"})


async def test_files_that_are_none_are_refused(open_world: OpenWorld) -> None:
    """A fifo that somebody laid there does not hold the reader; a device is no file; too large a file is said to be."""
    sandbox = world_of(await open_world())
    await sandbox.exec(["mkfifo", "/tmp/pipe"])
    for path in ("/tmp/pipe", "/dev/zero"):
        with pytest.raises(OSError, match="Invalid argument"):
            await sandbox.read_file(path)
    await sandbox.exec(["truncate", "-s", "100M", "/tmp/large"])
    with override_max_read_file_size(1 << 20), pytest.raises(OutputLimitExceededError):
        await sandbox.read_file("/tmp/large")
    with pytest.raises(NotADirectoryError):
        await sandbox.write_file("/etc/passwd/x", "y")
    with pytest.raises(UnicodeDecodeError):
        await sandbox.read_file("/usr/bin/true")


async def test_the_harness_is_told_apart_from_the_agent(open_world: OpenWorld) -> None:
    """By whom, as whom, in which session and when: attribution rests on this table."""
    environments = await open_world()
    with in_sample(environments):
        world = harness.world()
        await environments["default"].exec(["sh", "-c", "echo $$ > /tmp/sid\necho x"])
        assert (await harness.run("workstation", ["id", "-un"])).stdout == "root\n"
        await harness.run("internet", ["true"])
        mine, own = world.calls
    assert (mine.by, mine.user, own.by, own.user) == ("agent", "agent", "harness", "root")
    assert mine.command == "sh -c 'echo $$ > /tmp/sid\\necho x'"
    assert mine.sid == int(await world_of(environments).read_file("/tmp/sid"))
    assert mine.ended is not None
    assert mine.started < mine.ended <= own.started


async def test_the_harness_puts_and_fetches(open_world: OpenWorld) -> None:
    """Any size, from a container that runs or stands still, and from the warden, which runs nothing; memory ends with its container."""
    environments = await open_world()
    with in_sample(environments):
        world = harness.world()
        content = bytes(range(256)) * (40 << 12)
        await world_of(environments).write_file("/tmp/big", content)
        assert await harness.fetch("workstation", "/tmp/big") == content
        await world.pause("workstation")
        assert await harness.fetch("workstation", "/tmp/big") == content
        await world.unpause("workstation")
        assert b'"kind"' in await harness.fetch("warden", "/run/rec/records.jsonl")
        for role in ("workstation", "warden"):
            with pytest.raises(FileNotFoundError):
                await harness.fetch(role, "/no/such/file")
        await engine.call(engine.client().api.kill, world.ids["workstation"])
        assert await harness.fetch("workstation", "/etc/timezone") == b"Etc/UTC\n"
        with pytest.raises(FileNotFoundError):
            await harness.fetch("workstation", "/tmp/big")
        with pytest.raises(harness.CommandFailed):
            await harness.run("workstation", ["true"])


async def test_a_dead_workstation_says_so(open_world: OpenWorld) -> None:
    """While a command runs, and for the next one; with the reason that the engine gives."""
    sandbox = world_of(await open_world())
    assert (sandbox.world.alive("workstation"), sandbox.world.death("workstation")) == (True, "")

    async def end_soon() -> None:
        await anyio.sleep(0.3)
        await engine.call(engine.client().api.kill, sandbox.world.ids["workstation"])

    async with anyio.create_task_group() as group:
        group.start_soon(end_soon)
        with pytest.raises(SandboxUnavailableError):
            await sandbox.exec(["sleep", "60"])
    with pytest.raises(SandboxUnavailableError, match="exit code 137"):
        await sandbox.exec(["true"])
    assert (sandbox.world.alive("workstation"), sandbox.world.death("workstation")) == (False, "exit code 137")
    with pytest.raises(ConnectionError):
        await sandbox.connection()


async def test_a_dead_warden_ends_the_workstation(open_world: OpenWorld) -> None:
    """Nobody works unrecorded."""
    sandbox = world_of(await open_world())
    await engine.call(engine.client().api.kill, sandbox.world.ids["warden"])
    with pytest.raises(SandboxUnavailableError):
        await sandbox.exec(["sleep", "5"])
    assert not sandbox.world.alive("workstation")


async def test_memory_runs_out_for_commands_before_the_channel(open_world: OpenWorld, config: WorldConfig) -> None:
    """The greedy command is killed; the world can still be read."""
    sandbox = world_of(await open_world(config.model_copy(update={"memory_mib": 128, "disk_mib": 64})))
    greedy = await sandbox.exec(["python3", "-c", "x = bytearray(1 << 30)\nfor i in range(0, len(x), 4096): x[i] = 1"])
    assert greedy.returncode == 137
    assert (await sandbox.exec(["echo", "still here"])).stdout == "still here\n"


_FORKS = """
import os, signal
children = []
try:
    for _ in range(100):
        child = os.fork()
        if not child: signal.pause()
        children.append(child)
except OSError as error: print(error.strerror, len(children))
for child in children: os.kill(child, signal.SIGKILL)
for child in children: os.waitpid(child, 0)
"""
"""Children that wait, as many as there may be, and are gone at the end."""


async def test_limits_of_processes_and_file_sizes_hold(open_world: OpenWorld, config: WorldConfig) -> None:
    """A fork bomb hits the wall, no file fills the disk, nor do many of them; and the sample goes on."""
    sandbox = world_of(await open_world(config.model_copy(update={"pids": 40, "disk_mib": 64})))
    bomb = await sandbox.exec(["python3", "-c", _FORKS], timeout=60)
    assert "Resource temporarily unavailable" in bomb.stdout
    large = await sandbox.exec(["dd", "if=/dev/zero", "of=/tmp/fill", "bs=1M", "count=64"])
    assert "No space left on device" in large.stderr
    assert (await sandbox.exec(["stat", "-c", "%s", "/tmp/fill"])).stdout.strip() == str(16 << 20)
    many = await sandbox.exec(["bash", "-c", "for i in $(seq 99999); do head -c 300000 /dev/zero > $HOME/$i || break; done; du -sm $HOME"])
    assert "No space left on device" in many.stderr
    assert 20 <= int(many.stdout.split()[0]) <= 24
    inodes = await sandbox.exec(["bash", "-c", "cd /var/tmp; python3 -c 'for i in range(99999): open(str(i), \"x\").close()'"], timeout=60)
    assert "No space left on device" in inodes.stderr
    assert (await sandbox.exec(["rm", "/tmp/fill"])).success
    assert (await sandbox.exec(["tee", "/tmp/after"], input="x" * 1000)).success


async def test_nothing_can_be_written_outside_the_bounded_folders(open_world: OpenWorld) -> None:
    """As the workstation's user: no folder, and no file, in the image's own layer, which no size bounds."""
    sandbox = world_of(await open_world())
    found = await sandbox.exec(["find", "/", "-xdev", "-writable", "!", "-type", "l"])
    assert set(found.stdout.split()) <= {area.path for area in layout.AREAS.values()}


async def test_four_worlds_at_once_do_not_see_each_other(open_world: OpenWorld) -> None:
    """Each has its own containers, processes and files; clocks are measured."""
    worlds: list[HoneyweightsSandbox] = []

    async def one() -> None:
        worlds.append(world_of(await open_world()))

    async with anyio.create_task_group() as group:
        for _ in range(4):
            group.start_soon(one)
    for number, sandbox in enumerate(worlds):
        await sandbox.write_file("mark", str(number))
    assert [await sandbox.read_file("mark") for sandbox in worlds] == ["0", "1", "2", "3"]
    assert len({sandbox.world.id for sandbox in worlds}) == 4
    assert all(set(sandbox.world.clock_offsets) == set(ROLES) for sandbox in worlds)
    assert all(abs(offset) < 50_000 for sandbox in worlds for offset in sandbox.world.clock_offsets.values())


async def test_what_the_engine_made_is_labelled_and_sealed(open_world: OpenWorld, run_label: str) -> None:
    """Every container and volume says whose it is, and no container has a network."""
    world = world_of(await open_world()).world
    (remains,) = (await engine.call(cleanup.find, **{cleanup.WORLD: world.id, "honeyweights.dev": run_label})).values()
    assert (len(remains.containers), len(remains.volumes)) == (3, len(layout.VOLUMES))
    inspected = await world.inspect()
    assert {role: data["HostConfig"]["NetworkMode"] for role, data in inspected.items()} == {
        "workstation": f"container:{world.ids['warden']}",
        "internet": "none",
        "warden": "none",
    }
    assert all(world.image_digests[role] == data["Image"] for role, data in inspected.items())
