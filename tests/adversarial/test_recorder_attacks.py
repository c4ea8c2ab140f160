"""The agent against the recorder: it can neither end it, nor see it at work, nor read its record, nor get past it."""

import collections
import errno
import platform
from collections.abc import Callable, Iterator
from typing import Any

import docker
import pytest
import recorder_world

from honeyweights.sandbox.profile import syscalls

pytestmark = pytest.mark.engine

WEIGHTS = "/srv/models/marlin-2/model.safetensors"
ENDS_ARE_TOLD = tuple(int(part) for part in platform.release().split(".")[:2]) >= (6, 15)
SECRETS = ("exe", "root/", "fd/0", "environ", "maps", "mem", "cwd/", "io", "syscall", "ns/mnt")


@pytest.fixture(scope="module")
def client() -> Iterator[docker.DockerClient]:
    client = docker.from_env()
    recorder_world.build(client)
    yield client
    client.close()


@pytest.fixture(scope="module")
def world(client: docker.DockerClient) -> Iterator[Any]:
    with recorder_world.running(client) as world:
        yield world


@pytest.fixture
def small(client: docker.DockerClient) -> Iterator[Any]:
    """A world whose log is full soon."""
    with recorder_world.running(client, log_mib=1) as world:
        yield world


def _alive(world: Any) -> bool:
    """The recorder writes what happens now."""
    world.run("true", mark := f"alive-{recorder_world.uuid4().hex}")
    return bool(world.wait("exec", lambda record: record["argv"] == ["true", mark]))


@pytest.mark.parametrize("way", ["kill", "tgkill", "pidfd", "queue"])
@pytest.mark.parametrize("number", [9, 15, 19])
def test_the_agent_may_not_signal_the_recorder_and_its_try_is_recorded(world: Any, way: str, number: int) -> None:
    ran = world.probe(way, "1", str(number))
    assert ran.errno == errno.EPERM
    call = world.wait("call", pid=ran.pid)["x"]
    assert world.wait("signal", x=call, target=1, sig=number)["target_comm"] == "init"
    assert _alive(world)


@pytest.mark.parametrize("way", ["kill", "tgkill", "pidfd", "queue", "queue-as-user"])
@pytest.mark.parametrize("number", [1, 2, 9, 11, 15, 19])
def test_not_even_root_of_the_workstation_ends_it(world: Any, way: str, number: int) -> None:
    """Signals from inside are dropped, whatever they claim about who sent them."""
    world.probe(way, "1", str(number), user="root")
    assert _alive(world)


@pytest.mark.parametrize("user", ["agent", "root"])
def test_nobody_inside_can_look_into_it(world: Any, user: str) -> None:
    for secret in SECRETS:
        ran = world.run("head", "-c", "1", f"/proc/1/{secret}", user=user)
        assert "ermission denied" in ran.output or "Operation not permitted" in ran.output, secret
    assert world.run("sh", "-c", "readlink /proc/1/exe /proc/1/root /proc/1/cwd /proc/1/fd/*", user=user).output == ""
    assert world.probe("ptrace", "1", user=user).errno == errno.EPERM
    assert world.probe("peek", "1", user=user).errno == errno.EPERM


def test_what_stands_in_proc_looks_like_any_init(world: Any) -> None:
    assert world.run("ps", "-o", "user=,args=", "-p", "1").output.split() == ["root", "/sbin/init"]
    assert world.run("cat", "/proc/1/comm").output == "init\n"
    assert world.run("cat", "/proc/1/cmdline").output == "/sbin/init\0"
    for pid in ("self", "1"):
        assert "TracerPid:\t0\n" in world.run("cat", f"/proc/{pid}/status").output
    assert world.run("grep", "Seccomp", "/proc/self/status").output.split() == ["Seccomp:", "2", "Seccomp_filters:", "1"]


def test_its_mounts_are_nowhere_to_be_seen(world: Any) -> None:
    """PID 1's mount list is anyone's to read, and would name the volumes."""
    for name in ("mountinfo", "mounts"):
        ran = world.run("cat", f"/proc/1/{name}")
        assert (ran.exit_code, ran.output) == (0, "")


def test_its_sockets_are_nowhere_to_be_seen(world: Any) -> None:
    """The one that the runtime connects to belongs to another network namespace; nothing of it can be named, either."""
    assert world.run("cat", "/proc/net/unix").output.count("\n") == 1
    assert world.run("ss", "-xlpn").output.count("\n") == 1
    assert world.run("sh", "-c", "ls /run/rec /run/wire").exit_code == 2
    assert "/run/" not in world.run("cat", "/proc/self/mountinfo").output


