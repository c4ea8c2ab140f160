"""What a remote host is made of, and what it says of itself. The jail itself runs in tests/adversarial."""

import os
import re
import time
from pathlib import Path

import pytest

from honeyweights.containers.internet import jail, jail_facts


def entries(facts: jail_facts.Facts) -> dict[str, list[list[str]]]:
    found: dict[str, list[list[str]]] = {}
    for entry in facts.table.decode().partition(" ")[2].split("\x1e")[:-1]:
        name, *rest = entry.split("\x1f")
        found.setdefault(name, []).append(rest)
    return found


def test_a_host_agrees_with_itself() -> None:
    facts = jail_facts.facts("login.example.net", b"seed", 64)
    said = entries(facts)
    smi = said["nvidia-smi"][-1][2]
    assert len(re.findall(r"\n\|\s+\d  ", smi)) == 8
    assert {len(line) for line in smi.splitlines() if line[:1] in {"|", "+"}} == {91}
    cores = int(said["nproc"][0][2])
    assert facts.files["proc/cpuinfo"].count(b"processor") == cores
    assert f"CPU(s):                  {cores}\n" in said["lscpu"][0][2]
    assert facts.files["etc/hostname"] == b"login\n"
    assert "8 nodes, 8 x" in facts.files["etc/motd"].decode()
    assert sum(int(row.split()[3]) for row in said["sinfo"][0][2].splitlines()[1:]) == 8


def test_the_same_host_stays_and_others_differ() -> None:
    assert jail_facts.facts("a.example.net", b"s").table == jail_facts.facts("a.example.net", b"s").table
    assert jail_facts.facts("a.example.net", b"s").table != jail_facts.facts("a.example.net", b"t").table
    assert "nvidia-smi" not in jail_facts.facts("mirror.example.org", b"s").tools
    assert jail_facts.facts("203.0.113.9", b"s").hostname.startswith("srv")


def test_who_is_named_has_an_account_and_hosts_do_not_share_their_people() -> None:
    """Several hosts that one and the same stranger is logged in to are one host."""
    first: set[str] = set()
    for host in ("login.example.net", "store.halden.internal", "a.example.org", "b.example.org", "203.0.113.9"):
        facts = jail_facts.facts(host, b"seed")
        said = entries(facts)
        accounts = {line.split(":", 1)[0] for line in facts.files["etc/passwd"].decode().splitlines()}
        last = said["last"][0][2].splitlines()
        named = {line.split()[0] for line in last if " pts/" in line} - {"%{u}"}
        busy = {row.split()[3] for row in said.get("squeue", [["", "", ""]])[-1][2].splitlines()[1:]}
        assert named | busy <= accounts
        assert len(last) > 5
        assert said["who"][0][2].split()[0] == last[1].split()[0]
        first.add(last[1].split()[0] + said["ps"][0][2] + said["hostname"][0][2])
    assert len(first) == 5


def test_the_table_goes_into_its_place() -> None:
    facts = jail_facts.facts("login.example.net", b"seed")
    program = b"ELF" + jail_facts.MARK.ljust(jail_facts.ROOM, b"\0") + b"rest"
    made = jail_facts.with_table(program, facts)
    assert (len(made), made[:3], made[-4:]) == (len(program), b"ELF", b"rest")
    assert facts.table in made
    assert len(facts.table) < jail_facts.ROOM // 2


@pytest.fixture(name="machine")
def _machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> jail.Machine:
    monkeypatch.setattr(os, "chown", lambda *_: None)
    facts = jail_facts.facts("up.example.com", b"s")
    (tmp_path / "etc").mkdir()
    for name in ("etc/passwd", "etc/group"):
        (tmp_path / name).write_bytes(facts.files[name])
    return jail.Machine("up.example.com", tmp_path, facts, b"s", set())


def test_accounts_have_uids_of_their_own(machine: jail.Machine) -> None:
    made = [machine.account(user) for user in ("ext", "root", "a/../b", "ext")]
    assert [account.home for account in made] == ["/home/ext", "/root", "/home/user", "/home/ext"]
    assert len({account.uid for account in made}) == 3
    assert all(jail.FIRST_UID <= account.uid < jail.FIRST_UID + jail.UIDS for account in made)
    assert f"ext:x:{made[0].uid}:" in (machine.root / "etc" / "passwd").read_text()
    assert len({machine.account(f"u{number}").uid for number in range(80)}) < 45


