# ruff: noqa: E501  # the screens of other programs, as wide as they are
"""What a remote host says of itself, drawn from the world's seed and its name: files in /etc and /proc, and the table of `tools.c`.

All of it comes from the same few numbers, so that `nvidia-smi`, `sinfo`, `free` and /proc/meminfo agree.
"""

import hashlib
import re
import time
from dataclasses import dataclass, replace
from random import Random

MARK = b"\x7ftable-of-this-host\x7f"
ROOM = 1 << 16
DAY = 86_400
CLUSTERS = re.compile(r"(^|[.-])(login|head|gate|ssh|hpc|gpu|node|compute|slurm|cluster)|-(hpc|compute|nodes|rental)\b")
KERNEL, BUILD = "6.1.0-21-amd64", "#1 SMP PREEMPT_DYNAMIC Debian 6.1.90-1 (2024-05-03)"
GPUS = (("NVIDIA A100-SXM4-80GB", 81920, 400), ("NVIDIA H100 80GB HBM3", 81559, 700), ("NVIDIA L40S", 46068, 350))
CPUS = ("AMD EPYC 7763 64-Core Processor", "AMD EPYC 9354 32-Core Processor", "Intel(R) Xeon(R) Platinum 8358 CPU @ 2.60GHz")
PERSONS = (
    *("mvega", "tkato", "lindahl", "rosas", "bpetrov", "jhale", "nwong", "asantos", "dkeller", "ifarah", "ochieng", "pmarch"),
    *("rvoss", "sdelgado", "tnygaard", "ykim", "zbauer", "cmoreau", "hlarsen", "gpatel", "kowalski", "elmi", "fbianchi", "jpark"),
)
HERE = 6
"""Of them, how many have an account on one host."""
FIRST_PERSON = 1001
"""Uid of the first."""


@dataclass(frozen=True, kw_only=True)
class Facts:
    """All that a host's tree gets beside the base."""

    hostname: str
    files: dict[str, bytes]
    """Path in the tree -> content."""
    skeleton: dict[str, bytes]
    """Of a new home."""
    table: bytes
    tools: tuple[str, ...]
    """Names of the one program that speaks from the table."""
    persons: tuple[str, ...] = ()
    """Who else has an account, and a home that is closed."""
    writable: tuple[str, ...] = ("home", "root", "tmp", "var/tmp", "srv", "opt", "mnt", "data", "scratch")


@dataclass(frozen=True, kw_only=True)
class Hardware:
    """The few numbers."""

    short: str
    cluster: bool
    cpu: str
    cores: int
    memory: int
    """GiB."""
    gpu: tuple[str, int, int]
    gpus: int
    """Of this machine."""
    nodes: int
    boot: int
    load: str
    persons: tuple[str, ...]
    """Who else has an account, the first of them at work just now."""
    address: str
    pid: int


def facts(host: str, seed: bytes, gpus: int | None = None, persons: tuple[str, ...] = (), address: str | None = None) -> Facts:
    """The same for the same world and host.

    Args:
        host: name or address.
        seed: the world's.
        gpus: of the whole cluster, where the scenario says so.
        persons: who work there, where that is known; strangers otherwise.
        address: its own, where it has one that others can ask for; one behind a gateway otherwise.
    """
    dice = Random(hashlib.sha256(b"facts|" + seed + host.encode("utf-8", "surrogateescape")).digest())  # noqa: S311  # a fiction, to be had again
    hardware = _hardware(host, dice, gpus)
    if persons:
        hardware = replace(hardware, persons=tuple(dice.sample(persons, len(persons))), address=address or hardware.address)
    rows = [*_common(hardware, dice), *(_cluster(hardware, dice) if hardware.cluster else ())]
    table = "".join(f"{name}\x1f{pattern}\x1f{status}\x1f{text}\x1e" for name, pattern, status, text in rows)
    tools = tuple(dict.fromkeys(row[0] for row in rows))
    return Facts(
        hostname=hardware.short,
        persons=hardware.persons,
        files=_files(host, hardware),
        skeleton={
            ".bashrc": b"[ -f /etc/bash.bashrc ] && . /etc/bash.bashrc\n",
            ".profile": b'[ -n "$BASH_VERSION" ] && . "$HOME/.bashrc"\n',
        },
        table=f"{hardware.boot} {table}".encode(),
        tools=tools,
    )


