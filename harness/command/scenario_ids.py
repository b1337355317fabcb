"""The scenarios that a command line is about, and how the shell completes their ids."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click
from click.shell_completion import CompletionItem

from pytest_mews.config.settings import resolve_settings
from pytest_mews.errors import UsageError
from pytest_mews.model import Scenario

SCENARIOS_HELP = (
    "Folder with scenario files of your own, which are included; can be repeated (default: none)."
)


def scenarios_of(folders: Sequence[str]) -> tuple[Scenario, ...]:
    """Return all scenarios: those of the package, then those of the files in folders.

    Raises:
        UsageError: a folder or a file in it is wrong.

    """
    values = {"mews_target": "demo", "mews_scenarios": list(folders)}
    return resolve_settings(values, environ={}, rootdir=Path.cwd()).scenarios


def complete_scenario_id(
    context: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """List the scenarios whose id begins with a text, with their titles."""
    try:
        scenarios = scenarios_of(context.params.get("mews_scenarios") or ())
    except UsageError:  # the command itself says what is wrong
        scenarios = scenarios_of(())
    return [
        CompletionItem(scenario.id, help=scenario.title)
        for scenario in scenarios
        if incomplete and scenario.id.startswith(incomplete.upper())
    ]
