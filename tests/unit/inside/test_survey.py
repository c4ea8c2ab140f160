import os
import subprocess
import sys

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
