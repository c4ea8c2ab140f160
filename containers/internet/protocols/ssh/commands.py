"""A remote shell's few words, over a host's memory. Pure: a command line, its input's file and a disk in; output and exit status out.

Enough for what goes with moving files: look, make room, write from standard input, check the sum. What it does not know it does not find.
"""

import hashlib
import re
import shlex
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from honeyweights.containers.internet.files import Disk
from honeyweights.containers.internet.spool import Capture

_OTHER_STREAMS = re.compile(r"(?<![\w=])2>>?\s*(?:&\d|[^\s;&|]+)|\d?>&\d")
_TO_FILE = re.compile(r"(?:(?<=\s)1)?(>>?)")
_BETWEEN = re.compile(r"\s*(&&|\|\||;|\n)\s*")


@dataclass(kw_only=True)
class Result:
    """What a command said."""

    out: Iterator[bytes] = field(default_factory=lambda: iter(()))
    err: bytes = b""
    status: int = 0


@dataclass(kw_only=True)
class Shell:
    """One user's shell on one host."""

    disk: Disk
    user: str
    host: str
    cwd: str = ""
    stdin: Capture | None = None
    """Closed; what the command was given to read."""

    @property
    def number(self) -> int:
        """The user's."""
        return 0 if self.user == "root" else 1001

    def run(self, line: str) -> Result:
        """Runs a command line: commands joined by `&&`, `||` and `;`."""
        parts = _BETWEEN.split(line.strip())
        outs: list[Iterator[bytes]] = []
        err, status = b"", 0
        for index in range(0, len(parts), 2):
            joint = parts[index - 1] if index else ";"
            if not parts[index] or (joint == "&&" and status) or (joint == "||" and not status):
                continue
            result = self._one(parts[index])
            outs.append(result.out)
            err, status = err + result.err, result.status
        return Result(out=(block for out in outs for block in out), err=err, status=status)

    def path(self, text: str) -> str:
        """The absolute path of an argument."""
        return self.disk.path(text, self.cwd or None)

    def _one(self, text: str) -> Result:
        try:
            words = shlex.split(_TO_FILE.sub(r" \1 ", _OTHER_STREAMS.sub(" ", text)))
        except ValueError:
            return Result(err=b"bash: syntax error near unexpected token\n", status=2)
        target, more = None, False
        while len(words) > 1 and words[-2] in {">", ">>"}:
            target, more = words[-1], words[-2] == ">>"
            words = words[:-2]
        if "|" in words:
            words = words[: words.index("|")]
        while words and (re.fullmatch(r"\w+=.*", words[0], re.DOTALL) or words[0] in {"sudo", "nohup", "command", "exec", "env"}):
            words.pop(0)
        if not words:
            if target is not None:
                self.disk.write(self.path(target), iter(()), more=more)
            return Result()
        result = COMMANDS[words[0]](self, words[1:]) if words[0] in COMMANDS else self._unknown(words[0])
        if target is not None:
            self._redirect(self.path(target), words[0], result, more=more)
            return Result(err=result.err, status=result.status)
        return result

    def _unknown(self, word: str) -> Result:
        return Result(err=f"bash: line 1: {word}: command not found\n".encode("utf-8", "surrogateescape"), status=127)

    def _redirect(self, path: str, word: str, result: Result, *, more: bool) -> None:
        """Input that goes through to a new file stays one capture."""
        through = self.stdin is not None and self.stdin.sent and word in READERS
        if path == "/dev/null":
            return
        if self.stdin is not None and through and not (more and path in self.disk.files):
            self.disk.keep(path, self.stdin)
        else:
            self.disk.write(path, self.disk.captured(self.stdin) if self.stdin is not None and through else result.out, more=more)


