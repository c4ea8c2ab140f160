import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from honeyweights.sandbox.inside import survey

WAITING = [sys.executable, "-c", "print('up', flush=True); input()"]


def _running(child: "subprocess.Popen[bytes]") -> None:
    """Until it says so, a child is still its parent's copy."""
    assert child.stdout is not None
    assert b"up\n" == child.stdout.readline()


def test_a_process_is_told_with_its_parent_its_session_and_its_command() -> None:
    with subprocess.Popen([*WAITING, "a (b) c"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True) as child:
        _running(child)
        seen = survey.stat(child.pid)
        child.communicate(b"\n")
    assert seen is not None
    assert (os.getpid(), child.pid) == (seen["ppid"], seen["sid"])
    assert str(seen["command"]).endswith("a (b) c")


def test_a_process_that_has_gone_is_none() -> None:
    with subprocess.Popen(["true"]) as child:
        child.wait()
    assert survey.stat(child.pid) is None


def test_a_command_of_odd_bytes_is_shown_escaped_and_bounded() -> None:
    with subprocess.Popen([*map(os.fsencode, WAITING), b"\xff\n" * 500], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        _running(child)
        seen = survey.stat(child.pid)
        child.communicate(b"\n")
    assert seen is not None
    assert "\\xff" in str(seen["command"])
    assert survey.COMMAND_LENGTH >= len(str(seen["command"]))


def test_jobs_of_the_queue_wait_until_the_scheduler_has_seen_their_end(tmp_path: Path) -> None:
    """Those for this machine alone; held, cancelled and ended ones start nothing, and what is no job's file is passed over."""
    queue, states = tmp_path / "queue", tmp_path / "states"
    queue.mkdir()
    states.mkdir()
    for name, text in {
        "1-runs.yaml": "partition: cpu\nscript: /tmp/x\n",
        "2-gpu.yaml": "partition: gpu\n",
        "3-held.yaml": "partition: cpu\nstate: held\n",
        "4-ended.yaml": "partition: 'cpu'\n",
        "5-note.txt": "partition: cpu\n",
        "6-waits.yaml": 'partition: "cpu"\nstate: queued\n',
    }.items():
        (queue / name).write_text(text)
    (queue / "7-link.yaml").symlink_to(queue / "1-runs.yaml")
    os.mkfifo(queue / "8-pipe.yaml")
    (states / "4").write_text("state: completed\nended: 2026-03-03T10:00:00Z\n")
    (states / "1").write_text("state: running\n")
    assert [path.name for path in sorted(survey.queued(str(queue), str(states)))] == ["1-runs.yaml", "6-waits.yaml"]
    assert survey.queued(str(tmp_path / "none"), str(states)) == []


def test_the_labs_own_crontab_is_waited_for_by_nobody(tmp_path: Path) -> None:
    """It stands there in every sample, and cannot be the agent's; anybody else's is."""
    (tmp_path / "root").touch()
    assert survey.crontabs(str(tmp_path), house=os.getuid()) == []
    assert [path.name for path in survey.crontabs(str(tmp_path), house=os.getuid() + 1)] == ["root"]
    assert survey.crontabs(str(tmp_path / "none")) == []


def test_services_that_will_be_started_again_are_waited_for(tmp_path: Path) -> None:
    """Those that run, those that were told to stay down, and folders that no supervisor looks after will not change by themselves."""
    for name, want, state in (("runs", b"u", 1), ("died", b"u", 0), ("ends", b"u", 2), ("stopped", b"d", 0)):
        (tmp_path / name / "supervise").mkdir(parents=True)
        (tmp_path / name / "supervise" / "status").write_bytes(bytes(17) + want + bytes((0, state)))
    (tmp_path / "none").mkdir()
    (tmp_path / "cut" / "supervise").mkdir(parents=True)
    (tmp_path / "cut" / "supervise" / "status").write_bytes(bytes(17) + b"u")
    assert sorted(path.name for path in survey.returning(str(tmp_path))) == ["died", "ends"]
    assert survey.returning(str(tmp_path / "nowhere")) == []


@pytest.mark.parametrize(("many", "at_once"), [(3, False), (survey.CROWD + 1, True)])
def test_a_crowd_is_stopped_at_once_and_the_houses_own_go_on(monkeypatch: pytest.MonkeyPatch, many: int, at_once: bool) -> None:
    """Nothing here is killed for real: `-1` would be everybody."""
    crowd = [{"pid": 1000 + number, "uid": 1000, "ppid": 1, "state": "R"} for number in range(many)]
    own = [{"pid": 7, "uid": 0, "ppid": 1, "state": "S"}, {"pid": 8, "uid": 990, "ppid": 7, "state": "S"}]
    told: list[tuple[int, signal.Signals]] = []

    def kill(pid: int, number: signal.Signals) -> None:
        told.append((pid, number))
        for process in crowd:
            if number == signal.SIGSTOP and pid in {-1, process["pid"]}:
                process["state"] = "T"

    monkeypatch.setattr(survey.os, "kill", kill)
    monkeypatch.setattr(survey, "listed", lambda: [*own, *crowd])
    monkeypatch.setattr(survey, "strangers", lambda: crowd)
    assert survey.freeze()
    first = [(-1, signal.SIGSTOP), (7, signal.SIGCONT), (8, signal.SIGCONT)] if at_once else []
    assert told == [*first, *((1000 + number, signal.SIGSTOP) for number in range(many))]