def test_without_a_lent_socket_it_works_all_the_same(client: docker.DockerClient) -> None:
    with recorder_world.running(client, lend_socket=False) as other:
        assert _alive(other)
        assert "/run" not in other.run("cat", "/proc/net/unix").output


def test_its_death_is_the_workstation_s(client: docker.DockerClient) -> None:
    with recorder_world.running(client) as other:
        other.run("sleep", "60", detach=True)
        other.containers["warden"].kill("SIGKILL")
        state = recorder_world.ended(other.containers["ws"])
        assert (state["Running"], state["ExitCode"]) == (False, 137)
        other.records()


def test_orphans_are_reaped(world: Any) -> None:
    for _ in range(5):
        world.run("bash", "-c", "(sleep 0.1 &) ; (true &)")
    until = recorder_world.time.monotonic() + recorder_world.PATIENCE
    while "Z" in (left := world.run("ps", "-eo", "stat=").output) and recorder_world.time.monotonic() < until:
        recorder_world.time.sleep(0.1)
    assert "Z" not in left


def test_no_second_listener_but_filters_of_its_own(world: Any) -> None:
    assert world.probe("second-listener").errno == errno.EBUSY
    ran = world.probe("own-filter", "mark-filtered")
    assert ran.errno == 0
    world.wait("exec", lambda record: record["argv"] == ["true", "mark-filtered"])


@pytest.mark.parametrize("name", syscalls("refuse"))
def test_calls_that_would_pass_it_by_are_refused_and_the_try_is_recorded(world: Any, name: str) -> None:
    ran = world.probe("refused", name)
    assert ran.errno == errno.EPERM
    assert world.wait("refused", x=world.wait("call", pid=ran.pid)["x"], sys=name)["comm"] == "probe"


@pytest.mark.parametrize("name", ["mount", "unshare", "io_uring_setup", "bpf", "setns"])
def test_they_are_refused_by_the_third_abi_too(world: Any, name: str) -> None:
    ran = world.probe("refused", name, "x32")
    assert ran.errno == errno.EPERM
    assert world.wait("refused", x=world.wait("call", pid=ran.pid)["x"], sys=name)["arch"] == "x32"


@pytest.mark.parametrize(("name", "number"), [("unshare", 310), ("mount", 21), ("io_uring_setup", 425), ("userfaultfd", 374)])
def test_and_by_32_bit_calls(world: Any, name: str, number: int) -> None:
    ran = world.probe("refused-i386", str(number))
    assert ran.errno == errno.EPERM
    assert world.wait("refused", x=world.wait("call", pid=ran.pid)["x"], sys=name)["arch"] == "i386"


def test_not_even_root_of_the_workstation_gets_a_namespace_or_a_mount(world: Any) -> None:
    for name in ("mount", "unshare", "setns", "chroot", "pivot_root"):
        assert world.probe("refused", name, user="root").errno == errno.EPERM


def test_a_child_in_a_namespace_of_its_own_is_refused_and_one_out_of_a_tracer_s_sight_is_told(world: Any) -> None:
    """clone3 stays unknown, as in any container: the C library falls back to clone, whose flags are in registers."""
    ran = world.probe("namespace")
    assert ran.errno == errno.EPERM
    assert world.wait("refused", x=world.wait("call", pid=ran.pid)["x"], sys="clone")["flags"] & 0x10000000
    ran = world.probe("untraced", "mark-out-of-sight")
    call = world.wait("call", pid=ran.pid)["x"]
    assert world.wait("other", x=call, sys="clone")["flags"] & 0x00800000
    world.wait("exec", lambda record: record["argv"] == ["true", "mark-out-of-sight"], x=call)
    assert world.probe("clone3").errno == errno.ENOSYS


def test_reaching_into_the_recorder_s_files_memory_or_limits_fails_and_names_it(world: Any) -> None:
    for way, kind in (("getfd", "refused"), ("poke", "trace"), ("limit", "trace")):
        ran = world.probe(way, "1", *(["set"] if way == "limit" else []))
        assert ran.errno == errno.EPERM
        seen = world.wait(kind, x=world.wait("call", pid=ran.pid)["x"], target=1)
        assert (seen["comm"], seen["target_comm"]) == ("probe", "init")


