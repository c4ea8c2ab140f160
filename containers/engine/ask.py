"""Prints the version of the Docker Engine that answers, and exits 1 where none does.

Standard library only: it runs before anything is installed. A DOCKER_HOST that is no unix socket and no plain tcp address (ssh, TLS)
is left to the Docker SDK, which knows how to speak to it; it counts as answering here, with the oldest version that is good enough.
"""

import http.client
import json
import os
import socket
import sys

TIMEOUT = 5.0


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a unix socket."""

    def __init__(self, path: str) -> None:
        super().__init__("engine", timeout=TIMEOUT)
        self._path = path

    def connect(self) -> None:
        """Connects to the socket in place of a host."""
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(TIMEOUT)
        self.sock.connect(self._path)


def connection(address: str) -> http.client.HTTPConnection | None:
    """The connection for a DOCKER_HOST; None for the kinds that only the SDK speaks."""
    scheme, _, rest = address.partition("://")
    if scheme == "unix":
        return UnixConnection(rest)
    if scheme == "tcp" and not os.environ.get("DOCKER_TLS_VERIFY"):
        return http.client.HTTPConnection(rest, timeout=TIMEOUT)
    return None


def main() -> int:
    """Asks, prints, and says by its exit code whether an engine answered."""
    engine = connection(os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock")
    if engine is None:
        sys.stdout.write("26\n")
        return 0
    try:
        engine.request("GET", "/version")
        version = json.loads(engine.getresponse().read())["Version"]
    except (OSError, http.client.HTTPException, ValueError, KeyError):
        return 1
    sys.stdout.write(f"{version}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
