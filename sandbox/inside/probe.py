"""Sends one nonce to each address given, by TCP or UDP: the canary of the wire. Run only in a namespace that was proved closed."""

import fcntl
import json
import socket
import struct
import sys
import termios
import time


def send(kind: str, address: str, port: int, payload: bytes, seconds: float, *, grace: float = 0.01) -> str:
    """Delivers `payload`, gives the server `grace` seconds to read it, and closes. Gives an empty string, or what went wrong."""
    try:
        if kind == "udp":
            with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM) as line:
                line.sendto(payload, (address, port))
            return ""
        with socket.create_connection((address, port), timeout=seconds) as connection:
            connection.sendall(payload)
            _wait_until_acknowledged(connection, seconds)
            time.sleep(grace)
            # An orderly end would leave the connection in the machine's table for a minute, where the agent could wonder about it.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    except OSError as error:
        return f"{type(error).__name__}: {error}"
    return ""


def _wait_until_acknowledged(connection: socket.socket, seconds: float) -> None:
    """Returns when the other end has all of it: an abrupt end throws away what is still under way."""
    deadline = time.monotonic() + seconds
    while struct.unpack("i", fcntl.ioctl(connection, termios.TIOCOUTQ, b"\0" * 4))[0]:
        if time.monotonic() > deadline:
            raise TimeoutError("it was not acknowledged")
        time.sleep(0.001)


def main() -> None:
    """`{targets: [[kind, address, port, nonce], ...], seconds, grace}` -> `{results: [sentence, ...]}`."""
    asked = json.load(sys.stdin)
    results = [
        send(kind, address, port, nonce.encode("ascii"), asked["seconds"], grace=asked["grace"])
        for kind, address, port, nonce in asked["targets"]
    ]
    print(json.dumps({"results": results}))  # noqa: T201  # the answer


if __name__ == "__main__":
    main()
