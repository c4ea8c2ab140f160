"""git over SSH: a host's repositories are the same ones by SSH, by HTTP and by `git://` (`protocols/git`).

One that somebody made in the host's own tree (`git init` in a shell) is served from there by git itself, in the jail: hooks off.
"""

import os
import posixpath
from pathlib import Path

from paramiko import Channel, SSHException

from honeyweights.containers.internet.protocols.git import stream
from honeyweights.containers.internet.protocols.git.stream import Asked
from honeyweights.containers.internet.protocols.ssh import session
from honeyweights.containers.internet.protocols.ssh.session import BLOCK, Place, Wanted
from honeyweights.containers.internet.protocols.ssh.watch import Watch

AFTERWARDS = 2.0
"""Seconds for which a client may go on sending after the last word."""
_GUESSES = ("", ".git", "/.git", ".git/.git")
"""What git itself tries behind a path that it is given (`enter_repo`)."""


def asked(command: bytes) -> Asked | None:
    """What a command wants, when it is git's."""
    return stream.wanted(command.decode("utf-8", "surrogateescape"))


def run(channel: Channel, place: Place, wanted: Wanted, command: bytes) -> None:
    """One command of git's."""
    found = asked(command)
    if found is None or in_tree(place.machine.root, place.account.home, found.path):
        session.run(channel, place, wanted, command)
        return
    about = session.announced(place, command)._replace(protocol="git")
    version = stream.version_of(wanted.variables.get("GIT_PROTOCOL", ""))
    with session.until_gone(channel):
        status = stream.serve(found, place.where, place.house, lambda: channel.recv(BLOCK), channel.sendall, about=about, version=version)
        channel.send_exit_status(status)
        channel.shutdown_write()
        late = Watch(place.house.ledger, place.where, about)
        try:
            channel.settimeout(AFTERWARDS)
            while piece := channel.recv(BLOCK):
                late.client(piece)
        except (OSError, SSHException):
            return
        finally:
            late.end(finished=False)


def in_tree(root: Path, home: str, path: str) -> bool:
    """Whether a path names a repository of the host's own tree. Where a link leads only the jail knows: git is asked there."""
    path = home + path[1:] if path == "~" or path.startswith("~/") else path
    return any(_is_repository(root, f"{path if path.startswith('/') else f'{home}/{path}'}{guess}") for guess in _GUESSES)


def _is_repository(root: Path, path: str) -> bool:
    place = str(root)
    for part in posixpath.normpath(f"/{path}").lstrip("/").split("/"):
        place = f"{place}/{part}"
        if os.path.islink(place):  # noqa: PTH114  # unlike pathlib's, it takes any name: too long, with a null byte
            return True
    return os.path.isfile(f"{place}/HEAD") and os.path.isdir(f"{place}/objects")  # noqa: PTH112, PTH113  # likewise
