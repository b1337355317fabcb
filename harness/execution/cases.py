"""The cases of a scenario: a plan for each message; fixed cases first, then generated ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from pytest_mews.model import Message, Scenario
from pytest_mews.senders import IdSource, Plan, Sender, Target

Case = Mapping[str, Plan]
"""One plan by the name of each message spec."""


@dataclass(frozen=True)
class Cases:
    """The cases of a scenario.

    Attributes:
        fixed: the cases that always run, in this order.
        generated: the strategy for further cases; None if nothing varies.
        examples: how many generated cases to run.
        exceeds_limit: whether a case can have more events than fit into one message.

    """

    fixed: tuple[Case, ...]
    generated: SearchStrategy[Case] | None
    examples: int
    exceeds_limit: bool


def cases_of(scenario: Scenario, sender: Sender, target: Target, examples: int) -> Cases:
    """Combine the plans of all messages of a scenario into cases.

    A message with fewer fixed plans than another repeats its last one. A scenario without messages
    has one empty case.
    """
    plans_by_name = {spec.name: sender.plans_for(spec, target) for spec in scenario.message_specs}
    longest = max((len(plans.fixed) for plans in plans_by_name.values()), default=1)
    fixed: tuple[Case, ...] = tuple(
        {
            name: plans.fixed[min(index, len(plans.fixed) - 1)]
            for name, plans in plans_by_name.items()
        }
        for index in range(longest)
    )
    if scenario.max_cases is not None:
        fixed = fixed[: scenario.max_cases]
        examples = min(examples, scenario.max_cases - len(fixed))
    exceeds_limit = any(plans.exceeds_limit for plans in plans_by_name.values())
    if examples <= 0 or all(plans.strategy is None for plans in plans_by_name.values()):
        return Cases(fixed, None, 0, exceeds_limit)
    strategies = {
        name: st.just(plans.fixed[0]) if plans.strategy is None else plans.strategy
        for name, plans in plans_by_name.items()
    }
    return Cases(fixed, st.fixed_dictionaries(strategies), examples, exceeds_limit)


def describe_case(case: Case) -> str:
    """Return a description of a case for people: its plans, in the order of the messages."""
    return "; ".join(plan.describe() for plan in case.values()) or "one valid message"


def build_messages(case: Case, id_source: IdSource) -> dict[str, tuple[Message, ...]]:
    """Build the messages of a case, by the name of their spec, with ids from a source."""
    return {name: plan.build(id_source) for name, plan in case.items()}


def load_generators() -> None:
    """Import and build what Hypothesis needs to generate; call this before threads generate.

    Each thread that generates first would build the table of characters. And pytest parses an
    imported module to rewrite its assertions: if other threads run meanwhile, Python 3.11 may fail:
    "AST constructor recursion depth mismatch".
    """
    st.from_regex("a", alphabet="a").validate()
