"""The warden in real containers: what is recorded, how it is named, and whose it is."""

from collections.abc import Iterator
from typing import Any

import docker
import pytest
import recorder_world

pytestmark = pytest.mark.engine

WEIGHTS = "/srv/models/marlin-2/model.safetensors"


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
def folder(world: Any, request: pytest.FixtureRequest) -> str:
    """A folder of this test's own in the workstation."""
    path = f"/tmp/{request.node.name.replace('[', '-').strip(']')}"
    assert world.run("mkdir", path).exit_code == 0
    return path


@pytest.mark.parametrize("way", ["fork", "vfork", "spawn", "thread", "untraced", "parent", "double-fork"])
def test_a_program_is_seen_however_its_process_came_to_be(world: Any, way: str) -> None:
    world.probe(way, f"mark-{way}")
    seen = world.wait("exec", lambda record: record["argv"] == ["true", f"mark-{way}"])
    assert {"path": "/bin/true", "real": "/usr/bin/true", "uid": 1000, "cwd": "/tmp", "truncated": False}.items() <= seen.items()


def test_a_program_that_lies_in_memory_only_is_seen_by_name(world: Any) -> None:
    world.probe("memfd", "mark-memfd")
    assert "memfd:mark-memfd" in world.wait("exec", lambda record: record["argv"] == ["mark-memfd"])["path"]
    assert world.wait("other", sys="memfd_create")["path"] == "memfd:mark-memfd"


def test_each_exec_of_the_engine_is_a_call_named_by_the_host_s_process_id(world: Any) -> None:
    first, second = (world.run("true", mark) for mark in ("mark-one", "mark-two"))
    calls = [world.wait("call", pid=ran.pid) for ran in (first, second)]
    assert {call["container"] for call in calls} == {world.containers["ws"].id}
    for call, mark in zip(calls, ("mark-one", "mark-two"), strict=True):
        assert world.wait("exec", lambda record, mark=mark: record["argv"] == ["true", mark])["x"] == call["x"]
        assert world.wait("call-gone", x=call["x"])["events"] > 0


def test_work_that_outlives_its_call_is_the_call_s(world: Any) -> None:
    """In the background, in a session of its own, after the command has come back."""
    ran = world.run("bash", "-c", "setsid -f bash -c 'sleep 0.5; setsid -f true mark-late' </dev/null >/dev/null 2>&1")
    assert ran.exit_code == 0
    assert not [record for record in world.records("exec") if "mark-late" in record["argv"] and record["path"].endswith("true")]
    late = world.wait("exec", lambda record: record["argv"] == ["true", "mark-late"])
    assert late["x"] == world.wait("call", pid=ran.pid)["x"]
    left = {record["pid"]: record["sid"] for record in world.records("session", x=late["x"])}
    lineage = [late["sid"]]
    while lineage[-1] in left:
        lineage.append(left[lineage[-1]])
    first = world.wait("exec", lambda record: record["argv"][:2] == ["bash", "-c"], x=late["x"])
    assert (len(lineage), lineage[-1]) == (3, first["sid"])


def test_a_session_record_carries_the_session_that_is_left(world: Any) -> None:
    world.probe("setsid", "mark-setsid")
    child = world.wait("exec", lambda record: record["argv"] == ["true", "mark-setsid"])
    left = world.wait("session", pid=child["pid"])
    assert child["sid"] == child["pid"] != left["sid"]
    assert left["sid"] == left["ppid"]


def test_reads_of_weights_are_never_left_out(world: Any) -> None:
    for _ in range(3):
        assert world.run("bash", "-c", f"for i in 1 2 3 4 5; do cat {WEIGHTS} >/dev/null; done").exit_code == 0
    world.wait("open", path=WEIGHTS)
    last = world.run("true", "after-reads")
    world.wait("call-gone", x=world.wait("call", pid=last.pid)["x"])
    assert len(world.records("open", path=WEIGHTS, mode="r", comm="cat")) == 15


