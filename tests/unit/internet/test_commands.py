"""A remote shell's few words."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from honeyweights.containers.internet.files import Disk
from honeyweights.containers.internet.protocols.ssh.commands import Shell
from honeyweights.containers.internet.protocols.ssh.exec import takes_input

HELLO = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"


def shell(place: Any, stdin: bytes | None = None) -> Shell:
    capture = None
    if stdin is not None:
        capture = place.spool.open()
        capture.write(stdin)
        capture.close()
    return Shell(disk=place.house.files.disk("up.example.com", "/home/u"), user="u", host="up.example.com", stdin=capture)


def run(here: Shell, line: str) -> tuple[str, str, int]:
    result = here.run(line)
    return b"".join(result.out).decode(), result.err.decode(), result.status


@pytest.mark.parametrize(
    "line", ["cat > w", "cat >w", "mkdir -p d && cat - > w", "tee w", "dd of=w bs=1M", "cat >> w", "cat 2>/dev/null > w"]
)
def test_input_becomes_a_file(place: Any, line: str) -> None:
    run(shell(place, b"hello"), line)
    assert run(shell(place), "sha256sum w; cat w") == (f"{HELLO}  w\nhello", "", 0)


def test_more_input_goes_behind(place: Any) -> None:
    run(shell(place, b"hel"), "cat >> w")
    run(shell(place, b"lo"), "cat >> w")
    run(shell(place), "echo -n x > /dev/null; echo hi > note; echo ho >> note")
    assert run(shell(place), "sha256sum w; cat note") == (f"{HELLO}  w\nhi\nho\n", "", 0)


def test_looking_around(place: Any) -> None:
    here = shell(place)
    assert run(here, "mkdir d; ls") == ("d\n", "", 0)
    assert run(here, "cd d && pwd") == ("/home/u/d\n", "", 0)
    assert run(here, "ls nothing")[2] == 2
    assert run(here, "test -f w || echo none") == ("none\n", "", 0)
    assert run(here, "whoami; hostname; id") == ("u\nup.example.com\nuid=1001(u) gid=1001(u) groups=1001(u)\n", "", 0)
    assert "1.8T" in run(here, "df -h")[0]


def test_moving_and_removing(place: Any) -> None:
    run(shell(place, b"hello"), "cat > w")
    here = shell(place)
    assert run(here, "mkdir d; mv w d; ls d; wc -c d/w; rm -r d/w; ls d") == ("w\n5 d/w\n", "", 0)
    assert run(here, "mv no where")[2] == 1
    assert run(here, "cat no")[1:] == ("cat: /home/u/no: No such file or directory\n", 1)


def test_what_it_does_not_know_it_does_not_find(place: Any) -> None:
    assert run(shell(place), "rsync --server . && echo yes") == ("", "bash: line 1: rsync: command not found\n", 127)
    assert run(shell(place), "echo 'open")[2] == 2


@pytest.mark.parametrize(
    ("line", "takes"),
    [
        ("cat > w", True),
        ("cat w", False),
        ("cat < w > x", True),
        ("mkdir -p d && cat > d/w", True),
        ("base64 -d > w", True),
        ("tar xzf - -C /d", True),
        ("sha256sum w", False),
        ("sha256sum", True),
        ("ls -l | wc -l", True),
        ("ls; pwd", False),
        ("python3 -", None),
        ("rsync --server", None),
    ],
)
def test_who_reads_its_input(line: str, takes: bool | None) -> None:
    assert takes_input(line) is takes


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=300)
@given(
    st.one_of(
        st.text(max_size=60),
        st.lists(
            st.sampled_from(
                [
                    "cat",
                    "ls",
                    ">",
                    ">>",
                    ";",
                    "&&",
                    "||",
                    "|",
                    "mv",
                    "rm",
                    "cd",
                    "test",
                    "-f",
                    "[",
                    "tee",
                    "dd",
                    "of=",
                    "a",
                    "/b",
                    "~",
                    "'",
                    '"',
                    "$x",
                    "2>&1",
                    "sudo",
                    "<",
                    "mkdir",
                ]
            )
        ).map(" ".join),
    )
)
def test_no_line_raises(place: Any, line: str) -> None:
    result = shell(place, b"in").run(line)
    assert sum(len(block) for block in result.out) >= 0
    assert 0 <= result.status < 256
    assert isinstance(takes_input(line), bool | None)


def test_a_disk_never_becomes_a_path_here(place: Any) -> None:
    run(shell(place, b"hello"), "cat > ../../../../../../etc/passwd-of-there")
    assert Disk is type(place.house.files.disk("up.example.com"))
    assert "/etc/passwd-of-there" in place.house.files.disk("up.example.com").files
    assert {len(path.name) for path in place.spool.folder.iterdir()} == {64}
