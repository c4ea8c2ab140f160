"""Every way out or in that somebody with a shell may try; run in the workstation by its own Python, prints {name: what happened} as JSON.

A probe returns `refused: ERRNO` or `sent`; what it sends ends with the probe's own name, so that the journal can be asked for it.
"""

import contextlib
import ctypes
import errno
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from way_out_tables import CALLS, COMMANDS, FILES, PAYLOADS, WRITTEN

LIBC = ctypes.CDLL(None, use_errno=True)
IP_TRANSPARENT, IP_FREEBIND, IPV6_FREEBIND, IPV6_TRANSPARENT, IP_OPTIONS, SO_MARK = 19, 15, 78, 75, 4, 36
PTRACE_ATTACH = 16
TCP_FASTOPEN_NO_COOKIE = 34


def told(call: Callable[[], object]) -> str:
    try:
        said = call()
    except OSError as error:
        return f"refused: {errno.errorcode.get(error.errno or 0, str(error))}"
    return said if isinstance(said, str) else "sent"


def family(address: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def send(kind: str, address: str, port: int, data: bytes) -> None:
    if kind == "tcp":
        with socket.create_connection((address, port), 5) as line:
            line.sendall(data)
            line.shutdown(socket.SHUT_WR)
            with contextlib.suppress(OSError):
                line.recv(100)
        return
    with socket.socket(family(address), socket.SOCK_DGRAM) as line:
        line.sendto(data, (address, port))


def call(name: str) -> str:
    number, *arguments = CALLS[name]
    if name == "clone user":
        child = LIBC.syscall(number, *arguments, 0, 0)
        if child == 0:
            os._exit(0)
        return "sent" if child > 0 else f"refused: {errno.errorcode[ctypes.get_errno()]}"
    if LIBC.syscall(number, *arguments, 0, 0) < 0:
        return f"refused: {errno.errorcode[ctypes.get_errno()]}"
    return "sent"


def command(text: str) -> str:
    done = subprocess.run(text.split(), capture_output=True, text=True, check=False)
    return "sent" if done.returncode == 0 else f"refused: {(done.stderr or done.stdout).strip()[:120]}"


def run(text: str) -> str:
    try:
        return command(text)
    except FileNotFoundError:
        return "refused: no such program"


def option(level: int, name: int, value: int | bytes, kind: socket.SocketKind = socket.SOCK_DGRAM) -> object:
    with socket.socket(socket.AF_INET6 if level == 41 else socket.AF_INET, kind) as line:
        line.setsockopt(level, name, value)
        return None


def forged(address: str, name: int) -> None:
    """A datagram from somebody else's address."""
    with socket.socket(family(address), socket.SOCK_DGRAM) as line:
        line.setsockopt(41 if ":" in address else 0, name, 1)
        line.bind((address, 5353))
        line.sendto(b"forged", ("2001:db8::66" if ":" in address else "198.51.100.66", 4010))


def with_options() -> None:
    """Record-route and room for 36 bytes of the sender's own."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.setsockopt(socket.IPPROTO_IP, IP_OPTIONS, b"\x07\x27\x04" + b"ip options of mine, as payload free"[:36].ljust(36, b"."))
        line.sendto(b"with options", ("198.51.100.67", 4011))


def lite() -> None:
    """UDP-Lite needs no privilege and is no UDP."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM, 136) as line:
        line.sendto(b"by udp-lite", ("198.51.100.68", 4012))


def pinged() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_ICMP) as line:
        line.sendto(b"\x08\0\0\0\0\0\0\1" + b"by ping", ("198.51.100.69", 0))


def low_ttl() -> None:
    """Would die at the second router."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, 2)
        line.sendto(b"with few hops", ("93.184.215.9", 4013))


def in_the_syn() -> None:
    """Fast open to a place that no machine answers at."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as line:
        line.settimeout(3)
        line.setsockopt(socket.IPPROTO_TCP, TCP_FASTOPEN_NO_COOKIE, 1)
        line.sendto(b"in the syn", socket.MSG_FASTOPEN, ("169.254.169.254", 80))


def link_local() -> None:
    """The gateway's own address on the link, as the neighbour table has it."""
    table = subprocess.run(["ip", "-6", "route", "show", "default"], capture_output=True, text=True, check=False).stdout
    assert "via" in table
    mac = subprocess.run(["ip", "neigh"], capture_output=True, text=True, check=False).stdout.split("lladdr ")[1].split()[0]
    parts = [int(part, 16) for part in mac.split(":")]
    parts[0] ^= 2
    words = [parts[0] << 8 | parts[1], parts[2] << 8 | 0xFF, 0xFE00 | parts[3], parts[4] << 8 | parts[5]]
    address = "fe80::" + ":".join(f"{word:x}" for word in words)
    with socket.create_connection((f"{address}%eth0", 4014), 5) as line:
        line.sendall(b"by the link")


def bound_to_eth0() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as line:
        line.setsockopt(socket.SOL_SOCKET, 25, b"eth0")
        line.settimeout(5)
        line.connect(("198.51.100.70", 4015))
        line.sendall(b"bound to eth0")


