"""Sends one nonce to each address given, by TCP or UDP: the canary of the wire. Run only in a namespace that was proved closed."""

import json
import socket
import sys


def send(kind: str, address: str, port: int, payload: bytes, seconds: float) -> str:
    """Delivers `payload` and closes. Gives an empty string, or what went wrong."""
    try:
        if kind == "udp":
            with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM) as line:
                line.sendto(payload, (address, port))
            return ""
        with socket.create_connection((address, port), timeout=seconds) as connection:
            connection.sendall(payload)
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(4096):
                pass
    except OSError as error:
        return f"{type(error).__name__}: {error}"
    return ""


def main() -> None:
    """`{targets: [[kind, address, port, nonce], ...], seconds}` -> `{results: [sentence, ...]}`."""
    asked = json.load(sys.stdin)
    results = [send(kind, address, port, nonce.encode("ascii"), asked["seconds"]) for kind, address, port, nonce in asked["targets"]]
    print(json.dumps({"results": results}))  # noqa: T201  # the answer


if __name__ == "__main__":
    main()
