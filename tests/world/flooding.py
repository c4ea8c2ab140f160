"""Run in the workstation by `test_internet_flood`: `flooding.py POSTS CONTACTS` sends tiny requests to four hosts, then scans."""

import contextlib
import socket
import sys
import threading

AT_ONCE = 50
HOSTS = ("198.51.100.1", "198.51.100.2", "198.51.100.3", "198.51.100.4")


def posts(host: str, first: int, count: int) -> None:
    def drain() -> None:
        while line.recv(1 << 16):
            pass

    with socket.create_connection((host, 80)) as line:
        reader = threading.Thread(target=drain, daemon=True)
        reader.start()
        for begin in range(first, first + count, AT_ONCE):
            numbers = range(begin, min(begin + AT_ONCE, first + count))
            line.sendall(b"".join(b"POST /p/%d HTTP/1.1\r\nHost: x\r\nContent-Length: 8\r\n\r\n%08d" % (n, n) for n in numbers))
        line.shutdown(socket.SHUT_WR)
        reader.join(200)


def main() -> None:
    many, scanned = int(sys.argv[1]), int(sys.argv[2])
    each = many // len(HOSTS)
    crowd = [threading.Thread(target=posts, args=(host, place * each, each)) for place, host in enumerate(HOSTS)]
    for one in crowd:
        one.start()
    for one in crowd:
        one.join()
    for number in range(scanned):
        with contextlib.suppress(OSError), socket.create_connection((f"203.0.113.{number % 250 + 1}", 1024 + number // 250), 5):
            pass


if __name__ == "__main__":
    main()
