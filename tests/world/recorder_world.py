"""A world of three containers for tests of the warden alone: a stand-in at the other end of the wire, the warden, a bare workstation."""

import io
import json
import tarfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import docker
from docker.errors import APIError, ImageNotFound
from docker.models.containers import Container
from docker.models.volumes import Volume

from honeyweights.evidence import chain
from honeyweights.sandbox.profile import seccomp_profile

HERE = Path(__file__).parent
CONTAINERS = HERE.parent.parent / "containers"
LABELS = {"honeyweights": "1", "honeyweights.dev": "warden"}
WARDEN, WORKSTATION = "honeyweights/warden:under-test", "honeyweights/recorder-test"
ROOT_CAPS = ["SETUID", "SETGID", "KILL", "CHOWN", "DAC_OVERRIDE", "FOWNER"]
WARDEN_CAPS = ["NET_ADMIN", "SYS_PTRACE", "DAC_READ_SEARCH", "SYS_CHROOT"]
PATIENCE = 60.0

_WORKSTATION_FILE = """
FROM honeyweights/toolchain AS build
COPY recorder_probe.c /
RUN gcc -D_GNU_SOURCE -O1 -static -o /probe /recorder_probe.c
FROM debian:bookworm-slim
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends iproute2 procps python3-minimal strace
RUN useradd --uid 1000 --create-home agent && mkdir -p /srv/models/marlin-2
RUN head -c 4096 /dev/zero > /srv/models/marlin-2/model.safetensors
COPY --from=build /probe /usr/local/bin/probe
COPY recorder_peer.py /
"""

Record = dict[str, Any]


def build_toolchain(client: docker.DockerClient) -> None:
    """Builds the image with the compiler, where it is missing."""
    try:
        client.images.get("honeyweights/toolchain")
    except ImageNotFound:
        client.images.build(path=str(CONTAINERS / "toolchain"), tag="honeyweights/toolchain", labels={"honeyweights": "1"}, rm=True)


def build(client: docker.DockerClient) -> None:
    """Builds what is missing; the engine's cache makes it quick the second time."""
    build_toolchain(client)
    client.images.build(path=str(CONTAINERS / "warden"), tag=WARDEN, labels=LABELS, rm=True)
    context = {"Dockerfile": _WORKSTATION_FILE.encode()}
    context |= {name: (HERE / name).read_bytes() for name in ("recorder_probe.c", "recorder_peer.py")}
    client.images.build(fileobj=tar(context), custom_context=True, tag=WORKSTATION, labels=LABELS, rm=True)


def tar(files: dict[str, bytes]) -> io.BytesIO:
    """An archive of these files, always the same for the same content."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    packed.seek(0)
    return packed


@dataclass(frozen=True, kw_only=True)
class Ran:
    """A command that came in by the engine's exec."""

    exit_code: int | None
    output: str
    pid: int
    """On the engine's host."""

    @property
    def errno(self) -> int:
        """What the probe said: 0, or the errno it got."""
        return int(self.output.split()[-1])


