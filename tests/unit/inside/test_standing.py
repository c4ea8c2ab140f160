"""Services as a supervisor's status files have them, and chained logs, on files of this machine."""

import hashlib
import os
import struct
import subprocess
import time
from pathlib import Path

import pytest

from honeyweights.sandbox.inside import standing


def _status(folder: Path, pid: int, *, paused: int = 0, want: bytes = b"u", state: int = 1) -> Path:
    (folder / "supervise").mkdir(parents=True)
    (folder / "supervise" / "status").write_bytes(struct.pack("<8s4sI4B", b"", b"", pid, paused, want[0] if want else 0, 0, state))
    return folder


def test_a_running_service_is_told_with_its_process(tmp_path: Path) -> None:
    told = standing.service(_status(tmp_path / "cron", os.getpid()))
    assert ("cron", "run", os.getpid(), False, "up") == tuple(told[key] for key in ("name", "state", "pid", "paused", "wanted"))
    assert abs(int(str(told["started"])) / 1e6 - time.time()) < 7200
    assert told == standing.service(tmp_path / "cron")


def test_what_it_has_of_the_processor_is_told(tmp_path: Path) -> None:
    with subprocess.Popen(["sleep", "60"]) as slow:  # of this machine
        try:
            folder = _status(tmp_path / "slow", slow.pid)
            before = standing.service(folder)
            os.setpriority(os.PRIO_PROCESS, slow.pid, 7)
            os.sched_setscheduler(slow.pid, os.SCHED_BATCH, os.sched_param(0))
            os.sched_setaffinity(slow.pid, {min(os.sched_getaffinity(0))})
            after = standing.service(folder)
        finally:
            slow.kill()
    assert (0, os.SCHED_OTHER, len(os.sched_getaffinity(0))) == (before["nice"], before["policy"], before["cpus"])
    assert (7, os.SCHED_BATCH, 1) == (after["nice"], after["policy"], after["cpus"])
    assert {"nice": None, "policy": None, "cpus": None} == standing.turns(slow.pid)


def test_one_that_is_down_has_no_process(tmp_path: Path) -> None:
    told = standing.service(_status(tmp_path / "x", 0, want=b"d", state=0))
    assert ("down", None, None, "down") == (told["state"], told["pid"], told["started"], told["wanted"])


@pytest.mark.parametrize("text", [None, b"", b"short"])
def test_one_whose_supervisor_says_nothing_is_gone(tmp_path: Path, text: bytes | None) -> None:
    if text is not None:
        (tmp_path / "supervise").mkdir()
        (tmp_path / "supervise" / "status").write_bytes(text)
    assert "gone" == standing.service(tmp_path)["state"]


def test_services_come_by_name_and_a_machine_may_have_none(tmp_path: Path) -> None:
    for name in ("b", "a"):
        _status(tmp_path / name, 0, state=0)
    assert ["a", "b"] == [service["name"] for service in standing.services(str(tmp_path))]
    assert [] == standing.services(str(tmp_path / "none"))


def _log(path: Path, count: int = 6) -> list[str]:
    last, lines = "0" * 16, []
    for number in range(count):
        body = f"2026-01-01T00:00:0{number}Z pid={number}"
        last = hashlib.sha256(f"{last}{body}".encode()).hexdigest()[:16]
        lines.append(f"{body} chain={last}")
    path.write_text("\n".join(lines) + "\n")
    return lines


@pytest.mark.parametrize(
    ("edit", "broken_at"),
    [
        (lambda lines: lines, None),
        (lambda lines: lines[2:], None),  # what came before was rotated away
        (lambda lines: [*lines[:2], *lines[3:]], 3),
        (lambda lines: [*lines[:2], lines[2].replace("pid=2", "pid=7"), *lines[3:]], 3),
        (lambda lines: [*lines[:2], lines[4], *lines[2:]], 3),
        (lambda lines: [*lines, "a line of somebody's"], 7),
        (lambda _lines: [], None),
    ],
    ids=["whole", "rotated", "taken out", "same size", "put in", "added", "empty"],
)
def test_a_chain_breaks_where_a_line_was_changed(tmp_path: Path, edit: object, broken_at: int | None) -> None:
    log = tmp_path / "audit.log"
    lines = edit(_log(log))  # type: ignore[operator]  # one of the functions above
    log.write_text("".join(f"{line}\n" for line in lines))
    assert {"path": str(log), "lines": len(lines), "broken_at": broken_at} == standing.chain(str(log))


def test_no_log_is_none_and_a_link_is_not_followed(tmp_path: Path) -> None:
    _log(tmp_path / "audit.log")
    (tmp_path / "link").symlink_to(tmp_path / "audit.log")
    assert standing.chain(str(tmp_path / "none")) is None
    assert standing.chain(str(tmp_path / "link")) is None


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("enabled: true\nlocal_log: /var/log/a.log\n", "/var/log/a.log"),
        ("local_log: /a\nlocal_log: /b", "/b"),
        ("#local_log: /a\n  local_log: /b\n", None),
        ("\xff\x00", None),
        (None, None),
    ],
    ids=["one", "the last counts, as for the daemon", "none at the front of a line", "garbage", "no file"],
)
def test_where_the_settings_send_the_log(tmp_path: Path, text: str | None, found: str | None) -> None:
    if text is not None:
        (tmp_path / "audit.yaml").write_text(text, encoding="latin-1")
    assert found == standing.written_to(str(tmp_path / "audit.yaml"))