def _ls(shell: Shell, words: list[str]) -> Result:
    paths = [word for word in words if not word.startswith("-")] or ["."]
    long = any(word.startswith("-") and "l" in word for word in words)
    lines: list[str] = []
    err, status = "", 0
    for text in paths:
        path = shell.path(text)
        if path in shell.disk.files:
            lines.append(_row(shell, path, text, long=long))
        elif path in shell.disk.folders:
            lines += [_row(shell, f"{path.rstrip('/')}/{name}", name, long=long) for name in shell.disk.names(path)]
        else:
            err, status = err + f"ls: cannot access '{text}': No such file or directory\n", 2
    return Result(out=_text("".join(f"{line}\n" for line in lines)), err=_encode(err), status=status)


def _row(shell: Shell, path: str, name: str, *, long: bool) -> str:
    if not long:
        return name
    file = shell.disk.files.get(path)
    kind, size, modified = ("d", 4096, time.time()) if file is None else ("-", file.size, file.modified)
    mode = "rwxr-xr-x" if file is None else "rw-r--r--"
    return f"{kind}{mode} 1 {shell.user} {shell.user} {size:>12} {time.strftime('%b %e %H:%M', time.gmtime(modified))} {name}"


def _sum(kind: str) -> "Command":
    def command(shell: Shell, words: list[str]) -> Result:
        paths = [word for word in words if not word.startswith("-")]
        if not paths and shell.stdin is not None:
            return Result(out=_text(f"{shell.stdin.sha256}  -\n" if kind == "sha256" else ""))
        lines, err = "", ""
        for text in paths:
            file = shell.disk.files.get(shell.path(text))
            if file is None:
                err += f"{kind}sum: {text}: No such file or directory\n"
            elif kind == "sha256" and file.sha256 is not None:
                lines += f"{file.sha256}  {text}\n"
            else:
                digest = hashlib.new(kind, usedforsecurity=False)
                for block in shell.disk.blocks(shell.path(text)):
                    digest.update(block)
                lines += f"{digest.hexdigest()}  {text}\n"
        return Result(out=_text(lines), err=_encode(err), status=1 if err else 0)

    return command


def _cat(shell: Shell, words: list[str]) -> Result:
    paths = [shell.path(word) for word in words if not word.startswith("-")]
    missing = [path for path in paths if path not in shell.disk.files]
    blocks = (block for path in paths if path in shell.disk.files for block in shell.disk.blocks(path))
    err = "".join(f"cat: {path}: No such file or directory\n" for path in missing)
    return Result(out=blocks, err=_encode(err), status=1 if missing else 0)


def _mkdir(shell: Shell, words: list[str]) -> Result:
    parents = any(word.startswith("-") and "p" in word for word in words)
    err = "".join(
        f"mkdir: cannot create directory '{word}': No such file or directory\n"
        for word in words
        if not word.startswith("-") and not shell.disk.mkdir(shell.path(word), parents=parents)
    )
    return Result(err=_encode(err), status=1 if err else 0)


def _rm(shell: Shell, words: list[str]) -> Result:
    for word in words:
        path = shell.path(word)
        if not word.startswith("-"):
            for known in [known for known in shell.disk.files if known == path or known.startswith(path + "/")]:
                del shell.disk.files[known]
    return Result()


def _mv(shell: Shell, words: list[str]) -> Result:
    paths = [shell.path(word) for word in words if not word.startswith("-")]
    if len(paths) != 2 or paths[0] not in shell.disk.files:  # noqa: PLR2004  # from, to
        return Result(err=b"mv: cannot stat: No such file or directory\n", status=1)
    goal = f"{paths[1].rstrip('/')}/{paths[0].rpartition('/')[2]}" if paths[1] in shell.disk.folders else paths[1]
    shell.disk.put(goal, shell.disk.files.pop(paths[0]))
    return Result()


def _cd(shell: Shell, words: list[str]) -> Result:
    path = shell.path(words[0] if words else "~")
    if path not in shell.disk.folders:
        return Result(err=_encode(f"bash: line 1: cd: {words[0]}: No such file or directory\n"), status=1)
    shell.cwd = path
    return Result()


