"""strace's output, captured in a container while it did one of each, read into the warden's records."""

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from honeyweights.evidence import strace_rare, straced
from honeyweights.evidence.strace import Parsed, parse
from honeyweights.sandbox.profile import syscalls
from honeyweights.sandbox.strace import wrap

CAPTURED = Path(__file__).with_name("data") / "strace.txt"
WEIGHTS = "/srv/models/marlin-2/model.safetensors"
SID = 7


@pytest.fixture(scope="module")
def parsed() -> Parsed:
    return parse(CAPTURED.read_bytes(), x=3, sid=SID, uid=1000)


def _find(parsed: Parsed, kind: str, **body: Any) -> dict[str, Any]:
    found = [seen.body for seen in parsed.seen if seen.kind == kind and all(seen.body.get(key) == value for key, value in body.items())]
    assert found, f"no {kind} with {body}"
    return found[0]


def test_every_line_is_read(parsed: Parsed) -> None:
    assert 0 == parsed.unreadable
    assert parsed.platform_reads > 40
    assert all({"x", "pid", "tgid", "ppid", "sid", "uid", "comm"} <= seen.body.keys() for seen in parsed.seen)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("exec", {"path": "/usr/bin/cat", "argv": ["cat", WEIGHTS], "cwd": "/tmp", "truncated": False, "comm": "bash"}),
        ("exec", {"path": "/memfd:mark-memfd", "argv": ["mark-memfd"]}),
        ("exec", {"path": "/usr/local/sbin/true", "argv": ["true", "mark-late"], "error": "ENOENT"}),
        ("open", {"path": WEIGHTS, "mode": "r", "flags": "", "comm": "cat"}),
        ("open", {"path": WEIGHTS, "asked": "/tmp/d/link"}),
        ("open", {"path": "/tmp/d/new", "mode": "w", "flags": "O_CREAT|O_TRUNC"}),
        ("open", {"path": "/tmp/d/new", "mode": "w", "flags": "O_APPEND|O_CREAT"}),
        ("open", {"path": "/srv/models", "dir": True}),
        ("open", {"path": "/tmp/none", "missing": True, "error": "ENOENT"}),
        ("open", {"path": '/tmp/\\xffq"en\\n\n>\u00e9', "mode": "w"}),
        ("connect", {"family": "inet", "to": "192.0.2.9", "port": 8443, "error": "ENETUNREACH"}),
        ("connect", {"family": "inet6", "to": "2001:db8::9", "port": 8443}),
        ("connect", {"family": "unix", "to": "/tmp/none.sock", "port": None}),
        ("bind", {"family": "inet", "to": "127.0.0.1", "port": 8888}),
        ("send", {"to": "192.0.2.11", "port": 53}),
        ("send", {"to": "2001:db8::11", "port": 54}),
        ("send", {"to": "192.0.2.12", "port": 60}),
        ("signal", {"sig": 10, "comm": "probe"}),
        ("signal", {"target": 1, "sig": 15, "error": "EPERM"}),
        ("signal", {"target": 1, "sig": 9, "error": "EPERM"}),
        ("signal", {"target": 1, "sig": 16, "error": "EPERM"}),
        ("rename", {"path": "/tmp/d/new", "to": "/tmp/d/moved"}),
        ("link", {"path": WEIGHTS, "to": "/tmp/d/link", "symbolic": True}),
        ("link", {"path": "/tmp/d/moved", "to": "/tmp/d/hard", "symbolic": False}),
        ("unlink", {"path": "/tmp/d/hard", "dir": False}),
        ("unlink", {"path": "/tmp/nosuch", "dir": True, "error": "ENOENT"}),
        ("chmod", {"path": "/tmp/d/moved", "mode": "0640"}),
        ("mkdir", {"path": "/tmp/d"}),
        ("other", {"path": "/tmp/d/moved", "sys": "utimensat"}),
        ("other", {"path": "memfd:mark-memfd", "sys": "memfd_create"}),
        ("trace", {"target": 1, "sys": "ptrace", "error": "EPERM"}),
        ("trace", {"target": 1, "sys": "process_vm_readv"}),
    ],
)
def test_it_says_what_the_warden_would_have_said(parsed: Parsed, kind: str, body: dict[str, Any]) -> None:
    _find(parsed, kind, **body)