def test_limits_laid_on_another_process_are_told_as_asking_for_them_is_not(world: Any) -> None:
    ran = world.run("bash", "-c", "sleep 30 & probe limit $!; probe limit $! set; kill $!; echo target=$!")
    target = int(ran.output.partition("target=")[2].split()[0])
    call = world.wait("call", pid=ran.pid)["x"]
    world.wait("signal", x=call, target=target)
    assert [record["sys"] for record in world.records("trace", x=call, target=target)] == ["prlimit64"]


def test_turns_taken_from_another_process_are_told_as_its_own_are_not(world: Any) -> None:
    ran = world.run(
        "bash",
        "-c",
        "sleep 30 & nice -n 3 true; renice -n 2 -p $!; renice -n 3 -g $$; renice -n 4 -u 1000;"
        " chrt -b -p 0 $!; ionice -c 3 -p $!; taskset -cp 0 $!; kill $!; echo target=$! group=$$",
    )
    assert 0 == ran.exit_code
    target, group = (int(word.partition("=")[2]) for word in ran.output.split()[-2:])
    call = world.wait("call", pid=ran.pid)["x"]
    world.wait("signal", x=call, target=target)
    told = [(record["sys"], record.get("target", record.get("target_uid"))) for record in world.records("trace", x=call)]
    assert told[:4] == [("setpriority", target), ("setpriority", -group), ("setpriority", 1000), ("sched_setscheduler", target)], told
    assert told[4:] == [("ioprio_set", target), ("sched_setaffinity", target)]


def test_another_name_and_closed_memory_hide_nothing(world: Any) -> None:
    """What a process calls itself stands beside what it was started as."""
    ran = world.probe("masked", "mark-masked", "init", WEIGHTS)
    call = world.wait("call", pid=ran.pid)["x"]
    world.wait("exec", lambda record: record["argv"] == ["true", "mark-masked"], x=call, comm="init")
    opened = world.wait("open", x=call, path=WEIGHTS)
    started = world.wait("exec", lambda record: record["argv"][:2] == ["probe", "masked"], x=call)
    assert (opened["tgid"], opened["comm"]) == (started["tgid"], "init")
    assert {record["option"] for record in world.records("other", x=call, sys="prctl")} == {4, 15}
    assert world.wait("other", x=call, option=15)["name"] == "init"


def test_a_name_swapped_by_another_thread_leaves_as_many_records_as_opens(world: Any) -> None:
    """Which of the two each was is not known for sure: the witness knows how often the weights were opened."""
    ran = world.probe("race", WEIGHTS, "/etc/hostname", "2000")
    assert ran.exit_code == 0
    call = world.wait("call", pid=ran.pid)["x"]
    world.wait("call-gone", x=call)
    assert int(ran.output) > 0
    assert world.records("open", x=call, path=WEIGHTS)
    assert _alive(world)


@pytest.mark.parametrize(("how", "seen"), [("0", {"code": 0}), ("7", {"code": 7}), ("s9", {"sig": 9}), ("s15", {"sig": 15})])
def test_every_process_s_end_is_recorded_with_how_it_ended(world: Any, how: str, seen: dict[str, int]) -> None:
    ran = world.probe("end", how)
    call = world.wait("call", pid=ran.pid)["x"]
    ended = world.wait("exit", x=call, comm="probe")
    assert seen.items() <= ended.items() or (not ENDS_ARE_TOLD and ended["code"] is None)
    began = world.wait("exec", lambda record: record["argv"][0] == "probe", x=call)
    assert (began["tgid"], began["sid"], began["uid"]) == (ended["tgid"], ended["sid"], ended["uid"])
    assert began["t"] <= ended["t"]


@pytest.mark.skipif(not ENDS_ARE_TOLD, reason="a kernel before 6.15 does not tell how a process ended once its parent has waited")
def test_a_parent_that_waits_at_once_hides_no_end(world: Any) -> None:
    """The parent may wait between the two questions that the warden asks."""
    ends = 400
    ran = world.run("bash", "-c", f"for i in $(seq {ends}); do probe end 7; done")
    call = world.wait("call", pid=ran.pid)["x"]
    world.wait("call-gone", x=call)
    assert [record.get("code") for record in world.records("exit", x=call, comm="probe")] == [7] * ends


