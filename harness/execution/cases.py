"""The cases of a scenario: one plan for each of its draws, fixed ones first, then drawn ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from pytest_mews.model import Message, Scenario
from pytest_mews.senders.connector import IdSource, Plan, Target, plans

Case = Mapping[str, Plan]


@dataclass(frozen=True)
class Cases:
    """`fixed` is played in order; `drawn` is None where nothing varies; `examples` of it."""

    fixed: tuple[Case, ...]
    drawn: SearchStrategy[Case] | None
    examples: int


def cases_of(scenario: Scenario, subject: Target, examples: int) -> Cases:
    """Combine the plans of all draws; a draw with fewer fixed plans repeats its last one.

    A scenario without draws has one empty case.
    """
    drawn = {draw.name: plans(draw, subject) for draw in scenario.message_specs}
    longest = max((len(each.fixed) for each in drawn.values()), default=1)
    fixed: tuple[Case, ...] = tuple(
        {name: each.fixed[min(index, len(each.fixed) - 1)] for name, each in drawn.items()}
        for index in range(longest)
    )
    if scenario.max_cases is not None:
        fixed = fixed[: scenario.max_cases]
        examples = min(examples, scenario.max_cases - len(fixed))
    if examples <= 0 or all(each.drawn is None for each in drawn.values()):
        return Cases(fixed, None, 0)
    varied = {
        name: st.just(each.fixed[0]) if each.drawn is None else each.drawn
        for name, each in drawn.items()
    }
    return Cases(fixed, st.fixed_dictionaries(varied), examples)


def in_words(case: Case) -> str:
    """Describe a case for people: its plans, in the order of the draws."""
    return "; ".join(plan.describe() for plan in case.values()) or "one valid message"


def build(case: Case, mint: IdSource) -> dict[str, tuple[Message, ...]]:
    """Mint ids for every plan of a case and write its messages."""
    return {name: plan.build(mint) for name, plan in case.items()}
