"""Room for the harness: when it is made, and how much."""

import errno

import pytest

from honeyweights.sandbox import room
from honeyweights.sandbox.frames import Exit, How, Stage
from honeyweights.sandbox.running import Outcome


def _ended(how: How, stage: Stage, value: int) -> Outcome:
    end = Exit(how=how, value=value, stage=stage, timed_out=False, out_total=0, err_total=0)
    return Outcome(out=b"", err=b"", exit=end, sid=None)


@pytest.mark.parametrize(
    ("how", "stage", "value", "full"),
    [
        (How.FAILED, Stage.FORK, errno.EAGAIN, True),
        (How.FAILED, Stage.FORK, errno.ENOMEM, False),
        (How.FAILED, Stage.EXEC, errno.EAGAIN, False),
        (How.EXITED, Stage.NONE, errno.EAGAIN, False),
    ],
)
def test_only_a_fork_that_was_refused_for_their_number_makes_room(how: How, stage: Stage, value: int, full: bool) -> None:
    assert full is room.is_full(_ended(how, stage, value))


def test_the_limits_rise_and_end() -> None:
    found = list(room.limits(100))
    assert found == sorted(set(found))
    assert (612, 100 + room.STEP * room.STEPS) == (found[0], found[-1])