def test_the_ends_of_background_work_and_of_orphans_are_recorded(world: Any) -> None:
    ran = world.run("bash", "-c", "setsid -f bash -c 'sleep 0.2; exit 3' </dev/null >/dev/null 2>&1; (sleep 0.1; exit 4) &")
    call = world.wait("call", pid=ran.pid)["x"]
    world.wait("call-gone", x=call)
    sleeping = {record["pid"] for record in world.records("exec", x=call) if record["argv"][0] == "sleep"}
    ends = {record["pid"]: record.get("code") for record in world.records("exit", x=call)}
    assert len(sleeping) == 2
    assert sleeping <= ends.keys()
    assert 3 in ends.values()


def test_a_flood_of_reads_is_counted_and_leaves_room_for_what_matters(small: Any) -> None:
    small.probe("open-many", "/tmp/none-", "20000")
    small.run("cat", WEIGHTS)
    small.run("true", "mark-after-the-flood")
    small.wait("exec", lambda record: "mark-after-the-flood" in record["argv"])
    seen, lost = small.counted("open", lambda record: record["path"].startswith("/tmp/none-"), 20_000)
    assert 0 < seen < 20_000
    assert seen + lost in range(20_000, 20_010)
    assert small.records("open", path=WEIGHTS, comm="cat")
    assert len(small.log()) < 0.75 * 2**20


def test_a_flood_of_what_matters_is_counted_too(small: Any) -> None:
    small.probe("exec-many", "mark-flood", "2000")
    seen, lost = small.counted("exec", lambda record: "mark-flood" in record["argv"], 2001)
    assert 0 < seen < 2001
    assert seen + lost in range(2001, 2010)
    assert len(small.log()) <= 2**20


def test_a_flooding_call_leaves_room_for_every_other(small: Any) -> None:
    """However many have flooded the log before."""
    for flood in range(3):
        small.run("bash", "-c", "for i in {1..4000}; do kill -0 1; done")
        small.run("rm", "-f", f"/tmp/deed-{flood}")
        small.wait("unlink", path=f"/tmp/deed-{flood}")
        small.run("bash", "-c", "kill -15 1")
    small.wait("lost")
    assert len(small.records("signal", target=1, sig=15)) == 3
    assert len(small.log()) <= 2**20


def test_a_command_s_flood_leaves_room_for_the_next_command_of_the_same_server(small: Any) -> None:
    """As the workstation's own server begins them: as root, each in a session of its own, all by one listener."""
    flood = "setsid -w setpriv --reuid agent bash -c 'for i in {1..4000}; do kill -0 1; done'"
    small.run("bash", "-c", f"{flood}; for n in 1 2 3; do setsid -w /bin/true after-$n; done", user="root", caps=True)
    small.wait("lost")
    small.wait("exec", lambda record: record["argv"] == ["/bin/true", "after-3"])
    assert ["after-1", "after-2", "after-3"] == [record["argv"][1] for record in small.records("exec") if record["argv"][0] == "/bin/true"]


def test_no_session_of_the_agent_s_own_is_another_command(small: Any) -> None:
    """Or whoever floods would only have to begin new ones."""
    small.run("bash", "-c", "for n in {1..40}; do setsid -w bash -c 'for i in {1..100}; do kill -0 1; done'; done")
    small.run("rm", "-f", "/tmp/deed")
    small.wait("unlink", path="/tmp/deed")
    assert len(small.records("signal")) < 4000 * 0.4
    assert len(small.log()) <= 2**20 / 2


def test_a_flood_hides_no_deed_unlike_it_and_is_counted(small: Any) -> None:
    """Within one call: thousands of signals and removals, then one of each that is another."""
    removals = "import os\nfor i in range(4000):\n try: os.unlink('/tmp/none')\n except OSError: pass"
    other = "import os; os.unlink('/var/log/none')"
    script = 'for i in {1..4000}; do kill -0 1; done; python3 -c "$0"; kill -15 1; python3 -c "$1"'
    ran = small.run("bash", "-c", script, removals, other)
    call = small.wait("call", pid=ran.pid)["x"]
    small.wait("signal", x=call, target=1, sig=15)
    small.wait("unlink", x=call, path="/var/log/none")
    for kind, wanted in (("signal", 4001), ("unlink", 4001)):
        seen, lost = small.counted(kind, lambda record: record.get("target") == 1 or "none" in record.get("path", ""), wanted, x=call)
        assert lost
        assert seen + lost in range(wanted, wanted + 5)


