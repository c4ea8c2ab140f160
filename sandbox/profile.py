"""The workstation's seccomp profile: what the engine allows by default, with the calls that the recorder wants to see notified to it.

Law of this file: it decides which calls are seen, and forbids nothing that the engine's own profile allows, so that the workstation
behaves as any container does. Some of what that profile forbids is notified too: the recorder refuses it, and the try is a record. The
names are data (`containers/warden/syscalls.txt`); the few rules about arguments are here.
"""

from functools import cache
from importlib.resources import files
from typing import Any, Literal

_ALLOW = "SCMP_ACT_ALLOW"
_NOTIFY = "SCMP_ACT_NOTIFY"
_ERRNO = "SCMP_ACT_ERRNO"
_EPERM, _ENOSYS = 1, 38
_AF_VSOCK = 40
_PERSONALITIES = (0x0, 0x8, 0x20000, 0x20008, 0xFFFFFFFF)
_CLONE_NOTED = tuple(1 << bit for bit in (17, 23, 25, 26, 27, 28, 29, 30))
"""CLONE_NEWNS, CLONE_UNTRACED and the other namespaces' flags: such children are few, and a record of each."""
_SENDTO_ADDRESS = 4
"""Index of the argument that is null when a connected socket sends: bulk traffic, of which the journal knows more than we could say."""

Section = Literal["allow", "notify", "refuse"]
_OF_ANOTHER = ("prlimit64", "sched_setaffinity", "sched_setattr", "sched_setparam", "sched_setscheduler")
"""Their first argument is a process; 0 is the caller, which is everyday."""
_BY_KIND = {"setpriority": 0, "ioprio_set": 1}
"""Call -> what its first argument is where the second is a process; there 0 is the caller."""
_CONDITIONAL = frozenset({"sendto", "clone", *_OF_ANOTHER, *_BY_KIND})
"""Notified with certain arguments only."""


@cache
def syscalls(section: Section) -> tuple[str, ...]:
    """The names in one section of the shipped list, in its order."""
    lines = (files("honeyweights.containers") / "warden" / "syscalls.txt").read_text(encoding="ascii").splitlines()
    current, names = "", []
    for line in (line.partition("#")[0].strip() for line in lines):
        if line.startswith("["):
            current = line.strip("[]")
        elif line and current == section:
            names.append(line)
    return tuple(names)


def _rule(names: tuple[str, ...], action: str, *args: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"names": list(names), "action": action, "args": list(args), **more}


def _arg(index: int, op: str, value: int, value_two: int = 0) -> dict[str, Any]:
    return {"index": index, "op": f"SCMP_CMP_{op}", "value": value, "valueTwo": value_two}


def _conditional() -> list[dict[str, Any]]:
    return [
        _rule(("socket",), _ALLOW, _arg(0, "NE", _AF_VSOCK)),
        *(_rule(("personality",), _ALLOW, _arg(0, "EQ", persona)) for persona in _PERSONALITIES),
        _rule(("clone",), _ALLOW, _arg(0, "MASKED_EQ", sum(_CLONE_NOTED))),
        *(_rule(("clone",), _NOTIFY, _arg(0, "MASKED_EQ", flag, flag)) for flag in _CLONE_NOTED),
        _rule(_OF_ANOTHER, _ALLOW, _arg(0, "EQ", 0)),
        _rule(_OF_ANOTHER, _NOTIFY, _arg(0, "NE", 0)),
        *(rule for name, kind in _BY_KIND.items() for rule in _by_kind(name, kind)),
        _rule(("clone3",), _ERRNO, errnoRet=_ENOSYS),
        _rule(("sendto",), _ALLOW, _arg(_SENDTO_ADDRESS, "EQ", 0)),
        _rule(("sendto",), _NOTIFY, _arg(_SENDTO_ADDRESS, "NE", 0)),
    ]


def _by_kind(name: str, process: int) -> list[dict[str, Any]]:
    return [
        _rule((name,), _ALLOW, _arg(0, "EQ", process), _arg(1, "EQ", 0)),
        _rule((name,), _NOTIFY, _arg(0, "EQ", process), _arg(1, "NE", 0)),
        _rule((name,), _NOTIFY, _arg(0, "NE", process)),
    ]


def seccomp_profile(listener_path: str) -> dict[str, Any]:
    """A profile in the engine's JSON form, for `security_opt=["seccomp=" + json.dumps(...)]`.

    Args:
        listener_path: where, on the engine's host, the warden's socket lies; the runtime connects to it for each command.
    """
    notified = tuple(name for name in (*syscalls("notify"), *syscalls("refuse")) if name not in _CONDITIONAL)
    return {
        "defaultAction": _ERRNO,
        "defaultErrnoRet": _EPERM,
        "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"],
        "listenerPath": listener_path,
        "syscalls": [_rule(syscalls("allow"), _ALLOW), _rule(notified, _NOTIFY), *_conditional()],
    }
