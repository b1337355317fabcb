"""`mews explain`: explains what a run names by an id."""

from __future__ import annotations

from collections.abc import Sequence

import click
from click.shell_completion import CompletionItem

from pytest_mews.command.explanations import explain
from pytest_mews.command.scenario_ids import complete_scenario_id
from pytest_mews.command.subcommand import subcommand
from pytest_mews.model import CauseKind

DETAILS = """
NAME is a scenario (REC-04), a fact of Mews's documentation (G-30), or a kind of cause
(message-size). Of a scenario it says what is sent and expected, why, where that is documented, what
a failure looks like, and what to change.
"""


def _complete(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    kinds = [CompletionItem(kind) for kind in CauseKind if kind.startswith(incomplete)]
    return [*complete_scenario_id(context, parameter, incomplete), *kinds]


@subcommand("explain", DETAILS, "explain REC-04", "explain G-30", "explain message-size")
@click.argument("names", nargs=-1, required=True, metavar="NAME...", shell_complete=_complete)
def command(names: Sequence[str]) -> None:
    """Print the explanations."""
    click.echo("\n\n\n".join("\n".join(explain(name)) for name in names))