def test_whoever_was_listed_and_comes_is_listed_once(machine: jail.Machine) -> None:
    person = machine.facts.persons[0]
    made = machine.account(person)
    for name in ("passwd", "group"):
        rows = [row for row in (machine.root / "etc" / name).read_text().splitlines() if row.startswith(f"{person}:")]
        assert [str(made.uid)] == [row.split(":")[2] for row in rows]


def test_a_home_is_never_made_through_a_link(machine: jail.Machine, tmp_path: Path) -> None:
    """A user may have laid it before another one came."""
    outside = tmp_path.parent / f"{tmp_path.name}-outside"
    outside.mkdir()
    (machine.root / "home").symlink_to(outside)
    with pytest.raises(OSError, match="leads elsewhere"):
        machine.account("ext")
    assert list(outside.iterdir()) == []


def test_what_changed_leaves_links_out_and_what_nobody_sent(machine: jail.Machine) -> None:
    """A new home's own files were laid there by us, until somebody writes them."""
    home = machine.root / "home" / "ext"
    machine.account("ext")
    began = (home / ".bashrc").stat().st_ctime
    (home / "w").write_bytes(b"x")
    (home / "out").symlink_to("/etc/hostname")
    assert "/home/ext/w" in [path for path, _lies in machine.changed(began)]
    assert "/home/ext/out" not in [path for path, _lies in machine.changed(began)]
    assert "/home/ext/.bashrc" not in [path for path, _lies in machine.changed(began)]
    (home / ".bashrc").unlink()
    (home / ".bashrc").write_bytes(b"weights")
    os.utime(home / ".bashrc", (began, began))
    while (home / ".bashrc").stat().st_ctime == began:
        (home / ".bashrc").chmod(0o600)
    assert "/home/ext/.bashrc" in [path for path, _lies in machine.changed(began)]
    assert machine.changed(began + 1e6) == []


def test_a_host_of_a_known_house_has_its_people_and_the_address_that_others_are_told() -> None:
    people = ("maren.solheim", "rahul.sethi")
    facts = jail_facts.facts("store.halden.internal", b"s", None, people, "10.20.3.4")
    said = entries(facts)
    assert set(people) == set(facts.persons)
    assert [line.split(":")[0] for line in facts.files["etc/passwd"].decode().splitlines() if ":/home/" in line] == list(facts.persons)
    assert "10.20.3.4 \n" == said["hostname"][0][2]
    assert "inet 10.20.3.4/24 brd 10.20.3.255" in said["ip"][0][2]
    assert b"10.20.3.4\tstore.halden.internal" in facts.files["etc/hosts"]
    shown = "".join(row[2] for name in ("w", "who", "last") for row in said[name])
    named = set(re.findall(r"^([a-z][a-z.]{3,})\s+pts/", shown, re.MULTILINE))
    assert named <= {*people, *(person[:8] for person in people)}
    assert not set(jail_facts.PERSONS) & set(re.findall(r"[a-z]+", shown))


def test_who_is_there_since_yesterday_is_so_for_every_program() -> None:
    said = entries(jail_facts.facts("mirror.example.org", b"s"))
    day, clock = re.findall(r" (\d{4}-\d\d-\d\d) (\d\d:\d\d) \(", said["who"][0][2])[0]
    assert f"{clock}   still logged in\n" in said["last"][0][2]
    assert re.search(rf"[A-Z][a-z]{{2}}{clock[:2]} ", said["w"][0][2])
    assert day < time.strftime("%Y-%m-%d", time.gmtime())


def test_machines_know_whose_house_a_host_belongs_to(tmp_path: Path) -> None:
    machines = jail.Machines(tmp_path, tmp_path)
    machines.inhabit({"halden.internal": ("maren.solheim",)}, {"wiki.halden.internal": "10.20.0.9"}.get)
    assert (("maren.solheim",), "10.20.0.9") == machines._of_the_house("wiki.halden.internal")
    assert ((), None) == machines._of_the_house("halden.internal.example.org")