@pytest.mark.parametrize(
    "asked",
    [
        WEIGHTS,
        "/tmp/{name}/link",
        "/tmp/{name}/to-folder/model.safetensors",
        "/usr/lib/../../srv/models/marlin-2/model.safetensors",
        "//srv//models/./marlin-2/model.safetensors",
        "/proc/self/root/srv/models/marlin-2/model.safetensors",
        "/proc/self/cwd/../srv/models/marlin-2/model.safetensors",
        "../srv/models/marlin-2/model.safetensors",
    ],
)
def test_no_detour_hides_which_file_was_opened(world: Any, asked: str, request: pytest.FixtureRequest) -> None:
    name = f"detour-{abs(hash(asked))}"
    world.run("sh", "-c", f"mkdir /tmp/{name}; ln -s {WEIGHTS} /tmp/{name}/link; ln -s /srv/models/marlin-2 /tmp/{name}/to-folder")
    ran = world.probe("open", asked.format(name=name))
    assert ran.errno == 0
    call = world.wait("call", pid=ran.pid)["x"]
    assert world.wait("open", comm="probe", x=call)["path"] == WEIGHTS


def test_opens_of_every_kind_are_seen_with_the_whole_path(world: Any, folder: str) -> None:
    relative = ("open-relative", "/srv/models", "marlin-2/model.safetensors")
    for way, *args in [("openat2", WEIGHTS), ("open-i386", WEIGHTS), ("open-x32", WEIGHTS), relative]:
        ran = world.probe(way, *args)
        call = world.wait("call", pid=ran.pid)["x"]
        seen = world.wait("open", path=WEIGHTS, x=call)
        assert (seen["mode"], seen["dir"], seen.get("arch")) == ("r", False, {"open-i386": "i386", "open-x32": "x32"}.get(way))
    world.run("bash", "-c", f"cd {folder}; echo x > new; echo y >> new; ls . > /dev/null; cat none 2>/dev/null")
    world.wait("open", path=f"{folder}/none")
    opened = [
        (record["path"], record["mode"], record["flags"], record["dir"], record.get("missing", False)) for record in world.records("open")
    ]
    assert (f"{folder}/new", "w", "O_CREAT|O_TRUNC", False, True) in opened
    assert (f"{folder}/new", "w", "O_APPEND|O_CREAT", False, False) in opened
    assert (folder, "r", "O_DIRECTORY", True, False) in opened
    assert (f"{folder}/none", "r", "", False, True) in opened


