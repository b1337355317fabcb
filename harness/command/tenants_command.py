"""`mews tenants`: prints a tenants file."""

from __future__ import annotations

import click

from pytest_mews.command.subcommand import subcommand
from pytest_mews.config.tenants import tenants_template


@subcommand(
    "tenants",
    "It has the built-in tenants, for --tenants: replace their ids and tokens by those of your "
    "service.",
    "tenants > tenants.toml",
)
def command() -> None:
    """Print the template."""
    click.echo(tenants_template(), nl=False)
