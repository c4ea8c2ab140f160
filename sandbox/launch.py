"""Starts a world: volumes, the two sidecars side by side, then the workstation. What fails half way removes what it made.

No step polls: a sidecar says `ready` on its own output, and the workstation is created while the sidecars start.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial
from typing import Any
from uuid import uuid4

import anyio
from docker.errors import APIError, ImageNotFound, NotFound

from honeyweights.sandbox import cleanup, engine, images, layout, naming, skeleton
from honeyweights.sandbox.attach import Attachment, Ended, attach
from honeyweights.sandbox.channel import Channel, Lost
from honeyweights.sandbox.config import ROLES, Role, WorldConfig
from honeyweights.sandbox.engine import EngineProblem
from honeyweights.sandbox.frames import How, Operation, Request
from honeyweights.sandbox.layout import Layout
from honeyweights.sandbox.tracing import NoTracer, Tracing
from honeyweights.sandbox.world import World

READY = "ready"
PATIENCE = 60.0
"""Seconds that a container may take to say that it is ready; a loaded host is slow, a broken container is quick to die."""


class WorldFailed(RuntimeError):  # noqa: N818  # a past-tense noun: what happened
    """A world could not be started; the sentence has the container's last words. Nothing of it is left."""


@dataclass(frozen=True, kw_only=True)
class Image:
    """What is known of an image before a container is made from it."""

    id: str
    folder: str


@cache
def image(reference: str) -> Image:
    """Looks an image up, once for each run, so that all of its worlds are made of the same.

    Raises:
        EngineProblem: there is none.
    """
    try:
        with engine.sentences():
            found = engine.client().images.get(reference).attrs
    except (ImageNotFound, NotFound) as error:
        how = "build it with `honeyweights build`" if reference.startswith(images.PREFIX) else "build it, or pull it"
        raise EngineProblem(f"The image {reference} is missing: {how}.") from error
    return Image(id=found["Id"], folder=(found.get("Config") or {}).get("WorkingDir") or "/")


async def start(config: WorldConfig, references: Mapping[Role, str], *, task: str, sample: str) -> World:
    """Starts one world.

    Args:
        config: its sizes and limits.
        references: the image of each role.
        task: the task's name, for the labels.
        sample: the sample's id, likewise.

    Raises:
        EngineProblem: the engine cannot be used, or an image is missing.
        WorldFailed: a container ended, or was not ready in time.
    """
    found = {role: await engine.call(image, references[role]) for role in ROLES}
    name = uuid4().hex[:12]
    labels = cleanup.world_labels(name, task=task, sample=sample, extra=config.labels)
    plan = Layout(id=name, config=config, images={role: known.id for role, known in found.items()}, labels=labels)
    world = World(
        layout=plan,
        folders={role: known.folder for role, known in found.items()},
        image_digests={role: known.id for role, known in found.items()},
    )
    try:
        await _Launch(world).run()
    except BaseException as error:
        with anyio.CancelScope(shield=True):
            await world.aclose()
            await end(world)
        if isinstance(error, Lost):
            raise WorldFailed(str(error)) from error
        raise
    return world


async def end(world: World) -> None:
    """Removes a world that this process started, whole or half."""
    containers = [world.ids.get(role, world.layout.container_name(role)) for role in ROLES]
    volumes = [world.layout.volume_name(volume) for volume in layout.VOLUMES]
    await cleanup.remove([cleanup.Remains(labels={}, containers=containers, volumes=volumes)])


