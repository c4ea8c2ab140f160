"""What an image has in the folders over which a world mounts memory: read out of it once for each run, and put back into each world.

A volume in memory begins empty, and the engine fills none. Reading it from a container that is never started works for every image, those
that somebody else built included.
"""

import io
import tarfile
from collections.abc import Iterable
from functools import cache

from docker.errors import NotFound

from honeyweights.sandbox import cleanup, engine
from honeyweights.sandbox.layout import AREAS


@cache
def of_image(image: str) -> bytes:
    """A tar archive, relative to `/`, of all areas as the image has them; an area that the image lacks is left as it is mounted. Blocks."""
    api = engine.client().api
    with engine.sentences():
        labels = {**cleanup.OURS, **cleanup.owner_labels()}
        container = api.create_container(image, entrypoint=["true"], labels=labels, network_disabled=True)["Id"]
        try:
            return merged((area.path, _archive(container, area.path)) for area in AREAS.values())
        finally:
            api.remove_container(container, force=True)


def _archive(container: str, path: str) -> bytes:
    try:
        pieces, _ = engine.client().api.get_archive(container, path)
    except NotFound:
        return b""
    return b"".join(pieces)


def merged(found: Iterable[tuple[str, bytes]]) -> bytes:
    """One archive out of several, each of which the engine made of a folder, with names that begin with the folder's last part."""
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w") as out:
        for path, packed in found:
            if not packed:
                continue
            above = path.strip("/").rpartition("/")[0]
            with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
                for member in archive:
                    content = archive.extractfile(member) if member.isreg() else None
                    member.name = f"{above}/{member.name}" if above else member.name
                    if member.islnk():
                        member.linkname = f"{above}/{member.linkname}" if above else member.linkname
                    out.addfile(member, content)
    return whole.getvalue()
