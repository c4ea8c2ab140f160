"""Which of our containers, volumes and networks exist, one a line; with FILE, those only that it lacks and that no process owns.

Ours are those with our label. The label `honeyweights.pid` names the process that made an object: while it lives, the object is in use.
"""

import sys
from pathlib import Path

import docker

OURS: dict[str, str | list[str] | bool] = {"label": "honeyweights"}
OWNER = "honeyweights.pid"


def objects(engine: docker.DockerClient) -> dict[str, str]:
    """What exists: kind and name -> the pid of its owner, or nothing."""
    found = {f"container {it.name}": it.labels.get(OWNER, "") for it in engine.containers.list(all=True, filters=OURS, ignore_removed=True)}
    found |= {f"volume {it.name}": (it.attrs.get("Labels") or {}).get(OWNER, "") for it in engine.volumes.list(filters=OURS)}
    found |= {f"network {it.name}": (it.attrs.get("Labels") or {}).get(OWNER, "") for it in engine.networks.list(filters=OURS)}
    return found


def main() -> int:
    """Prints the list; exit 1 where FILE was given and something was left behind."""
    before = set(Path(sys.argv[1]).read_text().splitlines()) if len(sys.argv) > 1 else None
    found = objects(docker.from_env())
    if before is None:
        sys.stdout.writelines(f"{name}\n" for name in found)
        return 0
    left = [name for name, owner in found.items() if name not in before and not (owner and Path(f"/proc/{owner}").exists())]
    sys.stdout.writelines(f"{name}\n" for name in left)
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main())
