"""What the workstation does to the internet in `test_internet_load`: run there by its own Python, prints one JSON object.

crowd.py many COUNT SIZE HOST PORT     connections at once, each with bytes of its own, half of them, a pause, the rest
crowd.py slow COUNT HOST PORT          a request a byte at a time, for ever
crowd.py silent COUNT HOST PORT        connections that say nothing, for ever
crowd.py dying COUNT SIZE HOST         processes that are killed in the middle of an upload
crowd.py garbage SEED PORT...          noise to every port, by TCP and UDP, each to an address of its own
crowd.py names COUNT                   questions, each for a name of its own
crowd.py sealed COUNT SIZE HOST         connections by TLS, each with half of an upload, then the other half, by all of them at once
crowd.py timed SECONDS HOST              one question after the other, and one small upload after the other: how long each waits
crowd.py breath COUNT LINES HOST        on each of some lines, as many questions for a long page at once; nothing is read for a while
crowd.py syn COUNT HOST PORT           first packets of connections that never go on (wants NET_RAW)
"""

import asyncio
import collections
import contextlib
import hashlib
import itertools
import json
import os
import random
import resource
import signal
import socket
import ssl
import struct
import sys
import threading
import time
from collections.abc import Callable


def payload(number: int, size: int) -> bytes:
    return hashlib.shake_128(str(number).encode()).digest(size)


