"""`mews report`: writes the report of a run from its events, also of one that was killed."""

from __future__ import annotations

from pathlib import Path

import click

from pytest_mews.command.subcommand import (
    PROGRAM,
    SUCCESS,
    USAGE_ERROR,
    subcommand,
    table_option,
)
from pytest_mews.config.option_parsers import parse_report
from pytest_mews.config.report_folder import FolderLock
from pytest_mews.model import Run
from pytest_mews.options import spell
from pytest_mews.reports import readiness_phrase
from pytest_mews.reports.event_file import read_run
from pytest_mews.reports.report_files import write_report

DETAILS = """
EVENTS is the events.ndjson that a run wrote into its report folder.

The files are those that the run wrote. Of a run that was killed they have what it had observed, and
say that it was interrupted. The exit status is 0 if they were written, whatever the verdict.
"""


@subcommand("report", DETAILS, "report mews-report/events.ndjson")
@click.argument("events", type=click.Path(path_type=Path))
@table_option(
    "--mews-report",
    help="Folder for the report, created if it is missing (default: the folder of EVENTS).",
)
def command(events: Path, mews_report: str | None) -> int:
    """Write the files, and print the headline of the report."""
    run = read_run(events)
    folder = parse_report(str(events.parent) if mews_report is None else mews_report)
    with FolderLock(folder):
        report = write_report(run, folder)
    for problem in report.problems:
        click.echo(problem, err=True)
    click.echo(f"{spell(_summary(run), PROGRAM)}\nReport: {report.html or report.json}")
    return USAGE_ERROR if report.problems else SUCCESS


def _summary(run: Run) -> str:
    ran = sum(bool(result.case_count) for result in run.results)
    interrupted = " (the run was interrupted)" if run.interrupted else ""
    return f"{readiness_phrase(run)}: {ran} of {len(run.results)} scenarios ran{interrupted}"
