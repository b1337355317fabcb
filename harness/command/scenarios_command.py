"""`mews scenarios`: lists the scenarios."""

from __future__ import annotations

import click

from pytest_mews.command.subcommand import subcommand
from pytest_mews.model import Level, Stage
from pytest_mews.model.scenario import AREAS
from pytest_mews.scenarios.loader import load_scenarios


@subcommand(
    "scenarios",
    "One line each: id, level, stage and title. `mews explain ID` has the rest.",
    "scenarios --stage delivery --level MUST",
    "scenarios --area RET",
)
@click.option(
    "--stage", type=click.Choice([str(stage) for stage in Stage]), help="Only those of this stage."
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
def command(stage: str | None, level: str | None, area: str | None) -> None:
    """Print the table."""
    scenarios = [
        scenario
        for scenario in load_scenarios()
        if stage in {None, scenario.stage}
        and level in {None, scenario.level}
        and area in {None, scenario.area}
    ]
    for scenario in scenarios:
        click.echo(f"{scenario.id:7}  {scenario.level:6}  {scenario.stage:10}  {scenario.title}")
