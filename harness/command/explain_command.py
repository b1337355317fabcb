"""`mews explain`: explains what a run names by an id."""

from __future__ import annotations

from collections.abc import Sequence

import click
from click.shell_completion import CompletionItem

from pytest_mews.command.explanations import explain
from pytest_mews.command.scenario_ids import SCENARIOS_HELP, complete_scenario_id, scenarios_of
from pytest_mews.command.subcommand import subcommand, table_option
from pytest_mews.model import CauseKind

DETAILS = """
NAME is a scenario (REC-04), a fact of Mews's documentation (G-30), or a kind of cause
(message-size). Of a scenario it says what is sent and expected, why, where that is documented, what
a failure looks like, and what to change; of a cause what it is measured from, what to change, and a
demo partner that shows it.
"""


def _complete(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    kinds = [CompletionItem(kind) for kind in CauseKind if kind.startswith(incomplete)]
    return [*complete_scenario_id(context, parameter, incomplete), *kinds]


@subcommand(
    "explain",
    DETAILS,
    "explain REC-04",
    "explain G-30",
    "explain message-size",
    "explain X-GROUP-300 --scenarios acceptance/mews",
)
@click.argument("names", nargs=-1, required=True, metavar="NAME...", shell_complete=_complete)
@table_option("--mews-scenarios", help=SCENARIOS_HELP)
def command(names: Sequence[str], mews_scenarios: Sequence[str]) -> None:
    """Print the explanations."""
    scenarios = scenarios_of(mews_scenarios)
    click.echo("\n\n\n".join("\n".join(explain(name, scenarios)) for name in names))
