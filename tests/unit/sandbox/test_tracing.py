"""Whom a traced command runs as, and what a program that could not be started looks like."""

import pytest

from honeyweights.sandbox.frames import Exit, How, Operation, Request, Stage
from honeyweights.sandbox.running import Outcome
from honeyweights.sandbox.strace import PROGRAM
from honeyweights.sandbox.tracing import Account, Tracing, Untraceable, find, output

PASSWD = "root:x:0:0:root:/root:/bin/bash\nagent:x:1000:1000:Agent:/home/agent:/bin/bash\n1000:x:7:7::/odd:\nbroken:x\n"
STARTED = b'9    1.000001 execve("/usr/bin/true", ["true"], 0x1 /* 7 vars */) = 0\n'
REFUSED = b'9    1.000001 execve("/tmp/x", ["/tmp/x"], 0x1 /* 7 vars */) = -1 EACCES (Permission denied)\n'


class FakeChannel:
    """Answers reads from a dict, and every command with one outcome."""

    def __init__(self, outcome: Outcome, files: dict[str, bytes]) -> None:
        self.outcome = outcome
        self.files = {"/etc/passwd": PASSWD.encode()} | files
        self.asked: list[Request] = []

    async def run(self, request: Request, data: bytes | None = None, on_start: object = None) -> Outcome:  # noqa: ARG002  # a channel's
        if request.operation is Operation.READ:
            return _outcome(0, out=self.files.get(request.argv[0], b""))
        self.asked.append(request)
        return self.outcome


def _outcome(value: int, *, how: How = How.EXITED, out: bytes = b"", err: bytes = b"") -> Outcome:
    end = Exit(how=how, value=value, stage=Stage.NONE, timed_out=False, out_total=len(out), err_total=len(err))
    return Outcome(exit=end, out=out, err=err, sid=9)


def _request(user: str = "agent", env: dict[str, str] | None = None) -> Request:
    return Request(argv=["/tmp/x"], user=user, cwd="/", env=env)


async def _run(channel: FakeChannel, request: Request) -> tuple[Outcome, Tracing]:
    tracing = Tracing(channel)  # type: ignore[arg-type]  # all that it uses of a channel
    return await tracing.run(4, request, None, lambda _: None), tracing


def test_a_name_comes_before_a_number() -> None:
    agent = Account(name="agent", uid=1000, home="/home/agent", shell="/bin/bash")  # noqa: S604  # nothing is run
    assert agent == find(PASSWD, "agent")
    assert "1000" == find(PASSWD, "1000").name  # type: ignore[union-attr]
    assert "root" == find(PASSWD, "0").name  # type: ignore[union-attr]
    assert find(PASSWD, "nobody") is None


@pytest.mark.parametrize("user", ["4242", "agent:ops", "4242:7"])
def test_a_user_that_strace_cannot_become_is_refused(user: str) -> None:
    with pytest.raises(Untraceable, match="give the name of a user"):
        find(PASSWD, user)


async def test_a_command_is_wrapped_with_the_environment_of_a_login_under_its_own() -> None:
    channel = FakeChannel(_outcome(0), {})
    _, tracing = await _run(channel, _request(env={"HOME": "/tmp", "LD_PRELOAD": "/tmp/evil.so"}))
    (asked,) = channel.asked
    assert (PROGRAM, "root", None) == (asked.argv[0], asked.user, asked.env)
    assert {"--env=HOME=/tmp", "--env=USER=agent", "--env=LD_PRELOAD=/tmp/evil.so", "--user=agent"} <= set(asked.argv)
    assert f"--output={output(4)}" in asked.argv
    assert {4: 1000} == tracing.traced


async def test_nobodys_command_is_left_to_fail_as_it_does() -> None:
    channel = FakeChannel(_outcome(0, how=How.FAILED), {})
    _, tracing = await _run(channel, _request("nobody"))
    assert ["/tmp/x"] == channel.asked[0].argv
    assert {} == tracing.traced


@pytest.mark.parametrize(
    ("words", "number"), [("exec: Permission denied", 13), ("Can't stat '/tmp/x': No such file or directory", 2), ("Can't stat 'x'", 2)]
)
async def test_a_program_that_could_not_be_started_is_no_exit_code(words: str, number: int) -> None:
    channel = FakeChannel(_outcome(1, err=f"{PROGRAM}: {words}\n".encode()), {output(4): REFUSED})
    outcome, _ = await _run(channel, _request())
    assert (How.FAILED, Stage.EXEC, number, b"") == (outcome.exit.how, outcome.exit.stage, outcome.exit.value, outcome.err)


async def test_a_program_that_speaks_like_strace_is_itself() -> None:
    """Its record shows that it ran, whatever it says."""
    said = _outcome(1, err=f"{PROGRAM}: exec: Permission denied\n".encode())
    outcome, _ = await _run(FakeChannel(said, {output(4): STARTED}), _request())
    assert said == outcome
