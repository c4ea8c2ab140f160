"""Sends one nonce by TCP to each address given: the wire's own canary. Run only in a namespace whose structure was proved closed."""

import json
import socket
import sys


def send(address: str, port: int, payload: bytes, seconds: float) -> str:
    """Delivers `payload` and closes. Gives an empty string, or what went wrong."""
    try:
        with socket.create_connection((address, port), timeout=seconds) as connection:
            connection.sendall(payload)
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(4096):
                pass
    except OSError as error:
        return f"{type(error).__name__}: {error}"
    return ""


def main() -> None:
    """`{targets: [[address, port, nonce], ...], seconds}` -> `{results: [sentence, ...]}`."""
    asked = json.load(sys.stdin)
    results = [send(address, port, nonce.encode("ascii"), asked["seconds"]) for address, port, nonce in asked["targets"]]
    print(json.dumps({"results": results}))  # noqa: T201  # the answer


if __name__ == "__main__":
    main()