def test_sessions_lead_back_to_the_command(parsed: Parsed) -> None:
    """Through a double fork, and to what began after the command had come back."""
    for mark in ("mark-double", "mark-late"):
        program = _find(parsed, "exec", argv=["true", mark], cwd="/tmp")
        left = _find(parsed, "session", pid=program["sid"])
        assert SID == left["sid"]


def test_a_thread_s_child_has_the_process_for_its_parent(parsed: Parsed) -> None:
    command = _find(parsed, "exec", argv=["probe", "thread", "mark-thread"])
    assert command["pid"] == _find(parsed, "exec", argv=["true", "mark-thread"])["ppid"]


def test_any_prefix_is_read_as_far_as_it_goes(parsed: Parsed) -> None:
    """The file may be read while it is being written."""
    whole = CAPTURED.read_bytes()
    for cut in range(0, len(whole), 997):
        part = parse(whole[:cut], x=3, sid=SID, uid=1000)
        assert part.unreadable <= 4
        assert len(part.seen) <= len(parsed.seen)


@given(st.binary(max_size=300), st.sampled_from(sorted(straced.CALLS | strace_rare.CALLS | {"clone", "chdir", "fchdir"})))
def test_no_text_makes_it_fail(noise: bytes, name: str) -> None:
    line = f"8     1795264883.4185 {name}(".encode() + noise + b") = 0"
    for text in (noise, line, b"8     1795264883.418514 " + name.encode() + b"(" + noise + b") = 0\n"):
        parse(text, x=1, sid=1, uid=1000)


def test_a_forged_address_in_a_payload_is_no_address() -> None:
    forged = r'8     1.000001 sendto(3<socket:[1]>, "{sa_family=AF_INET, sin_addr=inet_addr(\"192.0.2.1\")}", 9, 0, NULL, 0) = 9'
    message = r'8     1.000001 sendmsg(3, {msg_name=NULL, msg_iov=[{iov_base="msg_name={sa_family=AF_INET}", iov_len=1}]}, 0) = 1'
    assert () == parse(f"{forged}\n{message}\n".encode(), x=1, sid=1, uid=1000).seen


def test_a_forged_result_in_a_name_is_no_result() -> None:
    line = r'8     1.000001 openat(AT_FDCWD</tmp>, "a\") = 3</etc/shadow>", O_RDONLY) = -1 ENOENT (No such file or directory)'
    (seen,) = parse(line.encode(), x=1, sid=1, uid=1000).seen
    assert ('/tmp/a") = 3</etc/shadow>', "ENOENT") == (seen.body["path"], seen.body["error"])


def test_the_command_runs_as_the_user_and_stays_the_caller_s_child() -> None:
    line = wrap(["bash", "-c", "id -u"], output="/run/x/1", user="agent")
    assert ["--", "bash", "-c", "id -u"] == line[-4:]
    assert {"-f", "-DD", "--seccomp-bpf", "--user=agent", "--output=/run/x/1"} <= set(line)


def test_what_is_traced_is_what_is_read() -> None:
    (traced,) = [part for part in wrap(["true"], output="/o", user="agent") if part.startswith("--trace=")]
    names = set(re.findall(r"\?(\w+)", traced))
    assert names == {*syscalls("notify"), *syscalls("refuse"), "clone3", "fork", "vfork", "chdir", "fchdir"}
    only_32_bit = {"socketcall", "chown32", "lchown32", "fchown32", "truncate64", "utimensat_time64"}
    assert straced.CALLS | strace_rare.CALLS == {*syscalls("notify"), *syscalls("refuse")} - only_32_bit
    assert set(strace_rare.REFUSED) == set(syscalls("refuse"))


