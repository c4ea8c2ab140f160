"""One call as strace prints it: its scanner, and the table of what each call says in the warden's words."""

import posixpath
import re
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

QUIET = "quiet"
"""Stands in place of a kind for a read of the platform's own files."""
PLATFORM = (
    *("/usr/lib/", "/usr/lib32/", "/usr/lib64/", "/usr/libx32/", "/usr/local/lib/", "/usr/share/", "/usr/include/"),
    *("/lib/", "/lib32/", "/lib64/", "/libx32/", "/etc/ld.so.", "/sys/", "/proc/self/", "/proc/sys/"),
)
_FLAGS = ("O_APPEND", "O_CREAT", "O_DIRECTORY", "O_EXCL", "O_NOFOLLOW", "O_PATH", "O_TMPFILE", "O_TRUNC")
_WRITES = frozenset({"O_CREAT", "O_TRUNC", "O_TMPFILE"})
_ADDRESS = re.compile(
    r"\{sa_family=(AF_\w+)(?:, sin6?_port=htons\((\d+)\))?"
    r'(?:, sin_addr=inet_addr\("([^"]+)"\)|.*?inet_pton\(AF_INET6, "([^"]+)"|, sun_path=(@?"(?:[^"\\]|\\.)*"))?'
)
_FAMILIES = {"AF_INET": "inet", "AF_INET6": "inet6", "AF_UNIX": "unix"}
_BY_LIBRARY = frozenset({"AF_NETLINK", "AF_UNSPEC"})
_ESCAPE = re.compile(rb"\\(x[0-9a-f]{2}|[0-7]{1,3}|.)", re.DOTALL)
_LETTERS = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"v": b"\v", b"f": b"\f"}
_FIRST_REAL_TIME = 32
"""By the kernel's count, of which the C library keeps two for itself."""
_CLOSES = {"(": ")", "[": "]", "{": "}"}

Told = list[tuple[str, dict[str, Any]]]


@dataclass(frozen=True, kw_only=True)
class Call:
    """A call that came back, or never will."""

    name: str
    args: tuple[str, ...]
    """Each as strace printed it."""
    result: str
    """The number that it gave, or `?`."""
    place: str | None
    """The file behind the descriptor that it gave."""
    error: str | None
    """Name of the errno, when it failed."""


def scan(line: str) -> Call | None:
    """Takes `name(args) = result` apart; null when it is no such thing."""
    name, paren, rest = line.partition("(")
    if not paren or not name.isidentifier():
        return None
    try:
        args, end = _arguments(rest)
    except ValueError:
        return None
    answer = re.fullmatch(r"\s*= (-?\w+|\?)(?:<((?:[^>])*)>)?(?:\(deleted\))?(?: (E[A-Z0-9]+) .*| .*)?", rest[end:])
    if answer is None:
        return None
    return Call(name=name, args=tuple(args), result=answer[1], place=_decoded(answer[2]) if answer[2] else None, error=answer[3])


def _arguments(rest: str) -> tuple[list[str], int]:
    """The arguments up to the closing parenthesis, and where what follows begins. Strings and `<paths>` hide what they hold."""
    args, open_, start, at = [], [")"], 0, 0
    while open_:
        char = rest[at : at + 1]
        if char == "":
            raise ValueError("it ends inside its arguments")
        if char in {'"', "<"}:
            at = _skip(rest, at, '"' if char == '"' else ">")
        elif char in _CLOSES:
            open_.append(_CLOSES[char])
        elif char == open_[-1]:
            open_.pop()
        if char in {",", ")"} and len(open_) == (1 if char == "," else 0):
            args.append(rest[start:at].strip())
            start = at + 1
        at += 1
    return [arg for arg in args if arg], at


def _skip(rest: str, at: int, until: str) -> int:
    """Where the quoted text that begins at `at` ends."""
    at += 1
    while rest[at : at + 1] != until:
        if at >= len(rest):
            raise ValueError("it ends inside a string")
        at += 2 if rest[at] == "\\" and until == '"' else 1
    return at


def _decoded(quoted: str) -> str:
    r"""The text behind strace's escapes; bytes that are no UTF-8 become \xNN, as in all records."""

    def one(match: re.Match[bytes]) -> bytes:
        what = match[1]
        if what[:1] == b"x" and len(what) > 1:
            return bytes([int(what[1:], 16)])
        return bytes([int(what, 8) & 0xFF]) if what.isdigit() else _LETTERS.get(what, what)

    return _ESCAPE.sub(one, quoted.encode("latin-1")).decode("utf-8", "backslashreplace")