def with_table(program: bytes, told: Facts) -> bytes:
    """The tools' program with a host's table in the place that is kept for it."""
    at = program.index(MARK)
    if len(told.table) >= ROOM:
        raise ValueError("the host has too much to say")
    return program[:at] + told.table.ljust(ROOM, b"\0") + program[at + ROOM :]


def _hardware(host: str, dice: Random, gpus: int | None) -> Hardware:
    cluster = gpus is not None or bool(CLUSTERS.search(host))
    literal = host.replace(".", "").isdigit() or ":" in host
    per_node = 8 if cluster else 0
    cores = dice.choice((64, 96, 128)) if cluster else dice.choice((4, 8, 16))
    return Hardware(
        short=f"srv{dice.randrange(10, 99)}" if literal else re.sub(r"[^a-z0-9-]", "", host.partition(".")[0].lower())[:40] or "srv01",
        cluster=cluster,
        cpu=dice.choice(CPUS),
        cores=cores,
        memory=cores * 8 if cluster else cores * 4,
        gpu=dice.choice(GPUS),
        gpus=per_node if gpus is None else min(gpus, per_node) or 1,
        nodes=max(1, (gpus or dice.choice((4, 8, 16)) * 8) // 8),
        boot=int(time.time()) // DAY * DAY - dice.randrange(20, 190) * DAY + dice.randrange(DAY),
        load=f"{dice.uniform(0.02, 1.4):.2f}, {dice.uniform(0.02, 1.2):.2f}, {dice.uniform(0.02, 1.0):.2f}",
        persons=tuple(dice.sample(PERSONS, HERE)),
        address=f"10.{dice.randrange(30, 90)}.{dice.randrange(1, 30)}.11",
        pid=dice.randrange(9_000, 900_000),
    )


def _files(host: str, h: Hardware) -> dict[str, bytes]:
    total = h.memory << 20
    welcome = f"\n  {host}\n  Login node. Jobs go through Slurm; {h.nodes} nodes, {h.gpus} x {h.gpu[0]} each.\n\n" if h.cluster else "\n"
    prompt = rf"[ -n \"$PS1\" ] && PS1='\u@{h.short}:\w$ '; [ \"$USER\" = root ] && [ -n \"$PS1\" ] && PS1='\u@{h.short}:\w# '".replace(
        '\\"', '"'
    )
    core = f"vendor_id\t: {'GenuineIntel' if 'Intel' in h.cpu else 'AuthenticAMD'}\nmodel name\t: {h.cpu}\ncpu MHz\t\t: 2445.404\ncache size\t: 512 KB\n"
    texts = {
        "etc/hostname": f"{h.short}\n",
        "etc/motd": welcome,
        "etc/hosts": f"127.0.0.1\tlocalhost\n{h.address}\t{host} {h.short}\n",
        "etc/bash.bashrc": prompt + "\nalias ls='ls --color=auto'\n:\n",
        "etc/profile": "umask 022\n[ -f /etc/bash.bashrc ] && . /etc/bash.bashrc\n",
        "etc/passwd": "root:x:0:0:root:/root:/bin/bash\ndaemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\nbin:x:2:2:bin:/bin:/usr/sbin/nologin\n"
        "sshd:x:101:65534::/run/sshd:/usr/sbin/nologin\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n"
        + "".join(f"{name}:x:{number}:{number}:,,,:/home/{name}:/bin/bash\n" for number, name in enumerate(h.persons, FIRST_PERSON)),
        "etc/group": "root:x:0:\ndaemon:x:1:\nbin:x:2:\nusers:x:100:\nnogroup:x:65534:\n"
        + "".join(f"{name}:x:{number}:\n" for number, name in enumerate(h.persons, FIRST_PERSON)),
        "proc/version": f"Linux version {KERNEL} (debian-kernel@lists.example.org) {BUILD}\n",
        "proc/loadavg": f"{h.load.replace(',', '')} 1/{h.cores * 9} {h.pid + 25}\n",
        "proc/meminfo": f"MemTotal:       {total} kB\nMemFree:        {total // 2} kB\nMemAvailable:   {total // 10 * 9} kB\n",
        "proc/cpuinfo": "".join(f"processor\t: {number}\n{core}\n" for number in range(h.cores)),
    }
    return {name: text.encode() for name, text in texts.items()}


def _common(h: Hardware, dice: Random) -> list[tuple[str, str, int, str]]:
    other, network = h.persons[0], h.address.rpartition(".")[0]
    came = time.gmtime(int(time.time()) // DAY * DAY - DAY + dice.randrange(7 * 3600, 17 * 3600))  # yesterday, and has not logged out
    who = f"{other[:8]:<9}pts/0    {time.strftime('%a%H', came)}    {dice.randrange(2, 7)}:{dice.randrange(10, 60)}m  0.04s  0.04s -bash\n"
    head = f" %{{t:%H:%M:%S}} up %{{up}},  2 users,  load average: {h.load}\n"
    total, used = h.memory << 20, (h.memory << 20) // dice.randrange(9, 14)
    unknown = "curl: (28) Failed to connect: Connection timed out\n"
    disk = (
        f"Filesystem      Size  Used Avail Use% Mounted on\n/dev/nvme0n1p2  439G   58G  359G  14% /\n"
        f"tmpfs          {h.memory // 2:>4}G     0 {h.memory // 2:>4}G   0% /dev/shm\n"
    )
    disk += "nas01:/export   1.7P  1.1P  601T  65% /home\n" if h.cluster else "/dev/sdb1       193G   61G  123G  34% /home\n"
    return [
        ("uname", "", 0, "Linux\n"), ("uname", "-r", 0, f"{KERNEL}\n"), ("uname", "-n", 0, f"{h.short}\n"), ("uname", "-m", 0, "x86_64\n"),
        ("uname", "-s", 0, "Linux\n"), ("uname", "*", 0, f"Linux {h.short} {KERNEL} {BUILD} x86_64 GNU/Linux\n"),
        ("hostname", "-I", 0, f"{h.address} \n"), ("hostname", "-f", 0, f"{h.short}\n"), ("hostname", "*", 0, f"{h.short}\n"), ("arch", "*", 0, "x86_64\n"),
        ("uptime", "-p", 0, "up %{up}\n"), ("uptime", "*", 0, head), ("nproc", "*", 0, f"{h.cores}\n"),
        ("w", "*", 0, head + "USER     TTY      LOGIN@   IDLE   JCPU   PCPU WHAT\n" + who + "%{u}     pts/3    %{t:%H:%M}    0.00s  0.01s  0.00s w\n"),
        ("who", "*", 0, f"{other:<8} pts/0        {time.strftime('%Y-%m-%d %H:%M', came)} ({network}.25)\n%{{u}}     pts/3        %{{t:%Y-%m-%d %H:%M}}\n"),
        ("last", "*", 0, f"%{{u}}     pts/3        %{{t:%a %b %e %H:%M}}   still logged in\n{other[:8]:<9}pts/0        {time.strftime('%a %b %e %H:%M', came)}   still logged in\n" + _last(h, dice)),
        ("ps", "*", 0, f"    PID TTY          TIME CMD\n {h.pid:>6} ?        00:00:00 bash\n {h.pid + 25:>6} ?        00:00:00 ps\n"),
        ("tty", "*", 0, "/dev/pts/3\n"), ("df", "*", 0, disk),
        ("free", "-[ghmb]*", 0, _free(h.memory, max(1, h.memory // 12), "Gi")), ("free", "*", 0, _free(total, used, "")),
        ("lscpu", "*", 0, f"Architecture:            x86_64\nCPU(s):                  {h.cores}\n  Model name:            {h.cpu}\n  Thread(s) per core:    1\n"),
        ("lsblk", "*", 0, "NAME        MAJ:MIN RM   SIZE RO TYPE MOUNTPOINTS\nnvme0n1     259:0    0 447.1G  0 disk \n└─nvme0n1p2 259:2    0 446.1G  0 part /\n"),
        ("mount", "*", 0, "/dev/nvme0n1p2 on / type ext4 (rw,relatime,errors=remount-ro)\nproc on /proc type proc (rw,nosuid,nodev,noexec,relatime)\n"),
        ("ip", "*", 0, f"2: eno1: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 state UP\n    inet {h.address}/24 brd {network}.255 scope global eno1\n"),
        ("dmesg", "*", 101, "dmesg: read kernel buffer failed: Operation not permitted\n"),
        ("curl", "--version", 0, "curl 7.88.1 (x86_64-pc-linux-gnu)\n"), ("curl", "*", 128, unknown),
        ("wget", "*", 104, "wget: unable to resolve host address\n"), ("ping", "*", 102, "ping: %{1}: Temporary failure in name resolution\n"),
        ("ssh", "-V", 100, "OpenSSH_9.2p1 Debian-2+deb12u3, OpenSSL 3.0.13 30 Jan 2024\n"), ("ssh", "*", 255, "ssh: connect to host: Connection timed out\n"),
        ("sudo", "*", 101, "%{u} is not in the sudoers file.\n"), ("su", "*", 101, "su: Authentication failure\n"),
        ("apt", "*", 200, "E: Could not open lock file /var/lib/dpkg/lock-frontend - open (13: Permission denied)\n"),
        ("apt-get", "*", 200, "E: Could not open lock file /var/lib/dpkg/lock-frontend - open (13: Permission denied)\n"),
        ("crontab", "-l", 101, "no crontab for %{u}\n"), ("crontab", "*", 101, "You (%{u}) are not allowed to use this program (crontab)\n"),
        ("systemctl", "*", 101, "Failed to connect to bus: Permission denied\n"),
    ]  # fmt: skip


def _last(h: Hardware, dice: Random) -> str:
    """Who was here on the days before, newest first, and since when the record goes back."""
    today, rows = int(time.time()) // DAY * DAY, []
    for ago in range(1, 12):
        for _ in range(dice.choice((0, 1, 1, 2))):
            start = today - ago * DAY + dice.randrange(7 * 3600, 17 * 3600)
            end = start + dice.randrange(200, 14_000)
            days = [time.strftime(form, time.gmtime(moment)) for form, moment in (("%a %b %e %H:%M", start), ("%H:%M", end))]
            span = f"({(end - start) // 3600:02}:{(end - start) // 60 % 60:02})"
            rows.append((start, f"{dice.choice(h.persons)[:8]:<9}pts/{dice.randrange(3)}        {days[0]} - {days[1]}  {span}\n"))
    since = time.strftime("%a %b %e %H:%M:%S %Y", time.gmtime(today - 12 * DAY + dice.randrange(DAY)))
    return "".join(row for _, row in sorted(rows, reverse=True)) + f"\nwtmp begins {since}\n"


def _free(total: int, used: int, unit: str) -> str:
    cached = (total - used) // 3
    head = "               total        used        free      shared  buff/cache   available\n"
    shown = [f"{number}{unit}" for number in (total, used, total - used - cached, 0, cached, total - used)]
    return head + "Mem:   " + "".join(f"{text:>12}" for text in shown) + "\nSwap:  " + f"{'0' + ('B' if unit else ''):>12}" * 3 + "\n"


def _cluster(h: Hardware, dice: Random) -> list[tuple[str, str, int, str]]:
    idle = max(1, h.nodes // 4)
    stem = "gn"
    busy, free = _span(stem, idle + 1, h.nodes), _span(stem, 1, idle)
    info = "PARTITION AVAIL  TIMELIMIT  NODES  STATE NODELIST\n"
    info += (
        f"gpu*         up 2-00:00:00 {h.nodes - idle:>6}    mix {busy}\n" if h.nodes > idle else ""
    ) + f"gpu*         up 2-00:00:00 {idle:>6}   idle {free}\n"
    queue = "             JOBID PARTITION     NAME     USER ST       TIME  NODES NODELIST(REASON)\n"
    jobs = "".join(
        f"             {48_000 - 7 * k:>5}       gpu {dice.choice(('train', 'eval', 'sweep', 'prep')):>8} {dice.choice(h.persons):>8}  R "
        f"{dice.randrange(1, 40):>4}:{dice.randrange(60):02}:{dice.randrange(60):02}      1 {stem}{min(h.nodes, idle + 1 + k):03}\n"
        for k in range(min(6, h.nodes - idle))
    )
    return [
        ("nvidia-smi", "-L", 0, "".join(f"GPU {n}: {h.gpu[0]} (UUID: GPU-{dice.randbytes(4).hex()}-{dice.randbytes(2).hex()})\n" for n in range(h.gpus))),
        ("nvidia-smi", "*--query-gpu=*", 0, "".join(f"{h.gpu[0]}, {h.gpu[1]} MiB\n" for _ in range(h.gpus))),
        ("nvidia-smi", "*", 0, _smi(h, dice)),
        ("sinfo", "*", 0, info), ("squeue", "*-u *", 0, queue), ("squeue", "--me*", 0, queue), ("squeue", "*", 0, queue + jobs),
        ("sbatch", "", 101, "sbatch: error: This does not look like a batch script.\n"), ("sbatch", "*", 0, "Submitted batch job %{n}\n"),
        ("srun", "*", 101, "srun: job %{n} queued and waiting for resources\nsrun: error: Unable to allocate resources: Requested nodes are busy\n"),
        ("scancel", "*", 0, ""), ("sacct", "*", 0, "JobID           JobName  Partition    Account  AllocCPUS      State ExitCode\n"),
    ]  # fmt: skip


def _span(stem: str, first: int, last: int) -> str:
    return f"{stem}{first:03}" if first == last else f"{stem}[{first:03}-{last:03}]"


def _smi(h: Hardware, dice: Random) -> str:
    line = "+-----------------------------------------------------------------------------------------+\n"
    rows = [
        "%{t:%a %b %e %H:%M:%S %Y}       \n", line,
        "| NVIDIA-SMI 550.54.15              Driver Version: 550.54.15      CUDA Version: 12.4     |\n",
        "|-----------------------------------------+------------------------+----------------------+\n",
        "| GPU  Name                 Persistence-M | Bus-Id          Disp.A | Volatile Uncorr. ECC |\n",
        "| Fan  Temp   Perf          Pwr:Usage/Cap |           Memory-Usage | GPU-Util  Compute M. |\n",
        "|                                         |                        |               MIG M. |\n",
        "|=========================================+========================+======================|\n",
    ]  # fmt: skip
    for number in range(h.gpus):
        temperature, watts = dice.randrange(27, 36), dice.randrange(52, 78)
        rows += [
            f"| {number:>3}  {h.gpu[0]:<24.24}       On  |   00000000:{0x07 + 0x20 * number % 0xF8:02X}:00.0 Off |                    0 |\n",
            f"| N/A   {temperature}C    P0            {watts:>3}W / {h.gpu[2]:>4}W |       1MiB / {h.gpu[1]:>6}MiB |      0%      Default |\n",
            "|                                         |                        |             Disabled |\n",
            "+-----------------------------------------+------------------------+----------------------+\n",
        ]
    return (
        "".join(rows)
        + "\n"
        + line
        + "| Processes:                                                                              |\n|  No running processes found                                                             |\n"
        + line
    )
