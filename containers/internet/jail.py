"""Remote hosts that can be logged in to: a tree of files for each, in bounded memory, and the programs that run in it, locked up.

A tree's programs are links to one copy of the base, made when somebody first comes in anywhere; what a user writes lies beside them, on
a file system of one size for all hosts (`TREES`, a tmpfs that the engine mounts): when it is full, the kernel says so. Whatever runs in a
tree is a child of `jail` (containers/remote), which no user can reach. This process never opens a path inside a tree on a user's behalf: a
link in there could lead out.
"""

import contextlib
import hashlib
import os
import re
import shutil
import socket
import stat
import struct
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from honeyweights.containers.internet import jail_facts
from honeyweights.containers.internet.jail_facts import FIRST_PERSON
from honeyweights.containers.internet.ready import ready

PARTS = Path("/opt/internet/remote")
"""Where the image holds `base`, `jail` and `tools`."""
TREES = Path("/srv/remote")
MOST_HOSTS, MOST_USERS = 24, 40
"""Further hosts are the last one under another name, further users share the last one's uid."""
FIRST_UID, UIDS = 20_000, 40_000
"""Uids are drawn, as a directory service gives them: limits count by uid over all worlds of an engine."""
ROOM = 4 << 20
"""Bytes free below which a tree counts as full."""
GOING = 0.02
"""Seconds until a jail in which nothing runs any more is gone."""
_NAME = re.compile(r"[a-z_][a-z0-9_.-]{0,31}", re.IGNORECASE)


class Full(OSError):  # noqa: N818  # what happened
    """A host cannot be made: there is no room for it."""


@dataclass(frozen=True, kw_only=True)
class Account:
    """Somebody on a host."""

    user: str
    uid: int
    home: str


class Running:
    """A program in a jail, with what it reads and writes."""

    def __init__(self, process: subprocess.Popen[bytes], control: socket.socket) -> None:
        self._process = process
        self._control = control
        self.control = control.fileno()
        """Readable when the program has ended."""

    def signal(self, number: int) -> None:
        """To the program and its group."""
        with contextlib.suppress(OSError):  # it has ended
            self._control.send(bytes((number,)))

    def status(self) -> int | None:
        """What the program ended with, as a shell counts; None when nobody knows. To be asked once `control` is readable."""
        said = self._control.recv(4)
        if len(said) < 4:  # noqa: PLR2004  # an int
            return None
        status: int = struct.unpack("=i", said)[0]
        return os.waitstatus_to_exitcode(status)

    def gone(self) -> bool:
        """Whether nothing that it started lives on; then it is tidied up. To be asked by whoever uses it, once it has ended."""
        if not ready((self.control,), seconds=GOING):
            return False
        self.end()
        return True

    def stop(self) -> None:
        """Kills it and all that it started. Any thread may; whoever uses it then sees it end."""
        with contextlib.suppress(OSError):  # it is over
            self._control.shutdown(socket.SHUT_RDWR)

    def end(self) -> None:
        """Stops it, and tidies up; nobody may use it any more."""
        self._control.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class Machine:
    """One remote host."""

    def __init__(self, name: str, root: Path, facts: jail_facts.Facts, seed: bytes, taken: set[int]) -> None:
        self.name = name
        self.root = root
        self.facts = facts
        self._seed = seed
        self._taken = taken
        self._accounts: dict[str, Account] = {}
        self._laid: dict[Path, int] = {}
        """What new accounts found in their homes, and when that was laid there: nobody sent it."""
        self._lock = threading.Lock()

    def account(self, user: str, home: str | None = None) -> Account:
        """The user's account; it is made when the user first comes."""
        name = user if _NAME.fullmatch(user) else "user"
        with self._lock:
            if name not in self._accounts:
                self._accounts[name] = self._made(name, home or ("/root" if name == "root" else f"/home/{name}"))
            return self._accounts[name]

    def start(
        self, account: Account, command: Sequence[str], variables: Mapping[str, str], files: tuple[int, int, int], *, terminal: bool
    ) -> Running:
        """Starts a program (absolute path first) in the account's home.

        Args:
            account: who runs it.
            command: program and arguments.
            variables: all of its environment.
            files: its standard input, output and error, which stay the caller's to close.
            terminal: whether its input is a terminal, which becomes its own.
        """
        ours, theirs = socket.socketpair()
        with theirs:
            words = self._locked(account, command, theirs.fileno(), terminal=terminal)
            process = subprocess.Popen(  # a user's command, in a jail: that is what it is for
                words, stdin=files[0], stdout=files[1], stderr=files[2], env=dict(variables), pass_fds=(theirs.fileno(),), cwd="/"
            )
        return Running(process, ours)

    def variables(self, account: Account) -> dict[str, str]:
        """What a login sets."""
        path = "/usr/local/bin:/usr/bin:/bin:/usr/local/games:/usr/games"
        names = {"USER": account.user, "LOGNAME": account.user, "HOME": account.home, "PATH": path, "SHELL": "/bin/bash"}
        return names | {"HOSTNAME": self.facts.hostname, "MOTD_SHOWN": "pam", "LANG": "C.UTF-8"}

    def changed(self, since: float) -> list[tuple[str, Path]]:
        """Files of users that changed since then: (path on the host, where it lies). Links are not followed."""
        found = []
        for top in self.facts.writable:
            for folder, _names, files in os.walk(self.root / top):
                for name in files:
                    path = Path(folder) / name
                    with contextlib.suppress(OSError):  # it is gone again
                        told = path.stat(follow_symlinks=False)
                        if told.st_ctime >= since and stat.S_ISREG(told.st_mode) and told.st_ctime_ns != self._laid.get(path):
                            found.append(("/" + str(path.relative_to(self.root)), path))
        return found

    def full(self) -> bool:
        """Whether nothing more can be written."""
        left = os.statvfs(self.root)
        return left.f_bavail * left.f_frsize < ROOM or left.f_ffree < 64  # noqa: PLR2004  # a few files

    def _locked(self, account: Account, command: Sequence[str], control: int, *, terminal: bool) -> list[str]:
        numbers = (str(account.uid), str(account.uid), account.home, str(int(terminal)), str(control))
        name = command[0].rpartition("/")[2] if len(command) > 1 or not command[0].endswith("/bash") else "-bash"  # a login shell
        return [str(PARTS / "jail"), str(self.root), *numbers, command[0], name, *command[1:]]

    def _made(self, name: str, home: str) -> Account:
        number = (
            FIRST_UID + int.from_bytes(hashlib.sha256(b"uid|" + self._seed + f"{self.name}|{name}".encode()).digest()[:4], "big") % UIDS
        )
        while number in self._taken:
            number = FIRST_UID + (number + 1 - FIRST_UID) % UIDS
        if len(self._accounts) >= MOST_USERS:
            return Account(user=name, uid=next(reversed(self._accounts.values())).uid, home=home)
        self._taken.add(number)
        made = Account(user=name, uid=number, home=home)
        self._settle(made)
        return made

    def _settle(self, account: Account) -> None:
        """Home and entries of a new account. A link in the way is another user's doing, and refused."""
        place = self.root
        for part in Path(account.home).parts[1:]:
            place /= part
            if place.is_symlink():
                raise Full(f"{account.home} leads elsewhere")
            place.mkdir(mode=0o755, exist_ok=True)
        owned = [place]
        for name, content in self.facts.skeleton.items():
            (place / name).write_bytes(content)
            owned.append(place / name)
        for path in owned:
            os.chown(path, account.uid, account.uid)
        self._laid |= {path: path.stat().st_ctime_ns for path in owned[1:]}
        line = f"{account.user}:x:{account.uid}:{account.uid}:,,,:{account.home}:/bin/bash\n"
        for file, text in (("passwd", line), ("group", f"{account.user}:x:{account.uid}:\n")):
            path = self.root / "etc" / file
            rows = path.read_text(encoding="ascii").splitlines(keepends=True)
            known = account.user in self.facts.persons  # somebody who was only listed so far
            path.write_text("".join(row for row in rows if not (known and row.startswith(f"{account.user}:"))) + text, encoding="ascii")


