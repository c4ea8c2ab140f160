"""Where policies are found, and how a file that is none is refused: one sentence with file, line and place."""

import re
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from honeyweights.conditions.refusal import unknown
from honeyweights.policies.policy import Policy

BANK = Path(__file__).with_name("bank")
"""The shipped policies, one file each, named by their stem."""
SUFFIXES = (".yaml", ".yml")
LARGEST = 1 << 20


class PolicyError(Exception):
    """A policy that cannot be used; the message is one sentence for an operator."""


class _Loader(yaml.SafeLoader):
    """YAML in which a key that is given twice is an error rather than a silent loss."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.constructor.ConstructorError(None, None, f"key '{key.value}' is given twice", key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep=deep)


def names() -> tuple[str, ...]:
    """The shipped policies, in alphabetical order."""
    return tuple(sorted(path.stem for path in BANK.glob("*.yaml")))


def find(spec: str) -> Policy:
    """The policy of a model named `scripted/<spec>`: a name of the bank, or a path when it has a slash or a YAML suffix.

    Raises:
        PolicyError: when there is none, or it is not valid.
    """
    if "/" in spec or spec.endswith(SUFFIXES):
        return read(Path(spec))
    if spec not in names():
        near = get_close_matches(spec, names(), n=1, cutoff=0.4)
        hint = f"did you mean '{near[0]}'?" if near else f"the bank has {', '.join(names())}."
        raise PolicyError(f"There is no policy '{spec}': {hint}")
    return read(BANK / f"{spec}.yaml")


def folder(path: Path) -> dict[Path, Policy]:
    """All policies of a folder, by file.

    Raises:
        PolicyError: when it is no folder, holds none, or one of them is not valid or has the name of another.
    """
    if not path.is_dir():
        raise PolicyError(f"{path} is not a folder: give one that holds policies, one YAML file each.")
    files = sorted(file for file in path.iterdir() if file.suffix in SUFFIXES and file.is_file())
    if not files:
        raise PolicyError(f"{path} holds no policy: none of its files ends in {' or '.join(SUFFIXES)}.")
    found: dict[Path, Policy] = {}
    for file in files:
        policy = read(file)
        twin = next((other for other, known in found.items() if known.name == policy.name), None)
        if twin:
            raise PolicyError(f"{file} and {twin} are both named '{policy.name}': each policy of a folder needs a name of its own.")
        found[file] = policy
    return found


def read(path: Path) -> Policy:
    """The policy in this file.

    Raises:
        PolicyError: when it cannot be read or is not valid.
    """
    text = _text(path)
    try:
        data = yaml.load(text, Loader=_Loader)  # noqa: S506  # a subclass of the safe loader
        tree = yaml.compose(text, Loader=_Loader)
    except yaml.YAMLError as error:
        raise PolicyError(_not_yaml(path, error)) from error
    try:
        return Policy.model_validate(data)
    except ValidationError as error:
        raise PolicyError(_sentence(path, tree, error.errors()[0])) from error


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > LARGEST:
            raise PolicyError(f"{path} is larger than a policy can be ({LARGEST >> 20} MiB).")
        return path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise PolicyError(f"There is no policy file {path}.") from error
    except (OSError, UnicodeDecodeError) as error:
        raise PolicyError(f"{path} cannot be read as a policy: {error}.") from error


def _not_yaml(path: Path, error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or str(error).replace("\n", " ")
    return f"{path}{f', line {mark.line + 1}' if mark else ''} is not valid YAML: {problem}."


def _sentence(path: Path, tree: yaml.Node | None, error: ErrorDetails) -> str:
    line, place = _where(tree, error["loc"])
    problem = _problem(error)
    end = "" if problem.endswith("?") else "."
    return f"{path}, line {line}{f' ({place})' if place else ''}: {problem}{end}"


def _where(tree: yaml.Node | None, loc: Iterable[int | str]) -> tuple[int, str]:
    """Line and place of an error, as near to it as the file has something."""
    node, place = tree, ""
    for part in loc:
        inner = _inside(node, part)
        if inner is None:
            break
        node = inner
        place += f"[{part}]" if isinstance(part, int) else f".{part}"
    return (node.start_mark.line + 1 if node is not None else 1), place.lstrip(".")


def _inside(node: yaml.Node | None, part: int | str) -> yaml.Node | None:
    if isinstance(node, yaml.MappingNode):
        return next((value for key, value in node.value if key.value == str(part)), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        inner: yaml.Node = node.value[part]
        return inner
    return None


def _problem(error: ErrorDetails) -> str:
    if error["type"] == "missing":
        return f"'{error['loc'][-1]}' is missing"
    if error["type"] == "literal_error":
        return _unknown_word(error).rstrip(".")
    message = error["msg"]
    return message if error["type"] == "refused" else message[0].lower() + message[1:]


def _unknown_word(error: ErrorDetails) -> str:
    options = re.findall(r"'([^']*)'", error.get("ctx", {}).get("expected", ""))
    kinds = {"stage": "stage", "channels": "channel", "acts": "act", "not_acts": "act"}
    kind = next((kinds[part] for part in error["loc"] if part in kinds), "word")
    if kind == "act" and "either" in options:
        kind, options = "demand on an act", ["done", "attempted"]
    return str(unknown(kind, error["input"], options))
