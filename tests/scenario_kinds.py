"""Chooses scenarios by what they are made of, for tests in which one of each kind is enough."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from pytest_mews.model import Scenario


def checks(scenario: Scenario) -> set[object]:
    """Return the names of the checks of a scenario."""
    return {expectation.check for expectation in scenario.expectations}


def steps(scenario: Scenario) -> set[object]:
    """Return the classes of its steps."""
    return {type(step) for step in scenario.steps}


def generators(scenario: Scenario) -> set[object]:
    """Return the names of the generators of its messages."""
    return {spec.generator for spec in scenario.message_specs}


def first_of_each(
    *kinds: Callable[[Scenario], set[object]], scenarios: Iterable[Scenario]
) -> list[Scenario]:
    """Return the scenarios with a kind that none before them has."""
    seen: set[object] = set()
    chosen = []
    for scenario in scenarios:
        own = {kind for kinds_of in kinds for kind in kinds_of(scenario)}
        if not own <= seen:
            chosen.append(scenario)
        seen |= own
    return chosen
