"""The workstation's services: started by its own boot script, once, after it has been filled and before the baseline is taken.

What they do is the harness's doing for the recorder: their sessions begin under one of its calls. What the agent schedules with them (cron,
at, the queue) runs in sessions of its own, as the agent's user.
"""

from honeyweights.sandbox import harness

BOOT = "/etc/runit/boot"


async def start() -> None:
    """Starts them and returns when all that are wanted up have said so. A workstation of another make, with no such script, has none.

    Raises:
        CommandFailed: one of them did not come up.
    """
    if (await harness.run("workstation", ["test", "-x", BOOT], check=False)).success:
        await harness.run("workstation", [BOOT])