@pytest.mark.parametrize(
    ("probed", "kind", "expected"),
    [
        (("connect", "192.0.2.9", "8443"), "connect", {"family": "inet", "to": "192.0.2.9", "port": 8443, "type": "stream"}),
        (("connect", "2001:db8::9", "8443"), "connect", {"family": "inet6", "to": "2001:db8::9", "port": 8443, "type": "stream"}),
        (("connect-i386", "192.0.2.10", "81"), "connect", {"family": "inet", "to": "192.0.2.10", "port": 81, "arch": "i386"}),
        (("connect-unix", "/tmp/../tmp/none.sock"), "connect", {"family": "unix", "to": "/tmp/none.sock", "port": None}),
        (("bind", "127.0.0.1", "8888"), "bind", {"family": "inet", "to": "127.0.0.1", "port": 8888}),
        (("sendto", "192.0.2.11", "53"), "send", {"family": "inet", "to": "192.0.2.11", "port": 53}),
        (("sendmsg", "2001:db8::11", "54"), "send", {"family": "inet6", "to": "2001:db8::11", "port": 54}),
        (("sendmmsg", "192.0.2.12", "60"), "send", {"family": "inet", "to": "192.0.2.12", "port": 60}),
        (("sendmmsg", "192.0.2.12", "70"), "send", {"family": "inet", "to": "192.0.2.12", "port": 71}),
        (("truncate", "{folder}/a", "3"), "truncate", {"path": "{folder}/a", "size": 3}),
        (("chmod", "{folder}/a"), "chmod", {"path": "{folder}/a", "mode": "0640"}),
        (("fchmod", "{folder}/a"), "chmod", {"path": "{folder}/a", "mode": "0600"}),
        (("chown", "{folder}/a"), "chown", {"path": "{folder}/a", "owner": 1000, "group": 1000}),
        (("mkdir", "{folder}/sub/"), "mkdir", {"path": "{folder}/sub"}),
        (("utimes", "{folder}/a"), "other", {"path": "{folder}/a", "sys": "utimensat"}),
        (("rename", "{folder}/a", "{folder}/b"), "rename", {"path": "{folder}/a", "to": "{folder}/b"}),
        (("renameat2", "{folder}/a", "/tmp/{folder}/../c"), "rename", {"path": "{folder}/a"}),
        (("link", "{folder}/a", "{folder}/h"), "link", {"path": "{folder}/a", "to": "{folder}/h", "symbolic": False}),
        (("symlink", "a", "{folder}/s"), "link", {"path": "{folder}/a", "to": "{folder}/s", "symbolic": True}),
        (("symlink", WEIGHTS, "{folder}/w"), "link", {"path": WEIGHTS, "to": "{folder}/w", "symbolic": True}),
        (("unlink", "{folder}/a"), "unlink", {"path": "{folder}/a", "dir": False}),
        (("rmdir", "{folder}/d"), "unlink", {"path": "{folder}/d", "dir": True}),
    ],
)
def test_what_was_asked_for_is_recorded(world: Any, folder: str, probed: tuple[str, ...], kind: str, expected: dict[str, Any]) -> None:
    world.run("sh", "-c", f"echo 12345 > {folder}/a; mkdir {folder}/d")
    ran = world.probe(*(arg.format(folder=folder) for arg in probed))
    call = world.wait("call", pid=ran.pid)["x"]
    wanted = {key: value.format(folder=folder) if isinstance(value, str) else value for key, value in expected.items()}
    seen = world.wait(kind, comm="probe", x=call, **wanted)
    assert {"pid", "tgid", "ppid", "sid", "uid"} <= seen.keys()


def test_a_link_itself_is_removed_and_renamed_not_what_it_leads_to(world: Any, folder: str) -> None:
    world.run("ln", "-s", WEIGHTS, f"{folder}/link")
    world.probe("rename", f"{folder}/link", f"{folder}/link2")
    world.probe("unlink", f"{folder}/link2")
    assert world.wait("rename", path=f"{folder}/link")["to"] == f"{folder}/link2"
    world.wait("unlink", path=f"{folder}/link2")
    assert not world.records("unlink", path=WEIGHTS)


@pytest.mark.parametrize("way", ["kill", "tgkill", "pidfd", "queue"])
def test_a_signal_names_its_target(world: Any, way: str) -> None:
    number = {"kill": "10", "tgkill": "12", "pidfd": "14", "queue": "16"}[way]
    ran = world.run("bash", "-c", f"sleep 30 & until grep -q sleep /proc/$!/comm; do :; done; probe {way} $! {number}; echo target=$!")
    target = ran.output.partition("target=")[2].split()[0]
    seen = world.wait("signal", target=int(target), sig=int(number), comm="probe")
    assert seen["target_comm"] == "sleep"


def test_looking_into_another_process_is_recorded(world: Any) -> None:
    world.probe("ptrace", "1")
    assert world.wait("trace", target=1, sys="ptrace", comm="probe")["target_comm"] == "init"
    world.probe("peek", "1")
    world.wait("trace", target=1, sys="process_vm_readv", comm="probe")