RARE = [
    ("unshare(CLONE_NEWUSER) = -1 EPERM (Operation not permitted)", "refused", {"sys": "unshare", "error": "EPERM"}),
    ('mount("none", "/srv", "tmpfs", 0, NULL) = -1 EPERM (Operation not permitted)', "refused", {"sys": "mount", "path": "/srv"}),
    ('chroot("x") = -1 EPERM (Operation not permitted)', "refused", {"sys": "chroot", "path": "/x"}),
    ("pidfd_getfd(3<pid:1>, 0, 0) = -1 EPERM (Operation not permitted)", "refused", {"sys": "pidfd_getfd", "target": 1}),
    ("prlimit64(77, RLIMIT_CPU, {rlim_cur=1, rlim_max=1}, NULL) = 0", "trace", {"sys": "prlimit64", "target": 77}),
    ("setpriority(PRIO_PROCESS, 77, 19) = 0", "trace", {"sys": "setpriority", "target": 77}),
    ("setpriority(PRIO_USER, 0, 19) = 0", "trace", {"sys": "setpriority", "target_uid": 0}),
    ("ioprio_set(IOPRIO_WHO_PGRP, 77, IOPRIO_PRIO_VALUE(IOPRIO_CLASS_IDLE, 7)) = 0", "trace", {"sys": "ioprio_set", "target": -77}),
    ("sched_setscheduler(77, SCHED_IDLE, [0]) = 0", "trace", {"sys": "sched_setscheduler", "target": 77}),
    ('prctl(PR_SET_NAME, "init") = 0', "other", {"sys": "prctl", "option": 15, "name": "init"}),
    ("prctl(PR_SET_DUMPABLE, SUID_DUMP_DISABLE) = 0", "other", {"sys": "prctl", "option": 4}),
    ("seccomp(SECCOMP_SET_MODE_FILTER, 0, {len=4, filter=0x7ffc}) = 0", "other", {"sys": "seccomp", "option": 1}),
    ("clone(child_stack=NULL, flags=CLONE_NEWUSER|SIGCHLD) = -1 EPERM (Operation not permitted)", "refused", {"sys": "clone"}),
    ("clone(child_stack=NULL, flags=CLONE_UNTRACED|SIGCHLD) = 9", "other", {"sys": "clone", "flags": 0x800000}),
    ("+++ exited with 7 +++", "exit", {"code": 7}),
    ("+++ killed by SIGKILL +++", "exit", {"sig": 9}),
    ("+++ killed by SIGSEGV (core dumped) +++", "exit", {"sig": 11}),
]


@pytest.mark.parametrize(("line", "kind", "body"), RARE, ids=[row[0][:24] for row in RARE])
def test_rare_calls_and_ends_are_told_in_the_wardens_words(line: str, kind: str, body: dict[str, Any]) -> None:
    (seen,) = parse(f"8     1795264883.418514 {line}\n".encode(), x=1, sid=1, uid=1000).seen
    assert kind == seen.kind
    assert body.items() <= seen.body.items()


EVERYDAY = [
    "prlimit64(0, RLIMIT_NOFILE, NULL, {rlim_cur=1024, rlim_max=4096}) = 0",
    "prlimit64(8, RLIMIT_NOFILE, NULL, {rlim_cur=1024, rlim_max=4096}) = 0",
    "setpriority(PRIO_PROCESS, 0, 10) = 0",
    "sched_setaffinity(0, 128, [0]) = 0",
    "prctl(PR_CAPBSET_READ, CAP_MAC_OVERRIDE) = 0",
    "clone(child_stack=NULL, flags=CLONE_CHILD_CLEARTID|SIGCHLD, child_tidptr=0x7f) = 9",
]


@pytest.mark.parametrize("line", EVERYDAY)
def test_everyday_settings_are_not_told(line: str) -> None:
    parsed = parse(f"8     1795264883.418514 {line}\n".encode(), x=1, sid=1, uid=1000)
    assert ((), 0) == (parsed.seen, parsed.unreadable)


def test_a_threads_end_is_not_the_processs() -> None:
    lines = [
        "8     1.000001 clone(child_stack=NULL, flags=CLONE_VM|CLONE_THREAD) = 9",
        '9     1.000002 unlink("/tmp/x") = 0',
        "9     1.000003 +++ exited with 0 +++",
        "8     1.000004 +++ exited with 0 +++",
    ]
    parsed = parse("\n".join(lines).encode(), x=1, sid=1, uid=1000)
    assert [8] == [seen.body["pid"] for seen in parsed.seen if seen.kind == "exit"]
