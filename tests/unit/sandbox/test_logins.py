"""The records of logins are what the system's own tools read; a boot cuts what it found."""

import struct

from honeyweights.conditions.parts import Session
from honeyweights.sandbox import logins

NOW, BOOT = 1_800_000_000, 1_799_000_000


def _session(start: int, end: int, uid: int = 1001) -> Session:
    return Session(login="a.b", uid=uid, pid=77, line="pts/1", address="10.64.8.200", start=start, end=end)


def test_a_record_has_the_size_and_the_fields_of_utmp() -> None:
    """384 bytes: type, pid, line, id, user, host, and an address in the order of the wire."""
    found = logins.wtmp([_session(NOW - 5000, NOW - 4000)], BOOT, NOW, "6.1.0")
    assert len(found) == 3 * 384
    boot, login, logout = (found[at : at + 384] for at in range(0, len(found), 384))
    assert struct.unpack_from("<h", boot)[0] == 2
    assert boot[8:9] == b"~"
    assert (struct.unpack_from("<hxxi", login), login[8:13], login[40:44], login[44:47]) == ((7, 77), b"pts/1", b"ts/1", b"a.b")
    assert (login[76:87], struct.unpack_from("<i", login, 340)[0], login[348:352]) == (b"10.64.8.200", NOW - 5000, bytes([10, 64, 8, 200]))
    assert (struct.unpack_from("<h", logout)[0], struct.unpack_from("<i", logout, 340)[0]) == (8, NOW - 4000)


def test_no_session_spans_the_boot_and_none_goes_on() -> None:
    """One that the boot found is cut before it; one that would still be there is left out."""
    spanning, going_on, at_boot = _session(BOOT - 900, BOOT + 900), _session(NOW - 100, NOW + 100), _session(BOOT, BOOT + 500)
    assert [(s.start, s.end) for s in logins.ended([spanning, going_on, at_boot], BOOT, NOW)] == [(BOOT - 900, BOOT - 60)]


def test_the_last_login_lies_at_its_users_number() -> None:
    """lastlog(8) looks there and nowhere else."""
    whole = logins.lastlog(
        [_session(BOOT - 9000, BOOT - 8000), _session(NOW - 5000, NOW - 4000), _session(NOW - 900, NOW - 800, 3)], BOOT, NOW
    )
    assert len(whole) == 1002 * 292
    assert [struct.unpack_from("<i", whole, uid * 292)[0] for uid in (3, 4, 1001)] == [NOW - 900, 0, NOW - 5000]
