"""What strace tells of calls that few programs make: ways past a recorder or out of a container, and settings that hide a process.

The bodies are the warden's. What the workstation refuses is told as refused whatever it ended with: only the try is of interest.
"""

import re
from typing import Any

from honeyweights.evidence.straced import Call, Told, descriptor, joined, text

REFUSED = (
    *("mount", "umount2", "pivot_root", "chroot", "unshare", "setns", "open_tree", "move_mount", "fsopen", "fsconfig", "fsmount", "fspick"),
    *("mount_setattr", "io_uring_setup", "io_uring_enter", "io_uring_register", "userfaultfd", "bpf", "perf_event_open", "fanotify_init"),
    *("open_by_handle_at", "pidfd_getfd", "process_madvise", "kcmp", "init_module", "finit_module", "delete_module", "iopl", "ioperm"),
    *("syslog", "acct", "swapon", "swapoff", "reboot", "sethostname", "setdomainname"),
)
_SHARES = ("setpriority", "ioprio_set", "sched_setaffinity", "sched_setattr", "sched_setparam", "sched_setscheduler")
CALLS = frozenset({*REFUSED, *_SHARES, "prlimit64", "prctl", "seccomp", "clone"})
_PATHS = {"mount": 1, "umount2": 0, "pivot_root": 0, "chroot": 0, "acct": 0, "swapon": 0, "swapoff": 0}
_PATHS_IN_A_FOLDER = frozenset({"open_tree", "fspick", "mount_setattr"})
_SETTINGS = {
    "PR_SET_DUMPABLE": 4,
    "PR_SET_NAME": 15,
    "PR_SET_SECCOMP": 22,
    "PR_SET_MM": 35,
    "PR_SET_CHILD_SUBREAPER": 36,
    "PR_SET_PTRACER": 0x59616D61,
}
_FILTERS = {"SECCOMP_SET_MODE_STRICT": 0, "SECCOMP_SET_MODE_FILTER": 1, "SECCOMP_GET_ACTION_AVAIL": 2, "SECCOMP_GET_NOTIF_SIZES": 3}
_FLAGS = {
    "CLONE_NEWNS": 1 << 17,
    "CLONE_UNTRACED": 1 << 23,
    "CLONE_NEWCGROUP": 1 << 25,
    "CLONE_NEWUTS": 1 << 26,
    "CLONE_NEWIPC": 1 << 27,
    "CLONE_NEWUSER": 1 << 28,
    "CLONE_NEWPID": 1 << 29,
    "CLONE_NEWNET": 1 << 30,
}
_UNTRACED = _FLAGS["CLONE_UNTRACED"]


def tell(call: Call, cwd: str) -> Told:
    """What the warden would have recorded. Raises ValueError or IndexError when the arguments do not read as they should."""
    if call.name in REFUSED:
        return [("refused", {"sys": call.name, **_about(call, cwd)})]
    how = {"prlimit64": _limits, "prctl": _setting, "seccomp": _filter, "clone": _clone, **dict.fromkeys(_SHARES, _share)}.get(call.name)
    return how(call) if how else []


def _about(call: Call, cwd: str) -> dict[str, Any]:
    pidfd = re.match(r"\d+<pid:(\d+)>", call.args[0]) if call.args else None
    if pidfd:
        return {"target": int(pidfd[1])}
    at = 1 if call.name in _PATHS_IN_A_FOLDER else _PATHS.get(call.name)
    if at is None or len(call.args) <= at or not call.args[at].startswith('"'):
        return {}
    folder = (descriptor(call.args[0]) if call.name in _PATHS_IN_A_FOLDER else None) or cwd
    return {"path": joined(folder, text(call.args[at]))}


def _limits(call: Call) -> Told:
    if call.args[0] == "0" or call.args[2] == "NULL":
        return []
    return [("trace", {"target": int(call.args[0]), "sys": call.name})]


def _share(call: Call) -> Told:
    """Turns of the processor or the disk, of another process, a group (negative) or a user."""
    kind, who = (call.args[0], int(call.args[1])) if call.name in {"setpriority", "ioprio_set"} else ("", int(call.args[0]))
    if kind.endswith("_USER"):
        return [("trace", {"target_uid": who, "sys": call.name})]
    return [("trace", {"target": -who if kind.endswith("_PGRP") else who, "sys": call.name})] if who else []


def _setting(call: Call) -> Told:
    option = _SETTINGS.get(call.args[0])
    if option is None:
        return []
    named = {"name": text(call.args[1])} if call.args[0] == "PR_SET_NAME" else {}
    return [("other", {"sys": call.name, "option": option, **named})]


def _filter(call: Call) -> Told:
    return [("other", {"sys": call.name, "option": _FILTERS.get(call.args[0], -1), "flags": 0 if call.args[1] == "0" else 1})]


def _clone(call: Call) -> Told:
    flags = sum({_FLAGS[name] for arg in call.args for name in re.findall(r"CLONE_\w+", arg) if name in _FLAGS})
    if not flags:
        return []
    return [("other" if flags == _UNTRACED else "refused", {"sys": call.name, "flags": flags})]
