"""The seccomp profile, and the lists that have to agree: data, C and Python."""

import re
from pathlib import Path

import pytest

from honeyweights.evidence import straced
from honeyweights.sandbox.profile import seccomp_profile, syscalls

KINDS = {
    *(
        "start",
        "call",
        "call-gone",
        "exec",
        "open",
        "connect",
        "bind",
        "send",
        "signal",
        "rename",
        "link",
        "unlink",
        "truncate",
        "chmod",
        "chown",
    ),
    *("exit", "refused"),
    *("mkdir", "session", "trace", "other", "lost", "quiet", "stop"),
}


@pytest.fixture(scope="module")
def warden(root: Path) -> Path:
    return root / "containers" / "warden"


def _rules(name: str) -> list[tuple[str, int]]:
    return [(rule["action"], len(rule["args"])) for rule in seccomp_profile("/x/s")["syscalls"] if name in rule["names"]]


def test_notified_calls_are_those_that_the_warden_has_numbers_and_rows_for(warden: Path) -> None:
    listed = re.findall(r"X\((\w+)\)", (warden / "calls.h").read_text())
    rows = re.findall(r"ROW\((\w+),", (warden / "table.c").read_text())
    named = [name for name in listed if name != "X"]
    assert len(named) > 50
    assert sorted(named) == sorted([*syscalls("notify"), *syscalls("refuse")])
    assert sorted(set(rows) - {"name"}) == sorted([*syscalls("notify"), *syscalls("refuse")])


def test_no_call_is_in_two_sections_or_twice() -> None:
    names = [*syscalls("allow"), *syscalls("notify"), *syscalls("refuse")]
    assert len(names) == len(set(names))
    assert len(syscalls("allow")) > 250


@pytest.mark.parametrize("name", ["execve", "openat", "connect", "kill", "setsid", "renameat2", "sendmsg", "ptrace", "socketcall"])
def test_what_the_recorder_wants_is_notified_whatever_its_arguments(name: str) -> None:
    assert [("SCMP_ACT_NOTIFY", 0)] == _rules(name)


def test_only_datagrams_with_an_address_are_notified_of_sendto() -> None:
    assert [("SCMP_ACT_ALLOW", 1), ("SCMP_ACT_NOTIFY", 1)] == _rules("sendto")


def test_turns_of_the_processor_are_notified_where_they_are_another_s() -> None:
    """`nice`, `taskset` and numeric libraries ask for their own all the time: those must cost nothing."""
    assert [("SCMP_ACT_ALLOW", 1), ("SCMP_ACT_NOTIFY", 1)] == _rules("sched_setaffinity")
    assert [("SCMP_ACT_ALLOW", 2), ("SCMP_ACT_NOTIFY", 2), ("SCMP_ACT_NOTIFY", 1)] == _rules("setpriority")


@pytest.mark.parametrize(
    "name", ["io_uring_setup", "io_uring_enter", "io_uring_register", "mount", "unshare", "setns", "bpf", "userfaultfd"]
)
def test_ways_past_the_recorder_are_asked_of_it(name: str) -> None:
    assert [("SCMP_ACT_NOTIFY", 0)] == _rules(name)


def test_what_the_recorder_is_asked_to_refuse_it_refuses(warden: Path) -> None:
    """Every row, in C: a name in the wrong list would be let pass."""
    rows = dict(re.findall(r"ROW\((\w+), (\w+),", (warden / "table.c").read_text()))
    assert {"on_refused"} == {rows[name] for name in syscalls("refuse")}
    assert set(syscalls("refuse")) == {name for name, handler in rows.items() if handler == "on_refused"}


@pytest.mark.parametrize("name", ["keyctl", "kexec_load", "quotactl", "lookup_dcookie"])
def test_other_calls_that_the_engine_refuses_stay_refused(name: str) -> None:
    assert [] == _rules(name)


def test_clone_may_make_no_namespace_and_clone3_is_unknown() -> None:
    allowed, *noted = (rule for rule in seccomp_profile("/x/s")["syscalls"] if rule["names"] == ["clone"])
    (mask,) = allowed["args"]
    flags = [rule["args"][0] for rule in noted]
    assert ("SCMP_ACT_ALLOW", 0, 0x7E820000) == (allowed["action"], mask["valueTwo"], mask["value"])
    assert all(flag["value"] == flag["valueTwo"] for flag in flags)
    assert mask["value"] == sum(flag["value"] for flag in flags)
    (rule,) = [rule for rule in seccomp_profile("/x/s")["syscalls"] if rule["names"] == ["clone3"]]
    assert ("SCMP_ACT_ERRNO", 38) == (rule["action"], rule["errnoRet"])


def test_write_is_not_notified_as_no_runtime_would_take_the_profile() -> None:
    assert "write" in syscalls("allow")


def test_the_runtime_is_told_where_the_warden_listens() -> None:
    profile = seccomp_profile("/var/x/_data/s")
    assert ("/var/x/_data/s", "SCMP_ACT_ERRNO", 1) == (profile["listenerPath"], profile["defaultAction"], profile["defaultErrnoRet"])


def test_the_list_says_where_it_comes_from(warden: Path) -> None:
    assert "NOTICE: derived from the default seccomp profile of Moby" in (warden / "syscalls.txt").read_text()


def test_the_warden_writes_the_kinds_that_are_agreed(warden: Path) -> None:
    named = dict(re.findall(r"\[(\w+)\] = \"([a-z-]+)\"", (warden / "record.c").read_text().partition("QUIET_NAMES")[0]))
    (declared,) = re.findall(r"enum kind \{(.*?)\};", (warden / "record.h").read_text(), re.DOTALL)
    assert KINDS == set(named.values())
    assert set(re.findall(r"\w+", declared)) - {"KINDS"} == set(named)


def test_both_makes_call_the_same_folders_the_platform_s(warden: Path) -> None:
    (text,) = re.findall(r"PLATFORM\[\] = \{(.*?)\};", (warden / "quiet.c").read_text(), re.DOTALL)
    assert set(re.findall(r'"([^"]+)"', text)) == {folder for folder in straced.PLATFORM if not folder.startswith("/proc/")}
