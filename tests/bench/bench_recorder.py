"""The recorder's cost: the same jobs in the same image with the listener and without it, turn by turn in one run, and as ratios.

    python tests/bench/bench_recorder.py [--rounds 7] [--only NAME] [--flood COUNT]

Both workstations are on the machine at the same moment and take turns, so that whatever else runs on it disturbs both alike. Ratios of wall
time (of the quickest rounds, and the median of the rounds') and of processor time, the recorder's own included. `--flood` sends that many
failing opens afterwards and says what they came to. Nothing is asserted: figures depend on the machine. The bounds that the project wants
stand beside them.
"""

import argparse
import statistics
import sys
import time
from pathlib import Path
from typing import Any

import docker

sys.path.insert(0, str(Path(__file__).parent.with_name("world")))
import recorder_world  # a helper of the tests: this is a script, and pytest is not there to find it

FORKS = "for i in $(seq 1500); do /bin/true; done"
JOBS: dict[str, tuple[str, float]] = {
    "forks: 1,500 x /bin/true": (FORKS, 1.4),
    "shell: 300 x sed | grep in subshells": ("for i in $(seq 300); do (echo $i | sed s/1/2/ | grep -q 2); done; true", 1.4),
    "imports: 15 x python": ("for i in $(seq 15); do python3 -c 'import re, subprocess, logging, optparse, threading, socket'; done", 1.4),
    "small files: 3,000 x create, read, remove": (
        "python3 -c \"\nimport os\nfor i in range(3000):\n p = f'/tmp/f{i}'\n open(p, 'w').write('x'); open(p).read(); os.unlink(p)\"",
        1.4,
    ),
    "bulk: copy 512 MiB": ("cat /var/tmp/big /var/tmp/big /var/tmp/big /var/tmp/big > /dev/null; cp /var/tmp/big /var/tmp/copy", 1.05),
    "bulk: digest of 256 MiB": ("sha256sum /var/tmp/big /var/tmp/big >/dev/null", 1.05),
    "bulk: archive 256 MiB": ("tar cf - -C /var/tmp big | cat > /dev/null", 1.05),
}
BIG = "head -c 134217728 /dev/zero > /var/tmp/big"


def say(line: str) -> None:
    """One line, at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _seconds(world: Any, script: str) -> float:
    """Wall time of a job, as the workstation's own clock has it: the engine's exec is not part of it."""
    ran = world.run("bash", "-c", f"cd /tmp; t=$EPOCHREALTIME; {script}\nu=$EPOCHREALTIME; echo $(( ${{u/./}} - ${{t/./}} ))")
    assert ran.exit_code == 0, ran.output
    return int(ran.output.split()[-1]) / 1e6


def _cpu(*containers: Any) -> int:
    """Nanoseconds of processor time that these containers have used."""
    return sum(container.stats(stream=False, one_shot=True)["cpu_stats"]["cpu_usage"]["total_usage"] for container in containers)


def _processor(world: Any, script: str) -> int:
    """Processor time of a job, the recorder's own included: what the wall clock cannot tell on a machine with other work."""
    containers = [world.containers["ws"], world.containers["warden"]]
    before = _cpu(*containers)
    _seconds(world, script)
    return _cpu(*containers) - before


def _compare(plain: Any, recorded: Any, script: str, rounds: int) -> tuple[float, float, float, float]:
    """(quickest without, quickest with, their ratio, median of ratios); who goes first changes with each round."""
    times: dict[bool, list[float]] = {False: [], True: []}
    for number in range(rounds):
        for watched in (False, True) if number % 2 else (True, False):
            times[watched].append(_seconds(recorded if watched else plain, script))
    ratios = [with_it / without for without, with_it in zip(times[False], times[True], strict=True)]
    least, most = min(times[False]), min(times[True])
    return least, most, most / least, statistics.median(ratios)


def _flood(world: Any, count: int) -> None:
    began = time.monotonic()
    world.probe("open-many", "/tmp/none-", str(count))
    took = time.monotonic() - began
    began = time.monotonic()
    records = world.records()
    say(f"flood: {count:,} opens in {took:.1f} s, {1e6 * took / count:.1f} us each; log {len(world.log()) / 2**20:.1f} MiB")
    lost = sum(record.get("open", 0) for record in records if record["kind"] == "lost")
    say(f"{len(records):,} records, {lost:,} opens counted as lost; chain read and proved in {time.monotonic() - began:.1f} s")


def main() -> None:
    """Prints a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--only", default="")
    parser.add_argument("--flood", type=int, default=0)
    asked = parser.parse_args()
    harness, client = recorder_world, docker.from_env()
    harness.build(client)
    with harness.running(client, recorded=False) as plain, harness.running(client) as recorded:
        for world in (plain, recorded):
            assert world.run("bash", "-c", BIG).exit_code == 0
        say(f"{'job':44}{'without':>10}{'with':>10}{'ratio':>8}{'median':>8}{'cpu':>8}{'wanted':>8}")
        for name, (script, wanted) in JOBS.items():
            if asked.only in name:
                without, with_it, ratio, median = _compare(plain, recorded, script, asked.rounds)
                cpu = _processor(recorded, script) / _processor(plain, script)
                say(f"{name:44}{without:9.3f}s{with_it:9.3f}s{ratio:7.2f}x{median:7.2f}x{cpu:7.2f}x{wanted:7.2f}x")
        if asked.flood:
            _flood(recorded, asked.flood)


if __name__ == "__main__":
    main()