def abstract() -> str:
    """Abstract sockets that somebody else listens on."""
    found = [line.split()[-1] for line in Path("/proc/net/unix").read_text().splitlines()[1:] if "@" in line]
    return f"found: {found}" if found else "refused: none"


def listeners() -> str:
    lines = [
        line for name in ("tcp", "tcp6", "udp", "udp6", "raw", "packet") for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]
    ]
    heard = [line for line in lines if " 0A " in line or line.split()[3] == "07"]
    return f"found: {heard}" if heard else "refused: none"


def others() -> str:
    """What can be read of the processes of others."""
    seen = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and folder.stat().st_uid != os.getuid():
            for name in ("environ", "mem", "root/etc", "fd", "maps"):
                with contextlib.suppress(OSError):
                    (os.listdir if name in {"root/etc", "fd"} else Path.read_bytes)(folder / name)
                    seen.append(f"{folder}/{name}")
    return f"found: {seen}" if seen else "refused: none"


def killed(pids: list[int]) -> str:
    return " ".join(told(lambda pid=pid: os.kill(pid, signal.SIGKILL)) for pid in pids if pid != os.getpid())


def sessions() -> list[int]:
    """The daemon that runs our commands."""
    return [
        int(folder.name) for folder in Path("/proc").iterdir() if folder.name.isdigit() and (folder / "comm").read_text().strip() == "sshd"
    ]


def ptraced(pid: int) -> str:
    return "sent" if LIBC.ptrace(PTRACE_ATTACH, pid, 0, 0) == 0 else f"refused: {errno.errorcode[ctypes.get_errno()]}"


def socket_of(kind: str) -> None:
    made = {
        "raw": (socket.AF_INET, socket.SOCK_RAW, 255),
        "raw icmp": (socket.AF_INET, socket.SOCK_RAW, 1),
        "raw v6": (socket.AF_INET6, socket.SOCK_RAW, 58),
        "packet": (socket.AF_PACKET, socket.SOCK_RAW, 0x0300),
        "packet dgram": (socket.AF_PACKET, socket.SOCK_DGRAM, 0x0300),
        "vsock": (40, socket.SOCK_STREAM, 0),
        "bluetooth": (31, socket.SOCK_RAW, 1),
        "xdp": (44, socket.SOCK_RAW, 0),
        "can": (29, socket.SOCK_RAW, 1),
    }[kind]
    socket.socket(*made).close()


def reached(path: str) -> str:
    place = Path(path)
    return told(lambda: list(place.iterdir()) if place.is_dir() else place.read_bytes()[:1])


def metadata() -> None:
    socket.create_connection(("169.254.169.254", 80), 4).close()


PROBES: dict[str, Callable[[], object]] = {
    **{
        f"socket {kind}": lambda kind=kind: socket_of(kind)
        for kind in ("raw", "raw icmp", "raw v6", "packet", "packet dgram", "vsock", "bluetooth", "xdp", "can")
    },
    **{f"call {name}": lambda name=name: call(name) for name in CALLS},
    **{f"file {path}": lambda path=path: reached(path) for path in FILES},
    **{f"write {path}": lambda path=path: Path(path).write_text("1") for path in WRITTEN},
    **{f"command {name}": lambda text=text: run(text) for name, text in COMMANDS.items()},
    **{f"send {name}": lambda name=name, row=row: send(*row[:3], row[3] + name.encode()) for name, row in PAYLOADS.items()},
    "option mark": lambda: option(socket.SOL_SOCKET, SO_MARK, 7),
    "option transparent": lambda: option(0, IP_TRANSPARENT, 1),
    "option transparent v6": lambda: option(41, IPV6_TRANSPARENT, 1),
    "option hop-by-hop": lambda: option(41, 54, b"\x3b\0\1\4\0\0\0\0"),
    "option destination": lambda: option(41, 59, b"\x3b\0\1\4\0\0\0\0"),
    "forged v4": lambda: forged("9.9.9.9", IP_FREEBIND),
    "forged v6": lambda: forged("2620:fe::9", IPV6_FREEBIND),
    "forged neighbour": lambda: forged("10.64.7.99", IP_FREEBIND),
    "bind another's": lambda: socket.create_server(("8.8.8.8", 8080)).close(),
    "kill init": lambda: killed([1]),
    "kill session": lambda: killed(sessions()),
    "trace init": lambda: ptraced(1),
    "trace session": lambda: ptraced(sessions()[0]),
    "abstract sockets": abstract,
    "listeners": listeners,
    "processes of others": others,
    "metadata": metadata,
    "ip options": with_options,
    "udp-lite": lite,
    "ping": pinged,
    "few hops": low_ttl,
    "in the syn": in_the_syn,
    "link-local gateway": link_local,
    "bound to eth0": bound_to_eth0,
}

SUICIDAL = ("kill session", "trace session")
"""What root may do to the workstation's own daemon: that ends the workstation, which is seen."""

if __name__ == "__main__":
    left_out = SUICIDAL if "--root" in sys.argv else ()
    print(json.dumps({name: told(PROBES[name]) for name in PROBES if name not in left_out}))  # noqa: T201  # the answer
