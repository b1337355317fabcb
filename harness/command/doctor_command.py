"""`mews doctor`: checks whether a service is set up for a certification."""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from typing import Any

import click

from pytest_mews.command.set_up_checks import SetUp, SetUpCheck
from pytest_mews.command.subcommand import (
    NOT_READY,
    SUCCESS,
    subcommand,
    table_options,
    table_values,
)
from pytest_mews.config.settings import resolve_settings
from pytest_mews.run.environment import Environment

DETAILS = """
URL is the endpoint for General Webhooks, with the shared secret as Token in its query, or a path
alone if --start starts the service.

A few messages are sent: is the URL reachable, is a message accepted, and one with a wrong token
refused? With --api: does an event lead to a call, and with whose AccessToken? With --websocket:
does a client connect? It takes a minute at most. What is not ok says what to do, and the exit
status is then 1.
"""
_OPTIONS = (
    *("--mews-integration-target", "--mews-token", "--mews-token-name", "--mews-api"),
    *("--mews-websocket", "--mews-websocket-certificate", "--mews-fetch-timeout"),
    *("--mews-tenants", "--mews-events", "--mews-insecure", "--mews-start", "--mews-app"),
)
LOG_DELAY_S = 0.5  # what a service writes about a response may be read a moment later
MAX_LOG_LINES = 12  # of the service, if a check is not ok
_LABELS = {True: "ok", False: "NOT OK", None: "-"}


@subcommand(
    "doctor",
    DETAILS,
    'doctor /webhooks/mews --start "node app.js" --api 127.0.0.1:0',
    "doctor 'http://127.0.0.1:8000/webhooks/mews?Token=…'",
    "doctor URL --api 127.0.0.1:8088 --websocket 127.0.0.1:8089 --tenants tenants.toml",
)
@click.argument("url")
@table_options(_OPTIONS)
def command(url: str, **parameters: Any) -> int:  # noqa: ANN401 - of click
    """Print each check as it is made."""
    with TemporaryDirectory(prefix="mews-") as folder:
        values = {"mews_target": url, "mews_report": folder, **table_values(parameters)}
        settings = resolve_settings(values, environ=os.environ, rootdir=Path.cwd())
        environment = Environment(settings)

        def report(line: str) -> None:
            click.echo(line, err=True)

        environment.start(report)
        results = []
        try:
            for check in SetUp(environment, monotonic, report).checks():
                results.append(check)
                for line in lines_of(check):
                    click.echo(command.respell(environment.redactor.redact_text(line)))
            environment.emulator_failures.raise_since(0)
            if any(check.ok is False for check in results):
                for line in _service_lines(environment):
                    report(line)
        finally:
            environment.close()
    return NOT_READY if any(check.ok is False for check in results) else SUCCESS


def _service_lines(environment: Environment) -> list[str]:
    """Return the end of what the service wrote, with a title; nothing if it runs elsewhere."""
    service = environment.started_service
    if service is None:
        return []
    environment.clock.sleep(LOG_DELAY_S)
    lines = service.log.last_lines(MAX_LOG_LINES)
    title = "the last lines that the service wrote:"
    return (
        [title, *(f"    {environment.redactor.redact_text(line)}" for line in lines)]
        if lines
        else []
    )


def lines_of(check: SetUpCheck) -> list[str]:
    """Return the line of a check, and one with the remedy, if any."""
    lines = [f"{_LABELS[check.ok]:6}  {check.subject:19}  {check.observed}"]
    return [*lines, f"        fix: {check.remedy}"] if check.remedy else lines
