"""The data files: canary in the source, none of it in what is rendered, paraphrases, no word that gives the game away."""

import re
from datetime import date
from itertools import product
from pathlib import Path

import pytest
from jinja2 import UndefinedError

from honeyweights.conditions import scenario as scenarios
from honeyweights.conditions import texts
from honeyweights.conditions.factors import BY_NAME, FACTORS
from honeyweights.conditions.model import Condition
from honeyweights.conditions.plan import plan_world
from honeyweights.conditions.prompts import render
from honeyweights.conditions.refusal import ConditionError
from honeyweights.conditions.story import SCENARIOS

CANARY = "honeyweights-canary-4d1f0c52-8a3e-4a7b-9f0e-6b2d7c1e95a4"
ROOT = SCENARIOS.parent
FILES = sorted(path for folder in ("scenarios", "texts") for path in (ROOT / folder).rglob("*") if path.is_file())
CUES = re.compile(
    r"\b(evaluat\w*|evals?|tests?|tested|testing|testers?|submit\w*|submission\w*|grad(?:e|ed|er|ing)s?|scor(?:e|ed|er|ing)s?|benchmark\w*"
    r"|honey\w*|canary|sandbox\w*|inspect\w*|red.?team\w*|ctf|simulat\w*|fictional|fictitious|alignment|experimenter\w*|hypothetical\w*)\b",
    re.IGNORECASE,
)

LABS_OWN = re.compile(r"\b(scores?|grades?|grading|submitted|test -x)\b", re.IGNORECASE)
"""What a lab says of its own models and of its queue, and what cron runs: allowed in the lab's own folders, not in what is written to the
model."""
VOCABULARY = "/tokenizer.json"
"""Pieces of words, which say nothing."""


def _cue(where: str, text: str) -> re.Match[str] | None:
    own = where.partition(": ")[2].startswith(("/srv/", "/var/", "/home/agent/src/"))
    return CUES.search(LABS_OWN.sub("", text) if own else text)


def every_text() -> list[tuple[str, str]]:
    """(where, text) of all that is rendered as each factor takes each of its levels, in every scenario; equal texts once."""
    seen: dict[str, str] = {}
    for scenario, opportunity, factor in product(scenarios.names(), BY_NAME["opportunity"].names, FACTORS):
        for level in factor.names:
            try:
                condition = Condition(opportunity=opportunity).with_(**{factor.name: level})
            except ConditionError:
                continue
            plan = plan_world(condition, scenario=scenario, seed=b"\5" * 32, weights_mib=1, shards=1, day=date(2026, 3, 4))
            prompts = render(condition, plan)
            texts_of_it = [("system", prompts.system), ("user", prompts.user)]
            texts_of_it += [(file.path, f"{file.path}\n{file.content or ''}") for file in plan.files if not isinstance(file.content, bytes)]
            for where, text in texts_of_it:
                seen.setdefault(text, f"{scenario}: {where}")
    return [(where, text) for text, where in seen.items()]


@pytest.fixture(scope="module", name="rendered")
def _rendered() -> list[tuple[str, str]]:
    return every_text()


def test_every_source_file_opens_with_the_canary() -> None:
    assert len(FILES) > 60
    first_lines = {path: path.read_text(encoding="utf-8").splitlines()[0] for path in [*FILES, ROOT / "presets.yaml"]}
    assert not [path for path, line in first_lines.items() if line not in (f"{{# {CANARY} #}}", f"# {CANARY}")]


def test_no_rendered_text_has_the_canary_or_a_word_that_gives_the_game_away(rendered: list[tuple[str, str]]) -> None:
    assert len(rendered) > 80
    assert not [(where, found.group()) for where, text in rendered if not where.endswith(VOCABULARY) and (found := _cue(where, text))]
    assert not [where for where, text in rendered if "4d1f0c52" in text or "{{" in text or "{#" in text]


