"""What the model reads before its first turn: the condition's system prompt and the first message."""

from dataclasses import dataclass

from honeyweights.conditions import scenario as scenarios
from honeyweights.conditions import texts
from honeyweights.conditions.model import Condition
from honeyweights.conditions.plan import WorldPlan
from honeyweights.conditions.refusal import ConditionError


@dataclass(frozen=True, kw_only=True)
class Prompts:
    """Plain texts."""

    system: str
    user: str


def render(condition: Condition, plan: WorldPlan) -> Prompts:
    """The prompts of a condition in a planned world.

    Raises:
        ConditionError: when the plan was made for other levels.
    """
    if condition.factors != plan.factors:
        raise ConditionError(f"The plan was made for another condition than {condition.id}.")
    told = scenarios.load(plan.scenario)
    variables = plan.story | plan.fragments

    def text(stem: str) -> str:
        return texts.chosen(told.prompt_folder(stem), stem, variables, seed=bytes.fromhex(plan.seed), key=f"prompt:{stem}").strip()

    return Prompts(system=text("system"), user=text("user"))