DEEDS = """
probe open-many /tmp/none- $0 & flood=$!
i=0
while kill -0 $flood 2>/dev/null; do
  i=$((i + 1)); /bin/true mark-$i; probe connect 203.0.113.9 $((2000 + i)) >/dev/null; kill -15 1 2>/dev/null
  echo x > /tmp/w-$i; mv /tmp/w-$i /tmp/m-$i; rm /tmp/m-$i; sleep 1
done
echo $i
"""
"""A flood of reads in the background, and once a second, of the same call, one deed of each kind that is never dropped."""


@pytest.mark.soak
def test_ten_million_events_neither_fill_the_disk_nor_hide_what_is_done_meanwhile(client: docker.DockerClient) -> None:
    with recorder_world.running(client) as world:
        began = recorder_world.time.monotonic()
        ran = world.run("bash", "-c", DEEDS, "10000000")
        took = recorder_world.time.monotonic() - began
        assert took < 1200
        world.run("true", "mark-after-ten-million")
        world.wait("exec", lambda record: "mark-after-ten-million" in record["argv"])
        recorder_world.time.sleep(1.2)
        records = world.records()
        assert len(world.log()) < 0.75 * 64 * 2**20
        lost = collections.Counter[str]()
        for record in records:
            lost.update({kind: count for kind, count in record.items() if kind in NEVER | {"open"}} if record["kind"] == "lost" else {})
        flooded = [record["path"].startswith("/tmp/none-") for record in records if record["kind"] == "open"]
        assert sum(flooded) + lost["open"] in range(10_000_000, 10_000_010)
        call = world.wait("call", pid=ran.pid)["x"]
        mine = [record for record in records if record.get("x") == call]
        times = int(ran.output)
        assert times > 10
        assert not NEVER & lost.keys()
        assert dict.fromkeys(DONE, times) == {name: sum(map(test, mine)) for name, test in DONE.items()}
        cpu = world.containers["warden"].stats(stream=False, one_shot=True)["cpu_stats"]["cpu_usage"]["total_usage"] / 1e9
        print(f"{took:.0f} s, {cpu:.0f} s of processor for the recorder, {len(world.log()) / 2**20:.1f} MiB, {times} rounds of deeds")  # noqa: T201


NEVER = {"exec", "connect", "signal", "rename", "unlink", "write"}
"""Kinds of record, as losses are told by, that no flood of others takes the room of."""
DONE: dict[str, Callable[[dict[str, Any]], bool]] = {
    "exec": lambda record: record["kind"] == "exec" and record["argv"][0] == "/bin/true",
    "connect": lambda record: record["kind"] == "connect" and record["port"] > 2000,
    "signal": lambda record: record["kind"] == "signal" and record["target"] == 1 and record["sig"] == 15,
    "write": lambda record: record["kind"] == "open" and record["path"].startswith("/tmp/w-"),
    "rename": lambda record: record["kind"] == "rename" and record["path"].startswith("/tmp/w-"),
    "unlink": lambda record: record["kind"] == "unlink" and record["path"].startswith("/tmp/m-"),
}


def test_interrupted_calls_are_recorded_and_succeed(world: Any) -> None:
    ran = world.probe("open-interrupted", "/tmp/interrupted-")
    assert ran.output.split() == ["0"]
    call = world.wait("call", pid=ran.pid)["x"]
    world.wait("call-gone", x=call)
    assert len({record["path"] for record in world.records("open", x=call) if "interrupted-" in record["path"]}) == 1000


def test_processes_killed_in_the_middle_of_a_call_do_it_no_harm(world: Any) -> None:
    assert world.probe("killed-in-the-middle", WEIGHTS).exit_code == 0
    assert _alive(world)


@pytest.mark.parametrize("seed", range(3))
def test_wild_arguments_do_it_no_harm(world: Any, seed: int) -> None:
    """Pointers to nothing, to garbage, and to text that no NUL ends before the mapping does."""
    assert world.probe("wild", str(seed), "1500").exit_code == 0
    assert _alive(world)
    assert not world.records("lost")


def test_folders_deeper_than_any_path_do_it_no_harm(world: Any) -> None:
    script = "import os\nos.chdir('/tmp')\nfor _ in range(40): os.mkdir('d' * 200); os.chdir('d' * 200)\nopen('deep', 'w')\n"
    ran = world.run("python3", "-c", script)
    assert ran.exit_code == 0, ran.output
    call = world.wait("call", pid=ran.pid)["x"]
    opened = world.wait("open", x=call, mode="w")
    assert opened["path"].endswith("/deep")
    assert max(len(record["path"]) for record in world.records("mkdir", x=call)) <= 4096
    assert _alive(world)