def text(arg: str) -> str:
    """A string argument, whether or not strace cut it."""
    if not arg.startswith('"'):
        raise ValueError(f"{arg[:40]} is no string")
    return _decoded(arg[1 : _skip(arg, 0, '"')])


def descriptor(arg: str) -> str | None:
    """The file behind a descriptor."""
    match = re.match(r"(?:-?\d+|AT_FDCWD)<([^>]*)>", arg)
    return _decoded(match[1]) if match else None


def joined(base: str, name: str) -> str:
    """An absolute path without dots."""
    return posixpath.normpath(posixpath.join(base, name)).replace("//", "/")


def path(call: Call, cwd: str) -> str:
    """The path that a call of the table is about."""
    return _path(call, _ROWS[call.name], cwd)


@dataclass(frozen=True, kw_only=True)
class _Row:
    """Where in a call's arguments things stand; null where it has no such thing."""

    kind: str
    tell: Callable[[Call, "_Row", str], Told]
    folder: int | None = None
    name: int | None = None
    folder_to: int | None = None
    name_to: int | None = None
    arg: int = 0


def tell(call: Call, cwd: str) -> Told:
    """What the warden would have recorded. Raises ValueError or IndexError when the arguments do not read as they should."""
    row = _ROWS.get(call.name)
    return row.tell(call, row, cwd) if row else []


def _place(call: Call, folder: int | None, name: int | None, cwd: str) -> str:
    base = (descriptor(call.args[folder]) if folder is not None else None) or cwd
    if name is None or call.args[name] in {"NULL", '""'}:
        return base
    return joined(base, text(call.args[name]))


def _path(call: Call, row: _Row, cwd: str) -> str:
    return _place(call, row.folder, row.name, cwd)


def _exec(call: Call, row: _Row, cwd: str) -> Told:
    argv, _ = _arguments(call.args[row.arg][1:-1] + ")")
    words = [text(word) for word in argv if word.startswith('"')]
    return [(row.kind, {"path": _path(call, row, cwd), "cwd": cwd, "argv": words, "truncated": any(word.endswith("...") for word in argv)})]


def _open(call: Call, row: _Row, cwd: str) -> Told:
    flags = "O_WRONLY|O_CREAT|O_TRUNC" if call.name == "creat" else call.args[row.arg]
    names = frozenset(re.findall(r"O_\w+", flags))
    mode = "rw" if "O_RDWR" in names else "w" if "O_WRONLY" in names else "r"
    asked = _path(call, row, cwd)
    real = call.place or asked
    if real == "/dev/null" or (mode == "r" and not names & _WRITES and real.startswith(PLATFORM)):
        return [(QUIET, {})]
    body: dict[str, Any] = {
        "path": real,
        "mode": mode,
        "flags": "|".join(flag for flag in _FLAGS if flag in names),
        "dir": "O_DIRECTORY" in names,
    }
    return [(row.kind, body | ({"asked": asked} if asked != real else {}) | ({"missing": True} if call.error == "ENOENT" else {}))]


def _one(call: Call, row: _Row, cwd: str) -> Told:
    more: dict[str, Any] = {"sys": call.name} if row.kind == "other" else {}
    if row.kind == "chmod":
        more = {"mode": f"{int(call.args[row.arg], 8):04o}"}
    if row.kind == "chown":
        more = {"owner": int(call.args[row.arg]), "group": int(call.args[row.arg + 1])}
    if row.kind == "unlink":
        more = {"dir": call.name == "rmdir" or call.args[-1] == "AT_REMOVEDIR"}
    return [(row.kind, {"path": _path(call, row, cwd), **more})]


def _two(call: Call, row: _Row, cwd: str) -> Told:
    to = _place(call, row.folder_to, row.name_to, cwd)
    symbolic = call.name.startswith("symlink")
    of = joined(posixpath.dirname(to), text(call.args[0])) if symbolic else _path(call, row, cwd)
    return [(row.kind, {"path": of, "to": to, **({"symbolic": symbolic} if row.kind == "link" else {})})]


def _address(call: Call, row: _Row, _cwd: str) -> Told:
    """The first address in an argument, which comes before any payload in it."""
    match = _ADDRESS.search(call.args[row.arg])
    if match is None or (call.name in {"sendmsg", "sendmmsg"} and "msg_name={" not in call.args[row.arg].partition("iov")[0]):
        return []
    family, port, four, six, local = match.groups()
    if family in _BY_LIBRARY or (local and "nscd/socket" in local):
        return [(QUIET, {})]
    to = four or six or (("@" if local.startswith("@") else "") + text(local.lstrip("@")) if local else None)
    return [(row.kind, {"family": _FAMILIES.get(family, family), "to": to, "port": int(port) if port else None})]