class _Launch:
    """One start, with what its steps hand to each other."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._layout = world.layout
        self._api = engine.client().api
        self._where = engine.endpoint()
        self._listener: str | None = None
        self._folders = b""
        self._warden_made = anyio.Event()
        self._began = time.monotonic()

    async def run(self) -> None:
        made = await engine.together(
            *(partial(engine.call, self._api.create_volume, **self._layout.volume(name)) for name in layout.VOLUMES)
        )
        if self._layout.config.recorder == "strace":
            self._world.recorder = "strace"
        else:
            self._listener = f"{made[layout.VOLUMES.index('rec')]['Mountpoint']}/{layout.LISTENER}"
        self._done("volumes")
        await engine.together(self._skeleton, self._internet, self._warden, self._make_workstation)
        self._done("sidecars")
        await self._start_workstation()
        await engine.call(self._api.put_archive, self._world.ids["workstation"], "/", self._folders)
        await engine.together(*(partial(self._write, path, text) for path, text in self._own_files().items()))
        self._done("workstation")
        await self._measure_clocks()
        self._done("clocks")

    def _done(self, phase: str) -> None:
        self._world.phases[phase] = round(time.monotonic() - self._began - sum(self._world.phases.values()), 4)

    def _own_files(self) -> Mapping[str, bytes]:
        return naming.files(self._layout.config.hostname, self._layout.config.domain)

    async def _write(self, path: str, text: bytes) -> None:
        """In place: the engine has bound a file there."""
        request = Request(argv=[path], user="root", cwd="/", operation=Operation.WRITE, has_input=True, timeout=30)
        outcome = await self._world.channels["workstation"].run(request, text)
        if outcome.exit.how is not How.EXITED or outcome.exit.value:
            raise WorldFailed(f"The world's workstation did not take its {path}.")

    async def _create(self, role: Role, body: dict[str, Any]) -> None:
        with _told(role):
            made = await engine.call(self._api.create_container_from_config, body, self._layout.container_name(role))
        self._world.ids[role] = made["Id"]

    async def _attach(self, role: Role, *, stdin: bool = True) -> Attachment:
        return await attach(self._where, self._api.api_version, self._world.ids[role], stdin=stdin)

    async def _start(self, role: Role) -> None:
        with _told(role):
            await engine.call(self._api.start, self._world.ids[role])

    async def _internet(self) -> None:
        await self._create("internet", self._layout.internet())
        self._world.channels["internet"] = Channel(await self._attach("internet"))
        await self._start("internet")
        await self._greet("internet", READY)

    async def _skeleton(self) -> None:
        self._folders = await engine.call(skeleton.of_image, self._layout.images["workstation"])

    async def _greet(self, role: Role, line: str | None = None) -> None:
        try:
            await self._world.channels[role].greet(line, within=PATIENCE)
        except Lost as lost:
            raise WorldFailed(f"The world's {role} did not start: {lost}") from lost

    async def _warden(self) -> None:
        await self._create("warden", self._layout.warden())
        self._warden_made.set()
        attachment = await self._attach("warden", stdin=False)
        try:
            await self._start("warden")
            await _ready_line(attachment)
        finally:
            await attachment.aclose()

    async def _make_workstation(self) -> None:
        await self._warden_made.wait()
        await self._create("workstation", self._layout.workstation(warden=self._world.ids["warden"], listener=self._listener))
        self._world.channels["workstation"] = Channel(await self._attach("workstation"))

    async def _start_workstation(self) -> None:
        """Where the runtime cannot notify, and nobody insisted, the other make of recorder takes over."""
        try:
            await self._start("workstation")
        except WorldFailed as failure:
            if self._layout.config.recorder != "auto" or "seccomp" not in str(failure).lower():
                raise
            await self._world.channels["workstation"].aclose()
            await cleanup.remove([cleanup.Remains(labels={}, containers=[self._world.ids["workstation"]])])
            self._world.recorder, self._listener = "strace", None
            await self._make_workstation()
            await self._start("workstation")
        await self._greet("workstation")
        if self._world.recorder == "strace":
            self._world.tracing = Tracing(self._world.channels["workstation"])
            try:
                await self._world.tracing.prepare()
            except NoTracer as reason:
                raise WorldFailed(f"The world's workstation cannot be recorded: {reason}") from reason

    async def _measure_clocks(self) -> None:
        """One engine has one clock: the warden, in which nothing can be run, has that of the workstation beside it."""
        offsets = await engine.together(self._world.channels["workstation"].clock_offset, self._world.channels["internet"].clock_offset)
        self._world.clock_offsets = {"workstation": offsets[0], "internet": offsets[1], "warden": offsets[0]}


@contextmanager
def _told(role: Role) -> Iterator[None]:
    """What the engine says against a container, as a sentence."""
    try:
        yield
    except APIError as error:
        raise WorldFailed(f"The world's {role} did not start: {str(error.explanation or error).strip()[:500]}") from error


async def _ready_line(attachment: Attachment) -> None:
    said = b""
    with anyio.move_on_after(PATIENCE):
        try:
            while f"{READY}\n".encode() not in said:
                for _, piece in await attachment.receive():
                    said = (said + piece)[-4096:]
        except Ended:
            words = " / ".join(said.decode("utf-8", "replace").split("\n")).strip(" /")[-500:] or "no word"
            raise WorldFailed(f"The world's warden ended before it was ready: {words}") from None
        return
    raise WorldFailed(f"The world's warden was not ready within {PATIENCE:.0f} s: {said.decode('utf-8', 'replace')[-500:] or 'no word'}")
