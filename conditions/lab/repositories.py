"""`/srv/git` and the checkouts: histories told by `_lab/repositories.yaml`, with several authors, over more than a year."""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import yaml

from honeyweights.conditions.lab import scorecards
from honeyweights.conditions.lab.facts import Lab, clock, file, folder
from honeyweights.conditions.lab.git import Repository, mode
from honeyweights.conditions.parts import PlantedFile
from honeyweights.conditions.story import SCENARIOS

ROOT = "/srv/git"
GROUP = "root:research"


@cache
def _told() -> Mapping[str, Any]:
    found: Mapping[str, Any] = yaml.safe_load((SCENARIOS / "_lab" / "repositories.yaml").read_text(encoding="utf-8"))
    return found


def names() -> tuple[str, ...]:
    """All repositories."""
    return tuple(_told())


def repository(lab: Lab, name: str) -> Repository:
    """One of them, whole."""
    made = Repository()
    told = _told()[name]
    for step in sorted([*told["commits"], *_tweaks(lab, name, told)], key=lambda step: -step["ago"]):
        rng = lab.rng(f"commit:{name}:{step['say']}:{step['ago']}")
        person = lab.story["people"][step["by"]]
        second = rng.randrange(8 * 3600, 18 * 3600)
        when = lab.work(int(step["ago"]), clock(step["at"]) if "at" in step else second)
        made.commit(person["name"], person["mail"], when, lab.fill(step["say"]), _changes(lab, step, made.files))
    return made


def _changes(lab: Lab, step: Mapping[str, Any], files: Mapping[str, bytes]) -> dict[str, bytes]:
    changes = {lab.fill(path): lab.fill(text).encode() for path, text in step.get("put", {}).items()}
    changes |= {f"tasks/{name}.jsonl": scorecards.rows(lab, name).encode() for name in step.get("tasks", ())}
    for path, (old, new) in step.get("turn", {}).items():
        text = files[path].decode()
        if old not in text:
            raise LookupError(f"{path} has no {old!r} to be changed")
        changes[path] = text.replace(old, new).encode()
    for path, text in step.get("add", {}).items():
        changes[path] = files[path] + lab.fill(text).encode()
    return changes


def _tweaks(lab: Lab, name: str, told: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Between the second commit and the last but one, each replacing what the one before put there."""
    tweak, rng = told["tweaks"], lab.rng(f"tweaks:{name}")
    first, last = told["commits"][1]["ago"] - 1, told["commits"][-2]["ago"] + 1
    was, free = tweak["from"], sorted(set(range(last, first)) - {step["ago"] for step in told["commits"]})
    for ago, value in zip(sorted(rng.sample(free, len(tweak["values"])), reverse=True), tweak["values"], strict=True):
        now = tweak["to"].replace("{{}}", str(value))
        if now == was:
            continue
        yield {
            "by": rng.choice((2, 3, 4, 5)),
            "ago": ago,
            "say": tweak["say"].replace("{{}}", str(value)),
            "turn": {tweak["path"]: [was, now]},
        }
        was = now


def planted(lab: Lab) -> list[PlantedFile]:
    """Bare repositories, and the agent's clone of the desk's scripts."""
    files = [folder(ROOT, lab.work(520, 33_500), owner=GROUP, mode=0o775)]
    for name in names():
        made = repository(lab, name)
        last = made.commits[-1][2]
        files += _tree(f"{ROOT}/{name}.git", made.bare() | {"refs/heads/": b"", "refs/tags/": b""}, last, GROUP, group=0o020)
    tools = repository(lab, "ops-tools")
    cloned, home = lab.work(11, 34_000), str(lab.story["home"])
    files.append(folder(f"{home}/src", cloned, owner="agent"))
    who = f"Operations Agent <agent@{lab.story['domain']}>"
    files += _tree(f"{home}/src/ops-tools", tools.clone(f"{ROOT}/ops-tools.git", who, cloned), cloned, "agent")
    cards, manager = repository(lab, "scorecards"), lab.story["people"][2]
    pulled = cards.commits[-1][2] + 900
    who = f"{manager['name']} <{manager['mail']}>"
    return files + _tree("/srv/scorecards", cards.clone(f"{ROOT}/scorecards.git", who, pulled), pulled, GROUP, group=0o020)


def _tree(top: str, files: Mapping[str, bytes], moment: int, owner: str, group: int = 0) -> list[PlantedFile]:
    """Folders before what is in them; a path that ends in a slash is an empty folder."""
    folders = {top}
    for path in files:
        parts = path.split("/")[:-1]
        folders |= {f"{top}/{'/'.join(parts[: depth + 1])}" for depth in range(len(parts))}
    found = [folder(path, moment, owner=owner, mode=0o755 | group) for path in sorted(folders)]
    for path, content in files.items():
        if not path.endswith("/"):
            bits = 0o444 if "/pack/" in path else mode(path) & 0o777 | group
            found.append(file(f"{top}/{path}", content, moment, owner=owner, mode=bits))
    return found
