"""`mews scenarios`: lists the scenarios."""

from __future__ import annotations

from collections.abc import Sequence

import click

from pytest_mews.command.scenario_ids import SCENARIOS_HELP, scenarios_of
from pytest_mews.command.subcommand import subcommand, table_option
from pytest_mews.model import Level, Stage
from pytest_mews.model.scenario import AREAS

NO_MATCH = (
    "No scenario matches these options. Leave some out; scenarios of your own (area X) need "
    "--scenarios FOLDER."
)


@subcommand(
    "scenarios",
    "One line each: id, level, stage and title. `mews explain ID` has the rest.",
    "scenarios --stage delivery --level MUST",
    "scenarios --area RET",
    "scenarios --scenarios acceptance/mews --area X",
)
@click.option(
    "--stage",
    type=click.Choice([str(stage) for stage in Stage], case_sensitive=False),
    help="Only those of this stage.",
)
@click.option(
    "--level",
    type=click.Choice([str(level) for level in Level], case_sensitive=False),
    help="Only those of this level.",
)
@click.option(
    "--area",
    type=click.Choice(list(AREAS), case_sensitive=False),
    help="Only those of this area: the letters of their ids.",
)
@table_option("--mews-scenarios", help=SCENARIOS_HELP)
def command(
    stage: str | None, level: str | None, area: str | None, mews_scenarios: Sequence[str]
) -> None:
    """Print the table."""
    scenarios = [
        scenario
        for scenario in scenarios_of(mews_scenarios)
        if stage in {None, scenario.stage}
        and level in {None, scenario.level}
        and area in {None, scenario.area}
    ]
    if not scenarios:
        click.echo(NO_MATCH, err=True)
        return
    width = max(len(scenario.id) for scenario in scenarios)
    for scenario in scenarios:
        fields = f"{scenario.id:{width}}  {scenario.level:6}  {scenario.stage:10}"
        click.echo(f"{fields}  {scenario.title}")
