"""Runs a client against a listener of loopback and keeps what came as the internet keeps it. For the table's rows only.

`python3 -m caught http|dns|icmp COMMAND`: the command finds the listener in $U (http://127.0.0.1:port/), or in $H and $PORT.
Kept in `out/`: the body of each request, the names asked for below each registered suffix (a line each), the data of all pings.
"""

import http.server
import os
import pathlib
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

BODIES: dict[str, list[bytes]] = {}


class _Web(http.server.BaseHTTPRequestHandler):
    """Takes every body, whole or in chunks, and says that it is well."""

    protocol_version = "HTTP/1.1"

    def _taken(self) -> None:
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            parts = []
            while size := int(self.rfile.readline().split(b";")[0], 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            body = b"".join(parts)
        else:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        BODIES[f"{len(BODIES):06}"] = [body]
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_POST = do_PUT = _taken  # noqa: N815  # the names that http.server calls

    def log_message(self, *_: Any) -> None:
        """Says nothing."""


def _web() -> int:
    server = http.server.HTTPServer(("127.0.0.1", 0), _Web)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]


def _names() -> int:
    """No name exists here."""
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            packet, peer = server.recvfrom(4096)
            labels, at = [], 12
            while packet[at]:
                labels.append(packet[at + 1 : at + 1 + packet[at]])
                at += 1 + packet[at]
            BODIES.setdefault(b".".join(labels[-2:]).decode(), []).append(b".".join(labels) + b"\n")
            server.sendto(packet[:2] + b"\x81\x83\0\1\0\0\0\0\0\0" + packet[12 : at + 5], peer)

    threading.Thread(target=serve, daemon=True).start()
    return int(server.getsockname()[1])


def _pings() -> int:
    server = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)

    def serve() -> None:
        while True:
            packet = server.recv(1 << 16)
            body = packet[4 * (packet[0] & 15) :]
            if body[0] == 8:  # an echo request
                BODIES.setdefault("pings", []).append(body[8:])

    threading.Thread(target=serve, daemon=True).start()
    return 0


LISTENERS: dict[str, Callable[[], int]] = {"http": _web, "dns": _names, "icmp": _pings}


def main() -> int:
    """The command's end is the listener's."""
    port = LISTENERS[sys.argv[1]]()
    environment = {**os.environ, "U": f"http://127.0.0.1:{port}/", "H": "127.0.0.1", "PORT": str(port)}
    code = subprocess.run(
        ["bash", "-c", sys.argv[2], "bash", *sys.argv[3:]], env=environment, stdout=subprocess.DEVNULL, check=False
    ).returncode
    for name, parts in BODIES.items():
        (pathlib.Path("out") / name).write_bytes(b"".join(parts))
    return code


if __name__ == "__main__":
    sys.exit(main())
