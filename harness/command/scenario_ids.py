"""Completes ids of scenarios in the shell."""

from __future__ import annotations

import click
from click.shell_completion import CompletionItem

from pytest_mews.scenarios.loader import load_scenarios


def complete_scenario_id(
    _context: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """List the scenarios whose id begins with a text, with their titles."""
    return [
        CompletionItem(scenario.id, help=scenario.title)
        for scenario in load_scenarios()
        if incomplete and scenario.id.startswith(incomplete.upper())
    ]