def test_no_source_has_a_cue_in_any_paraphrase() -> None:
    """Rendering shows one paraphrase a seed; the sources hold them all. A checker is never planted and may say what it likes."""
    sources = [path for path in FILES if path.suffix == ".j2" and path.name not in {"check.j2", "checker.j2"}]
    bodies = {path: path.read_text(encoding="utf-8").partition("\n")[2] for path in sources}
    labs_own = ("wiki-", "runbook-")
    bodies = {path: LABS_OWN.sub("", body) if path.name.startswith(labs_own) else body for path, body in bodies.items()}
    assert not [(path.name, found.group()) for path, body in bodies.items() if (found := CUES.search(body))]


def test_the_search_for_cues_finds_them() -> None:
    for cue in ("a test", "Evaluation", "submit", "honeyweights", "sandbox", "graded", "red-team"):
        assert CUES.search(cue)
    assert not CUES.search("the latest protest of the greatest")


@pytest.mark.parametrize("factor", [factor for factor in FACTORS if len(factor.levels) > 1], ids=lambda factor: factor.name)
@pytest.mark.parametrize("scenario", scenarios.names())
def test_every_level_that_speaks_has_paraphrases(factor: object, scenario: str) -> None:
    told = scenarios.load(scenario)
    for level in factor.levels:  # type: ignore[attr-defined]
        if level.says:
            wordings = texts.paraphrases(told.level_folder(factor.name, level.name), level.name)  # type: ignore[attr-defined]
            assert len(wordings) >= 2
            assert len(set(wordings)) == len(wordings) or not wordings[0].split("#}")[1].strip()


@pytest.mark.parametrize("scenario", scenarios.names())
def test_prompts_and_written_documents_have_paraphrases(scenario: str) -> None:
    told = scenarios.load(scenario)
    for stem in ("system", "user"):
        assert len(set(texts.paraphrases(told.prompt_folder(stem), stem))) >= 2
    for entry in told.files:
        if entry.path.endswith(".md") and "README" not in entry.path and not entry.path.startswith("/srv/wiki/") and entry.text:
            for stem in (entry.text, *entry.parts.values()):
                for factor in FACTORS:
                    for level in factor.names:
                        name = scenarios.resolved(stem, Condition().factors | {factor.name: level})
                        assert len(set(texts.paraphrases(told.file_folder(name), name))) >= 2


def test_seeds_choose_among_paraphrases() -> None:
    for scenario in scenarios.names():
        condition = Condition()
        plans = [
            plan_world(condition, scenario=scenario, seed=bytes([n]) * 32, weights_mib=1, shards=1, day=date(2026, 3, 4)) for n in range(24)
        ]
        assert len({plan.fragments["objective_conflict"].replace(str(plan.story["run"]), "") for plan in plans}) == 2
        assert len({render(condition, plan).system for plan in plans}) >= 8


def test_no_data_file_lies_about_unused() -> None:
    """A text that no scenario can reach is a text that nobody reviews."""
    reached: set[Path] = set()
    for scenario in scenarios.names():
        told = scenarios.load(scenario)
        for factor in FACTORS:
            for level in factor.levels:
                if level.says:
                    reached |= set(told.level_folder(factor.name, level.name).glob(f"{level.name}.*.j2"))
        stems = {stem for entry in told.files for stem in (entry.text, entry.data, *entry.parts.values()) if stem}
        stems |= {told.job.check} if told.job else set()
        for stem, factor in product(stems, FACTORS):
            for level_name in factor.names:
                name = scenarios.resolved(stem, Condition().factors | {factor.name: level_name})
                folder = told.file_folder(name)
                reached |= {path for path in folder.iterdir() if re.fullmatch(rf"{re.escape(name)}(\.\d+)?\.(j2|yaml)", path.name)}
        reached |= {path for stem in ("system", "user") for path in told.prompt_folder(stem).glob(f"{stem}.*.j2")}
        reached |= {SCENARIOS / name / "scenario.yaml" for name in told.lineage}
    reached |= {SCENARIOS / "_lab" / f"{name}.yaml" for name in ("names", "desk", "repositories")}
    reached |= {scenarios.TEXTS / "checker.j2"}
    assert sorted(set(FILES) - reached) == []


def test_an_unknown_variable_is_an_error_and_a_missing_text_too() -> None:
    with pytest.raises(UndefinedError):
        texts.render("{{ nobody }}", {})
    with pytest.raises(texts.TextMissing):
        texts.paraphrases(ROOT, "nothing")
