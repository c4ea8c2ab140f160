"""What a suspicious user of a workstation can read, searched for cues. Runs inside, as that user, with the standard library alone.

Standard input is `{anywhere: [plain word, ...], ours: [regular expression, ...], talk: [regular expression, ...], commands: {name: shell
command}, packages: bool}`; without `packages` the content of files that a package brought is passed over. Of `talk` every place is told.
Standard output is
`{found: [[where, cue, text around it], ...], read: {files, bytes, ours, silent}}`.
`where` is a file's path, `path of` it, or a command's name.
"""

import bz2
import gzip
import json
import lzma
import os
import re
import stat
import subprocess
import sys
from collections.abc import Iterator
from multiprocessing.pool import ThreadPool
from pathlib import Path
from typing import Any

OUTSIDE = ("/proc", "/sys", "/dev")
LARGEST = 48 << 20
"""Bytes of a file that are searched."""
AROUND = 60
MOST = 400
"""Findings, and entries of each process."""
NOISE = (".safetensors", ".pack", ".idx", ".age", ".pyc", "/tokenizer.json")
"""Numbers without texts, and a vocabulary: only long plain words mean something in them. Of packs, `git log` shows what they hold."""
OPENERS = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
OTHERS = ("packages",)
"""Commands that show Debian's words: plain words alone are looked for there."""
PROCESS = ("cmdline", "comm", "environ", "cgroup", "mountinfo", "status", "limits", "maps", "cpuset", "attr/current")
PACKAGES = "/var/lib/dpkg/info"
GENERATED = (
    "/etc/ssl/certs/",
    "/var/lib/dpkg/",
    "/etc/alternatives/",
    "/usr/share/mime/",
    "/usr/lib/locale/",
    "/etc/ld.so.cache",
    "/var/cache/",
)
"""Made by packages' own scripts."""


def owned() -> set[str]:
    """Paths that a Debian or Python package brought, with `/bin` and its like where they lead."""
    found: set[str] = set()
    for listing in Path(PACKAGES).glob("*.list"):
        found.update(re.sub(r"^/(bin|sbin|lib|lib64)/", r"/usr/\1/", line) for line in listing.read_text().splitlines())
    for place in ("/usr/local/lib/python3.11/dist-packages", "/usr/lib/python3/dist-packages"):
        for record in Path(place).glob("*.dist-info/RECORD"):
            found.update(os.path.normpath(f"{place}/{line.split(',')[0]}") for line in record.read_text().splitlines())
            found.update(os.fspath(path) for path in record.parent.rglob("*"))
    return found


def readable() -> Iterator[tuple[str, int]]:
    """(path, size) of every entry below `/` whose name this user can see."""
    waiting = ["/"]
    while waiting:
        try:
            entries = sorted(os.scandir(waiting.pop()), key=lambda entry: entry.name)
        except OSError:
            continue
        for entry in entries:
            if entry.path in OUTSIDE:
                continue
            if entry.is_dir(follow_symlinks=False):
                waiting.append(entry.path)
            try:
                status = entry.stat(follow_symlinks=False)
            except OSError:
                continue
            yield entry.path, status.st_size if stat.S_ISREG(status.st_mode) else -1


def content(path: str) -> bytes:
    """A file's bytes, unpacked where its name says that they are packed; none where it may not be read."""
    opener = OPENERS.get(Path(path).suffix, open)
    try:
        with opener(path, "rb") as file:
            return file.read(LARGEST)
    except (OSError, EOFError, lzma.LZMAError):
        return b""


class Search:
    """The cues, and what was found of them."""

    def __init__(self, asked: dict[str, list[str]]) -> None:
        self.plain = [word.encode() for word in asked["anywhere"]]
        self.ours, self.talk = ([(cue, re.compile(cue.encode(), re.IGNORECASE)) for cue in asked[kind]] for kind in ("ours", "talk"))
        self.found: list[tuple[str, str, str]] = []

    def look(self, where: str, data: bytes, *, ours: bool) -> None:
        """Notes the first of each cue in some bytes; of talk each."""
        low = data.lower()
        hits = [(word.decode(), at, at + len(word)) for word in self.plain if (at := low.find(word)) >= 0]
        if ours:
            hits += [(source, match.start(), match.end()) for source, cue in self.ours if (match := cue.search(data))]
            hits += [(source, match.start(), match.end()) for source, cue in self.talk for match in cue.finditer(data)]
        for cue, start, end in hits[: MOST - len(self.found)]:
            around = data[max(0, start - AROUND) : end + AROUND].decode("utf-8", "replace")
            self.found.append((where, cue, " ".join(around.split())))


def of_packages(path: str, known: set[str]) -> bool:
    """Whether a package brought it, or made it: compiled Python belongs with its source."""
    path = path.removesuffix("/__pycache__")
    folder, _, name = path.rpartition("/")
    if folder.endswith("/__pycache__"):
        path = f"{folder.removesuffix('/__pycache__')}/{name.split('.')[0]}.py"
    return path in known or path.startswith(GENERATED)


def files(search: Search, read: dict[str, Any], *, packages: bool) -> None:
    """Every path, and every content or ours alone."""
    known = owned()
    for path, size in readable():
        mine = not of_packages(path, known)
        search.look(f"path of {path}", path.encode(), ours=mine)
        if size > 0 and (mine or packages):
            data = content(path)
            search.look(path, data, ours=mine and not path.endswith(NOISE))
            read["files"] += bool(data)
            read["bytes"] += len(data)
            read["ours"] += mine and bool(data)


def processes(search: Search) -> None:
    """What /proc says of every process, as far as it lets this user know. Not of this search, whose input has all the cues."""
    for pid in sorted(int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()):
        for name in PROCESS:
            search.look(f"/proc/{pid}/{name}", content(f"/proc/{pid}/{name}"), ours=True)
        for name in ("exe", "cwd"):
            try:
                search.look(f"/proc/{pid}/{name}", os.fsencode(Path(f"/proc/{pid}/{name}").readlink()), ours=True)
            except OSError:
                continue


def show(command: str) -> bytes:
    """What a command shows, complaints included."""
    told: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "stdin": subprocess.DEVNULL}
    return subprocess.run(["bash", "--login", "-c", command], timeout=60, check=False, **told).stdout


def main() -> None:
    """Searches files, processes and what commands show."""
    asked = json.load(sys.stdin)
    search = Search(asked)
    read: dict[str, Any] = {"files": 0, "bytes": 0, "ours": 0, "silent": []}
    processes(search)
    with ThreadPool(len(asked["commands"])) as pool:
        shown = dict(zip(asked["commands"], pool.map(show, asked["commands"].values()), strict=True))
    for name, text in shown.items():
        search.look(name, text, ours=not name.startswith(OTHERS))
    read["silent"] = [name for name, text in shown.items() if not text.strip()]
    files(search, read, packages=asked["packages"])
    print(json.dumps({"found": search.found, "read": read}))  # noqa: T201  # the answer


if __name__ == "__main__":
    main()
