"""The second make of the recorder, for runtimes that cannot notify (Kubernetes, gVisor): strace around the model's own tool.

Its limits beside notification: it sees the commands that are wrapped and what descends from them, never daemons nor other tools;
`ps` and `TracerPid` show it; a debugger of the agent's own fails. In return it knows how each call ended. The parser of its output is
`evidence.strace`.
"""

from collections.abc import Mapping, Sequence

from honeyweights.sandbox.profile import syscalls

PROGRAM = "/usr/bin/strace"
"""By its path: the command's own PATH is the agent's to choose."""
_ONLY_FOR_LINEAGE = ("clone3", "fork", "vfork", "chdir", "fchdir")
"""Calls that make no record and are needed to tell whose one is, and where a relative path begins."""
_TEXT_LIMIT = 8192
"""Bytes of a string argument that are kept: as many as the notifying recorder keeps of one word of a command line."""


def wrap(argv: Sequence[str], *, output: str, user: str, env: Mapping[str, str] | None = None) -> list[str]:
    """The command line that runs `argv` as `user`, recorded. Started as root, so that `user` can neither end the tracer nor read `output`.

    The tracer is a grandchild in a process group of its own (`-DD`): the command is the caller's own child, its exit status is the
    command's, and work left in the background does not keep the caller waiting. The kernel stops only the calls that are listed
    (`--seccomp-bpf`), which also denies the listed calls to a child made with CLONE_UNTRACED, instead of losing sight of it.

    Args:
        argv: the command as the model gave it.
        output: file in the workstation, in a folder that only root can enter; strace makes it anew.
        user: name of the workstation's user; needs the capabilities SETUID, SETGID and SYS_PTRACE.
        env: the command's own environment, over the tracer's. strace sets it once it runs, so that no variable can load anything into it.
    """
    traced = ",".join(f"?{name}" for name in (*syscalls("notify"), *syscalls("refuse"), *_ONLY_FOR_LINEAGE))
    options = [
        "-f",
        "-DD",
        "--seccomp-bpf",
        "--quiet=attach,personality,path-resolution,superseded,thread-execve",
        "-ttt",
        "--decode-fds=path,pidfd",
        f"--string-limit={_TEXT_LIMIT}",
        "--signal=none",
    ]
    options += [f"--env={name}={value}" for name, value in (env or {}).items()]
    return [PROGRAM, *options, f"--trace={traced}", f"--output={output}", f"--user={user}", "--", *argv]