class Machines:
    """All remote hosts. A thread may be making one while another waits for it."""

    def __init__(self, trees: Path = TREES, parts: Path = PARTS) -> None:
        self._trees = trees
        self._parts = parts
        self._hosts: dict[str, Machine] = {}
        self._taken: set[int] = set()
        self._lock = threading.Lock()
        self._people: Mapping[str, Sequence[str]] = {}
        self._address: Callable[[str], str | None] = lambda _host: None

    def inhabit(self, people: Mapping[str, Sequence[str]], address: Callable[[str], str | None]) -> None:
        """Says who works on the hosts of a domain (domain -> logins), and where such a host is; elsewhere are strangers."""
        self._people, self._address = people, address

    def _of_the_house(self, host: str) -> tuple[tuple[str, ...], str | None]:
        for domain, logins in self._people.items():
            if host == domain or host.endswith(f".{domain}"):
                return tuple(logins), self._address(host)
        return (), None

    def machine(self, host: str, seed: bytes, gpus: int | None = None) -> Machine:
        """The host of that name or address.

        Raises:
            OSError: it cannot be made.
        """
        with self._lock:
            if host not in self._hosts:
                if len(self._hosts) >= MOST_HOSTS:
                    return next(reversed(self._hosts.values()))
                facts = jail_facts.facts(host, seed, gpus, *self._of_the_house(host))
                root = self._trees / f"h{len(self._hosts)}"
                self._raise_tree(root, facts)
                self._hosts[host] = Machine(host, root, facts, seed, self._taken)
            return self._hosts[host]

    def _raise_tree(self, root: Path, facts: jail_facts.Facts) -> None:
        base = self._trees / "base"
        if not base.is_dir():
            self._trees.chmod(0o711)
            _copy("-a", self._parts / "base", base)
            _nodes(base / "dev")
        shutil.rmtree(root, ignore_errors=True)
        _copy("-al", base, root)
        for name, text in facts.files.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).unlink(missing_ok=True)  # a link to the base's own
            (root / name).write_bytes(text)
        for number, person in enumerate(facts.persons, FIRST_PERSON):
            (root / "home" / person).mkdir(mode=0o700, parents=True)
            os.chown(root / "home" / person, number, number)
        tool = root / "usr" / "bin" / facts.tools[0]
        tool.write_bytes(jail_facts.with_table((self._parts / "tools").read_bytes(), facts))
        tool.chmod(0o711)
        for name in facts.tools[1:]:
            (tool.parent / name).unlink(missing_ok=True)
            os.link(tool, tool.parent / name)


def _copy(how: str, source: Path, target: Path) -> None:
    done = subprocess.run(["/bin/cp", how, str(source), str(target)], capture_output=True, check=False)
    if done.returncode:
        shutil.rmtree(target, ignore_errors=True)
        raise Full(done.stderr.decode("utf-8", "replace").strip()[-200:])


def _nodes(folder: Path) -> None:
    """The devices that every program counts on, and no other. Needs MKNOD."""
    for name, major, minor in (("null", 1, 3), ("zero", 1, 5), ("full", 1, 7), ("random", 1, 8), ("urandom", 1, 9), ("tty", 5, 0)):
        os.mknod(folder / name, 0o020666, os.makedev(major, minor))
        (folder / name).chmod(0o666)