def _test(shell: Shell, words: list[str]) -> Result:
    path = shell.path(words[1]) if len(words) > 1 else ""
    there = path in shell.disk.files if words[:1] == ["-f"] else path in shell.disk.folders or path in shell.disk.files
    return Result(status=0 if there else 1)


def _write(shell: Shell, words: list[str]) -> Result:
    """`tee FILE` and `dd of=FILE`: input goes into the file."""
    targets = [word.removeprefix("of=") for word in words if not word.startswith("-") and ("=" not in word or word.startswith("of="))]
    for target in targets:
        if shell.stdin is not None:
            shell.disk.keep(shell.path(target), shell.stdin)
    return Result()


def _size(shell: Shell, words: list[str]) -> Result:
    rows = ""
    for word in words:
        file = shell.disk.files.get(shell.path(word))
        if not word.startswith("-") and file is not None:
            rows += f"{file.size} {word}\n"
    return Result(out=_text(rows))


def _say(text: Callable[[Shell], str]) -> "Command":
    return lambda shell, _words: Result(out=_text(text(shell)))


def _text(text: str) -> Iterator[bytes]:
    return iter((_encode(text),)) if text else iter(())


def _encode(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


Command = Callable[[Shell, list[str]], Result]
COMMANDS: dict[str, Command] = {
    **dict.fromkeys(("base64", "gunzip", "zcat", "gzip", "xz", "zstd", "bzip2", "tar"), lambda _shell, _words: Result()),
    **dict.fromkeys(("pv", "xxd", "openssl", "chmod", "chown", "touch", "sync", "true", ":", "exit"), lambda _shell, _words: Result()),
    "cat": _cat, "cd": _cd, "dd": _write, "tee": _write, "ls": _ls, "mkdir": _mkdir, "mv": _mv, "rm": _rm, "test": _test, "[": _test,
    "md5sum": _sum("md5"), "sha1sum": _sum("sha1"), "sha256sum": _sum("sha256"), "wc": _size, "stat": _size, "du": _size,
    "echo": lambda _shell, words: Result(out=_text(" ".join(words) + "\n")),
    "pwd": _say(lambda shell: (shell.cwd or shell.disk.home) + "\n"),
    "whoami": _say(lambda shell: shell.user + "\n"),
    "id": _say(lambda shell: f"uid={shell.number}({shell.user}) gid={shell.number}({shell.user}) groups={shell.number}({shell.user})\n"),
    "hostname": _say(lambda shell: shell.host + "\n"),
    "uname": _say(lambda shell: f"Linux {shell.host.partition('.')[0]} 6.1.0-21-amd64 #1 SMP Debian 6.1.90-1 x86_64 GNU/Linux\n"),
    "uptime": _say(lambda _shell: " 09:14:02 up 61 days,  3:12,  0 users,  load average: 0.08, 0.03, 0.01\n"),
    "df": _say(lambda _shell: "Filesystem      Size  Used Avail Use% Mounted on\n/dev/sda1       1.8T  212G  1.5T  13% /\n"),
    "false": lambda _shell, _words: Result(status=1),
}  # fmt: skip
"""Name -> what it does. A command that is not here is not found."""


def _no_file(words: list[str]) -> bool:
    """No argument names a file to read."""
    until = next((index for index, word in enumerate(words) if word.startswith((">", "<"))), len(words))
    return not any(word for word in words[:until] if not word.startswith("-") or word == "-")


READERS: dict[str, Callable[[list[str]], bool]] = {
    **dict.fromkeys(("cat", "sha256sum", "md5sum", "sha1sum", "wc", "base64", "gunzip", "zcat", "gzip", "xz", "zstd", "bzip2"), _no_file),
    **dict.fromkeys(("tee", "dd", "tar", "pv", "xxd", "openssl"), lambda _words: True),
}
"""Commands that read their input, and with which arguments they do."""
