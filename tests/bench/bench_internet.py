"""The internet's costs and speeds, measured from the workstation in one real world: what it takes to be ready, and what it can take.

    python tests/bench/bench_internet.py [--whole]

Nothing is asserted: figures depend on the machine and on what else runs on it. `--whole` adds 2,000 connections and 4 GiB at once.
"""

import argparse
import asyncio
import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

from inspect_ai.util import SandboxEnvironment

from honeyweights.sandbox import lifetime
from honeyweights.sandbox.config import WorldConfig
from honeyweights.sandbox.provider import HoneyweightsSandbox

CROWD = Path(__file__).parent.with_name("adversarial") / "crowd.py"
SEED = "5a" * 32
PEAK = "for p in /proc/[0-9]*; do grep -q internetd $p/cmdline && ! grep -q sessiond $p/cmdline && cat $p/stat $p/status; done; true"
ROUNDS = 5
BIG_MIB = 500
SINK = """
import socket, ssl, threading
def serve(port, wrap):
    listener = socket.create_server(("127.0.0.1", port))
    while True:
        threading.Thread(target=take, args=(wrap(listener.accept()[0]),)).start()
def take(line):
    buffer, end = bytearray(1 << 18), b""
    view = memoryview(buffer)
    begun = False
    while not end.endswith(b"0\\r\\n\\r\\n"):
        count = line.recv_into(buffer)
        if not count:
            return
        end = bytes(view[max(0, count - 5):count])
        if not begun:
            line.sendall(b"HTTP/1.1 100 Continue\\r\\n\\r\\n")
            begun, end = True, b""
    line.sendall(b"HTTP/1.1 201 Created\\r\\nContent-Length: 0\\r\\n\\r\\n")
    line.close()
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("/tmp/sink.crt", "/tmp/sink.key")
threading.Thread(target=serve, args=(8443, lambda line: context.wrap_socket(line, server_side=True))).start()
serve(8000, lambda line: line)
"""
"""A peer: takes uploads, in the workstation, and throws them away without a look."""
PEER = (
    "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=sink -keyout /tmp/sink.key -out /tmp/sink.crt 2>&1; "
    "nohup python3 /tmp/sink.py >/tmp/sink.out 2>&1 & "
    "until (exec 3<>/dev/tcp/127.0.0.1/8000) 2>/dev/null; do sleep 0.1; done"
)
SERIAL = """
import http.client, time
begun, count = time.perf_counter(), 1000
for number in range(count):
    line = http.client.HTTPConnection("203.0.113.20")
    line.request("GET", f"/{number}")
    line.getresponse().read()
    line.close()
print(round(count / (time.perf_counter() - begun)))
"""


async def _said(side: SandboxEnvironment, script: str, user: str = "agent") -> str:
    done = await side.exec(["bash", "-c", script], user=user, timeout=600)
    if not done.success:
        sys.exit(f"{script[:80]} failed: {done.stderr[-300:]}")
    return done.stdout.strip()


