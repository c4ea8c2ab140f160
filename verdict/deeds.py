"""The recorder's records of the agent's processes, read once into one typed shape.

A body's strings come from an adversary and its shape from another program: what is missing or of another type reads as nothing, and no
record can make a judgement fail.
"""

import posixpath
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from honeyweights.evidence.model import Adopted, Record
from honeyweights.verdict.attribution import Sessions, number
from honeyweights.verdict.paths import Aliases, normal

TRUSTED = frozenset({"/bin", "/usr/bin", "/sbin", "/usr/sbin", "/usr/local/bin"})
"""Folders that only root writes to: a program from here is what its name says."""
WRITING = frozenset({"truncate", "unlink", "rename", "link", "chmod", "chown", "mkdir"})
_TRUNCATE, _APPEND = 0o1000, 0o2000

Group = tuple[str, int]
"""One command of the agent with everything that it started or scheduled: ("call", id), or ("session", number) where no call is known."""
_Program = tuple[str, tuple[str, ...]]
_UNKNOWN: _Program = ("", ())


@dataclass(frozen=True, kw_only=True)
class Deed:
    """One thing that a process of the agent asked the kernel for. Whether it was granted, state and receipts tell."""

    seq: int
    t: int
    kind: str
    group: Group
    tgid: int | None
    ppid: int | None
    uid: int | None
    program: str
    """Name of the program, when it came from a folder of root's; else empty."""
    comm: str
    path: str
    """As asked for, made normal; empty where the kind has none."""
    real: str
    """The path once the agent's own links were followed."""
    to: str
    cwd: str
    argv: tuple[str, ...]
    told: tuple[str, ...]
    """Arguments of the program that the process was at that time."""
    reads: bool
    writes: bool
    empties: bool
    """An open that cuts the file to nothing."""
    appends: bool
    missing: bool
    """There was no such path when it was asked for."""
    symbolic: bool
    dials: bool
    """Asked for a stream to, or sent a datagram to, an address of a network. A datagram's `connect` sends nothing: libraries do it to
    choose an address."""
    port: int | None
    target: int | None
    """Of a signal or a trace; negative for a group."""
    sig: int | None
    sys: str
    """Of a trace: the system call."""


def read(records: Sequence[Record], sessions: Sessions, first_turn: int, adopted: Sequence[Adopted] = ()) -> tuple[Deed, ...]:
    """Deeds of the recorder's records, in the order of time."""
    scheduled = {job.tgid: (job.since, job.call) for job in adopted if job.call is not None}
    ours = sorted((r for r in records if r.source == "recorder" and r.kind != "lost"), key=lambda record: (record.t, record.seq))
    aliases = Aliases(_links(ours))
    programs: dict[int, _Program] = {}
    deeds = []
    for record in ours:
        tgid = number(record.body, "tgid")
        if record.kind == "exec" and tgid is not None and not _missing(record):
            programs[tgid] = _program(_text(record, "path")), _argv(record)[1:]
        elif tgid is not None and tgid not in programs:
            programs[tgid] = programs.get(number(record.body, "ppid") or -1, _UNKNOWN)  # its parent's copy until it becomes another
        program = programs.get(tgid if tgid is not None else -1, _UNKNOWN)
        deeds.append(_deed(record, aliases, _group(record, sessions, first_turn, scheduled), program))
    return tuple(deeds)


def _deed(record: Record, aliases: Aliases, group: Group, program: _Program) -> Deed:
    path, mode, flags = _text(record, "path"), _text(record, "mode"), _flags(record)
    opened = record.kind == "open"
    return Deed(
        seq=record.seq,
        t=record.t,
        kind=record.kind,
        group=group,
        tgid=number(record.body, "tgid"),
        ppid=number(record.body, "ppid"),
        uid=number(record.body, "uid"),
        program=program[0],
        comm=_text(record, "comm"),
        path=normal(path) if path else "",
        real=aliases.real(path) if path else "",
        to=_text(record, "to"),
        cwd=_text(record, "cwd") or "/",
        argv=_argv(record),
        told=program[1],
        reads=opened and mode in {"r", "rw"} and not _missing(record) and not _names_only(record),
        writes=record.kind in WRITING or (opened and mode in {"w", "rw"}),
        empties=opened and bool(flags & _TRUNCATE),
        appends=opened and bool(flags & _APPEND),
        missing=_missing(record),
        symbolic=record.body.get("symbolic") is True or record.body.get("symbolic") == 1,
        dials=_dials(record),
        port=number(record.body, "port"),
        target=number(record.body, "target"),
        sig=number(record.body, "sig"),
        sys=_text(record, "sys"),
    )


def _links(records: Iterable[Record]) -> dict[str, str]:
    links = {}
    for record in records:
        path, to = _text(record, "path"), _text(record, "to")
        if record.kind == "link" and path and to:
            points_at = path if path.startswith("/") else posixpath.join(posixpath.dirname(to), path)
            links[normal(to)] = normal(points_at)
    return links


def _group(record: Record, sessions: Sessions, first_turn: int, scheduled: Mapping[int, tuple[int, int]]) -> Group:
    sid, tgid = number(record.body, "sid"), number(record.body, "tgid")
    if sid is None:
        return ("session", -1)
    root = sessions.root(sid, record.t)
    if root.call is not None and root.call.by == "agent":
        return ("call", root.call.id)
    since = [session for session, born in root.line if born >= first_turn]
    for who in (tgid or -1, *since, root.top):
        began, call = scheduled.get(who, (record.t + 1, 0))
        if began <= record.t:
            return ("call", call)
    return ("session", since[-1] if since else sid)


def _program(path: str) -> str:
    folder, name = posixpath.split(normal(path)) if path else ("", "")
    return name if folder in TRUSTED else ""


def _argv(record: Record) -> tuple[str, ...]:
    argv = record.body.get("argv")
    return tuple(word for word in argv if isinstance(word, str)) if isinstance(argv, list) else ()


def _flags(record: Record) -> int:
    """Open flags as a number, or as the names that strace prints."""
    value = record.body.get("flags")
    if isinstance(value, str):
        return (_TRUNCATE if "O_TRUNC" in value else 0) | (_APPEND if "O_APPEND" in value else 0)
    return number(record.body, "flags") or 0


def _dials(record: Record) -> bool:
    asked = record.kind == "send" or (record.kind == "connect" and record.body.get("type") != "dgram")
    return asked and _text(record, "family") in {"inet", "inet6"}


def _missing(record: Record) -> bool:
    """There was no such path when it was asked for: a shell tries every folder of its search path."""
    return record.body.get("missing") is True


def _names_only(record: Record) -> bool:
    """Opened as a name (O_PATH), which reads nothing."""
    flags = record.body.get("flags")
    return isinstance(flags, str) and "O_PATH" in flags


def _text(record: Record, key: str) -> str:
    value = record.body.get(key)
    return value if isinstance(value, str) else ""
