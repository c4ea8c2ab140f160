"""What images are built on and cannot be built from files alone: the Debian base, and the internet's Python packages.

The base is the one that is there, else a registry's, else one made by mmdebstrap from the mirror that this machine uses already.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import platformdirs
from docker.errors import APIError, DockerException, ImageNotFound

from honeyweights.sandbox import engine
from honeyweights.sandbox.engine import EngineProblem

REFERENCE = "debian:bookworm-slim"
SUITE = "bookworm"
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_PYTHON = "3.11"
"""The Python of that Debian."""
_WHEELS = {"amd64": "x86_64", "arm64": "aarch64"}
_PROXIES = ("http_proxy", "https_proxy", "no_proxy")
Progress = Callable[[str], None]


def ensure(say: Progress) -> None:
    """Gets the base image, under its name.

    Raises:
        EngineProblem: there is no way to get it here.
    """
    api = engine.client().api
    try:
        with engine.sentences():
            engine.client().images.get(REFERENCE)
    except ImageNotFound:
        say(f"Getting the base image {REFERENCE}")
    else:
        return
    try:
        api.pull(REFERENCE)
    except (APIError, DockerException):
        say("No registry can be reached: making the base image with mmdebstrap (half a minute)")
        bootstrap(REFERENCE)


def bootstrap(reference: str) -> None:
    """Makes a minimal Debian and imports it under a name.

    Raises:
        EngineProblem: mmdebstrap is missing or fails.
    """
    _require_mmdebstrap()
    repository, _, tag = reference.partition(":")
    with tempfile.TemporaryDirectory(prefix="base-") as folder:
        archive = Path(folder) / "base.tar"
        keyring = [f"--keyring={KEYRING}"] if KEYRING.exists() else []
        mirror = apt_mirror()
        _run(
            ["mmdebstrap", "--quiet", "--variant=minbase", *keyring, *_apt_proxy(), SUITE, str(archive), *([mirror] if mirror else [])],
            "the base image",
        )
        with engine.sentences():
            engine.client().api.import_image_from_file(str(archive), repository=repository, tag=tag, changes=['CMD ["bash"]'])


def _require_mmdebstrap() -> None:
    if shutil.which("mmdebstrap"):
        return
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise EngineProblem(
            f"No registry gives {REFERENCE}, and mmdebstrap is not installed: install it (apt-get install mmdebstrap), or pull the image."
        )
    _run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", "mmdebstrap", "debian-archive-keyring"], "mmdebstrap")


def apt_mirror(folder: Path = Path("/etc/apt")) -> str | None:
    """The Debian mirror of this machine's own apt; null where it has none."""
    files = [folder / "sources.list", *sorted(folder.glob("sources.list.d/*"))]
    for file in files:
        if not file.is_file():
            continue
        for word in file.read_text(encoding="utf-8", errors="replace").split():
            if word.startswith(("http://", "https://")) and word.rstrip("/").endswith("/debian"):
                return word
    return None


def _apt_proxy() -> list[str]:
    """The proxy that this machine's apt is configured with: mmdebstrap does not read that configuration."""
    if not shutil.which("apt-config"):
        return []
    said = subprocess.run(["apt-config", "dump", "--format=%v%n", "Acquire::http::Proxy"], capture_output=True, text=True, check=False)  # noqa: S607
    proxy = said.stdout.strip()
    return [f'--aptopt=Acquire::http::Proxy "{proxy}"'] if proxy else []


def proxies() -> dict[str, str]:
    """Proxy settings of the environment, for builds; the engine does not keep them in the image."""
    return {name: value for name in _PROXIES if (value := os.environ.get(name) or os.environ.get(name.upper()))}


def requirements_key(requirements: Path | None) -> str:
    """What the packages of a requirements file depend on, as a hash; empty without a file."""
    return hashlib.sha256(requirements.read_bytes() + _PYTHON.encode()).hexdigest()[:16] if requirements else ""


def site_packages(requirements: Path, say: Progress) -> Path:
    """The folder with the packages of a requirements file, installed for the base image's Python; kept in the user's cache.

    Raises:
        EngineProblem: pip could not get them.
    """
    with engine.sentences():
        arch = str(engine.client().version().get("Arch", "amd64"))
    cache = platformdirs.user_cache_path("honeyweights") / "site-packages"
    final = cache / f"{requirements_key(requirements)}-{arch}"
    if final.is_dir():
        return final
    say(f"Collecting the Python packages of the {requirements.parent.name}")
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".new-", dir=cache) as folder:
        fresh = Path(folder) / "tree"
        platforms = [f"--platform={kind}_{_WHEELS.get(arch, arch)}" for kind in ("manylinux_2_34", "manylinux_2_28", "manylinux2014")]
        options = ["--quiet", "--disable-pip-version-check", "--no-compile", "--target", str(fresh), *platforms]
        options += ["--python-version", _PYTHON, "--implementation", "cp", "--only-binary=:all:", "-r", str(requirements)]
        _run([sys.executable, "-m", "pip", "install", *options], f"the {requirements.parent.name}'s Python packages")
        if not final.is_dir():
            fresh.rename(final)
    return final


def _run(command: Sequence[str], what: str) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        raise EngineProblem(f"Could not get {what}: {error}.") from error
    if done.returncode != 0:
        last = "\n".join((done.stdout + done.stderr).strip().splitlines()[-20:])
        raise EngineProblem(f"{last}\n\nCould not get {what}: {command[0]} ended with {done.returncode}.")
