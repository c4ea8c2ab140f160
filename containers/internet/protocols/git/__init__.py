"""git: pushes are taken and kept, and given back to who clones. The dialogues (`receive`, `upload`) are the same by HTTP, SSH and `git://`.

By HTTP they are asked by `http/services/git.py`. For SSH, `stream.serve(asked, remote, house, read, write, …)` speaks on a channel's bytes,
where `stream.wanted(command)` knows the command line as git's.
"""

from honeyweights.containers.internet.rules import Rule

WORD = b"git-"
BEGINS = 8
"""Bytes that tell: four hex digits, `git-`."""


def opens(first: bytes) -> bool | None:
    """A first packet as git sends it to its own port (gitprotocol-pack, "Git Transport")."""
    if not all(byte in b"0123456789abcdef" for byte in first[:4]):
        return False
    if not WORD.startswith(first[4:BEGINS]) and first[4:BEGINS] != WORD:
        return False
    return True if len(first) >= BEGINS else None


RULES = (Rule("git", opens, "git.stream:Git"),)
