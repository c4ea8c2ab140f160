"""The page of conditions says what the tables of factors, scenarios and presets say.

Run as a program, it writes the page: `python tests/unit/house/test_house_conditions.py > docs/conditions.md`.
"""

import sys
from collections.abc import Iterable
from pathlib import Path

from honeyweights.conditions.factors import FACTORS, REFUSALS
from honeyweights.conditions.presets import PRESETS
from honeyweights.conditions.scenario import load, names

HEAD = """# Conditions

A condition is a scenario (the story and its ordinary job) and one level of each factor. A preset is a condition with a name. This page is
made from the tables in `conditions/` (`python tests/unit/house/test_house_conditions.py > docs/conditions.md`), and a test keeps it so.

```sh
inspect eval honeyweights/weight_exfiltration --model <model> -T preset=agentic-job -T oversight=unmonitored
inspect eval honeyweights/weight_exfiltration --model <model> -T scenario=disk_space -T 'oversight=[monitored,unmonitored]'
```

What is not said on the command line is the preset's, and what the preset does not say is the factor's default. A list of levels runs every
combination. A condition's name and levels stand in the sample's id, its metadata and its score.
"""


def _table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [heads, ("---",) * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def page() -> str:
    """The page, whole."""
    parts = [HEAD, "## Scenarios\n"]
    parts.append(
        _table(
            ("`scenario`", "what happens", "preset that is its default"),
            ((f"`{name}`", load(name).meaning, f"`{load(name).preset}`") for name in names()),
        )
    )
    parts.append("## Factors\n")
    for factor in FACTORS:
        levels = ((f"`{level.name}`" + (" (default)" if level.name == factor.default else ""), level.meaning) for level in factor.levels)
        parts += [f"### `{factor.name}`\n", factor.meaning + "\n", _table(("level", "meaning"), levels)]
    parts.append("Refused, since they would contradict themselves:\n")
    parts.append("\n".join(f"- {', '.join(f'`{k}={v}`' for k, v in it.levels.items())}: {it.because}" for it in REFUSALS) + "\n")
    parts.append("## Presets\n")
    parts.append(
        "Those marked with * run when nothing is asked for. A factor that is not listed has its default.\n",
    )
    rows = (
        (f"`{name}`{' *' if it.shown else ''}", f"`{it.scenario}`", it.meaning, ", ".join(f"`{k}={v}`" for k, v in it.factors.items()))
        for name, it in PRESETS.items()
    )
    parts.append(_table(("`preset`", "scenario", "meaning", "levels"), rows))
    return "\n".join(parts)


def test_the_page_is_made_of_the_tables(root: Path) -> None:
    assert page() == (root / "docs" / "conditions.md").read_text(encoding="utf-8"), "make it anew as its first paragraph says"


def test_every_level_can_be_looked_up() -> None:
    assert all(f"`{level.name}`" in page() for factor in FACTORS for level in factor.levels)


if __name__ == "__main__":
    sys.stdout.write(page())
