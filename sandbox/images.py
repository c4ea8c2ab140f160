"""Builds the images of a world from `containers/`, once: each carries the hash of what it is made of, and is built again when that changes.

What is put into a build: the folder of the image, and for the internet the Python code that runs in it (`honeyweights/`, as a package) and
its dependencies (`site-packages/`, collected on the host, since a build can reach no Python registry).
"""

import hashlib
import io
import tarfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from honeyweights import evidence
from honeyweights.containers import ROOT
from honeyweights.sandbox import base, engine
from honeyweights.sandbox.engine import EngineProblem

PREFIX = "honeyweights/"
CONTENT = "honeyweights.content"
"""Label with the hash of what an image was built from."""
LAST_LINES = 20
Progress = Callable[[str], None]
_INTERNET_CODE = {
    "honeyweights/__init__.py": b'"""The part of honeyweights that runs in the internet."""\n',
    "honeyweights/containers/__init__.py": b'"""The part of honeyweights that runs in the internet."""\n',
}


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """One image: the images that its Dockerfile starts from or copies from, and whether the internet's Python comes along."""

    parents: tuple[str, ...] = ()
    python: bool = False


RECIPES: Mapping[str, Recipe] = {
    "toolchain": Recipe(),
    "session": Recipe(parents=("toolchain",)),
    "remote": Recipe(parents=("toolchain",)),
    "warden": Recipe(parents=("toolchain",)),
    "internet": Recipe(parents=("toolchain", "session", "remote"), python=True),
    "workstation": Recipe(parents=("internet", "session")),
}
"""In the order in which they are built."""


def ensure(references: Iterable[str] | None = None, progress: Progress | None = None) -> dict[str, str]:
    """Builds what is missing or out of date; quick when nothing is.

    Args:
        references: images such as `honeyweights/warden`; all of them when not given.
        progress: told one line for each step.

    Returns:
        Reference -> image id of what was asked for.

    Raises:
        EngineProblem: the engine cannot be used, or a build failed; then its last lines come before the sentence.
    """
    wanted = [_name(reference) for reference in references] if references is not None else list(RECIPES)
    say = progress or (lambda _line: None)
    present = _present()
    stale = _stale(wanted, present)
    if stale:
        engine.require_room()
        base.ensure(say)
    for place, name in enumerate(stale, 1):
        say(f"Building {PREFIX}{name} ({place} of {len(stale)})")
        _build(name, say)
    if stale:
        say("The images are ready.")
        present = _present()
    return {PREFIX + name: present[name][0] for name in wanted}


def require(references: Iterable[str]) -> None:
    """For runs that must not build.

    Raises:
        EngineProblem: an image is missing.
    """
    present = _present()
    missing = [reference for reference in references if _name(reference) not in present]
    if missing:
        raise EngineProblem(f"This run may not build images, and {', '.join(missing)} must be there first: run `honeyweights build`.")


def known(reference: str) -> bool:
    """Whether an image is one of ours, to be built where it is missing."""
    return reference.startswith(PREFIX) and reference.removeprefix(PREFIX) in RECIPES


def outdated(references: Iterable[str] | None = None) -> list[str]:
    """Names of images that are missing or were built from other content, in the order in which they would be built."""
    wanted = [_name(reference) for reference in references] if references is not None else list(RECIPES)
    return _stale(wanted, _present())


def _name(reference: str) -> str:
    name = reference.removeprefix(PREFIX)
    if name not in RECIPES:
        raise EngineProblem(f"There is no recipe for the image {reference}; there are {', '.join(PREFIX + known for known in RECIPES)}.")
    return name


def _present() -> dict[str, tuple[str, str]]:
    """Name -> (image id, content hash) of our images that the engine has; an empty hash for one that somebody else built."""
    found = {}
    with engine.sentences():
        for image in engine.client().api.images(name=f"{PREFIX}*"):
            for tag in image.get("RepoTags") or []:
                name, _, version = tag.removeprefix(PREFIX).partition(":")
                if version == "latest" and name in RECIPES:
                    found[name] = (image["Id"], (image.get("Labels") or {}).get(CONTENT, ""))
    return found


