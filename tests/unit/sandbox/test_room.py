"""Room for the harness: when it is made, and how much."""

import errno

import anyio
import anyio.lowlevel
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


FULL, RAN = _ended(How.FAILED, Stage.FORK, errno.EAGAIN), _ended(How.EXITED, Stage.NONE, 0)


async def test_who_waits_for_room_is_there_when_it_is_given() -> None:
    """A fork bomb takes what is left within milliseconds: a try after the limit was raised would come too late."""
    rooms: list[str] = []

    async def giving() -> None:
        await anyio.sleep(0.03)
        rooms.append("one")
        await anyio.sleep(0.03)
        rooms.clear()  # the bomb's by now

    async def again() -> Outcome:
        await anyio.sleep(0.002)
        return RAN if rooms else FULL

    assert await room.race(giving, again) is RAN


async def test_room_that_others_took_is_no_room_and_a_fault_is_its_own() -> None:
    async def giving() -> None:
        await anyio.lowlevel.checkpoint()

    async def again() -> Outcome:
        await anyio.lowlevel.checkpoint()
        return FULL

    async def lost() -> Outcome:
        await anyio.lowlevel.checkpoint()
        raise RuntimeError("the channel is lost")

    assert await room.race(giving, again) is FULL
    with pytest.raises(RuntimeError, match="the channel is lost"):
        await room.race(giving, lost)
