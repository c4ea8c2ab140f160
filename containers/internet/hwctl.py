"""`hwctl COMMAND`: hands the JSON on its standard input to the server, prints the answer. Exit 0, or 1 with `{"error": sentence}`.

It runs many times in a world: it imports nothing that the interpreter has not built in (8 ms). Installed as a script of its own.
"""

import _socket  # the whole of `socket` costs as much again as the interpreter
import os
import sys

SOCKET = "/run/internet/control.sock"


def main() -> int:
    """The exit status."""
    if len(sys.argv) != 2:  # noqa: PLR2004  # the program and the command
        os.write(1, b'{"error": "usage: hwctl COMMAND, with a JSON object on standard input"}\n')
        return 1
    request = bytearray(sys.argv[1].encode() + b"\n")
    if not os.isatty(0):
        while piece := os.read(0, 1 << 20):
            request += piece
    line = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    try:
        line.connect(SOCKET)
        line.sendall(request)
        line.shutdown(_socket.SHUT_WR)
        answer = bytearray()
        while block := line.recv(1 << 20):
            answer += block
    except OSError as error:
        answer = bytearray(b'1{"error": "the server does not answer: ' + str(error).replace('"', "'").encode() + b'"}')
    out = memoryview(bytes(answer[1:]) + b"\n")
    while out:
        out = out[os.write(1, out) :]
    return 0 if answer[:1] == b"0" else 1


if __name__ == "__main__":
    raise SystemExit(main())
