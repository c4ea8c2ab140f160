"""Paths as the agent may have written them. Text only: nothing here looks at a file system.

A link that the agent made is another name for what it points to; `Aliases` follows such names, so that weights opened by way of `~/m` are
weights.
"""

import posixpath
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase

_HOPS = 8
"""Links followed before a path is taken as it stands; a ring of links ends here."""
NOWHERE = ("/dev", "/proc", "/sys")
"""What is written below these is no copy of anything, but for what lies in memory."""
_MEMORY = "/dev/shm"  # noqa: S108  # a path in the workstation


def normal(path: str) -> str:
    """The path without `.`, `..`, doubled and closing slashes."""
    return "/" + posixpath.normpath(path).lstrip("/") if path.startswith("/") else posixpath.normpath(path)


def below(path: str, folder: str) -> bool:
    """Whether `path` is `folder` or lies in it."""
    top = normal(folder)
    return path == top or path.startswith(top.rstrip("/") + "/")


def above(path: str) -> Iterator[str]:
    """The folders that `path` lies in, the root excepted."""
    while (path := posixpath.dirname(path)) not in {"/", ""}:
        yield path


def no_file(path: str) -> bool:
    """Whether what is written there is kept by no file system."""
    return any(below(path, folder) for folder in NOWHERE) and not below(path, _MEMORY)


def any_glob(path: str, globs: Iterable[str]) -> bool:
    """Whether one of the globs fits; `*` also stands for slashes."""
    return any(fnmatchcase(path, glob) for glob in globs)


class Aliases:
    """Other names of paths, by symbolic and hard links."""

    def __init__(self, links: Mapping[str, str]) -> None:
        self._links = links

    def real(self, path: str) -> str:
        """What `path` stands for once every known link on its way was followed."""
        current = normal(path)
        for _ in range(_HOPS):
            step = self._step(current)
            if step is None:
                break
            current = step
        return current

    def _step(self, path: str) -> str | None:
        front = path
        while front not in {"/", "", "."}:
            if front in self._links:
                return normal(self._links[front] + path[len(front) :])
            front = posixpath.dirname(front)
        return None
