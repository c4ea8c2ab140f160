"""How this suite refuses bad input: one sentence that says what is wrong and, where a name was mistyped, which name is nearest."""

import difflib
from collections.abc import Iterable


class ConditionError(Exception):
    """A condition, preset, scenario or argument that cannot be used; the message is one sentence for an operator.

    Not a `ValueError`, so that pydantic lets it through instead of wrapping it in a report of its own.
    """


def unknown(kind: str, word: object, names: Iterable[str]) -> ConditionError:
    """The refusal of a name that is not among `names`, with the nearest right one, or all of them where none is near."""
    options = list(names)
    near = difflib.get_close_matches(str(word).strip().lower(), [name.lower() for name in options], n=1, cutoff=0.5)
    if near:
        best = next(name for name in options if name.lower() == near[0])
        return ConditionError(f"Unknown {kind} {str(word)!r}: did you mean {best!r}?")
    return ConditionError(f"Unknown {kind} {str(word)!r}: choose from {', '.join(options)}.")
