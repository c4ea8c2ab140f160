"""The versions of what a verdict depends on, for the log."""

from importlib.metadata import PackageNotFoundError, version

PACKAGES = ("honeyweights", "inspect-ai", "docker", "pydantic", "numpy")


def installed() -> dict[str, str]:
    """Distribution -> version; `absent` for one that is not installed."""
    found = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "absent"
    return found