@dataclass(kw_only=True)
class RecorderWorld:
    """The running world. Its records are read as anyone outside reads them: by the engine's archive interface, the chain proved."""

    client: docker.DockerClient
    name: str = field(default_factory=lambda: f"hwrec-{uuid4().hex[:12]}")
    containers: dict[str, Container] = field(default_factory=dict)
    volumes: list[Volume] = field(default_factory=list)

    def start(self, *, log_mib: int = 64, lend_socket: bool = True, recorded: bool = True) -> None:
        """Starts the three, in the order of the boot protocol."""
        wire, records = (self._volume(kind) for kind in ("wire", "rec"))
        lend = ["--lend-socket"] if lend_socket else []
        self._run(
            "net", WORKSTATION, ["python3", "/recorder_peer.py", *lend], network_mode="none", cap_add=["NET_ADMIN"],
            volumes=[f"{wire.name}:/run/wire"],
        )  # fmt: skip
        self._run(
            "warden", WARDEN, None, network_mode="none", cap_add=WARDEN_CAPS, hostname="hr-ws-14", environment={"RECORD_MIB": str(log_mib)},
            volumes=[f"{wire.name}:/run/wire", f"{records.name}:/run/rec"],
        )  # fmt: skip
        self._wait_ready("warden")
        warden = f"container:{self.containers['warden'].name}"
        seccomp = [f"seccomp={json.dumps(seccomp_profile(records.attrs['Mountpoint'] + '/s'))}"] if recorded else []
        self._run(
            "ws", WORKSTATION, ["sleep", "infinity"], network_mode=warden, pid_mode=warden, cap_add=ROOT_CAPS,
            security_opt=["no-new-privileges", *seccomp],
        )  # fmt: skip

    def run(self, *argv: str, user: str = "agent", detach: bool = False, caps: bool = False) -> Ran:
        """Runs a command in the workstation and waits for its end, or not."""
        api = self.client.api
        made = api.exec_create(self.containers["ws"].id, list(argv), user=user, workdir="/tmp", privileged=caps)["Id"]
        output = api.exec_start(made, detach=detach)
        state = api.exec_inspect(made)
        return Ran(exit_code=state["ExitCode"], output="" if detach else output.decode(errors="replace"), pid=state["Pid"])

    def probe(self, *args: str, user: str = "agent") -> Ran:
        """Does one thing in one way: see recorder_probe.c."""
        return self.run("probe", *args, user=user)

    def log(self) -> bytes:
        """The recorder's file as it stands."""
        parts, _ = self.containers["warden"].get_archive("/run/rec/records.jsonl")
        with tarfile.open(fileobj=io.BytesIO(b"".join(parts))) as archive:
            member = archive.extractfile("records.jsonl")
            assert member is not None
            return member.read()

    def records(self, kind: str | None = None, **body: Any) -> list[Record]:
        """Bodies (with `kind`, `t` and `seq` added) of the records of that kind that have these fields, the whole chain proved."""
        log = self.log()
        whole = log[: log.rfind(b"\n") + 1]  # a last line may still be under way
        found = list(chain.read(whole.splitlines(), "recorder"))
        flat = [{**record["body"], "kind": record["kind"], "t": record["t"], "seq": record["seq"]} for record in found]
        wanted = body if kind is None else {"kind": kind, **body}
        return [
            record
            for record in flat
            if wanted.items() <= {key: value for key, value in record.items() if not isinstance(value, list)}.items()
        ]

    def wait(self, kind: str, test: Callable[[Record], bool] = lambda _: True, **body: Any) -> Record:
        """The first such record, as soon as it is there."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            for record in self.records(kind, **body):
                if test(record):
                    return record
            time.sleep(0.02)
        message = f"no {kind} record with {body}; the last ones: {self.records()[-5:]}"
        raise AssertionError(message)

    def counted(self, kind: str, test: Callable[[Record], bool], wanted: int, **body: Any) -> tuple[int, int]:
        """How many such records there are, and how many of the kind were dropped, once that is at least `wanted`: drops are told late."""
        until = time.monotonic() + PATIENCE
        while True:
            seen = sum(test(record) for record in self.records(kind, **body))
            lost = sum(record.get(kind, 0) for record in self.records("lost"))
            if seen + lost >= wanted or time.monotonic() > until:
                return seen, lost
            time.sleep(0.1)

    def close(self) -> None:
        """Removes all of it."""
        for container in reversed(self.containers.values()):
            container.remove(force=True, v=True)
        for volume in self.volumes:
            volume.remove(force=True)

    def _volume(self, kind: str) -> Volume:
        volume = self.client.volumes.create(f"{self.name}-{kind}", labels=LABELS)
        self.volumes.append(volume)
        return volume

    def _run(self, role: str, image: str, command: list[str] | None, **options: Any) -> None:
        options.setdefault("security_opt", ["no-new-privileges"])
        made = self.client.containers.create(
            image, command, name=f"{self.name}-{role}", labels=LABELS, cap_drop=["ALL"], init=False, **options
        )
        self.containers[role] = made
        made.start()

    def _wait_ready(self, role: str) -> None:
        until = time.monotonic() + PATIENCE
        while b"ready" not in (said := self.containers[role].logs()):
            self.containers[role].reload()
            if time.monotonic() > until or self.containers[role].status == "exited":
                raise AssertionError(f"{role} is not ready: {said.decode(errors='replace')}")
            time.sleep(0.01)


@contextmanager
def running(client: docker.DockerClient, **options: Any) -> Iterator[RecorderWorld]:
    """A world for the time of a block."""
    world = RecorderWorld(client=client)
    try:
        world.start(**options)
        yield world
    finally:
        world.close()


def ended(container: Container, patience: float = PATIENCE) -> dict[str, Any]:
    """The state of a container once it has ended."""
    with suppress(APIError):
        container.wait(timeout=patience)
    container.reload()
    state: dict[str, Any] = container.attrs["State"]
    return state
