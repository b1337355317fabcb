"""`mews certify`: runs the certification in pytest, isolated from the project around it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
import pytest

from pytest_mews.command.scenario_ids import complete_scenario_id
from pytest_mews.command.subcommand import (
    PROGRAM,
    subcommand,
    table_option,
    table_options,
    table_values,
)
from pytest_mews.options import OPTIONS
from pytest_mews.redaction import redact_url
from pytest_mews.session.command_line import CERTIFICATION_PLUGIN, COLLECTOR, Program

_SCENARIO = re.compile(
    rf"(?:{COLLECTOR}::)?([A-Z]{{3,4}}-[0-9]{{2}}|X(?:-[A-Z0-9]+)+)", re.IGNORECASE
)
# Where a project can change how pytest runs in it; the plugins that are loaded are named.
_PROJECT_VARIABLES = ("PYTEST_ADDOPTS", "PYTEST_PLUGINS")
# Pytest's plugin for unraisable exceptions collects all garbage ten times at the end, to show as
# warnings what Python writes to stderr without it.
_ISOLATION = (
    *("-p", "no:unraisableexception"),
    *("--noconftest", "-p", "no:cacheprovider", "--no-header"),
    *("-p", "pytest_mews.plugin", "-p", "_hypothesis_pytestplugin"),
)


DETAILS = """
URL is the endpoint for General Webhooks, with the shared secret as Token in its query, or a path
alone if --start starts the service; `demo` is the demo partner, `none` is for a service without
webhooks. SCENARIO is an id, such as REC-04; without any, all scenarios run.

Nothing of the project in the current folder takes part: no conftest.py, no ini file, no other
pytest plugin. The report folder is created in the current folder. Every option has the name that it
has in pytest, too: --mews-api is --api.
"""


@subcommand(
    "certify",
    DETAILS,
    'certify /webhooks/mews --start "uvicorn app:app --port {port}" --api 127.0.0.1:0',
    "certify 'https://partner.example/webhooks/mews?Token=…'",
    "certify URL --api 127.0.0.1:8088 --tenants tenants.toml",
    "certify demo:body-limit REC-04",
)
@click.argument("words", nargs=-1, metavar="URL [SCENARIO]...", shell_complete=complete_scenario_id)
@click.option("-k", "keyword", metavar="EXPRESSION", help="Run scenarios whose id matches.")
@click.option(
    "-m", "marker", metavar="EXPRESSION", help="Run scenarios with these markers: mews_must."
)
@click.option("-x", "--exitfirst", is_flag=True, help="Stop at the first failure.")
@click.option("-v", "--verbose", is_flag=True, help="List also the scenarios that do not run.")
@click.option("--junitxml", metavar="FILE", help="Write a JUnit file as well.")
@click.option(
    "--seed", "--hypothesis-seed", metavar="N", help="Send what the run with this seed sent."
)
@table_option("--mews-target", hidden=True)
@table_options(option.flag for option in OPTIONS if option.dest != "mews_target")
def command(words: Sequence[str], **parameters: Any) -> int:  # noqa: ANN401 - of click
    """Run pytest in this process."""
    scenarios = [match[1].upper() for word in words if (match := _SCENARIO.fullmatch(word))]
    values = table_values(parameters)
    targets = [word for word in words if not _SCENARIO.fullmatch(word)]
    if "mews_target" in values:
        targets.append(str(values.pop("mews_target")))
    if not targets:
        problem = "Give the URL of the endpoint, or demo for the demo partner."
        raise click.UsageError(f"Missing argument URL. {problem}")
    if len(targets) > 1:
        first, other = (redact_url(word) for word in targets[:2])
        problem = f"SCENARIO: {other!r} is no id of a scenario, and the URL is {first!r}."
        remedy = "Give one URL, then ids such as REC-04; `mews scenarios` lists them."
        raise click.UsageError(f"{problem} {remedy}")
    with TemporaryDirectory(prefix="mews-") as folder:
        ini = Path(folder) / "pytest.ini"
        ini.write_text("[pytest]\n", "ascii")
        for name in _PROJECT_VARIABLES:
            os.environ.pop(name, None)
        os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
        os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", folder)  # not the current folder
        here = os.getcwd()  # noqa: PTH109 - for pytest's options
        return int(
            pytest.main(
                [
                    *("-c", str(ini), "--rootdir", here, "--confcutdir", here, *_ISOLATION),
                    *_pytest_options(parameters),
                    *_table_arguments({"mews_target": targets[0], **values}),
                    *(f"{COLLECTOR}::{scenario_id}" for scenario_id in scenarios),
                ],
                [Program((PROGRAM, "certify"), command.respell), _Header()],
            )
        )


class _Header:
    """A plugin of pytest: the header has what the certification says, and nothing of pytest."""

    @pytest.hookimpl(trylast=True)
    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """Write its lines."""
        plugins = session.config.pluginmanager
        certification: Any = plugins.get_plugin(CERTIFICATION_PLUGIN)
        terminal: Any = plugins.get_plugin("terminalreporter")
        for line in certification.pytest_report_header():
            terminal.write_line(line)


def _pytest_options(parameters: Mapping[str, Any]) -> Iterator[str]:
    """Yield the options of pytest that the user gave."""
    for name, option in (
        ("keyword", "-k"),
        ("marker", "-m"),
        ("junitxml", "--junitxml"),
        ("seed", "--hypothesis-seed"),
    ):
        if parameters[name] is not None:
            yield from (option, parameters[name])
    yield from ("-x",) if parameters["exitfirst"] else ()
    yield from ("-v",) if parameters["verbose"] else ()


def _table_arguments(values: Mapping[str, object]) -> Iterator[str]:
    """Yield the options of the table as pytest takes them."""
    for option in OPTIONS:
        value = values.get(option.dest)
        if option.kind == "flag" and value:
            yield option.flag
        elif value is not None:
            items = value if isinstance(value, list) else [value]
            yield from (f"{option.flag}={item}" for item in items)