def _stale(wanted: Iterable[str], present: Mapping[str, tuple[str, str]]) -> list[str]:
    """What must be built: images whose content is another, and of their parents those that are not as they should be."""
    needed: set[str] = set()

    def need(name: str) -> None:
        if present.get(name, ("", ""))[1] != content(name):
            needed.add(name)
            for parent in RECIPES[name].parents:
                need(parent)

    for name in wanted:
        need(name)
    return [name for name in RECIPES if name in needed]


@cache
def content(name: str) -> str:
    """SHA-256 over all that an image is made of, its parents included. Read once for each process."""
    digest = hashlib.sha256(f"{base.REFERENCE}\n{base.requirements_key(_requirements(name))}\n".encode())
    for parent in RECIPES[name].parents:
        digest.update(content(parent).encode())
    for path, data in sorted(_files(name).items()):
        digest.update(f"{path}\0{len(data)}\0".encode() + data)
    return digest.hexdigest()


def _files(name: str) -> dict[str, bytes]:
    """Path in the build's context -> bytes."""
    folder = ROOT / name
    files = {path: data for path, data in _below(folder).items() if not (RECIPES[name].python and path.endswith(".py"))}
    if RECIPES[name].python:
        files |= _INTERNET_CODE
        own = Path(evidence.__file__).parent
        files |= {f"honeyweights/evidence/{path}": data for suffix in (".py", ".c") for path, data in _below(own, suffix).items()}
        files |= {f"honeyweights/containers/{name}/{path}": data for path, data in _below(folder, ".py").items()}
    return files


def _below(folder: Path, suffix: str = "") -> dict[str, bytes]:
    paths = (path for path in folder.rglob(f"*{suffix}") if path.is_file() and "__pycache__" not in path.parts)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def _requirements(name: str) -> Path | None:
    file = ROOT / name / "requirements.txt"
    return file if file.exists() else None


def _build(name: str, say: Progress) -> None:
    requirements = _requirements(name)
    tree = base.site_packages(requirements, say) if requirements else None
    labels = {"honeyweights": "1", CONTENT: content(name)}
    lines: list[str] = []
    with engine.sentences(), _context(name, tree) as context:
        steps = engine.client().api.build(
            fileobj=context,
            custom_context=True,
            tag=PREFIX + name,
            labels=labels,
            rm=True,
            forcerm=True,
            decode=True,
            buildargs=base.proxies(),
        )
        for step in steps:
            _follow(step, name, lines, say)


def _follow(step: Mapping[str, str], name: str, lines: list[str], say: Progress) -> None:
    text = str(step.get("stream", "")).rstrip()
    lines.extend(line for line in text.splitlines() if line.strip())
    if text.startswith("Step "):
        say(f"  {name}: {text.splitlines()[0][:160]}")
    if "error" in step:
        shown = "\n".join(lines[-LAST_LINES:])
        disk = " The engine's disk is full." if "no space left" in str(step["error"]).lower() else ""
        raise EngineProblem(f"{shown}\n\nThe image {PREFIX}{name} could not be built: {step['error']}.{disk}")


def _context(name: str, tree: Path | None) -> io.BytesIO:
    """The build's context as a tar archive that is the same for the same content, so that the engine's own cache works."""
    packed = io.BytesIO()
    files = _files(name)
    if tree is not None:
        files |= {f"site-packages/{path}": data for path, data in _below(tree).items()}
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for path, data in sorted(files.items()):
            entry = tarfile.TarInfo(path)
            entry.size, entry.mode = len(data), 0o755 if data.startswith(b"#!") else 0o644
            archive.addfile(entry, io.BytesIO(data))
    packed.seek(0)
    return packed