async def many(count: int, size: int, host: str, port: int) -> dict[str, object]:
    ended: collections.Counter[str] = collections.Counter()

    async def one(number: int) -> None:
        body = payload(number, size)
        head = f"PUT /{number} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {size}\r\n\r\n".encode() if port == 80 else b""
        try:
            reader, writer = await asyncio.wait_for(asyncio.open_connection(host, port), 60)
            opened.append(number)
            writer.write(head + body[: size // 2])
            await writer.drain()
            while len(opened) < count and time.monotonic() < patience:  # noqa: ASYNC110  # two thousand events would be slower
                await asyncio.sleep(0.1)
            writer.write(body[size // 2 :])
            await writer.drain()
            if port != 80:
                writer.write_eof()
            answer = await asyncio.wait_for(reader.readline(), 120)
            writer.close()
        except OSError as error:
            ended[type(error).__name__] += 1
        else:
            ended[answer.decode("latin-1").strip()] += 1

    opened: list[int] = []
    patience = time.monotonic() + 60
    await asyncio.gather(*(one(number) for number in range(count)))
    return {"ended": ended, "digests": [hashlib.sha256(payload(number, size)).hexdigest() for number in range(count)]}


async def slow(count: int, host: str, port: int) -> dict[str, object]:
    lines = [await asyncio.open_connection(host, port) for _ in range(count)]
    print(json.dumps({"open": len(lines)}), flush=True)  # noqa: T201  # the answer
    letters = itertools.cycle(bytes([letter]) for letter in b"GET / HTTP/1.1\r\nX-Slow: " + b"x" * 4000)
    while True:
        for _, writer in lines:
            writer.write(next(letters))
        await asyncio.sleep(0.5)


async def silent(count: int, host: str, port: int) -> dict[str, object]:
    lines = [await asyncio.open_connection(host, port) for _ in range(count)]
    print(json.dumps({"open": len(lines)}), flush=True)  # noqa: T201  # the answer
    await asyncio.sleep(600)
    return {"open": len(lines)}


def dying(count: int, size: int, host: str) -> dict[str, object]:
    for number in range(count):
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            line = socket.create_connection((host, 80))
            line.sendall(
                f"PUT /dying-{number} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {2 * size}\r\n\r\n".encode() + payload(number, size)
            )
            os.write(writing, b"x")
            signal.pause()
        os.read(reading, 1)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(reading)
        os.close(writing)
    return {"digests": [hashlib.sha256(payload(number, size)).hexdigest() for number in range(count)]}


def garbage(seed: int, *ports: int) -> dict[str, object]:
    noise = random.Random(seed)  # noqa: S311  # reproducible noise
    sent = {}
    for place, port in enumerate(ports):
        address = f"198.51.100.{place + 1}"
        data = noise.randbytes(3000)
        with socket.create_connection((address, port), 10) as line:
            line.settimeout(10)
            try:
                line.sendall(data)
                line.shutdown(socket.SHUT_WR)
                while line.recv(65536):
                    pass
            except OSError:
                pass  # hung up on: the bytes were sent all the same
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
            for _ in range(5):
                line.sendto(noise.randbytes(600), (address, port))
        sent[address] = [port, len(data), 3000]
    return {"sent": sent}


def names(count: int) -> dict[str, object]:
    line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    line.settimeout(10)
    line.connect(("10.64.7.1", 53))
    begun, answered, asked = time.monotonic(), 0, 0
    while answered < count:
        while asked < count and asked - answered < 64:
            labels = (f"n{asked}".encode(), b"leak", b"example", b"org")
            name = b"".join(bytes([len(label)]) + label for label in labels)
            line.send(struct.pack("!HHHHHH", asked & 0xFFFF, 0x100, 1, 0, 0, 0) + name + b"\0\0\1\0\1")
            asked += 1
        try:
            line.recv(2000)
        except TimeoutError:
            break
        answered += 1
    return {"asked": asked, "answered": answered, "per_second": round(answered / (time.monotonic() - begun))}


def sealed(count: int, size: int, host: str) -> dict[str, object]:
    trusting = ssl.create_default_context()
    ended: collections.Counter[str] = collections.Counter()
    body = payload(0, size)
    lines = []
    for number in range(count):
        line = trusting.wrap_socket(socket.create_connection((host, 443), 60), server_hostname=host)
        line.sendall(f"PUT /{number} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {size}\r\n\r\n".encode() + body[: size // 2])
        lines.append(line)
    press(lines, body[size // 2 :])
    for line in lines:
        line.settimeout(240)
        ended[line.recv(4096).split(b"\r\n")[0].decode("latin-1")] += 1
        line.close()
    return {"ended": ended, "digest": hashlib.sha256(body).hexdigest()}


def press(lines: list[ssl.SSLSocket], body: bytes) -> None:
    """A little on each of them, again and again, so that all of them always have something to be read."""
    sent = dict.fromkeys(lines, 0)
    for line in lines:
        line.settimeout(0)
    while sent:
        for line, count in list(sent.items()):
            with contextlib.suppress(ssl.SSLWantWriteError):
                sent[line] += line.send(body[count : count + 16384])
            if sent[line] == len(body):
                del sent[line]


def timed(seconds: int, host: str) -> dict[str, object]:
    until = time.monotonic() + seconds
    waits: dict[str, list[float]] = {"names": [], "uploads": []}

    def again(kind: str, once: Callable[[int], object]) -> None:
        while time.monotonic() < until:
            began = time.monotonic()
            once(len(waits[kind]))
            waits[kind].append(round(time.monotonic() - began, 4))
            time.sleep(0.02)

    def name(number: int) -> None:
        labels = (f"t{number}".encode(), b"timed", b"example", b"org")
        asked = b"".join(bytes([len(label)]) + label for label in labels)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
            line.settimeout(60)
            line.sendto(struct.pack("!HHHHHH", number & 0xFFFF, 0x100, 1, 0, 0, 0) + asked + b"\0\0\1\0\1", ("10.64.7.1", 53))
            line.recv(2000)

    def upload(number: int) -> None:
        with socket.create_connection((host, 80), 60) as line:
            line.sendall(f"PUT /{number} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 5\r\n\r\nhello".encode())
            line.recv(4096)

    beside = threading.Thread(target=again, args=("uploads", upload))
    beside.start()
    again("names", name)
    beside.join()
    return {kind: sorted(each) for kind, each in waits.items()}


def breath(count: int, lines: int, host: str) -> dict[str, object]:
    page = payload(1, 500_000)
    with socket.create_connection((host, 80), 60) as line:
        line.sendall(f"PUT /page HTTP/1.1\r\nHost: {host}\r\nContent-Length: {len(page)}\r\n\r\n".encode() + page)
        line.recv(4096)
    for number in range(1000):
        with socket.create_connection((host, 80), 60) as line:
            line.sendall(f"PUT /deep/a-file-of-no-short-name-{number} HTTP/1.0\r\nContent-Length: 1\r\n\r\nx".encode())
            line.recv(4096)
    listing = f"PROPFIND /deep/ HTTP/1.1\r\nHost: {host}\r\nDepth: 1\r\nContent-Length: 0\r\n\r\n".encode()
    asked = [socket.create_connection((host, 80), 60) for _ in range(lines)]
    for line in asked:
        line.settimeout(0)
        with contextlib.suppress(BlockingIOError):
            line.send(listing * count)
    time.sleep(20)
    read = 0
    for line in asked[:5]:
        line.settimeout(5)
        with contextlib.suppress(OSError):
            while piece := line.recv(1 << 20):
                read += len(piece)
                if read > 50_000_000:
                    break
    return {"read": read}


def syn(count: int, host: str, port: int) -> dict[str, object]:
    line = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP)
    source = socket.inet_aton("10.64.7.77")  # nobody's: so that no kernel takes the half-open connection back
    line.setsockopt(socket.IPPROTO_IP, socket.IP_HDRINCL, 1)
    for number in range(count):
        head = struct.pack("!HHIIBBHHH", 1024 + number % 60000, port, number, 0, 0x50, 2, 65535, 0, 0)
        pseudo = source + socket.inet_aton(host) + struct.pack("!BBH", 0, 6, 20)
        total = sum(struct.unpack("!16H", pseudo + head))
        total = (total & 0xFFFF) + (total >> 16)
        head = head[:16] + (~(total + (total >> 16)) & 0xFFFF).to_bytes(2, "big") + head[18:]
        packet = struct.pack("!BBHHHBBH", 0x45, 0, 40, number & 0xFFFF, 0, 64, 6, 0) + source + socket.inet_aton(host) + head
        line.sendto(packet, (host, 0))
    return {"sent": count}


def main() -> None:
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    what, *given = sys.argv[1:]
    arguments = [int(word) if word.isdigit() else word for word in given]
    made = globals()[what](*arguments)
    print(json.dumps(asyncio.run(made) if asyncio.iscoroutine(made) else made))  # noqa: T201  # the answer


if __name__ == "__main__":
    main()