@pytest.mark.parametrize(
    "name",
    [
        b"plain",
        b"\xff\xfe-latin\xe9",
        "h\u00f8st-\U0001f36f".encode(),
        b'q"uo\\te',
        b"tab\tnew\nline\x01\x7f",
        b"\xed\xa0\x80\xf4\x90\x80\x80\xc0\xaf",
    ],
)
def test_odd_names_are_escaped_and_the_chain_holds(world: Any, name: bytes) -> None:
    path = b"/tmp/odd-" + name
    ran = world.probe("open-hex", path.hex())
    assert ran.errno == 0
    text = path.decode("utf-8", "backslashreplace")
    assert world.wait("open", path=text, mode="w", comm="probe")["missing"] is True


def test_long_command_lines_are_cut_and_say_so(world: Any) -> None:
    world.run("true", "mark-long", "x" * 30_000, "tail")
    seen = world.wait("exec", lambda record: "mark-long" in record["argv"])
    assert seen["truncated"] is True
    assert sum(map(len, seen["argv"])) <= 16_384
    world.run("true", *(f"{i}" for i in range(1000)))
    assert len(world.wait("exec", lambda record: record["argv"][1:3] == ["0", "1"])["argv"]) == 256


def test_the_platform_s_own_files_leave_no_records(world: Any) -> None:
    ran = world.run("find", "/usr/share", "/usr/lib", "-name", "x")
    call = world.wait("call", pid=ran.pid)["x"]
    assert world.wait("call-gone", x=call)["events"] > 100
    assert len(world.records(None, x=call)) < 20


def test_bulk_traffic_of_a_connected_socket_does_not_stop_at_the_recorder(world: Any) -> None:
    ran = world.probe("send-many-connected", "5000")
    call = world.wait("call", pid=ran.pid)["x"]
    assert world.wait("call-gone", x=call)["events"] < 50


def test_a_record_is_there_soon_after_the_event(world: Any) -> None:
    """Nothing else has to happen for it to be written."""
    world.run("true", "mark-soon")
    world.wait("exec", lambda record: "mark-soon" in record["argv"])


def test_the_wire_is_up_with_both_families_and_a_route(world: Any) -> None:
    assert "10.64.7.23/24" in world.run("ip", "-4", "addr", "show", "eth0").output
    assert "fd07:64::23/64" in world.run("ip", "-6", "addr", "show", "eth0").output
    assert "default via 10.64.7.1 dev eth0" in world.run("ip", "route").output
    assert "default via fd07:64::1 dev eth0" in world.run("ip", "-6", "route").output


def test_it_refuses_a_namespace_with_any_other_interface(client: docker.DockerClient) -> None:
    """A world of its own whose warden joins a namespace that has an eth0 already: the engine's `none` network plus the peer's pair."""
    with recorder_world.running(client) as other:
        wire = next(volume for volume in other.volumes if volume.name.endswith("-wire"))
        options = {"network_mode": f"container:{other.containers['ws'].id}", "labels": recorder_world.LABELS, "cap_drop": ["ALL"]}
        refused = client.containers.create(recorder_world.WARDEN, volumes=[f"{wire.name}:/run/wire"], **options)
        try:
            refused.start()
            assert recorder_world.ended(refused)["ExitCode"] == 9
            assert refused.logs().decode() == "warden: this world has a network interface eth0: it must have none but lo\n"
        finally:
            refused.remove(force=True)


def test_told_to_stop_from_outside_it_writes_its_last_records(client: docker.DockerClient) -> None:
    """What was left out as noise stands there as counts, and nothing was lost."""
    with recorder_world.running(client) as other:
        other.run("find", "/usr/share", "-name", "x")
        other.containers["warden"].kill("SIGTERM")
        assert recorder_world.ended(other.containers["warden"])["ExitCode"] == 0
        assert recorder_world.ended(other.containers["ws"])["ExitCode"] == 137
        records = other.records()
        assert (records[0]["kind"], records[-1]["kind"]) == ("start", "stop")
        assert not [record for record in records if record["kind"] == "lost"]
        events = sum(record["events"] for record in records if record["kind"] == "call-gone")
        quiet = sum(record.get("platform_reads", 0) for record in records if record["kind"] == "quiet")
        assert events - 20 < quiet <= events
