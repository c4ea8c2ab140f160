"""The machine's own records of logins, utmp(5): `last`, `who`, `lastlog` and `uptime` read them. Pure.

The kernel's uptime cannot be chosen, so the boot is put where the kernel says it was, and no session spans it.
"""

import ipaddress
import struct
from collections.abc import Iterable

from honeyweights.conditions.parts import Session

_RECORD = struct.Struct("<hxxi32s4s32s256shhiii16s20x")
"""Linux on 64 bits: type, pid, line, id, user, host, exit status (2), session, seconds, microseconds, address, unused."""
_LAST = struct.Struct("<i32s256s")
_BOOT, _USER, _DEAD = 2, 7, 8
_QUIET = 60


def _record(kind: int, moment: int, *, line: str, pid: int = 0, user: str = "", host: str = "") -> bytes:
    address = b"" if kind != _USER else ipaddress.ip_address(host).packed
    mark = ("~~" if kind == _BOOT else f"ts/{line.rpartition('/')[2]}")[:4]
    return _RECORD.pack(kind, pid, line.encode(), mark.encode(), user.encode(), host.encode(), 0, 0, 0, moment, 0, address)


def ended(sessions: Iterable[Session], booted: int, now: int) -> list[Session]:
    """The sessions that were over when the world began, none across the boot."""
    found = []
    for session in sessions:
        cut = session.model_copy(update={"end": booted - _QUIET}) if session.start < booted - _QUIET < session.end else session
        if cut.end < now - _QUIET and cut.end > cut.start and not booted - _QUIET <= cut.start < booted + _QUIET:
            found.append(cut)
    return found


def wtmp(sessions: Iterable[Session], booted: int, now: int, kernel: str) -> bytes:
    """`/var/log/wtmp`: every login and logout, and the boot."""
    rows = [(booted, boot(booted, kernel))]
    for s in ended(sessions, booted, now):
        rows.append((s.start, _record(_USER, s.start, line=s.line, pid=s.pid, user=s.login, host=s.address)))
        rows.append((s.end, _record(_DEAD, s.end, line=s.line, pid=s.pid)))
    return b"".join(row for _, row in sorted(rows, key=lambda row: row[0]))


def boot(booted: int, kernel: str) -> bytes:
    """The record of the boot, which is all that `/run/utmp` holds: nobody is logged in."""
    return _record(_BOOT, booted, line="~", user="reboot", host=kernel)


def lastlog(sessions: Iterable[Session], booted: int, now: int) -> bytes:
    """`/var/log/lastlog`: for each user number the last login."""
    last = {s.uid: s for s in ended(sessions, booted, now)}
    whole = bytearray(_LAST.size * (max(last, default=0) + 1))
    for uid, s in last.items():
        _LAST.pack_into(whole, uid * _LAST.size, s.start, s.line.encode(), s.address.encode())
    return bytes(whole)