async def _server(internet: SandboxEnvironment) -> dict[str, int]:
    """Processor time in ms, resident memory and its peak in MiB."""
    words = (await _said(internet, PEAK, "root")).split()
    memory = {name: int(words[words.index(f"{name}:") + 1]) // 1024 for name in ("VmRSS", "VmHWM")}
    return {"cpu_ms": 10 * (int(words[13]) + int(words[14])), "rss_mib": memory["VmRSS"], "peak_mib": memory["VmHWM"]}


async def _upload(workstation: SandboxEnvironment, where: str) -> int:
    """MB a second."""
    script = f"curl -sS -k -T - -o /dev/null -w '%{{speed_upload}}' {where}/z < /tmp/big"
    return round(float(await _said(workstation, script)) / 1e6)


async def _beside(sides: dict[str, SandboxEnvironment], name: str, where: str, peer: str, say: Callable[[str], None]) -> None:
    """Ours and the peer by turns, so that both see the same machine."""
    ours, theirs, spent = [], [], []
    for _ in range(ROUNDS):
        before = (await _server(sides["internet"]))["cpu_ms"]
        ours.append(await _upload(sides["default"], where))
        spent.append(((await _server(sides["internet"]))["cpu_ms"] - before) / 1000 / (BIG_MIB / 1000 * 1.048576))
        theirs.append(await _upload(sides["default"], peer))
    ratio = statistics.median(own / other for own, other in zip(ours, theirs, strict=True))
    say(
        f"upload by {name}: {min(ours)} to {max(ours)} MB/s, {statistics.median(spent):.2f} s of the server's processor for each GB; "
        f"a peer that keeps nothing: {min(theirs)} to {max(theirs)} MB/s; ratio {ratio:.2f}"
    )


async def _measure(say: Callable[[str], None], *, whole: bool) -> None:
    began = time.perf_counter()
    config = WorldConfig(weights_mib=1, disk_mib=4096, labels={"honeyweights.dev": "bench"})
    environments = await HoneyweightsSandbox.sample_init("bench", config, {"__sample_id__": "bench/1"})
    ready = time.perf_counter() - began
    workstation, internet = environments["default"], environments["internet"]
    try:
        rest = await _server(internet)
        say(f"world ready in {ready:.2f} s; the server: {rest['cpu_ms']} ms of processor time, {rest['rss_mib']} MiB resident")
        await internet.exec(["hwctl", "configure"], input=json.dumps({"seed": SEED, "capture_limit": 16 << 30}))
        await workstation.write_file("/tmp/crowd.py", CROWD.read_text(encoding="utf-8"))
        await workstation.write_file("/tmp/sink.py", SINK)
        await _said(workstation, PEER)
        await _said(workstation, f"head -c {BIG_MIB}M /dev/urandom > /tmp/big")
        for name, where, peer in (
            ("http, near", "http://203.0.113.10", "http://127.0.0.1:8000"),
            ("http, far", "http://up.example.com", "http://127.0.0.1:8000"),
            ("https, near", "--http1.1 https://203.0.113.11", "--http1.1 https://127.0.0.1:8443"),
            ("https and HTTP/2, near", "--http2 https://203.0.113.11", "--http1.1 https://127.0.0.1:8443"),
            ("https and HTTP/2, far", "--http2 https://up.example.com", "--http1.1 https://127.0.0.1:8443"),
            ("HTTP/2 without TLS, near", "--http2-prior-knowledge http://203.0.113.11", "http://127.0.0.1:8000"),
        ):
            await _beside(environments, name, where, peer, say)
        raw = (
            "head -c 150M /dev/zero > /tmp/raw; s=$(date +%s%N); nc -N 203.0.113.12 9000 < /tmp/raw; "
            "echo $((150000000 * 1000 / (($(date +%s%N) - s) / 1000000)))"
        )
        say(f"upload by bare TCP: {int(await _said(workstation, raw)) // 1_000_000} MB/s")
        await workstation.write_file("/tmp/serial.py", SERIAL)
        say(f"requests, each by a new connection: {await _said(workstation, 'python3 /tmp/serial.py')} /s")
        rates = [json.loads(await _said(workstation, "python3 /tmp/crowd.py names 5000"))["per_second"] for _ in range(3)]
        say(f"questions of DNS, each for a new name: {statistics.median(rates)} /s")
        if whole:
            begun = time.perf_counter()
            bulk = "head -c 4096M /dev/zero | curl -sS -T - -o /dev/null http://203.0.113.13/z"
            await asyncio.gather(_said(workstation, "python3 /tmp/crowd.py many 2000 100000 203.0.113.14 80"), _said(workstation, bulk))
            say(f"2,000 connections with 100 kB each and 4 GiB beside them: {time.perf_counter() - begun:.1f} s")
        say(f"the server's peak: {(await _server(internet))['peak_mib']} MiB resident")
    finally:
        await lifetime.close_world(workstation.as_type(HoneyweightsSandbox).world)


def main() -> None:
    """Prints a line for each figure."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--whole", action="store_true", help="also 2,000 connections and 4 GiB at once")
    whole = parser.parse_args().whole

    def say(text: str) -> None:
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()

    asyncio.run(_measure(say, whole=whole))


if __name__ == "__main__":
    main()
