"""`mews sample`: prints the payload of an event."""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from pytest_mews.command.event_plans import (
    MAX_EVENTS,
    complete_event,
    event_plan,
    parse_enterprise,
    target_of,
)
from pytest_mews.command.subcommand import (
    Seed,
    WholeNumber,
    subcommand,
    table_options,
    table_values,
)
from pytest_mews.config.settings import resolve_settings
from pytest_mews.senders import IdSource

DETAILS = """
EVENT is a discriminator of General Webhooks (CustomerAdded), an action of Integration Webhooks
(IntegrationCreated), a type of WebSocket event (DeviceCommand), or `lifecycle`: all messages of an
integration.

The payload has all documented properties, unique ids, and the tokens of the tenants.
"""


@subcommand(
    "sample",
    DETAILS,
    "sample IntegrationCreated",
    "sample CustomerAdded CustomerUpdated --count 500 --compact > batch.json",
)
@click.argument(
    "events", nargs=-1, required=True, metavar="EVENT...", shell_complete=complete_event
)
@click.option(
    "--count",
    type=WholeNumber(1, MAX_EVENTS, 500),
    metavar="N",
    help="Number of events, of the named types in turn; those beyond the batch limit go into "
    "further messages (default: one of each).",
)
@click.option("--enterprise", metavar="N|new", help="Number of the enterprise (default: 1).")
@click.option(
    "--seed", type=Seed(), metavar="N", help="The same ids every time (default: new ones)."
)
@click.option("--compact", is_flag=True, help="One line per message: the bytes that Mews sends.")
@table_options(["--mews-profile", "--mews-profile-set", "--mews-tenants"])
def command(
    events: Sequence[str],
    count: int | None,
    enterprise: str | None,
    seed: int | None,
    *,
    compact: bool,
    **parameters: Any,  # noqa: ANN401 - of click
) -> None:
    """Print each message."""
    settings = resolve_settings(
        {"mews_target": "demo", **table_values(parameters)}, environ={}, rootdir=Path.cwd()
    )
    target = target_of(settings.profile, settings.tenants)
    plan = event_plan(events, count, parse_enterprise(enterprise), target)
    number = secrets.randbelow(2**32) if seed is None else seed
    ids = IdSource(number, "mews sample", 0, target.tenants, datetime.now(UTC))
    for message in plan.build(ids):
        body = json.loads(message.body)
        text = message.body.decode() if compact else json.dumps(body, indent=2, ensure_ascii=False)
        click.echo(text)
