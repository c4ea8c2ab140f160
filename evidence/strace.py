"""Reads what strace wrote into the records that the warden would have made: the second make of the recorder (see `sandbox.strace`).

Law of this file: text in, bodies out; no containers, no clock. The text comes from a tracer that the agent cannot reach, but every string
in it is the agent's, so the scanner keeps to strace's own quoting, and a line that it cannot read is counted and never guessed at.

Who a process is, is put together from the lines themselves: parents and threads from clone, sessions from setsid, programs from execve.
A process whose birth was not seen belongs to the command that was wrapped.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from honeyweights.evidence import strace_rare, straced

_LINE = re.compile(r"(\d+) +(\d+)\.(\d{6}) (.*)")
_RESUMED = re.compile(r"<\.\.\. (\w+) resumed>(.*)")
_ENDED = re.compile(r"\+\+\+ (?:exited with (\d+)|killed by (SIG\w+)(?: \(core dumped\))?) \+\+\+$")
_END = "end of process"
_UNFINISHED = "<unfinished ...>"
_BIRTHS = frozenset({"clone", "clone3", "fork", "vfork"})
_COMM = 15
"""Bytes of a program's name that the kernel keeps."""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What one record will say."""

    t: int
    """Microseconds since the epoch, by the workstation's clock."""
    kind: str
    body: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Parsed:
    """A whole output file."""

    seen: tuple[Seen, ...]
    platform_reads: int
    """Reads of the platform's own files: counted, and not told."""
    unreadable: int
    """Lines that no rule could read."""


@dataclass(frozen=True, kw_only=True)
class _Process:
    """What is known of a task at one moment."""

    tgid: int
    ppid: int
    sid: int
    comm: str
    cwd: str = "/"


@dataclass(kw_only=True)
class _Book:
    """The processes of one wrapped command."""

    first: _Process
    births: dict[int, tuple[int, bool]] = field(default_factory=dict)
    """Child -> its parent, and whether it is a thread of that."""
    known: dict[int, _Process] = field(default_factory=dict)

    def process(self, pid: int) -> _Process:
        """What is known of a task; its first line makes it known."""
        if pid not in self.known:
            self.known[pid] = replace(self.first, tgid=pid)  # until its parent is known, lest two claim to be each other's
            parent, thread = self.births.get(pid, (0, False))
            origin = self.process(parent) if parent and parent != pid else replace(self.first, tgid=pid)
            self.known[pid] = origin if thread or not parent else replace(origin, tgid=pid, ppid=origin.tgid)
        return self.known[pid]

    def before(self, pid: int, call: straced.Call) -> _Process:
        """The process at the moment of its call. strace says the working directory wherever a path may begin there."""
        process = self.process(pid)
        here = next((straced.descriptor(arg) for arg in call.args if arg.startswith("AT_FDCWD<")), None)
        self.known[pid] = replace(process, cwd=here or process.cwd)
        return self.known[pid]

    def after(self, pid: int, call: straced.Call) -> None:
        """What a call that succeeded changed about its process."""
        process = self.process(pid)
        if call.error is not None:
            return
        if call.name in {"execve", "execveat"}:
            path = straced.path(call, process.cwd)
            process = replace(process, comm=path.rpartition("/")[2][:_COMM])
        elif call.name == "chdir":
            process = replace(process, cwd=straced.joined(process.cwd, straced.text(call.args[0])))
        elif call.name == "fchdir":
            process = replace(process, cwd=straced.descriptor(call.args[0]) or process.cwd)
        elif call.name == "setsid":
            process = replace(process, sid=process.tgid)
        self.known[pid] = process


def _told(call: straced.Call, cwd: str) -> straced.Told:
    return straced.tell(call, cwd) or strace_rare.tell(call, cwd)


def _end(rest: str) -> straced.Call | None:
    """A process's end, in the form of a call that it made: what it ended with as the one argument."""
    match = _ENDED.match(rest)
    return straced.Call(name=_END, args=(match[1] or match[2],), result="?", place=None, error=None) if match else None


def _ended(pid: int, process: _Process, how: str) -> straced.Told:
    """A thread's end is none of the process's."""
    if pid != process.tgid:
        return []
    return [("exit", {"code": int(how)} if how.isdigit() else {"sig": straced.number_of(how)})]


def parse(output: bytes, *, x: int, sid: int, uid: int) -> Parsed:
    """Reads the output of one wrapped command.

    Args:
        output: the file as strace left it, or as far as it has come.
        x: number of the command, as in the warden's `call` records.
        sid: session that the command began in.
        uid: whom it ran as. Nobody inside can become another.
    """
    lines, unreadable = _calls(output.decode("latin-1").splitlines())
    book = _Book(first=_Process(tgid=0, ppid=0, sid=sid, comm=""))
    for _, pid, call in lines:
        if call.name in _BIRTHS and call.error is None and call.result.isdigit():
            book.births.setdefault(int(call.result), (pid, any("CLONE_THREAD" in arg for arg in call.args)))
    seen, quiet = [], 0
    for t, pid, call in lines:
        process = book.before(pid, call)
        try:
            told = _ended(pid, process, call.args[0]) if call.name == _END else _told(call, process.cwd)
            book.after(pid, call)
        except (ValueError, IndexError):
            told, unreadable = [], unreadable + 1
        who = {"x": x, "pid": pid, "tgid": process.tgid, "ppid": process.ppid, "sid": process.sid, "uid": uid, "comm": process.comm}
        failed = {"error": call.error} if call.error else {}
        for kind, body in told:
            if kind == straced.QUIET:
                quiet += 1
            else:
                seen.append(Seen(t=t, kind=kind, body={**who, **body, **failed}))
    return Parsed(seen=tuple(seen), platform_reads=quiet, unreadable=unreadable)


def _calls(lines: Iterable[str]) -> tuple[list[tuple[int, int, straced.Call]], int]:
    """(time, task, call) for each call, at the place where it began; and how many lines could not be read."""
    found: list[tuple[int, int, straced.Call] | None] = []
    begun: dict[int, tuple[int, int, str]] = {}
    unreadable = 0
    for line in lines:
        match = _LINE.fullmatch(line)
        if match is None:
            unreadable += 1
            continue
        pid, t, rest = int(match[1]), int(match[2]) * 1_000_000 + int(match[3]), match[4]
        place = len(found)
        resumed = _RESUMED.fullmatch(rest)
        if rest.endswith(_UNFINISHED):
            begun[pid] = (place, t, rest.removesuffix(_UNFINISHED))
            found.append(None)
            continue
        if resumed is not None:
            if pid not in begun:
                unreadable += 1
                continue
            place, t, front = begun.pop(pid)
            rest = front + resumed[2]
        if rest.startswith("--- "):
            continue
        call = _end(rest) if rest.startswith("+++ ") else straced.scan(rest)
        if call is None:
            unreadable += 1
        elif place < len(found):
            found[place] = (t, pid, call)
        else:
            found.append((t, pid, call))
    return [call for call in found if call is not None], unreadable + len(begun)