def number_of(name: str) -> int:
    """A signal's number."""
    real_time = re.fullmatch(r"SIGRT(?:MIN|_(\d+))", name)
    if real_time:
        return _FIRST_REAL_TIME + int(real_time[1] or 0)
    if name.isdigit():
        return int(name)
    if name not in signal.Signals.__members__:
        raise ValueError(f"{name[:40]} is no signal")
    return int(signal.Signals[name])


def _signal(call: Call, row: _Row, _cwd: str) -> Told:
    pidfd = re.match(r"\d+<pid:(\d+)>", call.args[0])
    return [(row.kind, {"target": int(pidfd[1] if pidfd else call.args[0]), "sig": number_of(call.args[row.arg])})]


def _trace(call: Call, row: _Row, _cwd: str) -> Told:
    target = call.args[row.arg] if len(call.args) > row.arg else "0"
    return [(row.kind, {"target": int(target) if target.isdigit() else 0, "sys": call.name})]


def _bare(_call: Call, row: _Row, _cwd: str) -> Told:
    return [(row.kind, {})]


def _memfd(call: Call, row: _Row, _cwd: str) -> Told:
    return [(row.kind, {"sys": call.name, "path": f"memfd:{text(call.args[0])}"})]


def _rows() -> Mapping[str, _Row]:
    def row(kind: str, tell: Callable[[Call, _Row, str], Told], *places: int | None, arg: int = 0) -> _Row:
        folder, name, folder_to, name_to = (*places, None, None, None, None)[:4]
        return _Row(kind=kind, tell=tell, folder=folder, name=name, folder_to=folder_to, name_to=name_to, arg=arg)

    return {
        "execve": row("exec", _exec, None, 0, arg=1),
        "execveat": row("exec", _exec, 0, 1, arg=2),
        "open": row("open", _open, None, 0, arg=1),
        "creat": row("open", _open, None, 0),
        **dict.fromkeys(("openat", "openat2"), row("open", _open, 0, 1, arg=2)),
        "connect": row("connect", _address, arg=1),
        "bind": row("bind", _address, arg=1),
        "sendto": row("send", _address, arg=4),
        **dict.fromkeys(("sendmsg", "sendmmsg"), row("send", _address, arg=1)),
        **dict.fromkeys(("kill", "tkill", "rt_sigqueueinfo", "pidfd_send_signal"), row("signal", _signal, arg=1)),
        **dict.fromkeys(("tgkill", "rt_tgsigqueueinfo"), row("signal", _signal, arg=2)),
        "rename": row("rename", _two, None, 0, None, 1),
        **dict.fromkeys(("renameat", "renameat2"), row("rename", _two, 0, 1, 2, 3)),
        "link": row("link", _two, None, 0, None, 1),
        "linkat": row("link", _two, 0, 1, 2, 3),
        "symlink": row("link", _two, None, 0, None, 1),
        "symlinkat": row("link", _two, None, 0, 1, 2),
        **dict.fromkeys(("unlink", "rmdir"), row("unlink", _one, None, 0)),
        "unlinkat": row("unlink", _one, 0, 1),
        "truncate": row("truncate", _one, None, 0),
        "mkdir": row("mkdir", _one, None, 0),
        "mkdirat": row("mkdir", _one, 0, 1),
        "chmod": row("chmod", _one, None, 0, arg=1),
        "fchmod": row("chmod", _one, 0, None, arg=1),
        **dict.fromkeys(("fchmodat", "fchmodat2"), row("chmod", _one, 0, 1, arg=2)),
        **dict.fromkeys(("chown", "lchown"), row("chown", _one, None, 0, arg=1)),
        "fchown": row("chown", _one, 0, None, arg=1),
        "fchownat": row("chown", _one, 0, 1, arg=2),
        **dict.fromkeys(("utime", "utimes", "mknod"), row("other", _one, None, 0)),
        **dict.fromkeys(("futimesat", "utimensat", "mknodat"), row("other", _one, 0, 1)),
        "memfd_create": row("other", _memfd),
        "setsid": row("session", _bare),
        "ptrace": row("trace", _trace, arg=1),
        **dict.fromkeys(("process_vm_readv", "process_vm_writev"), row("trace", _trace)),
    }


_ROWS = _rows()
CALLS = frozenset(_ROWS)
"""Names of the calls that become records."""
